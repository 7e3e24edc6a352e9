/* pcall, xpcall and coroutines that pass budget errors on, so that no policy can swallow them. */
#include "sandbox.h"

#include <string.h>

/* After a protected call: memory errors become sticky, and whatever is sticky goes on up. The error, if any, is on
 * top of `failed`. */
static void pass_on(lua_State *L, lua_State *failed, int status) {
  clua_vm *vm = vm_of(L);
  if (status == LUA_ERRMEM) vm_stop(vm, STOP_MEMORY);
  /* Lua's string buffers report a refusal as an ordinary error with this text. */
  if (status == LUA_ERRRUN && lua_type(failed, -1) == LUA_TSTRING
      && strcmp(lua_tostring(failed, -1), "not enough memory") == 0) {
    vm_stop(vm, STOP_MEMORY);
  }
  if (vm->stop != STOP_NONE) vm_raise_stop(L);
}

/* stack on success: `skip` values that are not results, then true and the results; else ..., error */
static int finish_call(lua_State *L, int status, lua_KContext skip) {
  pass_on(L, L, status);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)skip;
}

static int safe_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1); /* stack: true, function, arguments */
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call);
  return finish_call(L, status, 0);
}

/* The policy's message handler, but not for budget errors: Lua disables hooks in it, so nothing could stop it.
 * upvalue 1: the handler */
static int call_handler(lua_State *L) {
  if (vm_of(L)->stop != STOP_NONE) return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int safe_xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int arguments = lua_gettop(L) - 2;
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, call_handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2); /* stack: function, handler, true, function, arguments */
  int status = lua_pcallk(L, arguments, LUA_MULTRET, 2, 2, finish_call);
  return finish_call(L, status, 2);
}

static lua_State *check_coroutine(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTHREAD);
  return lua_tothread(L, 1);
}

/* Resumes `co` with the values on top of L. Returns the count of results on L, or -1 and an error there. */
static int resume(lua_State *L, lua_State *co, int arguments) {
  clua_vm *vm = vm_of(L);
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
    lua_pushliteral(L, "cannot resume dead coroutine");
    return -1;
  }
  if (!lua_checkstack(co, arguments)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  /* A count that a coroutine leaves unfinished would be lost: each resume is charged a full period. */
  vm_charge(L, vm, COUNT_PERIOD);
  lua_xmove(L, co, arguments);
  int results = 0;
  vm->running = co;
  int status = lua_resume(co, L, arguments, &results);
  vm->running = L;
  pass_on(L, co, status);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

static int safe_resume(lua_State *L) {
  lua_State *co = check_coroutine(L);
  int results = resume(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, results >= 0);
  if (results < 0) results = 1;
  lua_insert(L, -(results + 1));
  return results + 1;
}

/* Closes `co`: runs its pending __close. Returns its status; an error is left on top of `co`. */
static int close_coroutine(lua_State *L, lua_State *co) {
  clua_vm *vm = vm_of(L);
  /* Hooks stay disabled in a coroutine that a budget ended, so its __close could never be stopped. */
  if (vm_is_armed(co)) return luaL_error(L, "cannot close a coroutine that used up a budget");
  vm->running = co;
  int status = lua_resetthread(co);
  vm->running = L;
  pass_on(L, co, status);
  return status;
}

/* upvalue 1: the coroutine */
static int call_wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int results = resume(L, co, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_pop(L, 1);
    close_coroutine(L, co);
    lua_xmove(co, L, 1);
  }
  if (lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int safe_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L); /* inherits the hook of L */
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

static int safe_close(lua_State *L) {
  lua_State *co = check_coroutine(L);
  lua_Debug frame;
  int status = lua_status(co);
  bool idle = status == LUA_YIELD || (status == LUA_OK && lua_getstack(co, 0, &frame) == 0);
  if (co == L || (!idle && status == LUA_OK)) return vm_raise(L, NULL, "cannot close a running coroutine");
  if (close_coroutine(L, co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

/* stack: table of globals */
void protect_open(lua_State *L) {
  static const luaL_Reg base[] = {{"pcall", safe_pcall}, {"xpcall", safe_xpcall}, {NULL, NULL}};
  static const luaL_Reg coroutines[] = {
      {"resume", safe_resume}, {"wrap", safe_wrap}, {"close", safe_close}, {NULL, NULL}};
  luaL_setfuncs(L, base, 0);
  lua_getfield(L, -1, "coroutine");
  luaL_setfuncs(L, coroutines, 0);
  lua_pop(L, 1);
}
