/* Objects: what policies hold of instances, requests and cached blocks, and the state behind each.
 *
 * An object is an id, never a pointer into the engine. Its state is filled once for each epoch (a hook call, or what
 * follows a step call) by a callback, or stands since an earlier one. */
#include "views.h"

#include <stdlib.h>
#include <string.h>

object_kind view_kind(lua_State *L, int index) {
  void *userdata = lua_touserdata(L, index);
  return view_is_request(userdata) ? OBJECT_REQUEST : *(object_kind *)userdata;
}

instance_object *view_instance(lua_State *L, int index, const char *what) {
  instance_object *object = view_object(L, index, OBJECT_INSTANCE);
  if (object != NULL) return object;
  char text[64];
  vm_raise(L, NULL, "%s is %s, expected an instance", what, vm_show(L, index, text, sizeof text));
  return NULL;
}

/* The request at `index`; false where there is none. */
bool view_get_request(lua_State *L, int index, clua_request *request) {
  const void *userdata = lua_touserdata(L, index);
  if (!view_is_request(userdata)) return false;
  *request = view_request_of(userdata);
  return true;
}

clua_request view_request(lua_State *L, int index, const char *what) {
  clua_request request = {-1, -1};
  if (view_get_request(L, index, &request)) return request;
  char text[64];
  vm_raise(L, NULL, "%s is %s, expected a request", what, vm_show(L, index, text, sizeof text));
  return request;
}

/* An integer of at least `least` and at most 2^31 - 1; numbers with an integral value count. */
int64_t view_count(lua_State *L, int index, const char *what, int64_t least) {
  int exact = 0;
  lua_Integer value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &exact) : 0;
  if (!exact || value < least || value > INT32_MAX) {
    char text[64];
    const char *hint = lua_type(L, index) == LUA_TNUMBER && !exact ? "round it: math.floor(x)" : NULL;
    vm_raise(L, hint, "%s is %s, expected an integer of at least %d", what, vm_show(L, index, text, sizeof text),
             (int)least);
  }
  return value;
}

/* Fills the state of an instance anew. */
void view_fill_instance(clua_vm *vm, instance_object *object) {
  held_instance *held = &vm->held[object->index];
  held->until = vm->world.fill_instance(vm->world.context, object->index, &object->state);
  if (vm->keeps_views) held->version = vm->versions[object->index]; else held->until = INT64_MIN;
  object->stamp = vm->epoch;
}

static int raise_ended(lua_State *L, clua_request request) {
  clua_vm *vm = vm_of(L);
  const char *hint = "a request can be read until it has ended; copy what you need into a table of your own";
  int64_t end = vm->world.end_of_request(vm->world.context, request);
  if (end < 0) return vm_raise(L, hint, "request %d is not active", request.id);
  return vm_raise(L, hint, "request %d ended at %f s", request.id, (double)end / 1e9);
}

/* Makes room for the states of requests up to that slot. */
static void hold_requests(lua_State *L, int32_t slot) {
  clua_vm *vm = vm_of(L);
  if (slot < vm->held_request_count) return;
  int32_t count = slot < 32 ? 64 : slot < INT32_MAX / 2 ? 2 * slot : INT32_MAX;
  held_request *grown = realloc(vm->held_requests, (size_t)count * sizeof *grown);
  if (grown == NULL) luaL_error(L, "not enough memory");
  memset(grown + vm->held_request_count, 0, (size_t)(count - vm->held_request_count) * sizeof *grown);
  vm->held_requests = grown;
  vm->held_request_count = count;
}

/* Forgets what belonged to the request that had the slot before. */
static void drop_belongings(lua_State *L, int32_t slot) {
  clua_vm *vm = vm_of(L);
  vm_push(L, vm->belongings);
  for (lua_Integer i = 0; i < BELONGINGS; i++) {
    lua_pushnil(L);
    lua_rawseti(L, -2, BELONGINGS * (lua_Integer)slot + i + 1);
  }
  lua_pop(L, 1);
  vm->held_requests[slot].has_belongings = false;
}

/* A slot may have another request by now: what it holds is this one's only if the id is. */
clua_request_state *view_request_state(lua_State *L, clua_request request) {
  clua_vm *vm = vm_of(L);
  hold_requests(L, request.slot);
  held_request *held = &vm->held_requests[request.slot];
  if (held->stamp != vm->epoch || held->id != request.id) {
    if (!vm->world.fill_request(vm->world.context, request, &held->state)) {
      held->stamp = 0;
      raise_ended(L, request);
    }
    if (held->id != request.id && held->has_belongings) drop_belongings(L, request.slot);
    held->id = request.id;
    held->stamp = vm->epoch;
  }
  return &held->state;
}

/* Pushes one of the tables that belong to a request whose state is held, made when it is asked for first. */
void view_push_belongings(lua_State *L, clua_request request, int which) {
  clua_vm *vm = vm_of(L);
  lua_Integer at = BELONGINGS * (lua_Integer)request.slot + which + 1;
  vm_push(L, vm->belongings);
  if (lua_rawgeti(L, -1, at) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, at);
    vm->held_requests[request.slot].has_belongings = true;
  }
  lua_remove(L, -2);
}

/* Pushes a view of cached blocks, which is made for this call. */
void view_push_prefix(lua_State *L, int32_t place, const clua_prefix_state *state) {
  prefix_object *object = lua_newuserdatauv(L, sizeof *object, 0);
  object->kind = OBJECT_PREFIX;
  object->place = place;
  object->stamp = vm_of(L)->epoch;
  object->state = *state;
  vm_push(L, vm_of(L)->metatables[OBJECT_PREFIX]);
  lua_setmetatable(L, -2);
}

/* Pushes the view of an instance; nil for -1. */
void view_push_instance(lua_State *L, int32_t index) {
  clua_vm *vm = vm_of(L);
  if (index < 0 || index >= vm->instance_count) {
    lua_pushnil(L);
    return;
  }
  vm_push(L, vm->held[index].view);
}

/* Pushes the array of requests that wait or run on an instance: made once in an epoch, the policy's to sort or edit. */
void view_push_queue(lua_State *L, int32_t instance, bool running) {
  clua_vm *vm = vm_of(L);
  int32_t at = 2 * instance + (running ? 1 : 0);
  held_queue *held = &vm->queues[at];
  if (held->stamp == vm->epoch) {
    vm_push(L, held->list);
    return;
  }
  int64_t count = vm->world.list_requests(vm->world.context, instance, running);
  if (count < 0 || count > INT32_MAX) luaL_error(L, "not enough memory");
  lua_createtable(L, (int)count, 0);
  for (int64_t i = 0; i < count; i++) {
    view_push_request(L, ((const clua_request *)(void *)vm->scratch)[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushvalue(L, -1);
  if (held->list == 0) held->list = vm_keep(L); else lua_rawseti(L, LUA_REGISTRYINDEX, held->list);
  held->stamp = vm->epoch;
}
