/* route and route_decode: the hooks that are called most, so that only the policy itself runs in a protected call. */
#include "hooks.h"

#include <string.h>

/* ---- Answers ---- */

/* Explains an answer that is not an instance. */
static void wrong_route(lua_State *L, const routing *call) {
  clua_vm *vm = vm_of(L);
  const char *hook = clua_hook_name(vm->hook);
  const char *hint = NULL;
  char text[64];
  int type = lua_type(L, -2);
  int exact = 0;
  lua_Integer number = type == LUA_TNUMBER ? lua_tointegerx(L, -2, &exact) : 0;
  if (exact && number >= 1 && number <= call->count) {
    hint = lua_pushfstring(L, "return candidates[%I]?", (LUAI_UACINT)number);
  } else if (type == LUA_TSTRING) {
    hint = lua_pushliteral(L, "return the candidate itself, not its name");
  } else if (type == LUA_TTABLE) {
    hint = lua_pushliteral(L, "return one of them, not a list");
  } else if (type == LUA_TBOOLEAN) {
    hint = lua_pushliteral(L, "return nil to wait");
  } else {
    lua_pushnil(L);
  }
  WRONG(hint, "%s returned %s, expected one of the candidates or nil", hook, vm_show(L, -3, text, sizeof text));
}

/* The second value of route_decode, or of route for that stage: how the request goes on there. */
static bool read_hand_off(lua_State *L, routing *call) {
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  const char *word = lua_tostring(L, -1);
  if (strcmp(word, "stay") == 0) {
    call->answer.hand_off = CLUA_STAYS;
  } else if (strcmp(word, "recompute") == 0) {
    call->answer.hand_off = CLUA_RECOMPUTES;
  } else {
    return false;
  }
  return true;
}

/* The second value of route: where the request will decode. */
static void read_decode(lua_State *L, routing *call) {
  clua_vm *vm = vm_of(L);
  if (lua_isnil(L, -1) || read_hand_off(L, call)) return;
  char text[64];
  if (vm->hook != CLUA_ROUTE) {
    WRONG("return one instance, and \"recompute\" or \"stay\" if its KV cache is not to move", "%s returned a second value", clua_hook_name(vm->hook));
  }
  instance_object *decode = view_object(L, -1, OBJECT_INSTANCE);
  if (decode == NULL) {
    WRONG("return prefill, decode", "route returned %s as the second value, expected an instance that decodes or nil",
          vm_show(L, -1, text, sizeof text));
    return;
  }
  call->answer.decode = decode->index;
}

static bool is_candidate(const routing *call, int32_t instance) {
  for (int32_t i = 0; i < call->count; i++) {
    if (call->candidates[i] == instance) return true;
  }
  return false;
}

/* Reads the two values on top of the stack: where the request goes, and where it decodes or how it goes on. */
static void read_answer(lua_State *L, routing *call) {
  clua_vm *vm = vm_of(L);
  char text[64];
  if (lua_isnil(L, -2)) return;
  instance_object *chosen = view_object(L, -2, OBJECT_INSTANCE);
  if (chosen == NULL) {
    wrong_route(L, call);
    return;
  }
  if (read_hand_off(L, call) && call->answer.hand_off == CLUA_STAYS) {
    /* The engine knows where it is; that need not be a candidate. */
    call->answer.instance = chosen->index;
    return;
  }
  if (!is_candidate(call, chosen->index)) {
    WRONG("choose from the second argument of the hook", "%s returned %s, which is not among the %d candidates",
          clua_hook_name(vm->hook), vm_show(L, -2, text, sizeof text), (int)call->count);
  }
  call->answer.instance = chosen->index;
  read_decode(L, call);
}

/* Reads the two values on top of the stack if they are a candidate and nothing else. Raises nothing. */
static bool read_plain_answer(lua_State *L, routing *call) {
  instance_object *chosen = view_object(L, -2, OBJECT_INSTANCE);
  if (chosen == NULL || !lua_isnil(L, -1) || !is_candidate(call, chosen->index)) return false;
  call->answer.instance = chosen->index;
  return true;
}

static int body_answer(lua_State *L) {
  read_answer(L, vm_argument(L));
  return 0;
}

/* ---- Calls ---- */

static int body_list(lua_State *L) {
  const routing *call = vm_argument(L);
  list_push(L, call->candidates, call->count);
  return 1;
}

/* All of it, where another call protects it. */
int body_route(lua_State *L) {
  clua_vm *vm = vm_of(L);
  routing *call = vm_argument(L);
  hook_push(L);
  view_push_request(L, call->request);
  list_push(L, call->candidates, call->count);
  vm_push(L, vm->cluster);
  lua_call(L, 3, 2);
  read_answer(L, call);
  return 0;
}

clua_status clua_call_route(clua_vm *vm, clua_hook_id hook, int64_t now_ns, clua_request request,
                            const int32_t *candidates, int32_t count, clua_route_answer *answer) {
  routing call = {request, candidates, count, {-1, -1, CLUA_MOVES}};
  *answer = call.answer;
  lua_State *L = vm->L;
  vm_call about;
  if (!hook_begin(vm, hook, now_ns, &about)) return CLUA_FAILED;
  view_push_request(L, request);
  bool listed = list_push_ready(L, candidates, count);
  vm->memory_slack = 0;
  int status = LUA_OK;
  if (!listed) {
    lua_pushcfunction(L, body_list);
    lua_pushlightuserdata(L, &call);
    status = lua_pcall(L, 1, 1, 1);
  }
  if (status == LUA_OK) {
    vm_push(L, vm->cluster);
    status = lua_pcall(L, 3, 2, 1);
  }
  if (status == LUA_OK && !read_plain_answer(L, &call)) {
    lua_pushcfunction(L, body_answer);
    lua_pushlightuserdata(L, &call);
    lua_pushvalue(L, -4); /* the two values of the answer */
    lua_pushvalue(L, -4);
    status = lua_pcall(L, 3, 0, 1);
  }
  *answer = call.answer;
  return vm_end(vm, &about, status);
}
