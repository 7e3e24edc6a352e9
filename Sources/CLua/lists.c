/* Arrays of instances, made once for each set and handed out again.
 *
 * A policy may sort or edit the array that it got, and no later call may see that. At first it gets an empty table that
 * stands for the array: C knows what it holds, so that a scan in C takes no look at it. As soon as Lua reads or writes an
 * entry the table becomes the plain one that it looks like. A set that was read so is handed out as a plain table from
 * then on, which is compared with what it should hold before it is used again. */
#include "views.h"

#include <stdlib.h>
#include <string.h>

static const char list_key; /* its address is the key of the array behind a list, in its metatable */

/* Is the table on top of the stack still exactly the views of `ids`? */
static bool is_intact(lua_State *L, const int32_t *ids, int32_t count) {
  if (lua_rawlen(L, -1) != (lua_Unsigned)count) return false;
  if (lua_getmetatable(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  int table = lua_gettop(L);
  const void **objects = vm_of(L)->objects;
  for (int32_t i = 0; i < count; i++) {
    if (i % 16 == 0) lua_settop(L, table); /* popping one by one would double the cost */
    lua_geti(L, table, i + 1); /* there is no metatable; faster than rawgeti where the array has the entry */
    if (lua_touserdata(L, -1) != objects[ids[i]]) { /* NULL for other types */
      lua_settop(L, table);
      return false;
    }
  }
  lua_settop(L, table);
  /* The entries fill the array part, so any other key comes behind the last of them. */
  if (count > 0) lua_pushinteger(L, count); else lua_pushnil(L);
  if (!lua_next(L, -2)) return true;
  lua_pop(L, 2);
  return false;
}

static instance_list *find_list(clua_vm *vm, const int32_t *ids, int32_t count) {
  uint32_t hash = 2166136261u; /* FNV-1a over the ids; a collision only makes an array anew */
  for (int32_t i = 0; i < count; i++) hash = (hash ^ (uint32_t)ids[i]) * 16777619u;
  return &vm->lists[(hash ^ (hash >> 16)) % LIST_SLOTS];
}

/* Is this the array of `ids`? */
static bool is_of(const instance_list *list, const int32_t *ids, int32_t count) {
  return list->table != 0 && list->count == count && memcmp(list->ids, ids, (size_t)count * sizeof *ids) == 0;
}

/* ---- What the policy sees ---- */

/* Pushes the array behind the table at `index` if that is a list whose entries Lua has not touched. */
static bool push_behind(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return false;
  if (lua_rawgetp(L, -1, &list_key) == LUA_TTABLE) {
    lua_remove(L, -2);
    return true;
  }
  lua_pop(L, 2);
  return false;
}

/* Makes a list at `index` the plain table that it looks like. Whatever reads tables past their metatables calls it. */
void list_settle(lua_State *L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 10, NULL);
  if (!push_behind(L, index)) return;
  lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, index, i);
  }
  lua_pop(L, 1);
  lua_pushnil(L);
  lua_setmetatable(L, index);
  clua_vm *vm = vm_of(L);
  const void *pointer = lua_topointer(L, index);
  for (int i = 0; i < LIST_SLOTS; i++) {
    if (vm->lists[i].pointer != pointer) continue;
    vm->lists[i].pointer = NULL;
    vm->lists[i].plain = true;
  }
}

/* How many entries the array at `index` has, which is a plain table afterwards. */
lua_Integer list_length(lua_State *L, int index) {
  list_settle(L, index);
  return (lua_Integer)lua_rawlen(L, index);
}

/* The ids of what the list at `index` holds; NULL where it is none, or one that is no longer handed out. */
const instance_list *list_known(lua_State *L, int index) {
  clua_vm *vm = vm_of(L);
  const void *pointer = lua_topointer(L, index);
  if (pointer == NULL) return NULL; /* a number or nil, and what plain lists have */
  if (vm->last_list != NULL && vm->last_list->pointer == pointer) return vm->last_list;
  for (int i = 0; i < LIST_SLOTS; i++) {
    if (vm->lists[i].pointer == pointer) return &vm->lists[i];
  }
  return NULL;
}

/* __index. stack: list, key */
static int list_read(lua_State *L) {
  list_settle(L, 1);
  lua_settop(L, 2);
  lua_rawget(L, 1);
  return 1;
}

/* __newindex. stack: list, key, value */
static int list_write(lua_State *L) {
  list_settle(L, 1);
  lua_settop(L, 3);
  lua_settable(L, 1); /* without a metatable now; raises on a key that cannot be */
  return 0;
}

/* __len. stack: list */
static int list_count(lua_State *L) {
  if (!push_behind(L, 1)) return luaL_error(L, "not a list");
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

/* ---- Making ---- */

static void push_array(lua_State *L, const int32_t *ids, int32_t count) {
  lua_createtable(L, count, 0);
  for (int32_t i = 0; i < count; i++) {
    view_push_instance(L, ids[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* Puts an empty table before the array on top of the stack. */
static void hide(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 5);
  lua_pushcfunction(L, list_read);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, list_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, list_count);
  lua_setfield(L, -2, "__len");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -2, &list_key);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

/* Pushes the array of the views of `ids` where it is at hand and still what it was; nothing and false otherwise. Raises
 * nothing. */
bool list_push_ready(lua_State *L, const int32_t *ids, int32_t count) {
  clua_vm *vm = vm_of(L);
  instance_list *list = vm->last_list;
  bool repeats = list != NULL && is_of(list, ids, count);
  if (!repeats) list = find_list(vm, ids, count);
  if (!repeats && !is_of(list, ids, count)) return false;
  vm_push(L, list->table);
  if (list->pointer == NULL && !is_intact(L, ids, count)) {
    lua_pop(L, 1);
    return false;
  }
  vm->last_list = list;
  vm->calls_to_stand = repeats ? 2 : 3;
  return true;
}

/* Pushes the array of the views of `ids`, in that order. */
void list_push(lua_State *L, const int32_t *ids, int32_t count) {
  luaL_checkstack(L, 20, NULL);
  if (list_push_ready(L, ids, count)) return;
  clua_vm *vm = vm_of(L);
  instance_list *list = find_list(vm, ids, count);
  if (!is_of(list, ids, count)) list->plain = false;
  list->pointer = NULL;
  vm->last_list = list;
  vm->calls_to_stand = 3;
  push_array(L, ids, count);
  int32_t *copy = realloc(list->ids, (size_t)(count + 1) * sizeof *ids);
  if (copy == NULL) return; /* not remembered, otherwise right */
  memcpy(copy, ids, (size_t)count * sizeof *ids);
  list->ids = copy;
  list->count = count;
  if (!list->plain) hide(L);
  lua_pushvalue(L, -1);
  if (list->table == 0) list->table = vm_keep(L); else lua_rawseti(L, LUA_REGISTRYINDEX, list->table);
  if (!list->plain) list->pointer = lua_topointer(L, -1);
}
