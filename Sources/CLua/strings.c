/* string.rep and string.format that end soon and show no addresses; the other string functions are Lua's own. */
#include "sandbox.h"

#include <string.h>

static int safe_rep(lua_State *L) {
  clua_vm *vm = vm_of(L);
  size_t length, gap;
  const char *text = luaL_checklstring(L, 1, &length);
  lua_Integer count = luaL_checkinteger(L, 2);
  const char *separator = luaL_optlstring(L, 3, "", &gap);
  if (count <= 0 || (length + gap == 0)) {
    lua_pushliteral(L, "");
    return 1;
  }
  size_t limit = vm->options.memory_limit;
  if (length + gap > limit || (lua_Unsigned)count > limit / (length + gap)) {
    return vm_raise(L, NULL, "the result of string.rep would be larger than the memory of the policy");
  }
  size_t total = (size_t)count * length + (size_t)(count - 1) * gap;
  luaL_Buffer buffer;
  char *to = luaL_buffinitsize(L, &buffer, total);
  for (lua_Integer i = 0; i < count; i++) {
    vm_tick(L, vm);
    memcpy(to, text, length);
    to += length;
    if (i + 1 < count) {
      memcpy(to, separator, gap);
      to += gap;
    }
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

/* Formats the values from `first` on: a format and its arguments. Pushes the text.
 * Arguments of %s become text here, without addresses; the rest is Lua's string.format. */
int sandbox_format(lua_State *L, int first) {
  size_t length;
  const char *format = luaL_checklstring(L, first, &length);
  int top = lua_gettop(L);
  vm_push(L, vm_of(L)->format); /* Lua's own string.format */
  lua_pushvalue(L, first);
  int argument = first;
  for (size_t i = 0; i < length; i++) {
    if (format[i] != '%') continue;
    if (++i < length && format[i] == '%') continue;
    while (i < length && strchr("-+ #0.123456789", format[i]) != NULL && format[i] != '\0') i++;
    if (i >= length) break;
    argument++;
    if (argument > top) return luaL_argerror(L, argument, "no value");
    luaL_checkstack(L, 2, "too many arguments");
    switch (format[i]) {
      case 'p': return vm_raise(L, "addresses change from run to run", "%%p is not available to policies");
      case 's': sandbox_text(L, argument, NULL); continue;
      case 'd': case 'i': case 'u': case 'o': case 'x': case 'X': case 'c':
        luaL_checkinteger(L, argument);
        break;
      case 'a': case 'A': case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
        luaL_checknumber(L, argument);
        break;
      default: break;
    }
    lua_pushvalue(L, argument);
  }
  lua_call(L, lua_gettop(L) - top - 1, 1);
  return 1;
}

static int safe_format(lua_State *L) { return sandbox_format(L, 1); }

/* stack: table of globals */
void strings_open(lua_State *L) {
  lua_getfield(L, -1, "string");
  lua_getfield(L, -1, "format");
  vm_of(L)->format = vm_keep(L);
  static const luaL_Reg functions[] = {{"rep", safe_rep}, {"format", safe_format}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "dump");
  patterns_open(L);
  lua_pop(L, 1);
}
