/* The fields of each view: their rows, their lookup by name, and what to say about names that are none. */
#include "sandbox.h"
#include "views.h"

#include <string.h>

#define ROW(name, member, type, meaning) {#name, CLUA_##type, offsetof(STRUCT, member), meaning},
#define PLAIN_ROW(name, type, meaning) {#name, CLUA_##type, 0, meaning},

/* Facts come first: their offsets are into another struct than those of the state. */
const clua_field instance_fields[] = {
#define STRUCT clua_instance_facts
    CLUA_INSTANCE_TEXTS(ROW) CLUA_INSTANCE_FACTS(ROW)
#undef STRUCT
#define STRUCT clua_instance_state
        CLUA_INSTANCE_STATE(ROW) CLUA_INSTANCE_DERIVED(PLAIN_ROW)
#undef STRUCT
};
static const clua_field request_fields[] = {
#define STRUCT clua_request_state
    CLUA_REQUEST_STATE(ROW) CLUA_REQUEST_DERIVED(PLAIN_ROW)
#undef STRUCT
};
static const clua_field prefix_fields[] = {
#define STRUCT clua_prefix_state
    CLUA_PREFIX_STATE(ROW)
#undef STRUCT
};
static const clua_field cluster_fields[] = {CLUA_CLUSTER_DERIVED(PLAIN_ROW)};
static const clua_field step_fields[] = {CLUA_STEP_DERIVED(PLAIN_ROW)};

static const struct {
  const clua_field *fields;
  int32_t count;
  const char *what;
} tables[CLUA_VIEW_COUNT] = {
#define TABLE(fields, what) {fields, sizeof fields / sizeof *fields, what}
    TABLE(instance_fields, "an instance"),
    TABLE(request_fields, "a request"),
    TABLE(cluster_fields, "the cluster"),
    TABLE(step_fields, "the step"),
    TABLE(prefix_fields, "a prefix"),
};

const clua_field *clua_fields(clua_view view, int32_t *count) {
  *count = tables[view].count;
  return tables[view].fields;
}

/* Place of a field among those of its view. Facts come first: texts, then numbers. */
int32_t field_row(clua_view view, const clua_field *field) { return (int32_t)(field - tables[view].fields); }

/* Does a field of an instance change in ways that versions tell of? `free_at_s` of an idle instance is the present moment. */
bool field_is_counted(const clua_field *field) {
  switch (field->type) {
    case CLUA_ROLE:
    case CLUA_CONDITION:
    case CLUA_BOOLEAN:
    case CLUA_MILLISECONDS:
    case CLUA_RATIO: return true;
    case CLUA_INTEGER: return !view_is_fact(field);
    default: return false;
  }
}

/* ---- Names ---- */

/* Anchors a field name and enters its address. Short strings are interned: equal text, equal address. */
static void enter_name(lua_State *L, const char *name, clua_view view, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  const char *key = lua_pushstring(L, name);
  vm_keep(L);
  size_t i = view_slot_of(key);
  while (vm->names[i].key != NULL && vm->names[i].key != key) i = (i + 1) % NAME_SLOTS;
  vm->names[i].key = key;
  vm->names[i].field[view] = field;
}

/* Where the name does not stand in its own place: looks for it behind. */
const clua_field *view_find_behind(const clua_vm *vm, clua_view view, const char *key) {
  for (size_t i = view_slot_of(key); vm->names[i].key != NULL; i = (i + 1) % NAME_SLOTS) {
    if (vm->names[i].key == key) return vm->names[i].field[view];
  }
  return NULL;
}

/* Raises the error about the unknown field at index 2. */
int view_unknown(lua_State *L, clua_view view, const char *what) {
  const char *names[MOST_FIELDS];
  for (int32_t i = 0; i < tables[view].count; i++) names[i] = tables[view].fields[i].name;
  const char *name = sandbox_text(L, 2, NULL);
  const char *nearest = clua_nearest(name, names, tables[view].count);
  if (nearest != NULL) {
    return vm_raise(L, lua_pushfstring(L, "did you mean '%s'?", nearest), "%s has no field '%s'", what, name);
  }
  char list[900];
  vm_list_names(list, sizeof list, names, tables[view].count);
  return vm_raise(L, lua_pushfstring(L, "its fields are %s", list), "%s has no field '%s'", what, name);
}

/* Enters the names of all fields of all views. */
void fields_open(lua_State *L) {
  for (int view = 0; view < CLUA_VIEW_COUNT; view++) {
    for (int32_t i = 0; i < tables[view].count; i++) {
      enter_name(L, tables[view].fields[i].name, (clua_view)view, &tables[view].fields[i]);
    }
  }
}
