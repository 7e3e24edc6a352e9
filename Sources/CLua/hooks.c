/* Calling hooks: arguments in, answers out, and what to say when an answer is of the wrong kind.
 *
 * Each body runs under vm_run's lua_pcall; its argument is a struct of the caller. */
#include "hooks.h"

#include <math.h>
#include <string.h>

/* Where the hook that is running is defined. */
place hook_place(clua_vm *vm) {
  const clua_hook *hook = &vm->hooks[vm->hook];
  return (place){vm->policies[hook->policy].path, hook->line};
}

void hook_push(lua_State *L) { vm_push(L, vm_of(L)->hook_functions[vm_of(L)->hook]); }

bool hook_begin(clua_vm *vm, clua_hook_id hook, int64_t now_ns, vm_call *call) {
  if (!vm_begin(vm, hook, now_ns, call)) return false;
  vm->memory_slack = SIZE_MAX / 2;
  lua_pushcfunction(vm->L, vm_on_error);
  if (vm->in_use_count > 0) rows_refresh(vm->L);
  hook_push(vm->L);
  return true;
}

/* ---- init ---- */

int body_init(lua_State *L) {
  clua_vm *vm = vm_of(L);
  hook_push(L);
  vm_push(L, vm->cluster);
  vm_push(L, vm->params);
  lua_call(L, 2, 1);
  int type = lua_type(L, -1);
  if (type != LUA_TNIL && type != LUA_TTABLE) {
    char text[64];
    WRONG(NULL, "init returned %s, expected nothing or the policy's state table", vm_show(L, -1, text, sizeof text));
  }
  if (type == LUA_TTABLE) vm->state = vm_keep(L);
  return 0;
}

clua_status clua_call_init(clua_vm *vm, int64_t now_ns) { return vm_run(vm, CLUA_INIT, now_ns, body_init, NULL); }

/* ---- admit ---- */

/* The longest deferral, in s: a century keeps simulated time in range. guess */
static const double longest_deferral = 3e9;

/* What a policy gives as the reason of a rejection: a copy in the scratch space. */
static const char *read_reason(lua_State *L, int index, const char *hook, const char *expected) {
  clua_vm *vm = vm_of(L);
  char text[64];
  if (lua_type(L, index) != LUA_TSTRING) {
    WRONG(expected, "%s gave %s as the reason, expected a string", hook, vm_show(L, index, text, sizeof text));
  }
  size_t length = 0;
  const char *reason = lua_tolstring(L, index, &length);
  if (length > 200) WRONG(NULL, "%s gave a reason of %d bytes, expected at most 200", hook, (int)length);
  char *copy = clua_scratch(vm, strlen(reason) + 1);
  if (copy == NULL) luaL_error(L, "not enough memory");
  return strcpy(copy, reason);
}

int body_admit(lua_State *L) {
  clua_vm *vm = vm_of(L);
  const admission *call = vm_argument(L);
  clua_admit_answer *answer = call->answer;
  const char *expected = "return true; false, \"reason\"; or \"defer\", seconds";
  char text[64];
  hook_push(L);
  view_push_request(L, call->request);
  vm_push(L, vm->cluster);
  lua_call(L, 2, 2);
  if (lua_type(L, -2) == LUA_TBOOLEAN && lua_toboolean(L, -2)) {
    answer->kind = CLUA_ADMITTED;
  } else if (lua_type(L, -2) == LUA_TBOOLEAN) {
    answer->kind = CLUA_REJECTED;
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_pushliteral(L, "rejected by the policy");
    }
    answer->reason = read_reason(L, -1, "admit", expected);
  } else if (lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "defer") == 0) {
    double seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    if (!(seconds > 0 && seconds <= longest_deferral)) {
      WRONG(expected, "admit deferred by %s, expected seconds above 0", vm_show(L, -1, text, sizeof text));
    }
    answer->kind = CLUA_DEFERRED;
    answer->wait_ns = (int64_t)ceil(seconds * 1e9);
  } else {
    WRONG(expected, "admit returned %s", vm_show(L, -2, text, sizeof text));
  }
  return 0;
}

clua_status clua_call_admit(clua_vm *vm, int64_t now_ns, clua_request request, clua_admit_answer *answer) {
  admission call = {request, answer};
  *answer = (clua_admit_answer){.kind = CLUA_ADMITTED};
  return vm_run(vm, CLUA_ADMIT, now_ns, body_admit, &call);
}

/* ---- preempt ---- */

int body_preempt(lua_State *L) {
  clua_vm *vm = vm_of(L);
  preemption *call = vm_argument(L);
  hook_push(L);
  view_push_instance(L, call->instance);
  lua_createtable(L, call->count, 0);
  for (int32_t i = 0; i < call->count; i++) {
    view_push_request(L, call->candidates[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushinteger(L, call->needed_tokens);
  vm_push(L, vm->cluster);
  lua_call(L, 4, 1);
  if (lua_isnil(L, -1)) return 0;
  clua_request chosen;
  bool given = view_get_request(L, -1, &chosen);
  for (int32_t i = 0; given && i < call->count; i++) {
    if (chosen.id == call->candidates[i].id) {
      call->answer = i;
      return 0;
    }
  }
  char text[64];
  WRONG("choose from the second argument of the hook", "preempt returned %s, expected one of the %d candidates or nil",
        vm_show(L, -1, text, sizeof text), (int)call->count);
  return 0;
}

clua_status clua_call_preempt(clua_vm *vm, int64_t now_ns, int32_t instance, const clua_request *candidates,
                              int32_t count, int64_t needed_tokens, int32_t *answer) {
  preemption call = {instance, candidates, count, needed_tokens, -1};
  clua_status status = vm_run(vm, CLUA_PREEMPT, now_ns, body_preempt, &call);
  *answer = call.answer;
  return status;
}

/* ---- evict ---- */

int body_evict(lua_State *L) {
  clua_vm *vm = vm_of(L);
  eviction *call = vm_argument(L);
  hook_push(L);
  view_push_instance(L, call->instance);
  lua_createtable(L, call->count, 0);
  for (int32_t i = 0; i < call->count; i++) {
    view_push_prefix(L, i, &call->candidates[i]);
    lua_rawseti(L, -2, i + 1);
  }
  uint64_t asked = vm->epoch;
  lua_pushinteger(L, call->needed_blocks);
  vm_push(L, vm->cluster);
  lua_call(L, 4, 1);
  if (lua_isnil(L, -1)) return 0;
  prefix_object *chosen = view_object(L, -1, OBJECT_PREFIX);
  if (chosen != NULL && chosen->stamp == asked) {
    call->answer = chosen->place;
    return 0;
  }
  char text[64];
  const char *hint = chosen != NULL ? "it was a candidate of an earlier call" : "choose from the second argument of the hook";
  WRONG(hint, "evict returned %s, expected one of the %d candidates or nil", vm_show(L, -1, text, sizeof text),
        (int)call->count);
  return 0;
}

clua_status clua_call_evict(clua_vm *vm, int64_t now_ns, int32_t instance, const clua_prefix_state *candidates,
                            int32_t count, int64_t needed_blocks, int32_t *answer) {
  eviction call = {instance, candidates, count, needed_blocks, -1};
  clua_status status = vm_run(vm, CLUA_EVICT, now_ns, body_evict, &call);
  *answer = call.answer;
  return status;
}

/* ---- tick ---- */

int body_tick(lua_State *L) {
  hook_push(L);
  vm_push(L, vm_of(L)->cluster);
  lua_call(L, 1, 0);
  return 0;
}

clua_status clua_call_tick(clua_vm *vm, int64_t now_ns) { return vm_run(vm, CLUA_TICK, now_ns, body_tick, NULL); }

/* ---- on_… ---- */

int body_notify(lua_State *L) {
  const clua_request *request = vm_argument(L);
  hook_push(L);
  view_push_request(L, *request);
  vm_push(L, vm_of(L)->cluster);
  lua_call(L, 2, 0);
  return 0;
}

clua_status clua_call_notify(clua_vm *vm, clua_hook_id hook, int64_t now_ns, clua_request request) {
  return vm_run(vm, hook, now_ns, body_notify, &request);
}

/* ---- on_instance_down, on_instance_up ---- */

/* Marks the requests that the list at `list` names. */
static void read_rejected(lua_State *L, const loss *call, int list) {
  clua_vm *vm = vm_of(L);
  lua_Integer length = list_length(L, list);
  for (lua_Integer i = 1; i <= length; i++) {
    vm_tick(L, vm);
    lua_rawgeti(L, list, i);
    clua_request chosen;
    bool given = view_get_request(L, -1, &chosen);
    int32_t at = 0;
    while (given && at < call->count && call->requests[at].id != chosen.id) at++;
    if (!given || at == call->count) {
      char text[64];
      WRONG("name requests of the second argument of the hook",
            "on_instance_down listed %s, which is none of the %d requests", vm_show(L, -1, text, sizeof text),
            (int)call->count);
    }
    call->answer->rejected[at] = true;
    lua_pop(L, 1);
  }
}

int body_instance_down(lua_State *L) {
  clua_vm *vm = vm_of(L);
  const loss *call = vm_argument(L);
  char text[64];
  hook_push(L);
  view_push_instance(L, call->instance);
  lua_createtable(L, call->count, 0);
  for (int32_t i = 0; i < call->count; i++) {
    view_push_request(L, call->requests[i]);
    lua_rawseti(L, -2, i + 1);
  }
  vm_push(L, vm->cluster);
  lua_call(L, 3, 2);
  int answer = lua_gettop(L) - 1;
  const char *word = lua_type(L, answer) == LUA_TSTRING ? lua_tostring(L, answer) : NULL;
  if (word != NULL && strcmp(word, "reject") == 0) {
    for (int32_t i = 0; i < call->count; i++) call->answer->rejected[i] = true;
  } else if (lua_type(L, answer) == LUA_TTABLE) {
    read_rejected(L, call, answer);
  } else if (!lua_isnil(L, answer) && (word == NULL || strcmp(word, "retry") != 0)) {
    WRONG("return nil or \"retry\"; \"reject\", \"reason\"; or a list of the requests to reject, \"reason\"",
          "on_instance_down returned %s", vm_show(L, answer, text, sizeof text));
  }
  if (!lua_isnil(L, answer + 1)) call->answer->reason = read_reason(L, answer + 1, "on_instance_down", NULL);
  return 0;
}

clua_status clua_call_instance_down(clua_vm *vm, int64_t now_ns, int32_t instance, const clua_request *requests,
                                    int32_t count, clua_down_answer *answer) {
  loss call = {instance, requests, count, answer};
  answer->reason = NULL;
  return vm_run(vm, CLUA_ON_INSTANCE_DOWN, now_ns, body_instance_down, &call);
}

int body_instance_up(lua_State *L) {
  const int32_t *instance = vm_argument(L);
  hook_push(L);
  view_push_instance(L, *instance);
  vm_push(L, vm_of(L)->cluster);
  lua_call(L, 2, 0);
  return 0;
}

clua_status clua_call_instance_up(clua_vm *vm, int64_t now_ns, int32_t instance) {
  return vm_run(vm, CLUA_ON_INSTANCE_UP, now_ns, body_instance_up, &instance);
}

/* ---- done ---- */

typedef struct {
  const char *const *names;
  const double *values;
  int32_t count;
  bool answered;
} ending;

static int body_done(lua_State *L) {
  clua_vm *vm = vm_of(L);
  ending *call = vm_argument(L);
  hook_push(L);
  lua_createtable(L, 0, call->count);
  for (int32_t i = 0; i < call->count; i++) {
    lua_pushnumber(L, call->values[i]);
    lua_setfield(L, -2, call->names[i]);
  }
  view_push_frozen(L, "the summary");
  vm_push(L, vm->cluster);
  lua_call(L, 2, 1);
  if (lua_isnil(L, -1)) return 0;
  if (lua_type(L, -1) != LUA_TTABLE) {
    char text[64];
    WRONG(NULL, "done returned %s, expected nothing or a table", vm_show(L, -1, text, sizeof text));
  }
  json_encode(L, lua_gettop(L));
  call->answered = true;
  return 0;
}

clua_status clua_call_done(clua_vm *vm, int64_t now_ns, const char *const *names, const double *values, int32_t count,
                           const char **json, size_t *length) {
  ending call = {names, values, count, false};
  clua_status status = vm_run(vm, CLUA_DONE, now_ns, body_done, &call);
  *json = status == CLUA_OK && call.answered ? vm->scratch : NULL;
  *length = *json != NULL ? vm->json_length : 0;
  return status;
}
