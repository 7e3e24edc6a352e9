/* table.sort, concat, insert, remove and move: the same results on every run, and an end to every loop.
 *
 * Lua's sort picks pivots by the clock and may read past an invalid comparison; Lua's other table functions can loop
 * in C for as long as a metamethod tells them to. */
#include "sandbox.h"

/* Is the value at `a` before the one at `b`? By the function at `comparator`, or by < when that is 0. */
static bool before(lua_State *L, int a, int b, int comparator) {
  if (comparator == 0) return lua_compare(L, a, b, LUA_OPLT);
  lua_pushvalue(L, comparator);
  lua_pushvalue(L, a < 0 ? a - 1 : a);
  lua_pushvalue(L, b < 0 ? b - 2 : b);
  lua_call(L, 2, 1);
  bool is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

/* Stable merge sort of entries 1 ... count of the table at `list`. A comparison that contradicts itself gives some
 * permutation, the same on every run; one that raises leaves the table unchanged. */
void tables_sort(lua_State *L, int list, int comparator, lua_Integer count) {
  clua_vm *vm = vm_of(L);
  luaL_checkstack(L, 12, NULL);
  int size = count < INT32_MAX ? (int)count : 0;
  lua_createtable(L, size, 0);
  int from = lua_gettop(L);
  lua_createtable(L, size, 0);
  int to = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    vm_tick(L, vm);
    lua_geti(L, list, i);
    lua_rawseti(L, from, i);
  }
  for (lua_Integer width = 1; width < count; width *= 2) {
    for (lua_Integer low = 1; low <= count; low += 2 * width) {
      lua_Integer middle = low + width <= count ? low + width : count + 1;
      lua_Integer high = middle + width <= count ? middle + width : count + 1;
      lua_Integer a = low, b = middle;
      for (lua_Integer i = low; i < high; i++) {
        vm_tick(L, vm);
        if (a < middle) lua_rawgeti(L, from, a); else lua_pushnil(L);
        if (b < high) lua_rawgeti(L, from, b); else lua_pushnil(L);
        bool right = a >= middle || (b < high && before(L, -1, -2, comparator));
        if (right) {
          lua_rawseti(L, to, i);
          lua_pop(L, 1);
          b++;
        } else {
          lua_pop(L, 1);
          lua_rawseti(L, to, i);
          a++;
        }
      }
    }
    int swap = from;
    from = to;
    to = swap;
  }
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, from, i);
    lua_seti(L, list, i);
  }
  lua_pop(L, 2);
}

static lua_Integer check_length(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer length = luaL_len(L, 1);
  if (length >= INT32_MAX) return luaL_error(L, "table too large");
  return length;
}

static int safe_sort(lua_State *L) {
  lua_Integer count = check_length(L);
  bool ordered = !lua_isnoneornil(L, 2);
  if (ordered) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  tables_sort(L, 1, ordered ? 2 : 0, count);
  return 0;
}

static int safe_concat(lua_State *L) {
  clua_vm *vm = vm_of(L);
  lua_Integer length = check_length(L);
  size_t gap;
  const char *separator = luaL_optlstring(L, 2, "", &gap);
  lua_Integer first = luaL_optinteger(L, 3, 1), last = luaL_optinteger(L, 4, length);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (lua_Integer i = first; i <= last; i++) {
    vm_tick(L, vm);
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1)) {
      return luaL_error(L, "invalid value (at index %I) in table for 'concat': a %s", (LUAI_UACINT)i,
                        luaL_typename(L, -1));
    }
    luaL_addvalue(&buffer);
    if (i == last) break; /* also when `last` is the largest integer */
    luaL_addlstring(&buffer, separator, gap);
  }
  luaL_pushresult(&buffer);
  return 1;
}

static int safe_insert(lua_State *L) {
  clua_vm *vm = vm_of(L);
  lua_Integer end = check_length(L) + 1;
  lua_Integer at = end;
  switch (lua_gettop(L)) {
    case 2: break;
    case 3:
      at = luaL_checkinteger(L, 2);
      luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
      for (lua_Integer i = end; i > at; i--) {
        vm_tick(L, vm);
        lua_geti(L, 1, i - 1);
        lua_seti(L, 1, i);
      }
      break;
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, at);
  return 0;
}

static int safe_remove(lua_State *L) {
  clua_vm *vm = vm_of(L);
  lua_Integer length = check_length(L);
  lua_Integer at = luaL_optinteger(L, 2, length);
  if (lua_gettop(L) > 1) {
    luaL_argcheck(L, (at >= 1 && at <= length + 1) || (length == 0 && at == 0), 2, "position out of bounds");
  }
  lua_geti(L, 1, at);
  for (; at < length; at++) {
    vm_tick(L, vm);
    lua_geti(L, 1, at + 1);
    lua_seti(L, 1, at);
  }
  lua_pushnil(L);
  lua_seti(L, 1, at);
  return 1;
}

static int safe_move(lua_State *L) {
  clua_vm *vm = vm_of(L);
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
  int target = lua_isnoneornil(L, 5) ? 1 : 5;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, target, LUA_TTABLE);
  if (last >= first) {
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    lua_Integer count = last - first + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wraps around");
    bool upwards = to > last || to <= first || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ));
    for (lua_Integer k = 0; k < count; k++) {
      vm_tick(L, vm);
      lua_Integer i = upwards ? k : count - 1 - k;
      lua_geti(L, 1, first + i);
      lua_seti(L, target, to + i);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

/* stack: table of globals */
void tables_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"sort", safe_sort},     {"concat", safe_concat}, {"insert", safe_insert},
                                       {"remove", safe_remove}, {"move", safe_move},     {NULL, NULL}};
  lua_getfield(L, -1, "table");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
