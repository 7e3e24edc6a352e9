/* What a policy can call: a standard library without the outside world, without addresses, without surprises. */
#include "sandbox.h"
#include "views.h"

#include <string.h>

/* Pushes the text of a value as `tostring` gives it here: no addresses, since those change from run to run. */
const char *sandbox_text(lua_State *L, int index, size_t *length) {
  index = lua_absindex(L, index);
  if (luaL_callmeta(L, index, "__tostring")) {
    if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
    return lua_tolstring(L, -1, length);
  }
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
    case LUA_TBOOLEAN:
    case LUA_TNIL: return luaL_tolstring(L, index, length);
    default: {
      int kind = luaL_getmetafield(L, index, "__name");
      if (kind == LUA_TSTRING) return lua_tolstring(L, -1, length);
      if (kind != LUA_TNIL) lua_pop(L, 1);
      lua_pushstring(L, luaL_typename(L, index));
      return lua_tolstring(L, -1, length);
    }
  }
}

static int safe_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  sandbox_text(L, 1, NULL);
  return 1;
}

/* A finalizer would run at moments that depend on the collector, and outside every budget; so does what a weak
 * table still holds depend on it. */
static int safe_setmetatable(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  list_settle(L, 1);
  int type = lua_type(L, 2);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    return vm_raise(L, NULL, "cannot change a protected metatable");
  }
  if (type == LUA_TTABLE) {
    static const char *const refused[] = {"__gc", "__mode"};
    for (int i = 0; i < 2; i++) {
      lua_pushstring(L, refused[i]);
      if (lua_rawget(L, 2) != LUA_TNIL) {
        return vm_raise(L, "clear what you no longer need in on_finish",
                        "metatables of policies cannot have %s: it depends on the garbage collector", refused[i]);
      }
      lua_pop(L, 1);
    }
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

/* Raw access sees lists of instances as the plain tables that they look like. upvalue 1: Lua's own function */
static int raw_access(lua_State *L) {
  if (lua_type(L, 1) == LUA_TTABLE) list_settle(L, 1);
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Names that readers of other Lua programs expect, and why they are not here. */
static const char *const closed[][2] = {
    {"io", "policies cannot read or write files; use sim.log, or return a table from done"},
    {"os", "policies see no clock and no system; simulated time is cluster.now_s"},
    {"debug", "the debug library could break the sandbox"},
    {"package", "use require \"name\" for name.lua in the policy's own folder"},
    {"load", "policies cannot compile code at run time"},
    {"loadstring", "policies cannot compile code at run time"},
    {"loadfile", "use require \"name\" for name.lua in the policy's own folder"},
    {"dofile", "use require \"name\" for name.lua in the policy's own folder"},
    {"collectgarbage", "memory is the simulator's business; its limit is 256 MiB unless the run says otherwise"},
    {"_G", "declare what several functions share with `local` at the top of the file"},
    {"unpack", "in Lua 5.4 it is table.unpack"},
    {"setfenv", "it is gone since Lua 5.2"},
    {"math_random", "use math.random or sim.random"},
};

/* Copies up to 64 string keys of a table for "did you mean". */
static int32_t string_keys(lua_State *L, int table, const char **names) {
  int32_t count = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (count < 64 && lua_type(L, -2) == LUA_TSTRING) names[count++] = lua_tostring(L, -2);
  }
  return count;
}

static int on_undeclared_read(lua_State *L) {
  const char *name = sandbox_text(L, 2, NULL);
  for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
    if (strcmp(name, closed[i][0]) == 0) {
      return vm_raise(L, closed[i][1], "'%s' is not available to policies", name);
    }
  }
  const char *names[64];
  const char *nearest = clua_nearest(name, names, string_keys(L, 1, names));
  if (nearest != NULL) {
    return vm_raise(L, lua_pushfstring(L, "did you mean '%s'?", nearest), "undeclared variable '%s'", name);
  }
  return vm_raise(L, lua_pushfstring(L, "declare it first: local %s = ...", name), "undeclared variable '%s'", name);
}

static int on_undeclared_write(lua_State *L) {
  const char *name = sandbox_text(L, 2, NULL);
  return vm_raise(L, lua_pushfstring(L, "write local %s = ...", name),
                  "'%s' is not declared: policies cannot create global variables", name);
}

/* Reading a name that a library does not have is a typo, not nil. upvalue 1: name of the library */
static int on_unknown_member(lua_State *L) {
  const char *library = lua_tostring(L, lua_upvalueindex(1));
  const char *name = sandbox_text(L, 2, NULL);
  const char *names[64];
  const char *nearest = clua_nearest(name, names, string_keys(L, 1, names));
  if (strcmp(library, "string") == 0 && strcmp(name, "dump") == 0) {
    return vm_raise(L, "policies are source text", "string.dump is not available to policies");
  }
  return vm_raise(L, nearest ? lua_pushfstring(L, "did you mean %s.%s?", library, nearest) : NULL,
                  "%s has no '%s'", library, name);
}

static int on_library_write(lua_State *L) {
  return vm_raise(L, "keep it in a local", "%s cannot be extended", lua_tostring(L, lua_upvalueindex(1)));
}

/* stack: library -> library, with a metatable that refuses unknown names */
static void make_strict(lua_State *L, const char *name) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, name);
  lua_pushcclosure(L, on_unknown_member, 1);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, on_library_write, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

/* Opens the libraries, takes out what reaches outside or tells addresses, and closes the set of names. */
void sandbox_open(lua_State *L) {
  static const luaL_Reg libraries[] = {
      {LUA_GNAME, luaopen_base}, {LUA_MATHLIBNAME, luaopen_math}, {LUA_STRLIBNAME, luaopen_string},
      {LUA_TABLIBNAME, luaopen_table}, {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_COLIBNAME, luaopen_coroutine},
  };
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
    lua_pop(L, 1);
  }
  lua_pushglobaltable(L);
  static const char *const gone[] = {
      "load", "loadfile", "loadstring", "dofile", "collectgarbage", "_G", "warn", "require"};
  for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
    lua_pushnil(L);
    lua_setfield(L, -2, gone[i]);
  }
  static const luaL_Reg base[] = {
      {"tostring", safe_tostring}, {"setmetatable", safe_setmetatable}, {NULL, NULL}};
  luaL_setfuncs(L, base, 0);
  static const char *const raw[] = {"rawget", "rawset", "rawlen"};
  for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
    lua_getfield(L, -1, raw[i]);
    lua_pushcclosure(L, raw_access, 1);
    lua_setfield(L, -2, raw[i]);
  }
  protect_open(L);
  order_open(L);
  strings_open(L);
  tables_open(L);
  random_open(L);
  sim_open(L);
  require_open(L);
  static const char *const strict[] = {"math", "string", "table", "utf8", "coroutine", "sim"};
  for (size_t i = 0; i < sizeof strict / sizeof *strict; i++) {
    lua_getfield(L, -1, strict[i]);
    make_strict(L, strict[i]);
    lua_pop(L, 1);
  }
  lua_getfield(L, -1, "sim");
  lua_getfield(L, -1, "log");
  make_strict(L, "sim.log");
  lua_pop(L, 2);
  /* The metatable of strings reaches string methods; policies must not change it for one another's files. */
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);

  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, on_undeclared_read);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, on_undeclared_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}
