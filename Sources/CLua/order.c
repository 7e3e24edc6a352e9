/* pairs and next in a fixed order.
 *
 * Lua's own order of string keys changes with every process, since their hashes are seeded. Here integers come first,
 * ascending, then other numbers, strings by their bytes, booleans, and views of instances and requests by id. Keys
 * that have no order (tables, functions, coroutines) are refused.
 *
 * `pairs` walks over the keys that exist when it is called: fields may be changed, removed and added on the way;
 * removed ones are left out, added ones are not visited. */
#include "sandbox.h"
#include "views.h"

#include <string.h>

typedef enum { INTEGERS, FLOATS, STRINGS, BOOLEANS, INSTANCES, REQUESTS } key_class;

typedef struct {
  key_class class;
  uint32_t place; /* in the array of keys, 1-based */
  union {
    lua_Integer integer;
    lua_Number number;
    const char *text;
  };
  size_t length;
} key;

/* Reads the key at `index`; raises on one without an order. Strings stay owned by their table. */
static key read_key(lua_State *L, int index) {
  key k = {.class = INTEGERS};
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        k.integer = lua_tointeger(L, index);
      } else {
        k.class = FLOATS;
        k.number = lua_tonumber(L, index);
      }
      return k;
    case LUA_TSTRING:
      k.class = STRINGS;
      k.text = lua_tolstring(L, index, &k.length);
      return k;
    case LUA_TBOOLEAN:
      k.class = BOOLEANS;
      k.integer = lua_toboolean(L, index);
      return k;
    case LUA_TLIGHTUSERDATA:
      k.class = REQUESTS;
      k.integer = view_request_of(lua_touserdata(L, index)).id;
      return k;
    case LUA_TUSERDATA:
      if (view_kind(L, index) == OBJECT_INSTANCE) {
        k.class = INSTANCES;
        k.integer = ((instance_object *)lua_touserdata(L, index))->index;
        return k;
      } /* fall through */
    default:
      vm_raise(L, "use numbers, strings, instances or requests as keys, such as an id or a name",
               "cannot walk a table with a %s as a key in a fixed order", luaL_typename(L, index));
      return k;
  }
}

/* A total order: negative when `a` comes before `b`. */
static int compare(const key *a, const key *b) {
  if (a->class != b->class) return (int)a->class - (int)b->class;
  if (a->class == FLOATS) return (a->number > b->number) - (a->number < b->number);
  if (a->class != STRINGS) return (a->integer > b->integer) - (a->integer < b->integer);
  int bytes = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
  return bytes != 0 ? bytes : (a->length > b->length) - (a->length < b->length);
}

/* Merge sort of `count` keys; `spare` has the same size. Returns which of the two holds the result. */
static key *sort_keys(lua_State *L, key *keys, key *spare, size_t count) {
  clua_vm *vm = vm_of(L);
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t low = 0; low < count; low += 2 * width) {
      size_t middle = low + width < count ? low + width : count;
      size_t high = middle + width < count ? middle + width : count;
      size_t a = low, b = middle;
      for (size_t to = low; to < high; to++) {
        vm_tick(L, vm);
        bool left = a < middle && (b >= high || compare(&keys[a], &keys[b]) <= 0);
        spare[to] = left ? keys[a++] : keys[b++];
      }
    }
    key *swap = keys;
    keys = spare;
    spare = swap;
  }
  return keys;
}

/* State of a walk; the places of the keys in their order. */
typedef struct {
  uint32_t next, count;
  uint32_t places[];
} walk;

/* upvalues: table, keys, walk */
static int walk_step(lua_State *L) {
  walk *w = lua_touserdata(L, lua_upvalueindex(3));
  while (w->next < w->count) {
    lua_rawgeti(L, lua_upvalueindex(2), w->places[w->next++]);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 2;
    lua_pop(L, 2);
  }
  lua_pushnil(L);
  return 1;
}

/* upvalues: table, last index, next index. For tables whose keys are exactly 1 to n. */
static int array_step(lua_State *L) {
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(2));
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
  for (; i <= last; i++) {
    if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(3));
    lua_pushinteger(L, i);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushinteger(L, last + 1);
  lua_replace(L, lua_upvalueindex(3));
  lua_pushnil(L);
  return 1;
}

/* Pushes the iterator over a table: one value. */
int order_pairs_of(lua_State *L, int table) {
  clua_vm *vm = vm_of(L);
  table = lua_absindex(L, table);
  luaL_checkstack(L, 10, NULL);
  size_t count = 0;
  bool array = true;
  lua_Integer length = list_length(L, table);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    vm_tick(L, vm);
    count++;
    if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 || lua_tointeger(L, -2) > length) array = false;
  }
  if (array) { /* all keys lie in 1 ... length */
    lua_pushvalue(L, table);
    lua_pushinteger(L, length);
    lua_pushinteger(L, 1);
    lua_pushcclosure(L, array_step, 3);
    return 1;
  }
  if (count > UINT32_MAX / 2) return luaL_error(L, "table too large");
  lua_pushvalue(L, table);
  lua_createtable(L, (int)count, 0); /* keys, so that they live as long as the walk */
  int keys_table = lua_gettop(L);
  key *keys = lua_newuserdatauv(L, 2 * count * sizeof(key), 0);
  uint32_t n = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    vm_tick(L, vm);
    keys[n] = read_key(L, -2);
    keys[n].place = n + 1;
    n++;
    lua_pushvalue(L, -2);
    lua_rawseti(L, keys_table, n);
  }
  key *sorted = sort_keys(L, keys, keys + count, count);
  walk *w = lua_newuserdatauv(L, sizeof(walk) + count * sizeof(uint32_t), 0);
  w->next = 0;
  w->count = (uint32_t)count;
  for (size_t i = 0; i < count; i++) w->places[i] = sorted[i].place;
  lua_remove(L, -2); /* stack: table, keys, walk */
  lua_pushcclosure(L, walk_step, 3);
  return 1;
}

static int safe_pairs(lua_State *L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  if (lua_isuserdata(L, 1)) {
    char text[64];
    return vm_raise(L, "read its fields by name", "pairs cannot walk over %s", vm_show(L, 1, text, sizeof text));
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  order_pairs_of(L, 1);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

/* next(table, key): the smallest key behind `key`, found by a scan. Loops should use pairs. */
static int safe_next(lua_State *L) {
  clua_vm *vm = vm_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  list_settle(L, 1);
  lua_settop(L, 3); /* stack: table, key, best key so far; both keys stay here, so that their texts live */
  bool first = lua_isnil(L, 2);
  key after = {0}, best = {0};
  if (!first) after = read_key(L, 2);
  bool found = false;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    vm_tick(L, vm);
    key k = read_key(L, 4);
    if ((!first && compare(&k, &after) <= 0) || (found && compare(&k, &best) >= 0)) continue;
    best = k;
    found = true;
    lua_pushvalue(L, 4);
    lua_replace(L, 3);
  }
  if (!found) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushvalue(L, 3);
  lua_rawget(L, 1);
  return 2;
}

/* stack: table of globals */
void order_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"pairs", safe_pairs}, {"next", safe_next}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
