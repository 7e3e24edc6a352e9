/* Read-only tables: the parameters, and the summary that `done` gets.
 *
 * Lua holds a userdata whose __index is the table itself, which no policy can get at; what the table has not is an error. */
#include "sandbox.h"
#include "views.h"

static frozen_object *check_frozen(lua_State *L) {
  if (view_object(L, 1, OBJECT_FROZEN) == NULL) vm_raise(L, NULL, "expected a read-only table");
  lua_getiuservalue(L, 1, 1);
  return lua_touserdata(L, 1);
}

/* stack: the table, name. upvalue 1: what it is called */
static int frozen_missing(lua_State *L) {
  const char *what = lua_touserdata(L, lua_upvalueindex(1));
  const char *names[MOST_FIELDS];
  int32_t count = 0;
  lua_settop(L, 2);
  order_pairs_of(L, 1);
  for (int step = lua_gettop(L);;) {
    lua_pushvalue(L, step);
    lua_call(L, 0, 2);
    if (lua_isnil(L, -2)) break;
    if (count < MOST_FIELDS && lua_type(L, -2) == LUA_TSTRING) names[count++] = lua_tostring(L, -2);
    lua_settop(L, step);
  }
  const char *name = sandbox_text(L, 2, NULL);
  const char *nearest = clua_nearest(name, names, count);
  if (nearest != NULL) {
    return vm_raise(L, lua_pushfstring(L, "did you mean '%s'?", nearest), "%s has no '%s'", what, name);
  }
  char list[900];
  vm_list_names(list, sizeof list, names, count);
  return vm_raise(L, count > 0 ? lua_pushfstring(L, "there are %s", list) : NULL, "%s has no '%s'", what, name);
}

static int frozen_newindex(lua_State *L) {
  const char *what = check_frozen(L)->what;
  return vm_raise(L, NULL, "%s is read-only: cannot write '%s'", what, sandbox_text(L, 2, NULL));
}

static int frozen_pairs(lua_State *L) {
  check_frozen(L);
  order_pairs_of(L, -1);
  return 1;
}

/* Wraps the table on top of the stack; `what` names it in messages and must live for ever. */
void view_push_frozen(lua_State *L, const char *what) {
  frozen_object *object = lua_newuserdatauv(L, sizeof *object, 1);
  *object = (frozen_object){OBJECT_FROZEN, what};
  view_push_metatable(L, "table", frozen_newindex);
  lua_pushcfunction(L, frozen_pairs);
  lua_setfield(L, -2, "__pairs");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, (void *)what);
  lua_pushcclosure(L, frozen_missing, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -3);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, 1);
}
