/* Specs: Lua files that test policies on clusters made by hand.
 *
 * A spec runs in the same sandbox as a policy, with `describe`, `it`, `expect` and `cluster` besides. Those are written in
 * Lua (the prelude), over the functions of the spec_*.c files. One machine runs one test, so tests share nothing. */
#include "spec.h"

#include <stdlib.h>
#include <string.h>

spec *spec_of(lua_State *L) { return vm_of(L)->spec; }

typedef struct {
  char *bytes;
  size_t length;
} buffer;

static int append(lua_State *L, const void *piece, size_t size, void *to) {
  (void)L;
  buffer *whole = to;
  char *grown = realloc(whole->bytes, whole->length + size);
  if (grown == NULL) return 1;
  memcpy(grown + whole->length, piece, size);
  whole->bytes = grown;
  whole->length += size;
  return 0;
}

/* Pushes the prelude without its line numbers, so that messages name the lines of the spec. */
static void load_prelude(lua_State *L, const char *text) {
  if (luaL_loadbufferx(L, text, strlen(text), "=simhost", "t") != LUA_OK) lua_error(L);
  buffer stripped = {NULL, 0};
  int failed = lua_dump(L, append, &stripped, 1);
  lua_pop(L, 1);
  if (!failed) failed = luaL_loadbufferx(L, stripped.bytes, stripped.length, "=simhost", "b");
  free(stripped.bytes);
  if (failed) luaL_error(L, "not enough memory");
}

typedef struct {
  const char *path, *prelude;
} opening;

/* Runs the prelude, makes what it returns global, and runs the spec. */
static int open_spec(lua_State *L) {
  clua_vm *vm = vm_of(L);
  const opening *call = vm_argument(L);
  spec *made = vm->spec;
  load_prelude(L, call->prelude);
  lua_newtable(L);
  spec_hooks_open(L);
  spec_cluster_open(L, made);
  lua_call(L, 1, 1); /* stack: argument, { tests = , globals = } */
  lua_getfield(L, 2, "tests");
  made->tests = vm_keep(L);
  lua_getfield(L, 2, "globals");
  lua_pushglobaltable(L);
  for (lua_pushnil(L); lua_next(L, 3);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 4);
  }
  lua_settop(L, 1);
  const char *text;
  size_t length;
  source_load(L, call->path, &text, &length);
  lua_call(L, 0, 0);
  return 0;
}

clua_status clua_spec_open(clua_vm *vm, const char *path, const char *prelude) {
  vm->spec = calloc(1, sizeof *vm->spec);
  if (vm->spec != NULL) vm->spec->path = vm_copy_text(path);
  if (vm->spec == NULL || vm->spec->path == NULL) {
    vm_set_error(vm, (place){path, 0}, "not enough memory", "");
    return CLUA_FAILED;
  }
  vm->spec->forming = -1;
  spec_world_open(vm);
  spec_step_open(vm);
  opening call = {path, prelude};
  clua_status status = vm_run(vm, CLUA_HOOK_COUNT, 0, open_spec, &call);
  free(vm->loading_bytes);
  vm->loading_bytes = NULL;
  return status;
}

int32_t clua_spec_count(clua_vm *vm) {
  if (vm->spec == NULL || vm->spec->tests == 0) return 0;
  vm_push(vm->L, vm->spec->tests);
  int32_t count = (int32_t)lua_rawlen(vm->L, -1);
  lua_pop(vm->L, 1);
  return count;
}

typedef struct {
  int32_t index;
  bool names;
} picked;

/* Runs one test, or leaves its name in the scratch space. */
static int pick_test(lua_State *L) {
  clua_vm *vm = vm_of(L);
  const picked *call = vm_argument(L);
  vm_push(L, vm->spec->tests);
  lua_rawgeti(L, -1, call->index + 1);
  lua_getfield(L, -1, call->names ? "name" : "body");
  if (!call->names) {
    lua_call(L, 0, 0);
    return 0;
  }
  size_t length;
  const char *name = luaL_checklstring(L, -1, &length);
  char *space = clua_scratch(vm, length + 1);
  if (space == NULL) return luaL_error(L, "not enough memory");
  memcpy(space, name, length + 1);
  return 0;
}

const char *clua_spec_name(clua_vm *vm, int32_t index) {
  picked call = {index, true};
  return vm_run(vm, CLUA_HOOK_COUNT, 0, pick_test, &call) == CLUA_OK ? vm->scratch : "";
}

clua_status clua_spec_run(clua_vm *vm, int32_t index) {
  picked call = {index, false};
  return vm_run(vm, CLUA_HOOK_COUNT, 0, pick_test, &call);
}
