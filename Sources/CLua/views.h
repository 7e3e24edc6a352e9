/* What policies see: objects, the state behind them, their fields and methods. Nothing of it leaves the module. */
#ifndef CLUA_VIEWS_H
#define CLUA_VIEWS_H

#include "vm.h"

/* First word of every full userdata in a machine: all of them are made here, so this tells them apart. Requests are light
 * ones, which have no memory. */
typedef enum { OBJECT_INSTANCE, OBJECT_REQUEST, OBJECT_CLUSTER, OBJECT_STEP, OBJECT_PREFIX, OBJECT_FROZEN } object_kind;

typedef struct {
  object_kind kind;
  int32_t index;
  uint64_t stamp; /* epoch in which `state` was filled, or found to stand */
  clua_instance_state state;
} instance_object;

/* Cached blocks as they were when `evict` was asked: a copy, so it may be kept. */
typedef struct {
  object_kind kind;
  int32_t place; /* among the candidates, from 0 */
  uint64_t stamp; /* epoch of the call */
  clua_prefix_state state;
} prefix_object;

/* A read-only table; user value 1 holds the table, `what` names it in messages. */
typedef struct {
  object_kind kind;
  const char *what;
} frozen_object;

/* fields.c */
#define ONE(...) +1
enum { TEXT_FIELDS = 0 CLUA_INSTANCE_TEXTS(ONE), FACT_FIELDS = TEXT_FIELDS CLUA_INSTANCE_FACTS(ONE) };
extern const clua_field instance_fields[];
void fields_open(lua_State *L);
static inline size_t view_slot_of(const char *key) {
  uintptr_t bits = (uintptr_t)key;
  return ((bits >> 4) ^ (bits >> 11)) % NAME_SLOTS;
}
/* Is this field of instances one of clua_instance_facts? */
static inline bool view_is_fact(const clua_field *field) { return field < instance_fields + FACT_FIELDS; }
const clua_field *view_find_behind(const clua_vm *vm, clua_view view, const char *key);
/* The field that the string at `index` names, or NULL. */
static inline const clua_field *view_find(const clua_vm *vm, lua_State *L, clua_view view, int index) {
  const char *key = lua_tostring(L, index); /* a number becomes text, and is then no field */
  const name_slot *slot = &vm->names[view_slot_of(key)];
  return __builtin_expect(slot->key == key && key != NULL, 1) ? slot->field[view] : view_find_behind(vm, view, key);
}
int32_t field_row(clua_view view, const clua_field *field);
bool field_is_counted(const clua_field *field);
int view_unknown(lua_State *L, clua_view view, const char *what);

/* rows.c */
void rows_open(lua_State *L);
void row_make(lua_State *L, int32_t instance);
void row_was_missed(lua_State *L, int32_t instance);
void rows_refresh(lua_State *L);
void rows_retire(lua_State *L);
void rows_set_reader(lua_State *L);

/* frozen.c */
void view_push_frozen(lua_State *L, const char *what);

/* objects.c */
instance_object *view_instance(lua_State *L, int index, const char *what);
clua_request view_request(lua_State *L, int index, const char *what);
bool view_get_request(lua_State *L, int index, clua_request *request);
void view_push_belongings(lua_State *L, clua_request request, int which);
void view_push_instance(lua_State *L, int32_t index);
void view_push_prefix(lua_State *L, int32_t place, const clua_prefix_state *state);
void view_push_queue(lua_State *L, int32_t instance, bool running);
void view_fill_instance(clua_vm *vm, instance_object *object);
clua_request_state *view_request_state(lua_State *L, clua_request request);

/* A request is a light userdata, so that none is made and none collected: the slot above, and below the id, which Lua's
 * tables hash, and a bit that no address of an object has. */
_Static_assert(sizeof(void *) == 8, "a slot and an id in one pointer");
static inline void view_push_request(lua_State *L, clua_request request) {
  lua_pushlightuserdata(L, (void *)((uintptr_t)(uint32_t)request.slot << 32 | (uintptr_t)(uint32_t)request.id << 1 | 1));
}
static inline bool view_is_request(const void *userdata) { return ((uintptr_t)userdata & 1) != 0; }
static inline clua_request view_request_of(const void *userdata) {
  uintptr_t bits = (uintptr_t)userdata;
  return (clua_request){.slot = (int32_t)(bits >> 32), .id = (int32_t)((uint32_t)bits >> 1)};
}

/* The object at `index`, or NULL when it is no view of that kind; requests are none. */
static inline void *view_object(lua_State *L, int index, object_kind kind) {
  object_kind *object = lua_touserdata(L, index); /* NULL for other types */
  return object != NULL && !view_is_request(object) && *object == kind ? object : NULL;
}

/* The state of an instance: what is held, where that still stands. */
static inline clua_instance_state *view_instance_state(clua_vm *vm, instance_object *object) {
  if (object->stamp == vm->epoch) return &object->state;
  const held_instance *held = &vm->held[object->index];
  if (vm->keeps_views && held->version == vm->versions[object->index] && vm->now < held->until) {
    if (object->state.busy == 0) object->state.free_at_ns = vm->now;
    object->stamp = vm->epoch;
  } else {
    view_fill_instance(vm, object);
  }
  return &object->state;
}

static inline double view_kv_usage(clua_vm *vm, instance_object *object) {
  const clua_instance_state *state = view_instance_state(vm, object);
  int64_t capacity = vm->facts[object->index].kv_capacity_tokens;
  if (capacity <= 0) return 1.0;
  return ((double)state->kv_used_tokens + (double)state->kv_reserved_tokens) / (double)capacity;
}

/* Reads a numeric field of an instance without the stack; false when it is none of the plain ones. */
static inline bool view_instance_number(lua_State *L, instance_object *object, const clua_field *field, double *value) {
  clua_vm *vm = vm_of(L);
  if (field->type == CLUA_RATIO) {
    *value = view_kv_usage(vm, object);
    return true;
  }
  if (field->type == CLUA_PLACE) {
    *value = object->index + 1;
    return true;
  }
  if (field->type != CLUA_INTEGER && field->type != CLUA_SECONDS && field->type != CLUA_MILLISECONDS) return false;
  bool fact = view_is_fact(field);
  const void *base = fact ? (const void *)&vm->facts[object->index] : view_instance_state(vm, object);
  int64_t member;
  memcpy(&member, (const char *)base + field->offset, sizeof member);
  *value = (double)member;
  if (field->type != CLUA_INTEGER) *value /= field->type == CLUA_SECONDS ? 1e9 : 1e6;
  return true;
}
object_kind view_kind(lua_State *L, int index);
int64_t view_count(lua_State *L, int index, const char *what, int64_t least);

/* values.c */
void view_push_field(lua_State *L, int object, const clua_field *field);
void view_push_member(lua_State *L, const clua_field *field, const void *base);
void view_push_instance_field(lua_State *L, instance_object *object, const clua_field *field);
void view_push_request_field(lua_State *L, clua_request request, const clua_field *field);
void view_push_cluster_field(lua_State *L, const clua_field *field);
void view_push_step_field(lua_State *L, const clua_field *field);
bool view_number(lua_State *L, int object, const clua_field *field, double *value);

/* views.c */
void views_open(lua_State *L);
void view_push_metatable(lua_State *L, const char *name, lua_CFunction newindex);
lua_CFunction view_reader(clua_view view);

/* lists.c */
void list_push(lua_State *L, const int32_t *ids, int32_t count);
bool list_push_ready(lua_State *L, const int32_t *ids, int32_t count);
void list_settle(lua_State *L, int index);
lua_Integer list_length(lua_State *L, int index);
const instance_list *list_known(lua_State *L, int index);

/* methods.c */
lua_CFunction instance_method(const char *name);
lua_CFunction cluster_method(const char *name);
lua_CFunction step_method(const char *name);

#endif
