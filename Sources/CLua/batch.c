/* The `batch` hook: a step in the making, or a table of limits for the native scheduler. */
#include "hooks.h"
#include "sandbox.h"

#include <string.h>

static const char *const limit_keys[] = {"max_num_seqs", "max_num_batched_tokens", "chunk_tokens", "order",
                                         "prefill_first"};
enum { LIMIT_KEYS = sizeof limit_keys / sizeof *limit_keys };

static void check_limit_keys(lua_State *L, int table) {
  clua_vm *vm = vm_of(L);
  const char *wrong = NULL;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a list entry";
    bool known = false;
    for (int i = 0; i < LIMIT_KEYS; i++) known = known || strcmp(key, limit_keys[i]) == 0;
    if (!known && (wrong == NULL || strcmp(key, wrong) < 0)) wrong = key;
  }
  if (wrong == NULL) return;
  const char *nearest = clua_nearest(wrong, limit_keys, LIMIT_KEYS);
  WRONG(nearest ? lua_pushfstring(L, "did you mean '%s'?", nearest)
                : "there are max_num_seqs, max_num_batched_tokens, chunk_tokens, order, prefill_first",
        "batch returned limits with an unknown '%s'", wrong);
}

static int64_t read_limit(lua_State *L, int table, const char *key) {
  clua_vm *vm = vm_of(L);
  int64_t limit = -1;
  if (lua_getfield(L, table, key) != LUA_TNIL) {
    int exact = 0;
    limit = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &exact) : 0;
    if (!exact || limit < 1 || limit > INT32_MAX) {
      char text[64];
      WRONG(lua_type(L, -1) == LUA_TNUMBER && !exact ? "round it: math.floor(x)" : NULL,
            "batch: %s is %s, expected an integer of at least 1", key, vm_show(L, -1, text, sizeof text));
    }
  }
  lua_pop(L, 1);
  return limit;
}

/* Sorts a copy of the waiting requests by the function on top of the stack; leaves them in the scratch space. */
static void list_waiting(lua_State *L, const batching *call) {
  clua_vm *vm = vm_of(L);
  int comparator = lua_gettop(L);
  int64_t count = vm->world.list_requests(vm->world.context, call->instance, false);
  if (count < 0 || count > INT32_MAX) luaL_error(L, "not enough memory");
  lua_createtable(L, (int)count, 0);
  int list = lua_gettop(L);
  for (int64_t i = 0; i < count; i++) {
    view_push_request(L, ((const clua_request *)(void *)vm->scratch)[i]);
    lua_rawseti(L, list, i + 1);
  }
  tables_sort(L, list, comparator, count);
  clua_request *listed = clua_scratch(vm, ((size_t)count + 1) * sizeof *listed);
  if (listed == NULL) luaL_error(L, "not enough memory");
  for (int64_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, i + 1);
    listed[i] = view_request_of(lua_touserdata(L, -1));
    lua_pop(L, 1);
  }
  call->limits->order = CLUA_LISTED;
  call->limits->listed = listed;
  call->limits->listed_count = (int32_t)count;
}

static void read_order(lua_State *L, int table, const batching *call) {
  clua_vm *vm = vm_of(L);
  static const char *const orders[] = {"fcfs", "sjf", "edf"};
  int type = lua_getfield(L, table, "order");
  if (type == LUA_TNIL) return;
  if (type == LUA_TFUNCTION) {
    list_waiting(L, call);
    return;
  }
  for (int i = 0; i < 3 && type == LUA_TSTRING; i++) {
    if (strcmp(lua_tostring(L, -1), orders[i]) == 0) {
      call->limits->order = (clua_order)i;
      return;
    }
  }
  char text[64];
  const char *nearest = type == LUA_TSTRING ? clua_nearest(lua_tostring(L, -1), orders, 3) : NULL;
  WRONG(nearest ? lua_pushfstring(L, "did you mean \"%s\"?", nearest) : NULL,
        "batch: order is %s, expected \"fcfs\", \"sjf\", \"edf\" or a function",
        vm_show(L, nearest ? -2 : -1, text, sizeof text));
}

/* Reads the limits on top of the stack. */
static void read_answer(lua_State *L, const batching *call) {
  clua_vm *vm = vm_of(L);
  char text[64];
  if (lua_isnil(L, -1)) return;
  if (lua_type(L, -1) != LUA_TTABLE) {
    WRONG("return a table such as { max_num_seqs = 64 }, or call step:decode and step:prefill",
          "batch returned %s, expected nothing or a table of limits", vm_show(L, -1, text, sizeof text));
  }
  if (vm->step_calls > 0) {
    WRONG("do one of the two", "batch has called the step and also returned limits");
  }
  int table = lua_gettop(L);
  clua_limits *limits = call->limits;
  check_limit_keys(L, table);
  limits->given = true;
  limits->max_num_seqs = read_limit(L, table, "max_num_seqs");
  limits->max_num_batched_tokens = read_limit(L, table, "max_num_batched_tokens");
  limits->chunk_tokens = read_limit(L, table, "chunk_tokens");
  int type = lua_getfield(L, table, "prefill_first");
  if (type != LUA_TNIL && type != LUA_TBOOLEAN) {
    WRONG(NULL, "batch: prefill_first is %s, expected true or false", vm_show(L, -1, text, sizeof text));
  }
  limits->prefill_first = lua_toboolean(L, -1);
  read_order(L, table, call);
}

static void push_arguments(lua_State *L, const batching *call) {
  clua_vm *vm = vm_of(L);
  view_push_instance(L, call->instance);
  vm_push(L, vm->step);
  vm_push(L, vm->cluster);
}

/* All of it, where another call protects it. */
int body_batch(lua_State *L) {
  const batching *call = vm_argument(L);
  hook_push(L);
  push_arguments(L, call);
  lua_call(L, 3, 1);
  read_answer(L, call);
  return 0;
}

static int body_answer(lua_State *L) {
  read_answer(L, vm_argument(L));
  return 0;
}

/* As in route.c, only the policy itself runs in the protected call, and what reads its answer where it gives one. */
static clua_status call_batch(clua_vm *vm, int64_t now_ns, batching *call) {
  lua_State *L = vm->L;
  vm_call about;
  if (!hook_begin(vm, CLUA_BATCH, now_ns, &about)) return CLUA_FAILED;
  push_arguments(L, call);
  vm->memory_slack = 0;
  int status = lua_pcall(L, 3, 1, 1);
  if (status == LUA_OK && !lua_isnil(L, -1)) {
    lua_pushcfunction(L, body_answer);
    lua_pushlightuserdata(L, call);
    lua_pushvalue(L, -3);
    status = lua_pcall(L, 2, 0, 1);
  }
  return vm_end(vm, &about, status);
}

clua_status clua_call_batch(clua_vm *vm, int64_t now_ns, int32_t instance, clua_limits *limits) {
  batching call = {instance, limits};
  *limits = (clua_limits){.max_num_seqs = -1, .max_num_batched_tokens = -1, .chunk_tokens = -1};
  vm->in_batch = true;
  vm->step_calls = 0;
  clua_status status = call_batch(vm, now_ns, &call);
  vm->in_batch = false;
  return status;
}
