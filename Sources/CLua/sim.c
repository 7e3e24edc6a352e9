/* The global `sim`: logging, random choices, notes, the version. */
#include "sandbox.h"
#include "views.h"

#include <string.h>

/* How often a line has logged, this time included. Lines beyond SITE_SLOTS share one counter. */
static int64_t count_site(clua_vm *vm, place at) {
  size_t start = ((uintptr_t)at.path / 16 + (size_t)at.line * 31) % (SITE_SLOTS - 1);
  for (size_t i = 0; i < 16; i++) {
    log_site *site = &vm->sites[(start + i) % (SITE_SLOTS - 1)];
    if (site->count == 0) *site = (log_site){at.path, at.line, 0};
    if (site->file == at.path && site->line == at.line) return ++site->count;
  }
  return ++vm->sites[SITE_SLOTS - 1].count;
}

/* A line is shown its first ten times, then the 20th, 40th, 80th and so on: by count, so that runs agree. */
static bool is_shown(int64_t count) {
  if (count <= 10) return true;
  if (count % 10 != 0) return false;
  int64_t tens = count / 10;
  return (tens & (tens - 1)) == 0;
}

static int log_at(lua_State *L, clua_log_level level, int first) {
  clua_vm *vm = vm_of(L);
  place at = vm_place(L, 1);
  int64_t count = count_site(vm, at);
  if (!is_shown(count) && level != CLUA_LOG_NOTE) return 0;
  /* One argument is taken as it is, so that a percent sign in a message is no error. */
  if (lua_gettop(L) > first) sandbox_format(L, first); else sandbox_text(L, first, NULL);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  if (length > 4096) length = 4096;
  vm->world.log(vm->world.log_context, vm->now, level, at.path, at.line, text, length, count);
  return 0;
}

static int log_info(lua_State *L) { return luaL_checkany(L, 1), log_at(L, CLUA_LOG_INFO, 1); }
static int log_warn(lua_State *L) { return luaL_checkany(L, 1), log_at(L, CLUA_LOG_WARN, 1); }
static int log_error(lua_State *L) { return luaL_checkany(L, 1), log_at(L, CLUA_LOG_ERROR, 1); }

static int sim_note(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  return log_at(L, CLUA_LOG_NOTE, 1);
}

/* print(...): its values, separated by tabs, to the log; standard output belongs to results. */
static int safe_print(lua_State *L) {
  int count = lua_gettop(L);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (int i = 1; i <= count; i++) {
    if (i > 1) luaL_addchar(&buffer, '\t');
    sandbox_text(L, i, NULL);
    luaL_addvalue(&buffer);
  }
  luaL_pushresult(&buffer);
  lua_insert(L, 1);
  lua_settop(L, 1);
  return log_at(L, CLUA_LOG_INFO, 1);
}

static int sim_choice(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Unsigned count = (lua_Unsigned)list_length(L, 1);
  if (count == 0) {
    lua_pushnil(L);
    return 1;
  }
  lua_rawgeti(L, 1, (lua_Integer)random_below(vm_of(L), count) + 1);
  return 1;
}

/* stack: table of globals */
void sim_open(lua_State *L) {
  static const luaL_Reg log[] = {{"info", log_info}, {"warn", log_warn}, {"error", log_error}, {NULL, NULL}};
  lua_newtable(L);
  lua_newtable(L);
  luaL_setfuncs(L, log, 0);
  lua_setfield(L, -2, "log");
  lua_getfield(L, -2, "math");
  lua_getfield(L, -1, "random");
  lua_setfield(L, -3, "random");
  lua_pop(L, 1);
  lua_pushcfunction(L, sim_choice);
  lua_setfield(L, -2, "choice");
  lua_pushcfunction(L, sim_note);
  lua_setfield(L, -2, "note");
  lua_pushstring(L, vm_of(L)->options.version);
  lua_setfield(L, -2, "version");
  lua_setfield(L, -2, "sim");
  lua_pushcfunction(L, safe_print);
  lua_setfield(L, -2, "print");
}
