/* Loading a policy file: run it, read the table that it returns, bind its hooks. */
#include "vm.h"

#include <stdlib.h>
#include <string.h>

static const char *const hook_names[CLUA_HOOK_COUNT] = {
    "init",           "admit",     "route",     "route_decode", "batch",       "preempt", "tick",
    "on_first_token", "on_finish", "on_reject", "on_preempt",   "on_transfer",
    "on_instance_down", "on_instance_up", "done", "evict"};

static const char *const known_keys[] = {
    "author",       "licence",
    "api",          "name",       "version",     "description", "params",          "every_iteration", "gateway_scan",
    "init",         "admit",      "route",       "route_decode", "batch",          "preempt",         "tick",
    "on_first_token", "on_finish", "on_reject",  "on_preempt",  "on_transfer",     "done",            "tick_interval_s",
    "on_instance_down", "on_instance_up", "evict"};
enum { KNOWN_KEYS = sizeof known_keys / sizeof *known_keys };

/* The file being read. `bytes` belongs to clua_load. */
typedef struct {
  const char *path;
  char *bytes;
  const char *text;
  size_t length;
  int32_t index;
} loading;

static bool is_one_of(const char *word, const char *const *words, int count) {
  for (int i = 0; i < count; i++) {
    if (strcmp(word, words[i]) == 0) return true;
  }
  return false;
}

/* The line on which the function on top of the stack begins; `otherwise` when it comes from another file. */
static int line_of_function(lua_State *L, const loading *file, int otherwise) {
  clua_vm *vm = vm_of(L);
  lua_Debug about;
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">S", &about);
  bool here = false;
  for (int32_t i = 0; i < vm->chunk_count && about.source[0] == '@'; i++) {
    if (vm->chunks[i].path == file->path) here = strcmp(about.source + 1, vm->chunks[i].name) == 0;
  }
  return here && about.linedefined > 0 ? about.linedefined : otherwise;
}

/* Where an entry of the policy table is written, found in the text. */
static place place_of_entry(const loading *file, const char *name) {
  return (place){file->path, source_line(file->text, file->length, name)};
}

/* Refuses entries that mean nothing, the first in the order of their names. stack: 1 is the table */
static void check_names(lua_State *L, const loading *file) {
  char text[64];
  const char *wrong = NULL;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      vm_fail(L, (place){file->path, 0}, "each entry is written name = value",
              "the policy table has %s as a key", vm_show(L, -2, text, sizeof text));
    }
    const char *name = lua_tostring(L, -2);
    if (is_one_of(name, known_keys, KNOWN_KEYS)) continue;
    if (wrong == NULL || strcmp(name, wrong) < 0) wrong = name;
  }
  if (wrong == NULL) return;
  place at = place_of_entry(file, wrong);
  const char *nearest = clua_nearest(wrong, known_keys, KNOWN_KEYS);
  if (nearest != NULL) {
    vm_fail(L, at, lua_pushfstring(L, "did you mean '%s'?", nearest), "a policy has no '%s'", wrong);
  }
  char names[400];
  vm_list_names(names, sizeof names, known_keys, KNOWN_KEYS);
  vm_fail(L, at, lua_pushfstring(L, "a policy can have %s", names), "a policy has no '%s'", wrong);
}

/* Reads a text entry; NULL when absent. The caller owns the copy. */
static char *read_text(lua_State *L, const loading *file, const char *name) {
  char text[64], *copy = NULL;
  int type = lua_getfield(L, 1, name);
  if (type == LUA_TSTRING) {
    copy = vm_copy_text(lua_tostring(L, -1));
  } else if (type != LUA_TNIL) {
    vm_fail(L, place_of_entry(file, name), NULL, "%s is %s, expected a string", name,
            vm_show(L, -1, text, sizeof text));
  }
  lua_pop(L, 1);
  return copy;
}

static bool read_flag(lua_State *L, const loading *file, const char *name) {
  char text[64];
  int type = lua_getfield(L, 1, name);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN) {
    vm_fail(L, place_of_entry(file, name), NULL, "%s is %s, expected true or false", name,
            vm_show(L, -1, text, sizeof text));
  }
  bool is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

/* Reads tick_interval_s, which belongs to the file that defines tick. From a millisecond, so that a run ends, up to
 * what simulated time holds. guess */
static void read_tick_interval(lua_State *L, const loading *file) {
  clua_vm *vm = vm_of(L);
  char text[64];
  bool ticks = lua_getfield(L, 1, "tick") != LUA_TNIL;
  int type = lua_getfield(L, 1, "tick_interval_s");
  if (ticks != (type != LUA_TNIL)) {
    vm_fail(L, place_of_entry(file, ticks ? "tick" : "tick_interval_s"), "write tick_interval_s = 1.0 beside tick",
            ticks ? "tick is there without tick_interval_s" : "tick_interval_s is there without tick");
  }
  if (ticks) {
    double seconds = type == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    if (!(seconds >= 1e-3 && seconds <= 1e9)) {
      vm_fail(L, place_of_entry(file, "tick_interval_s"), NULL,
              "tick_interval_s is %s, expected seconds from 0.001 to 1e9", vm_show(L, -1, text, sizeof text));
    }
    vm->tick_ns = (int64_t)(seconds * 1e9 + 0.5);
  }
  lua_pop(L, 2);
}

static void check_api(lua_State *L, const loading *file) {
  char text[64];
  int type = lua_getfield(L, 1, "api");
  if (type == LUA_TNIL) {
    vm_fail(L, (place){file->path, 0}, "add api = 1", "the policy does not say which contract it is written for");
  }
  if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) != 1) {
    vm_fail(L, place_of_entry(file, "api"), NULL, "api is %s, this version knows api = 1",
            vm_show(L, -1, text, sizeof text));
  }
  lua_pop(L, 1);
}

static void bind_hooks(lua_State *L, const loading *file) {
  clua_vm *vm = vm_of(L);
  char text[64];
  for (int i = 0; i < CLUA_HOOK_COUNT; i++) {
    int type = lua_getfield(L, 1, hook_names[i]);
    if (type == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    place at = place_of_entry(file, hook_names[i]);
    if (type == LUA_TFUNCTION) at.line = line_of_function(L, file, at.line);
    if (type != LUA_TFUNCTION) {
      vm_fail(L, at, "hooks are functions", "%s is %s, expected a function", hook_names[i],
              vm_show(L, -1, text, sizeof text));
    }
    if (vm->hooks[i].bound) {
      vm_fail(L, at, "keep one of the two", "%s is also defined by %s", hook_names[i],
              vm->policies[vm->hooks[i].policy].path);
    }
    vm->hooks[i] = (clua_hook){.bound = true, .policy = file->index, .line = at.line};
    vm->hook_functions[i] = vm_keep(L);
  }
}

static int load_policy(lua_State *L) {
  clua_vm *vm = vm_of(L);
  loading *file = vm_argument(L);
  lua_settop(L, 0);
  file->path = source_load(L, file->path, &file->text, &file->length);
  file->bytes = vm->loading_bytes; /* a require below reads other files */
  vm->loading_bytes = NULL;
  lua_call(L, 0, 1);
  if (lua_type(L, 1) != LUA_TTABLE) {
    char text[64];
    vm_fail(L, (place){file->path, 0}, "a policy file ends with return { api = 1, route = function ... end }",
            "the file returned %s, expected a table", vm_show(L, 1, text, sizeof text));
  }
  clua_policy *grown = realloc(vm->policies, sizeof *grown * (size_t)(vm->policy_count + 1));
  if (grown == NULL) return luaL_error(L, "not enough memory");
  vm->policies = grown;
  file->index = vm->policy_count;
  clua_policy *policy = &grown[file->index];
  *policy = (clua_policy){.path = file->path};
  vm->policy_count += 1;

  check_names(L, file);
  lua_settop(L, 1);
  check_api(L, file);
  policy->name = read_text(L, file, "name");
  policy->version = read_text(L, file, "version");
  policy->description = read_text(L, file, "description");
  policy->author = read_text(L, file, "author");
  policy->licence = read_text(L, file, "licence");
  if (lua_getfield(L, 1, "params") != LUA_TNIL) {
    place at = place_of_entry(file, "params");
    params_read(L, lua_gettop(L), at, file->text, file->length, file->index);
  }
  lua_settop(L, 1);
  read_tick_interval(L, file);
  if (read_flag(L, file, "every_iteration")) vm->every_iteration = true;
  if (read_flag(L, file, "gateway_scan")) vm->gateway_scan = true;
  bind_hooks(L, file);
  return 0;
}

/* Loads a policy file from within a protected call. */
void load_nested(lua_State *L, const char *path) {
  loading file = {.path = path};
  lua_pushcfunction(L, load_policy);
  lua_pushlightuserdata(L, &file);
  int status = lua_pcall(L, 1, 0, 0);
  free(file.bytes);
  if (status == LUA_ERRMEM) vm_stop(vm_of(L), STOP_MEMORY);
  if (status != LUA_OK) lua_error(L);
}

clua_status clua_load(clua_vm *vm, const char *path) {
  loading file = {.path = path};
  clua_status status = vm_run(vm, CLUA_HOOK_COUNT, 0, load_policy, &file);
  free(file.bytes);
  return status;
}

const char *clua_hook_name(clua_hook_id hook) { return hook < CLUA_HOOK_COUNT ? hook_names[hook] : ""; }
const clua_hook *clua_hook_at(const clua_vm *vm, clua_hook_id hook) { return &vm->hooks[hook]; }
int32_t clua_policy_count(const clua_vm *vm) { return vm->policy_count; }
const clua_policy *clua_policy_at(const clua_vm *vm, int32_t index) { return &vm->policies[index]; }
bool clua_every_iteration(const clua_vm *vm) { return vm->every_iteration; }
bool clua_gateway_scan(const clua_vm *vm) { return vm->gateway_scan; }
int32_t clua_file_count(const clua_vm *vm) { return vm->chunk_count; }
const char *clua_file_at(const clua_vm *vm, int32_t index) { return vm->chunks[index].path; }
int64_t clua_tick_ns(const clua_vm *vm) { return vm->tick_ns; }
