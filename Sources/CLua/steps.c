/* step:… : the calls that form a batch. */
#include "methods.h"

#include <string.h>

static clua_vm *check_step(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (lua_type(L, 1) != LUA_TUSERDATA || view_kind(L, 1) != OBJECT_STEP) {
    vm_raise(L, "call it with a colon: step:decode(request)", "the first argument is not the step");
  }
  if (!vm->in_batch) vm_raise(L, "use it inside batch only", "no step is being formed now");
  return vm;
}

/* Pushes the answer of a step call: true, or false and the reason. What policies see may have changed. */
static int answer(lua_State *L, clua_vm *vm, int32_t refusal) {
  vm->step_calls += 1;
  vm->epoch += 1;
  lua_pushboolean(L, refusal < 0);
  if (refusal < 0) return 1;
  if (refusal < vm->options.refusal_count) vm_push(L, vm->refusals[refusal]); else lua_pushnil(L);
  return 2;
}

int step_decode(lua_State *L) {
  clua_vm *vm = check_step(L);
  clua_request request = view_request(L, 2, "decode: the request");
  return answer(L, vm, vm->world.step_decode(vm->world.context, request));
}

int step_decode_all(lua_State *L) {
  clua_vm *vm = check_step(L);
  int64_t left = 0;
  int64_t taken = vm->world.step_decode_all(vm->world.context, &left);
  vm->step_calls += 1;
  vm->epoch += 1;
  lua_pushinteger(L, taken);
  lua_pushinteger(L, left);
  return 2;
}

int step_prefill(lua_State *L) {
  clua_vm *vm = check_step(L);
  clua_request request = view_request(L, 2, "prefill: the request");
  int64_t tokens = view_count(L, 3, "prefill: the number of tokens", 1);
  return answer(L, vm, vm->world.step_prefill(vm->world.context, request, tokens));
}

int step_preempt(lua_State *L) {
  clua_vm *vm = check_step(L);
  clua_request request = view_request(L, 2, "preempt: the request");
  const char *how = luaL_optstring(L, 3, "recompute");
  if (strcmp(how, "recompute") != 0) {
    return vm_raise(L, "use \"recompute\"", "preempt: \"%s\" is not available in this version", how);
  }
  return answer(L, vm, vm->world.step_preempt(vm->world.context, request));
}

int step_can_allocate(lua_State *L) {
  clua_vm *vm = check_step(L);
  clua_request request = view_request(L, 2, "can_allocate: the request");
  int64_t tokens = view_count(L, 3, "can_allocate: the number of tokens", 0);
  lua_pushboolean(L, vm->world.step_can_allocate(vm->world.context, request, tokens));
  return 1;
}
