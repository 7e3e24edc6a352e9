/* Views: what policies hold of instances, requests, the cluster and the step, and how a field becomes a value.
 *
 * A view is a full userdata with an id, never a pointer into the engine. Its state is filled once for each epoch (a
 * hook call, or what follows a step call) by a callback. A field read is one lookup by the address of the interned
 * name, and one push. */
#include "vm.h"

#include <stdlib.h>
#include <string.h>

/* ---- Objects ---- */

object_kind view_kind(lua_State *L, int index) { return *(object_kind *)lua_touserdata(L, index); }

/* The object at `index`, or NULL when it is no view of that kind. */
void *view_object(lua_State *L, int index, object_kind kind) {
  object_kind *object = lua_touserdata(L, index); /* NULL for other types; policies hold no light userdata */
  return object != NULL && *object == kind ? object : NULL;
}

instance_object *view_instance(lua_State *L, int index, const char *what) {
  instance_object *object = view_object(L, index, OBJECT_INSTANCE);
  if (object != NULL) return object;
  char text[64];
  vm_raise(L, NULL, "%s is %s, expected an instance", what, vm_show(L, index, text, sizeof text));
  return NULL;
}

request_object *view_request(lua_State *L, int index, const char *what) {
  request_object *object = view_object(L, index, OBJECT_REQUEST);
  if (object != NULL) return object;
  char text[64];
  vm_raise(L, NULL, "%s is %s, expected a request", what, vm_show(L, index, text, sizeof text));
  return NULL;
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

static clua_instance_state *instance_state(lua_State *L, instance_object *object) {
  clua_vm *vm = vm_of(L);
  if (object->stamp != vm->epoch) {
    vm->world.fill_instance(vm->world.context, object->index, &object->state);
    object->stamp = vm->epoch;
  }
  return &object->state;
}

static int raise_ended(lua_State *L, clua_request request) {
  clua_vm *vm = vm_of(L);
  const char *hint = "a request can be read until it has ended; copy what you need into a table of your own";
  int64_t end = vm->world.end_of_request(vm->world.context, request);
  if (end < 0) return vm_raise(L, hint, "request %d is not active", request.id);
  return vm_raise(L, hint, "request %d ended at %f s", request.id, (double)end / 1e9);
}

static clua_request_state *request_state(lua_State *L, request_object *object) {
  clua_vm *vm = vm_of(L);
  if (object->stamp != vm->epoch) {
    if (!vm->world.fill_request(vm->world.context, object->request, &object->state)) raise_ended(L, object->request);
    object->stamp = vm->epoch;
  }
  return &object->state;
}

/* Pushes the view of a request. One object for each stay in a slot, so that views of one request are equal. */
void view_push_request(lua_State *L, clua_request request) {
  clua_vm *vm = vm_of(L);
  vm_push(L, vm->requests);
  lua_Integer slot = (lua_Integer)request.slot + 1;
  if (lua_rawgeti(L, -1, slot) == LUA_TUSERDATA) {
    request_object *object = lua_touserdata(L, -1);
    if (object->request.id == request.id) {
      lua_remove(L, -2);
      return;
    }
  }
  lua_pop(L, 1);
  request_object *object = lua_newuserdatauv(L, sizeof *object, 4);
  object->kind = OBJECT_REQUEST;
  object->request = request;
  object->stamp = 0;
  vm_push(L, vm->metatables[OBJECT_REQUEST]);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawseti(L, -3, slot);
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
  vm_push(L, vm->instances);
  lua_rawgeti(L, -1, index + 1);
  lua_remove(L, -2);
}

/* Pushes the array of requests that wait or run on an instance: made once in an epoch, the policy's to sort or edit. */
void view_push_queue(lua_State *L, int32_t instance, bool running) {
  clua_vm *vm = vm_of(L);
  int32_t at = 2 * instance + (running ? 1 : 0);
  vm_push(L, vm->queues);
  if (vm->queue_stamps[at] == vm->epoch) {
    lua_rawgeti(L, -1, at + 1);
    lua_remove(L, -2);
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
  lua_rawseti(L, -3, at + 1);
  lua_remove(L, -2);
  vm->queue_stamps[at] = vm->epoch;
}

static void push_by_role(lua_State *L, int which) {
  instance_list *list = &vm_of(L)->by_role[which];
  list_push(L, list->ids, list->count);
}

/* Pushes a user value of the object at `object`, made by `fill` when it is still nil. */
static void push_data(lua_State *L, int object) {
  if (lua_getiuservalue(L, object, 1) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, object, 1);
}

static void push_label(lua_State *L, int object, clua_request request, clua_type which) {
  clua_vm *vm = vm_of(L);
  int value = 2 + (int)which - CLUA_SESSION;
  if (lua_getiuservalue(L, object, value) != LUA_TNIL) {
    if (lua_type(L, -1) == LUA_TBOOLEAN) {
      lua_pop(L, 1);
      lua_pushnil(L);
    }
    return;
  }
  lua_pop(L, 1);
  int64_t length = vm->world.label(vm->world.context, request, which);
  if (length >= 0) lua_pushlstring(L, vm->scratch, (size_t)length); else lua_pushboolean(L, 0);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, object, value);
  if (length < 0) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

/* Pushes a member of a struct as its type says. */
static void push_member(lua_State *L, const clua_field *field, const void *base) {
  clua_vm *vm = vm_of(L);
  int64_t value;
  memcpy(&value, (const char *)base + field->offset, sizeof value);
  switch (field->type) {
    case CLUA_BOOLEAN: lua_pushboolean(L, value != 0); break;
    case CLUA_SECONDS: lua_pushnumber(L, (double)value / 1e9); break;
    case CLUA_OPTIONAL_SECONDS: if (value < 0) lua_pushnil(L); else lua_pushnumber(L, (double)value / 1e9); break;
    case CLUA_MILLISECONDS: lua_pushnumber(L, (double)value / 1e6); break;
    case CLUA_ROLE: vm_push(L, vm->roles[value >= 0 && value < 3 ? value : 2]); break;
    case CLUA_CONDITION: vm_push(L, vm->conditions[value >= 0 && value < 5 ? value : 0]); break;
    case CLUA_STAGE: vm_push(L, vm->stages[value == 1]); break;
    case CLUA_INSTANCE: view_push_instance(L, (int32_t)value); break;
    default: lua_pushinteger(L, value);
  }
}

static double kv_usage(lua_State *L, instance_object *object) {
  const clua_instance_state *state = instance_state(L, object);
  int64_t capacity = vm_of(L)->facts[object->index].kv_capacity_tokens;
  if (capacity <= 0) return 1.0;
  return ((double)state->kv_used_tokens + (double)state->kv_reserved_tokens) / (double)capacity;
}

static void push_instance_field(lua_State *L, instance_object *object, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  int32_t row = field_row(CLUA_VIEW_INSTANCE, field);
  switch (field->type) {
    case CLUA_TEXT: vm_push(L, vm->fact_texts[object->index][row]); break;
    case CLUA_PLACE: lua_pushinteger(L, object->index + 1); break;
    case CLUA_RATIO: lua_pushnumber(L, kv_usage(L, object)); break;
    case CLUA_WAITING: view_push_queue(L, object->index, false); break;
    case CLUA_RUNNING: view_push_queue(L, object->index, true); break;
    case CLUA_METHOD: lua_pushcfunction(L, instance_method(field->name)); break;
    default:
      push_member(L, field, row < FACT_FIELDS ? (void *)&vm->facts[object->index] : (void *)instance_state(L, object));
  }
}

static void push_request_field(lua_State *L, int at, request_object *object, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  if (field->type == CLUA_NUMBER_OF_REQUEST) { /* an id stays true after the end */
    lua_pushinteger(L, object->request.id);
    return;
  }
  const clua_request_state *state = request_state(L, object);
  switch (field->type) {
    case CLUA_WAITED: lua_pushnumber(L, (double)(vm->now - state->arrival_ns) / 1e9); break;
    case CLUA_SESSION:
    case CLUA_CLASS:
    case CLUA_TENANT: push_label(L, at, object->request, field->type); break;
    case CLUA_DATA: push_data(L, at); break;
    case CLUA_HIDDEN:
      if (!vm->options.oracle) {
        vm_raise(L, "use predicted_output_tokens, or run with --oracle",
                 "output_tokens is hidden: no router knows it before the end");
      } /* fall through */
    default: push_member(L, field, state);
  }
}

static void push_cluster_field(lua_State *L, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  switch (field->type) {
    case CLUA_NOW: lua_pushnumber(L, (double)vm->now / 1e9); break;
    case CLUA_ALL: push_by_role(L, 0); break;
    case CLUA_PREFILLS: push_by_role(L, 1); break;
    case CLUA_DECODES: push_by_role(L, 2); break;
    case CLUA_MIXED: push_by_role(L, 3); break;
    case CLUA_GATEWAY: lua_pushinteger(L, vm->world.gateway_waiting(vm->world.context)); break;
    case CLUA_PARAMS: vm_push(L, vm->params); break;
    case CLUA_STATE: if (vm->state != 0) vm_push(L, vm->state); else lua_pushnil(L); break;
    case CLUA_METHOD: lua_pushcfunction(L, cluster_method(field->name)); break;
    default: lua_pushnil(L);
  }
}

static void push_step_field(lua_State *L, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  if (!vm->in_batch) vm_raise(L, "use it inside batch only", "no step is being formed now");
  switch (field->type) {
    case CLUA_STEP_TOKENS: lua_pushinteger(L, vm->world.step_tokens(vm->world.context)); break;
    case CLUA_STEP_BUDGET: lua_pushinteger(L, vm->world.step_budget(vm->world.context)); break;
    case CLUA_STEP_SEQS: lua_pushinteger(L, vm->world.step_seqs(vm->world.context)); break;
    default: lua_pushcfunction(L, step_method(field->name));
  }
}

/* Pushes a field of the instance, request or prefix at `object`. */
void view_push_field(lua_State *L, int object, const clua_field *field) {
  void *view = lua_touserdata(L, object);
  switch (*(object_kind *)view) {
    case OBJECT_INSTANCE: push_instance_field(L, view, field); break;
    case OBJECT_PREFIX: push_member(L, field, &((prefix_object *)view)->state); break;
    default: push_request_field(L, object, view, field);
  }
}

/* Reads a numeric field without the stack; false when it is none. */
bool view_number(lua_State *L, int at, const clua_field *field, double *value) {
  void *view = lua_touserdata(L, at);
  if (field->type == CLUA_RATIO) {
    *value = kv_usage(L, view);
    return true;
  }
  if (field->type == CLUA_PLACE) {
    *value = ((instance_object *)view)->index + 1;
    return true;
  }
  if (field->type != CLUA_INTEGER && field->type != CLUA_SECONDS && field->type != CLUA_MILLISECONDS) {
    view_push_field(L, at, field);
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    *value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number;
  }
  const void *base;
  if (*(object_kind *)view == OBJECT_PREFIX) {
    base = &((prefix_object *)view)->state;
  } else if (*(object_kind *)view != OBJECT_INSTANCE) {
    base = request_state(L, view);
  } else if (field_row(CLUA_VIEW_INSTANCE, field) < FACT_FIELDS) {
    base = &vm_of(L)->facts[((instance_object *)view)->index];
  } else {
    base = instance_state(L, view);
  }
  int64_t member;
  memcpy(&member, (const char *)base + field->offset, sizeof member);
  *value = (double)member / (field->type == CLUA_SECONDS ? 1e9 : field->type == CLUA_MILLISECONDS ? 1e6 : 1.0);
  return true;
}

/* ---- Metamethods; each checks its argument, since Lua code may call it with anything ---- */

static int instance_index(lua_State *L) {
  instance_object *object = view_instance(L, 1, "the value");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_INSTANCE, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_INSTANCE, "an instance");
  push_instance_field(L, object, field);
  return 1;
}

static int request_index(lua_State *L) {
  request_object *object = view_request(L, 1, "the value");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_REQUEST, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_REQUEST, "a request");
  push_request_field(L, 1, object, field);
  return 1;
}

static int prefix_index(lua_State *L) {
  prefix_object *object = view_object(L, 1, OBJECT_PREFIX);
  if (object == NULL) return vm_raise(L, NULL, "expected a prefix");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_PREFIX, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_PREFIX, "a prefix");
  push_member(L, field, &object->state);
  return 1;
}

static int cluster_index(lua_State *L) {
  if (view_object(L, 1, OBJECT_CLUSTER) == NULL) return vm_raise(L, NULL, "expected the cluster");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_CLUSTER, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_CLUSTER, "the cluster");
  push_cluster_field(L, field);
  return 1;
}

static int step_index(lua_State *L) {
  if (view_object(L, 1, OBJECT_STEP) == NULL) return vm_raise(L, NULL, "expected the step");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_STEP, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_STEP, "the step");
  push_step_field(L, field);
  return 1;
}

static int view_newindex(lua_State *L) {
  char text[64];
  const char *name = sandbox_text(L, 2, NULL);
  const char *hint = "keep values of your own in a table of your own";
  if (lua_type(L, 1) == LUA_TUSERDATA && view_kind(L, 1) == OBJECT_REQUEST) {
    hint = lua_pushfstring(L, "keep values of your own in request.data.%s", name);
  }
  return vm_raise(L, hint, "%s is read-only: cannot write '%s'", vm_show(L, 1, text, sizeof text), name);
}

static int view_tostring(lua_State *L) {
  char text[300];
  luaL_checktype(L, 1, LUA_TUSERDATA);
  lua_pushstring(L, vm_show(L, 1, text, sizeof text));
  return 1;
}

/* ---- Opening ---- */

/* Makes the metatable of one kind of object. */
void view_metatable(lua_State *L, object_kind kind, const char *name, lua_CFunction index,
                    lua_CFunction newindex) {
  lua_createtable(L, 0, 6);
  lua_pushcfunction(L, index);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, view_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  vm_of(L)->metatables[kind] = vm_keep(L);
}

static int push_singleton(lua_State *L, object_kind kind) {
  object_kind *object = lua_newuserdatauv(L, sizeof *object, 0);
  *object = kind;
  vm_push(L, vm_of(L)->metatables[kind]);
  lua_setmetatable(L, -2);
  return vm_keep(L);
}

void views_open(lua_State *L) {
  clua_vm *vm = vm_of(L);
  fields_open(L);
  view_metatable(L, OBJECT_INSTANCE, "instance", instance_index, view_newindex);
  view_metatable(L, OBJECT_REQUEST, "request", request_index, view_newindex);
  view_metatable(L, OBJECT_CLUSTER, "cluster", cluster_index, view_newindex);
  view_metatable(L, OBJECT_STEP, "step", step_index, view_newindex);
  view_metatable(L, OBJECT_PREFIX, "prefix", prefix_index, view_newindex);
  frozen_open(L);
  vm->cluster = push_singleton(L, OBJECT_CLUSTER);
  vm->step = push_singleton(L, OBJECT_STEP);
  vm_push(L, vm->param_values);
  view_push_frozen(L, "params");
  vm->params = vm_keep(L);
}
