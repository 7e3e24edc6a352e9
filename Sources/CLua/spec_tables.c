/* Tables in specs that say what an instance or a request is: the names and units of its view, checked one by one. */
#include "spec.h"

#include <math.h>
#include <string.h>

bool spec_has(lua_State *L, int table, const char *key) {
  table = lua_absindex(L, table);
  lua_pushstring(L, key);
  bool is = lua_rawget(L, table) != LUA_TNIL;
  lua_pop(L, 1);
  return is;
}

/* The largest number of anything, tokens included: sums of them cannot overflow. */
static const int64_t largest = (int64_t)1 << 40;

int64_t spec_integer(lua_State *L, int index, const char *what) {
  int exact = 0;
  lua_Integer value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &exact) : 0;
  if (!exact || value < 0 || value > largest) {
    char text[64];
    vm_raise(L, NULL, "%s is %s, expected an integer of at least 0", what, vm_show(L, index, text, sizeof text));
  }
  return value;
}

double spec_number(lua_State *L, int index, const char *what) {
  double value = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : NAN;
  if (!(fabs(value) <= 9e9)) { /* in seconds, what fits into 64 bits of nanoseconds */
    char text[64];
    vm_raise(L, NULL, "%s is %s, expected a number", what, vm_show(L, index, text, sizeof text));
  }
  return value;
}

static int64_t word(lua_State *L, const char *what, const char *const *words, int count) {
  for (int i = 0; i < count && lua_type(L, -1) == LUA_TSTRING; i++) {
    if (strcmp(lua_tostring(L, -1), words[i]) == 0) return i;
  }
  char text[64], list[100];
  const char *shown = vm_show(L, -1, text, sizeof text);
  vm_list_names(list, sizeof list, words, count);
  return vm_raise(L, lua_pushfstring(L, "write one of %s", list), "%s is %s", what, shown);
}

/* Writes the value on top of the stack into the member of `field`. */
static void read_member(lua_State *L, const clua_field *field, void *base) {
  static const char *const roles[] = {"prefill", "decode", "mixed"};
  static const char *const conditions[] = {"up", "down", "draining", "starting", "off"};
  int64_t value = 0;
  switch (field->type) {
    case CLUA_OPTIONAL_SECONDS:
    case CLUA_SECONDS: value = (int64_t)llround(spec_number(L, -1, field->name) * 1e9); break;
    case CLUA_MILLISECONDS: value = (int64_t)llround(spec_number(L, -1, field->name) * 1e6); break;
    case CLUA_ROLE: value = word(L, field->name, roles, 3); break;
    case CLUA_CONDITION: value = word(L, field->name, conditions, 5); break;
    case CLUA_STAGE: value = word(L, field->name, roles, 2); break;
    case CLUA_INSTANCE: value = view_instance(L, lua_gettop(L), field->name)->index; break;
    case CLUA_BOOLEAN:
      if (lua_type(L, -1) != LUA_TBOOLEAN) {
        char text[64];
        vm_raise(L, NULL, "%s is %s, expected true or false", field->name, vm_show(L, -1, text, sizeof text));
      }
      value = lua_toboolean(L, -1);
      break;
    default: value = spec_integer(L, -1, field->name);
  }
  memcpy((char *)base + field->offset, &value, sizeof value);
}

/* Fields that follow from others or from the host, which a table cannot set. */
static bool is_fixed(clua_view view, const clua_field *field) {
  if (field->type == CLUA_PLACE || field->type == CLUA_NUMBER_OF_REQUEST || field->type == CLUA_WAITED) return true;
  return view == CLUA_VIEW_REQUEST && field->type == CLUA_DATA;
}

static const char *name_of(clua_view view) {
  return view == CLUA_VIEW_INSTANCE ? "an instance" : view == CLUA_VIEW_REQUEST ? "a request" : "a prefix";
}

/* Refuses keys that are no field of the view, the first in the order of their names. */
static void check_keys(lua_State *L, int table, clua_view view) {
  int32_t count, usable = 0;
  const clua_field *fields = clua_fields(view, &count);
  const char *names[MOST_FIELDS], *wrong = NULL;
  for (int32_t i = 0; i < count; i++) {
    if (!is_fixed(view, &fields[i])) names[usable++] = fields[i].name;
  }
  const char *what = name_of(view);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      vm_raise(L, "write name = value", "the table of %s has an entry without a name", what);
    }
    const char *name = lua_tostring(L, -2);
    bool known = false;
    for (int32_t i = 0; i < usable; i++) known = known || strcmp(name, names[i]) == 0;
    if (!known && (wrong == NULL || strcmp(name, wrong) < 0)) wrong = name;
  }
  if (wrong == NULL) return;
  const char *nearest = clua_nearest(wrong, names, usable);
  if (nearest != NULL) {
    vm_raise(L, lua_pushfstring(L, "did you mean '%s'?", nearest), "%s cannot be given '%s'", what, wrong);
  }
  char list[1200];
  vm_list_names(list, sizeof list, names, usable);
  vm_raise(L, lua_pushfstring(L, "there are %s", list), "%s cannot be given '%s'", what, wrong);
}

/* Reads the members that the table at `table` gives. `facts` is NULL when they can no longer change. */
void spec_read(lua_State *L, int table, clua_view view, void *facts, void *state) {
  table = lua_absindex(L, table);
  luaL_checkstack(L, 12, NULL);
  if (lua_type(L, table) != LUA_TTABLE) {
    char text[64];
    vm_raise(L, "write { name = value, ... }", "%s is %s, expected a table",
             name_of(view), vm_show(L, table, text, sizeof text));
  }
  check_keys(L, table, view);
  int32_t count;
  const clua_field *fields = clua_fields(view, &count);
  for (int32_t i = 0; i < count; i++) {
    const clua_field *field = &fields[i];
    lua_pushstring(L, field->name);
    bool given = lua_rawget(L, table) != LUA_TNIL;
    bool fact = view == CLUA_VIEW_INSTANCE && i < FACT_FIELDS;
    if (given && fact && facts == NULL) vm_raise(L, NULL, "%s of an instance never changes", field->name);
    if (given && field->type == CLUA_TEXT) {
      if (lua_type(L, -1) != LUA_TSTRING) vm_raise(L, NULL, "%s is no string", field->name);
      const char *text = lua_tostring(L, -1); /* held by the caller's table */
      memcpy((char *)facts + field->offset, &text, sizeof text);
    } else if (given && field->type < CLUA_PLACE && field->type != CLUA_TEXT) {
      read_member(L, field, fact ? facts : state);
    } else if (given && field->type == CLUA_HIDDEN) {
      read_member(L, field, state);
    }
    lua_pop(L, 1);
  }
}
