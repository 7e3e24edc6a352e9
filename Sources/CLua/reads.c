/* Recording: what a policy reads of views and asks of their methods, for whoever wants to know why it decided so.
 *
 * Until `clua_record` is called nothing of this runs: it puts functions of its own before those that answer reads. */
#include "views.h"

#include <stdlib.h>
#include <string.h>

/* Most reads kept of one call; what a policy reads after these is not recorded. guess: 100 fields of 600 views */
enum { MOST_READS = 65536 };

/* A new entry about a view; NULL when there is no room. */
static clua_read *add(clua_vm *vm, clua_view view, int32_t object, const char *name) {
  if (vm->read_count >= MOST_READS) return NULL;
  if (vm->read_count == vm->read_capacity) {
    int32_t capacity = vm->read_capacity == 0 ? 64 : 2 * vm->read_capacity;
    clua_read *grown = realloc(vm->reads, (size_t)capacity * sizeof *grown);
    if (grown == NULL) return NULL;
    vm->reads = grown;
    vm->read_capacity = capacity;
  }
  clua_read *read = &vm->reads[vm->read_count++];
  memset(read, 0, sizeof *read);
  read->view = view;
  read->object = object;
  read->name = name;
  read->request = read->instance = -1;
  return read;
}

static void copy_text(lua_State *L, int index, clua_read *read) {
  size_t length;
  const char *text = lua_tolstring(L, index, &length);
  if (length >= sizeof read->text) length = sizeof read->text - 1;
  memcpy(read->text, text, length);
  read->text[length] = '\0';
}

/* Enters the Lua value at `index`. */
static void set_value(lua_State *L, int index, clua_read *read) {
  if (read == NULL) return;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      read->kind = CLUA_VALUE_BOOLEAN;
      read->integer = lua_toboolean(L, index);
      break;
    case LUA_TNUMBER:
      read->kind = lua_isinteger(L, index) ? CLUA_VALUE_INTEGER : CLUA_VALUE_NUMBER;
      read->integer = lua_isinteger(L, index) ? lua_tointeger(L, index) : 0;
      read->number = lua_tonumber(L, index);
      break;
    case LUA_TSTRING:
      read->kind = CLUA_VALUE_TEXT;
      copy_text(L, index, read);
      break;
    case LUA_TTABLE:
      read->kind = CLUA_VALUE_LIST;
      read->integer = (int64_t)list_length(L, index);
      break;
    case LUA_TUSERDATA:
      if (view_kind(L, index) == OBJECT_INSTANCE) {
        read->kind = CLUA_VALUE_INSTANCE;
        read->integer = ((instance_object *)lua_touserdata(L, index))->index;
      } else {
        read->kind = CLUA_VALUE_OTHER;
      }
      break;
    case LUA_TNIL: read->kind = CLUA_VALUE_NIL; break;
    default: read->kind = CLUA_VALUE_OTHER;
  }
}

/* Index of the instance, id of the request or place of the prefix at `index`; 0 for other views. */
static int32_t object_of(lua_State *L, int index) {
  instance_object *instance = view_object(L, index, OBJECT_INSTANCE);
  if (instance != NULL) return instance->index;
  prefix_object *prefix = view_object(L, index, OBJECT_PREFIX);
  if (prefix != NULL) return prefix->place;
  clua_request request;
  return view_get_request(L, index, &request) ? request.id : 0;
}

/* Before a scan in C: the field that it will read of each item of the list. */
static void note_scan(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (lua_type(L, 2) != LUA_TTABLE || lua_type(L, 3) != LUA_TSTRING) return;
  lua_Integer count = list_length(L, 2);
  int top = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    vm_tick(L, vm);
    lua_rawgeti(L, 2, i);
    if (!lua_isuserdata(L, -1)) break;
    object_kind kind = view_kind(L, -1);
    if (kind != OBJECT_INSTANCE && kind != OBJECT_REQUEST && kind != OBJECT_PREFIX) break;
    clua_view view = (clua_view)kind;
    const clua_field *field = view_find(vm, L, view, 3);
    if (field == NULL || field->type == CLUA_METHOD) break;
    view_push_field(L, top + 1, field);
    set_value(L, -1, add(vm, view, object_of(L, top + 1), field->name));
    lua_settop(L, top);
  }
  lua_settop(L, top);
}

/* A method with its answer noted. Upvalues: the method, its field, its view. */
static int recorded_method(lua_State *L) {
  clua_vm *vm = vm_of(L);
  lua_CFunction method = lua_tocfunction(L, lua_upvalueindex(1));
  const clua_field *field = lua_touserdata(L, lua_upvalueindex(2));
  clua_view view = (clua_view)lua_tointeger(L, lua_upvalueindex(3));
  clua_read about = {.request = -1, .instance = -1};
  if (view == CLUA_VIEW_CLUSTER) {
    if (strcmp(field->name, "link") != 0) note_scan(L);
    return method(L);
  }
  int32_t self = object_of(L, 1);
  clua_request request;
  if (view_get_request(L, 2, &request)) about.request = request.id;
  if (view_object(L, 3, OBJECT_INSTANCE) != NULL) about.instance = object_of(L, 3);
  if (lua_type(L, 3) == LUA_TNUMBER) about.tokens = lua_tointeger(L, 3);
  int results = method(L);
  clua_read *read = add(vm, view, self, field->name);
  if (read == NULL) return results;
  read->request = about.request;
  read->instance = about.instance;
  read->tokens = about.tokens;
  set_value(L, -results, read);
  if (results == 2 && lua_type(L, -1) == LUA_TSTRING) copy_text(L, -1, read);
  return results;
}

static void push_recorded_method(lua_State *L, clua_view view, const clua_field *field) {
  clua_vm *vm = vm_of(L);
  int *kept = &vm->recorded_methods[view][field_row(view, field)];
  if (*kept == 0) { /* one for each method, so that a method equals itself */
    lua_pushlightuserdata(L, (void *)field);
    lua_pushinteger(L, view);
    lua_pushcclosure(L, recorded_method, 3); /* the method itself is on the stack already */
    *kept = vm_keep(L);
  } else {
    lua_pop(L, 1);
  }
  vm_push(L, *kept);
}

/* A read with its value noted. Upvalues: the function that answers, the view. */
static int recorded_index(lua_State *L) {
  clua_vm *vm = vm_of(L);
  clua_view view = (clua_view)lua_tointeger(L, lua_upvalueindex(2));
  lua_tocfunction(L, lua_upvalueindex(1))(L); /* stack: view, name, value */
  const clua_field *field = view_find(vm, L, view, 2);
  if (field->type == CLUA_METHOD) push_recorded_method(L, view, field);
  else set_value(L, -1, add(vm, view, object_of(L, 1), field->name));
  return 1;
}

static int start_recording(lua_State *L) {
  clua_vm *vm = vm_of(L);
  for (int view = 0; view < CLUA_VIEW_COUNT; view++) {
    vm_push(L, vm->metatables[view]); /* kinds of objects begin with the views, in the same order */
    lua_pushcfunction(L, view_reader((clua_view)view));
    lua_pushinteger(L, view);
    lua_pushcclosure(L, recorded_index, 2);
    if (view == CLUA_VIEW_INSTANCE) {
      lua_pushvalue(L, -1);
      rows_set_reader(L);
    }
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
  }
  vm->records = true;
  return 0;
}

clua_status clua_record(clua_vm *vm) {
  return vm->records ? CLUA_OK : vm_run(vm, CLUA_HOOK_COUNT, 0, start_recording, NULL);
}

const clua_read *clua_take_reads(clua_vm *vm, int32_t *count) {
  *count = vm->read_count;
  vm->read_count = 0;
  return vm->reads;
}
