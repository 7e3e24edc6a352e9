/* cluster:argmin, argmax and filter: looking over lists of views in C. */
#include "methods.h"

#include <stdlib.h>
#include <string.h>

/* The field that the text at `index` names, for the view at `item`. */
static const clua_field *field_of(lua_State *L, int item, int index, const char *method) {
  clua_vm *vm = vm_of(L);
  object_kind kind = lua_isuserdata(L, item) ? view_kind(L, item) : OBJECT_FROZEN;
  if (kind != OBJECT_INSTANCE && kind != OBJECT_REQUEST && kind != OBJECT_PREFIX) {
    char text[64];
    vm_raise(L, NULL, "%s: the list holds %s, expected instances, requests or prefixes", method,
             vm_show(L, item, text, sizeof text));
  }
  clua_view view = (clua_view)kind; /* kinds of objects begin with the views, in the same order */
  const clua_field *field = view_find(vm, L, view, index);
  if (field == NULL) {
    lua_pushvalue(L, index);
    lua_replace(L, 2);
    view_unknown(L, view, kind == OBJECT_INSTANCE ? "an instance" : kind == OBJECT_REQUEST ? "a request" : "a prefix");
  }
  return field;
}

enum { ITEMS_HELD = 16 }; /* popping one by one would cost as much as looking */

/* The best so far of a scan. */
typedef struct {
  lua_Integer place; /* from 1; 0 is none */
  double value;
  double sign; /* of the values: the least is sought, so -1 finds the greatest */
} optimum;

static inline void consider(optimum *best, lua_Integer place, double value) {
  value *= best->sign;
  /* A branch, since it is foreseen: each look would otherwise wait for the one before. */
  if (__builtin_expect(best->place != 0 && value >= best->value, 1)) return;
  best->place = place;
  best->value = value;
}

static void raise_no_number(lua_State *L, const char *method) {
  vm_raise(L, NULL, "%s: '%s' is not a number", method, lua_tostring(L, 3));
}

/* What scans found of a field, for all instances; NULL where it does not stand until the instance changes, or memory is
 * short. */
static column_entry *column_of(clua_vm *vm, const clua_field *field) {
  if (!vm->keeps_views || field == NULL || !field_is_counted(field)) return NULL;
  column_entry **column = &vm->columns[field_row(CLUA_VIEW_INSTANCE, field)];
  /* In new ones nothing stands: moments begin at 0. */
  if (*column == NULL) *column = calloc((size_t)vm->instance_count, sizeof **column);
  return *column;
}

static double number_of(lua_State *L, int32_t instance, const clua_field *field, const char *method) {
  double value;
  instance_object *object = (instance_object *)vm_of(L)->objects[instance];
  if (field == NULL || !view_instance_number(L, object, field, &value)) {
    view_push_instance(L, instance);
    int item = lua_gettop(L);
    if (!view_number(L, item, field_of(L, item, 3, method), &value)) raise_no_number(L, method);
    lua_settop(L, 3);
  }
  return value;
}

/* Brings one entry of a column up to date. */
static void update_entry(lua_State *L, int32_t instance, const clua_field *field, column_entry *entry, const char *method) {
  const held_instance *held = &vm_of(L)->held[instance];
  entry->value = number_of(L, instance, field, method);
  entry->until = held->until;
  entry->version = held->version;
}

/* Over an array that lists.c has made: what it holds is known without asking Lua. */
static void scan_list(lua_State *L, const instance_list *list, optimum *best, const char *method) {
  clua_vm *vm = vm_of(L);
  int32_t count = list->count;
  const int32_t *ids = list->ids;
  vm_tick_all(L, vm, count);
  const clua_field *field = view_find(vm, L, CLUA_VIEW_INSTANCE, 3);
  column_entry *column = column_of(vm, field);
  if (column == NULL) {
    for (int32_t i = 0; i < count; i++) consider(best, i + 1, number_of(L, ids[i], field, method));
    return;
  }
  const uint32_t *versions = vm->versions;
  int64_t now = vm->now;
  optimum found = *best; /* not in memory that the calls below might change */
  for (int32_t i = 0; i < count; i++) {
    column_entry *entry = &column[ids[i]];
    if (entry->version != versions[ids[i]] || now >= entry->until) update_entry(L, ids[i], field, entry, method);
    consider(&found, i + 1, entry->value);
  }
  *best = found;
}

/* Over an array of the policy's own, of whatever views. */
static void scan_table(lua_State *L, optimum *best, const char *method) {
  clua_vm *vm = vm_of(L);
  luaL_checkstack(L, ITEMS_HELD + 20, NULL);
  lua_Integer count = list_length(L, 2);
  bool raw = lua_getmetatable(L, 2); /* else lua_geti is the same, and faster */
  lua_settop(L, 3);
  double value;
  const clua_field *field = NULL; /* of instances, once one was met */
  for (lua_Integer i = 1; i <= count; i++) {
    vm_tick(L, vm);
    if (i % ITEMS_HELD == 0) lua_settop(L, 3);
    if (raw) lua_rawgeti(L, 2, i); else lua_geti(L, 2, i);
    instance_object *instance = field != NULL ? view_object(L, -1, OBJECT_INSTANCE) : NULL;
    bool known = instance != NULL;
    if (!known || !view_instance_number(L, instance, field, &value)) {
      int item = lua_gettop(L);
      const clua_field *own = field_of(L, item, 3, method);
      if (view_kind(L, item) == OBJECT_INSTANCE) field = own;
      if (!view_number(L, item, own, &value)) raise_no_number(L, method);
    }
    consider(best, i, value);
  }
  lua_settop(L, 3);
}

static int scan(lua_State *L, bool largest, const char *method) {
  if (lua_gettop(L) != 3) lua_settop(L, 3); /* stack: cluster, list, field */
  optimum best = {0, 0, largest ? -1 : 1};
  const instance_list *list = list_known(L, 2);
  if (list != NULL) {
    scan_list(L, list, &best, method);
    view_push_instance(L, best.place == 0 ? -1 : list->ids[best.place - 1]);
    return 1;
  }
  if (lua_type(L, 2) != LUA_TTABLE) {
    char text[64];
    return vm_raise(L, lua_pushfstring(L, "write cluster:%s(candidates, \"kv_usage\")", method),
                    "%s: the list is %s, expected an array of instances, requests or prefixes", method,
                    vm_show(L, 2, text, sizeof text));
  }
  scan_table(L, &best, method);
  if (best.place == 0) lua_pushnil(L); else lua_rawgeti(L, 2, best.place);
  return 1;
}

int cluster_argmin(lua_State *L) { return scan(L, false, "argmin"); }
int cluster_argmax(lua_State *L) { return scan(L, true, "argmax"); }

/* filter(list, field, operator, value): `==` and `~=` for all fields, the rest for numbers. */
int cluster_filter(lua_State *L) {
  static const char *const operators[] = {"<", "<=", ">", ">=", "==", "~="};
  clua_vm *vm = vm_of(L);
  lua_settop(L, 5); /* stack: cluster, list, field, operator, value */
  luaL_checktype(L, 2, LUA_TTABLE);
  int operator = -1;
  for (int i = 0; i < 6 && lua_type(L, 4) == LUA_TSTRING; i++) {
    if (strcmp(lua_tostring(L, 4), operators[i]) == 0) operator = i;
  }
  if (operator < 0) {
    return vm_raise(L, "write cluster:filter(candidates, \"kv_free_tokens\", \">=\", 1000)",
                    "filter: the operator is one of < <= > >= == ~=");
  }
  lua_newtable(L);
  lua_Integer count = list_length(L, 2), kept = 0;
  for (lua_Integer i = 1; i <= count; i++) {
    vm_tick(L, vm);
    lua_rawgeti(L, 2, i);
    view_push_field(L, 7, field_of(L, 7, 3, "filter"));
    if (operator < 4 && (lua_type(L, 8) != LUA_TNUMBER || lua_type(L, 5) != LUA_TNUMBER)) {
      return vm_raise(L, NULL, "filter: %s compares numbers", operators[operator]);
    }
    bool keep = false;
    switch (operator) {
      case 0: keep = lua_compare(L, 8, 5, LUA_OPLT); break;
      case 1: keep = lua_compare(L, 8, 5, LUA_OPLE); break;
      case 2: keep = lua_compare(L, 5, 8, LUA_OPLT); break;
      case 3: keep = lua_compare(L, 5, 8, LUA_OPLE); break;
      case 4: keep = lua_rawequal(L, 8, 5); break;
      case 5: keep = !lua_rawequal(L, 8, 5); break;
    }
    lua_settop(L, 7);
    if (keep) lua_rawseti(L, 6, ++kept); else lua_pop(L, 1);
  }
  return 1;
}

