/* Values: what a policy gets when it reads a field of a view. One lookup by the address of the interned name has found
 * the field; here it becomes a Lua value, or a number for scans in C. */
#include "views.h"

#include <string.h>

static void push_by_role(lua_State *L, int which) {
  instance_list *list = &vm_of(L)->by_role[which];
  list_push(L, list->ids, list->count);
}

static void push_label(lua_State *L, clua_request request, clua_type which) {
  clua_vm *vm = vm_of(L);
  view_push_belongings(L, request, OF_TRACE);
  if (lua_rawgeti(L, -1, which) == LUA_TNIL) {
    lua_pop(L, 1);
    int64_t length = vm->world.label(vm->world.context, request, which);
    if (length >= 0) lua_pushlstring(L, vm->scratch, (size_t)length); else lua_pushboolean(L, 0);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, which);
  }
  lua_remove(L, -2);
  if (lua_type(L, -1) != LUA_TBOOLEAN) return;
  lua_pop(L, 1);
  lua_pushnil(L);
}

static void push_content(lua_State *L, clua_request request) {
  clua_vm *vm = vm_of(L);
  view_push_belongings(L, request, OF_TRACE);
  if (lua_rawgeti(L, -1, CLUA_CONTENT) == LUA_TNIL) {
    lua_pop(L, 1);
    int64_t count = vm->world.list_content(vm->world.context, request);
    if (count < 0 || count > INT32_MAX) luaL_error(L, "not enough memory");
    lua_createtable(L, (int)count, 0);
    for (int64_t i = 0; i < count; i++) {
      lua_pushinteger(L, ((const uint32_t *)(void *)vm->scratch)[i]);
      lua_rawseti(L, -2, i + 1);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, CLUA_CONTENT);
  }
  lua_remove(L, -2);
}

/* Pushes a member of a struct as its type says. */
static inline void push_member(lua_State *L, const clua_field *field, const void *base) {
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

void view_push_member(lua_State *L, const clua_field *field, const void *base) { push_member(L, field, base); }

void view_push_instance_field(lua_State *L, instance_object *object, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  const void *base = view_is_fact(field) ? (const void *)&vm->facts[object->index] : NULL;
  switch (field->type) {
    case CLUA_TEXT: vm_push(L, vm->fact_texts[object->index][field - instance_fields]); break;
    case CLUA_PLACE: lua_pushinteger(L, object->index + 1); break;
    case CLUA_RATIO: lua_pushnumber(L, view_kv_usage(vm, object)); break;
    case CLUA_WAITING: view_push_queue(L, object->index, false); break;
    case CLUA_RUNNING: view_push_queue(L, object->index, true); break;
    case CLUA_METHOD: lua_pushcfunction(L, instance_method(field->name)); break;
    default: push_member(L, field, base != NULL ? base : view_instance_state(vm, object));
  }
}

void view_push_request_field(lua_State *L, clua_request request, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  if (field->type == CLUA_NUMBER_OF_REQUEST) { /* an id stays true after the end */
    lua_pushinteger(L, request.id);
    return;
  }
  const clua_request_state *state = view_request_state(L, request);
  switch (field->type) {
    case CLUA_WAITED: lua_pushnumber(L, (double)(vm->now - state->arrival_ns) / 1e9); break;
    case CLUA_SESSION:
    case CLUA_CLASS:
    case CLUA_TENANT: push_label(L, request, field->type); break;
    case CLUA_CONTENT: push_content(L, request); break;
    case CLUA_DATA: view_push_belongings(L, request, OF_POLICY); break;
    case CLUA_HIDDEN:
      if (!vm->options.oracle) {
        vm_raise(L, "use predicted_output_tokens, or run with --oracle",
                 "output_tokens is hidden: no router knows it before the end");
      } /* fall through */
    default: push_member(L, field, state);
  }
}

void view_push_cluster_field(lua_State *L, const clua_field *field) {
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

void view_push_step_field(lua_State *L, const clua_field *field) {
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
  switch (view_kind(L, object)) {
    case OBJECT_INSTANCE: view_push_instance_field(L, view, field); break;
    case OBJECT_PREFIX: view_push_member(L, field, &((prefix_object *)view)->state); break;
    default: view_push_request_field(L, view_request_of(view), field);
  }
}

/* Reads a numeric field without the stack; false when it is none. */
bool view_number(lua_State *L, int at, const clua_field *field, double *value) {
  void *view = lua_touserdata(L, at);
  object_kind kind = view_kind(L, at);
  if (kind == OBJECT_INSTANCE && view_instance_number(L, view, field, value)) return true;
  bool plain = field->type == CLUA_INTEGER || field->type == CLUA_SECONDS || field->type == CLUA_MILLISECONDS;
  if (kind == OBJECT_INSTANCE || !plain) {
    view_push_field(L, at, field);
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    *value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number;
  }
  const void *base = kind == OBJECT_REQUEST ? (const void *)view_request_state(L, view_request_of(view))
                                            : (const void *)&((prefix_object *)view)->state;
  int64_t member;
  memcpy(&member, (const char *)base + field->offset, sizeof member);
  *value = (double)member / (field->type == CLUA_SECONDS ? 1e9 : field->type == CLUA_MILLISECONDS ? 1e6 : 1.0);
  return true;
}
