/* Parameters of a policy: reading their declarations, handing their values to Lua.
 *
 * Only shapes are checked here; ranges, choices and --param are checked in Swift, defaults included. */
#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {"number", "integer", "string", "boolean"};
static const char *const entry_keys[] = {"type", "default", "min", "max", "choices", "help"};
enum { ENTRY_KEYS = sizeof entry_keys / sizeof *entry_keys };

static void fail_entry(lua_State *L, place at, const char *name, const char *what, int value, const char *expected) {
  char text[64];
  vm_fail(L, at, NULL, "parameter '%s': %s is %s, expected %s", name, what, vm_show(L, value, text, sizeof text),
          expected);
}

static bool is_identifier(const char *name) {
  if (*name == '\0' || (*name >= '0' && *name <= '9')) return false;
  return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

/* Reads the value on top of the stack as one of `param->type` into `param`; pops it. */
static void read_value(lua_State *L, place at, clua_param *param) {
  static const char *const expected[] = {"a number", "an integer", "a string", "true or false"};
  int type = lua_type(L, -1);
  bool good = false;
  switch (param->type) {
    case CLUA_PARAM_NUMBER:
      good = type == LUA_TNUMBER;
      param->number = lua_tonumber(L, -1);
      break;
    case CLUA_PARAM_INTEGER: {
      int exact = 0;
      if (type == LUA_TNUMBER) param->integer = lua_tointegerx(L, -1, &exact);
      param->number = (double)param->integer;
      good = exact;
      break;
    }
    case CLUA_PARAM_STRING:
      good = type == LUA_TSTRING;
      if (good) param->text = vm_copy_text(lua_tostring(L, -1));
      break;
    case CLUA_PARAM_BOOLEAN:
      good = type == LUA_TBOOLEAN;
      param->boolean = lua_toboolean(L, -1);
      break;
  }
  if (!good) fail_entry(L, at, param->name, "default", -1, expected[param->type]);
  lua_pop(L, 1);
}

static void read_bound(lua_State *L, place at, int entry, const char *key, clua_param *param, bool *has,
                       double *bound) {
  if (lua_getfield(L, entry, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TNUMBER) fail_entry(L, at, param->name, key, -1, "a number");
    if (param->type > CLUA_PARAM_INTEGER) {
      vm_fail(L, at, NULL, "parameter '%s': %s is for numbers, this is a %s", param->name, key,
              type_names[param->type]);
    }
    *has = true;
    *bound = lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
}

static void read_choices(lua_State *L, place at, int entry, clua_param *param) {
  int type = lua_getfield(L, entry, "choices");
  if (type != LUA_TNIL) {
    if (type != LUA_TTABLE || param->type != CLUA_PARAM_STRING) {
      fail_entry(L, at, param->name, "choices", -1, "a list of strings, for a string parameter");
    }
    lua_Unsigned count = lua_rawlen(L, -1);
    if (count == 0 || count > 1000) fail_entry(L, at, param->name, "choices", -1, "a list of 1 to 1000 strings");
    const char **choices = calloc(count, sizeof *choices);
    if (choices == NULL) luaL_error(L, "not enough memory");
    param->choices = choices;
    for (lua_Unsigned i = 0; i < count; i++) {
      if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING) {
        fail_entry(L, at, param->name, "choices", -1, "strings only");
      }
      choices[i] = vm_copy_text(lua_tostring(L, -1));
      param->choice_count += 1;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

/* The declared type, or the one of the default. */
static clua_param_type read_type(lua_State *L, place at, int entry, const char *name) {
  int type = lua_getfield(L, entry, "type");
  for (int i = 0; type == LUA_TSTRING && i < 4; i++) {
    if (strcmp(lua_tostring(L, -1), type_names[i]) == 0) {
      lua_pop(L, 1);
      return (clua_param_type)i;
    }
  }
  fail_entry(L, at, name, "type", -1, "\"number\", \"integer\", \"string\" or \"boolean\"");
  return CLUA_PARAM_NUMBER;
}

static void check_entry_keys(lua_State *L, place at, int entry, const char *name) {
  const char *wrong = NULL;
  for (lua_pushnil(L); lua_next(L, entry); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a list entry";
    bool known = false;
    for (int i = 0; i < ENTRY_KEYS; i++) known = known || strcmp(key, entry_keys[i]) == 0;
    if (!known && (wrong == NULL || strcmp(key, wrong) < 0)) wrong = key;
  }
  if (wrong == NULL) return;
  const char *nearest = clua_nearest(wrong, entry_keys, ENTRY_KEYS);
  vm_fail(L, at, nearest ? lua_pushfstring(L, "did you mean '%s'?", nearest)
                         : "an entry has type, default, min, max, choices, help",
          "parameter '%s': it has no '%s'", name, wrong);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const clua_param *)a)->name, ((const clua_param *)b)->name);
}

/* Hands the value of a parameter to Lua. */
static void publish(lua_State *L, const clua_param *param) {
  vm_push(L, vm_of(L)->param_values);
  switch (param->type) {
    case CLUA_PARAM_NUMBER: lua_pushnumber(L, param->number); break;
    case CLUA_PARAM_INTEGER: lua_pushinteger(L, param->integer); break;
    case CLUA_PARAM_STRING: lua_pushstring(L, param->text); break;
    case CLUA_PARAM_BOOLEAN: lua_pushboolean(L, param->boolean); break;
  }
  lua_setfield(L, -2, param->name);
  lua_pop(L, 1);
}

static void read_entry(lua_State *L, place at, const char *name, int entry, int32_t policy) {
  clua_vm *vm = vm_of(L);
  if (!is_identifier(name)) vm_fail(L, at, NULL, "parameter '%s': a name has letters, digits and _ only", name);
  if (lua_type(L, entry) != LUA_TTABLE) {
    fail_entry(L, at, name, "it", entry, "a table such as { type = \"number\", default = 1 }");
  }
  for (int32_t i = 0; i < vm->parameter_count; i++) {
    if (strcmp(vm->parameters[i].name, name) == 0) {
      vm_fail(L, at, "rename one of the two", "parameter '%s' is also declared by %s", name,
              vm->policies[vm->parameters[i].policy].path);
    }
  }
  check_entry_keys(L, at, entry, name);
  clua_param_type type = read_type(L, at, entry, name);
  clua_param *grown = realloc(vm->parameters, sizeof *grown * (size_t)(vm->parameter_count + 1));
  if (grown == NULL) luaL_error(L, "not enough memory");
  vm->parameters = grown;
  clua_param *param = &grown[vm->parameter_count];
  *param = (clua_param){.name = vm_copy_text(name), .type = type, .policy = policy};
  if (param->name == NULL) luaL_error(L, "not enough memory");
  vm->parameter_count += 1;
  if (lua_getfield(L, entry, "default") == LUA_TNIL) {
    vm_fail(L, at, "add default = ...", "parameter '%s' has no default", name);
  }
  read_value(L, at, param);
  read_bound(L, at, entry, "min", param, &param->has_min, &param->min);
  read_bound(L, at, entry, "max", param, &param->has_max, &param->max);
  read_choices(L, at, entry, param);
  if (lua_getfield(L, entry, "help") == LUA_TSTRING) param->help = vm_copy_text(lua_tostring(L, -1));
  lua_pop(L, 1);
  publish(L, param);
}

/* Reads the `params` table at `table`, in the order of names. */
void params_read(lua_State *L, int table, place where, const char *text, size_t length, int32_t policy) {
  clua_vm *vm = vm_of(L);
  if (lua_type(L, table) != LUA_TTABLE) {
    char shown[64];
    vm_fail(L, where, "write params = { name = { type = \"number\", default = 1 } }", "params is %s, expected a table",
            vm_show(L, table, shown, sizeof shown));
  }
  order_pairs_of(L, table);
  for (;;) {
    lua_pushvalue(L, -1);
    lua_call(L, 0, 2);
    if (lua_isnil(L, -2)) break;
    if (lua_type(L, -2) != LUA_TSTRING) {
      vm_fail(L, where, "write name = { type = ..., default = ... }", "params has an entry without a name");
    }
    const char *name = lua_tostring(L, -2);
    int line = source_line(text, length, name);
    read_entry(L, (place){where.path, line ? line : where.line}, name, lua_gettop(L), policy);
    lua_pop(L, 2);
  }
  lua_pop(L, 3);
  if (vm->parameter_count > 1) qsort(vm->parameters, (size_t)vm->parameter_count, sizeof *vm->parameters, by_name);
}

/* Replaces a parameter's value. Raises when memory is short. */
void params_set(lua_State *L, int32_t index, const clua_param *value) {
  clua_param *param = &vm_of(L)->parameters[index];
  switch (param->type) {
    case CLUA_PARAM_NUMBER: param->number = value->number; break;
    case CLUA_PARAM_INTEGER:
      param->integer = value->integer;
      param->number = (double)param->integer;
      break;
    case CLUA_PARAM_BOOLEAN: param->boolean = value->boolean; break;
    case CLUA_PARAM_STRING: {
      char *copy = vm_copy_text(value->text);
      if (copy == NULL) luaL_error(L, "not enough memory");
      free((void *)param->text);
      param->text = copy;
    }
  }
  publish(L, param);
}

typedef struct {
  int32_t index;
  const clua_param *value;
} assignment;

static int set_param(lua_State *L) {
  const assignment *change = vm_argument(L);
  params_set(L, change->index, change->value);
  return 0;
}

clua_status clua_set_param(clua_vm *vm, int32_t index, const clua_param *value) {
  assignment change = {index, value};
  return vm_run(vm, CLUA_HOOK_COUNT, 0, set_param, &change);
}

int32_t clua_param_count(const clua_vm *vm) { return vm->parameter_count; }
const clua_param *clua_param_at(const clua_vm *vm, int32_t index) { return &vm->parameters[index]; }
