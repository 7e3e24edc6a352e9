/* Arrays of instances: plain Lua tables, made once for each set and handed out again.
 *
 * A policy may sort or edit the array that it got. Before an array is used again it is compared with what it should
 * hold, and made anew when the policy has changed it; no change is ever seen by a later call. */
#include "vm.h"

#include <stdlib.h>
#include <string.h>

/* Is the table on top of the stack still exactly the views of `ids`? */
static bool is_intact(lua_State *L, const int32_t *ids, int32_t count) {
  if (lua_rawlen(L, -1) != (lua_Unsigned)count) return false;
  if (lua_getmetatable(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  int table = lua_gettop(L);
  for (int32_t i = 0; i < count; i++) {
    if (i % 16 == 0) lua_settop(L, table); /* popping one by one would double the cost */
    lua_rawgeti(L, table, i + 1);
    instance_object *object = lua_touserdata(L, -1); /* NULL for other types */
    if (object == NULL || object->kind != OBJECT_INSTANCE || object->index != ids[i]) {
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

/* Pushes the array of the views of `ids`, in that order. */
void list_push(lua_State *L, const int32_t *ids, int32_t count) {
  clua_vm *vm = vm_of(L);
  size_t size = (size_t)count * sizeof *ids;
  instance_list *list = find_list(vm, ids, count);
  if (list->table != 0 && list->count == count && memcmp(list->ids, ids, size) == 0) {
    vm_push(L, list->table);
    luaL_checkstack(L, 20, NULL);
    if (is_intact(L, ids, count)) return;
    lua_pop(L, 1);
  }
  lua_createtable(L, count, 0);
  for (int32_t i = 0; i < count; i++) {
    view_push_instance(L, ids[i]);
    lua_rawseti(L, -2, i + 1);
  }
  int32_t *copy = realloc(list->ids, size + sizeof *ids);
  if (copy == NULL) return; /* not remembered, otherwise right */
  list->ids = copy;
  memcpy(copy, ids, size);
  list->count = count;
  if (list->table == 0) {
    lua_pushvalue(L, -1);
    list->table = vm_keep(L);
  } else {
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, list->table);
  }
}
