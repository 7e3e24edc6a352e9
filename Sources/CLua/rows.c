/* Rows: what policies have read of instances, as plain values where Lua finds them without a call into C.
 *
 * Lua holds instances as userdata, so that nobody can write to them. Each has a metatable of its own, whose __index is
 * either the C function that answers everything, or the instance's row: a table that no policy can get at, with what
 * never changes and with those changing fields that some policy has read. What the row has not comes from its own
 * __index, again in C. A field costs about a third of a call into C that way.
 *
 * A row is in use only while the engine counts changes (`clua_lend`): before each call those that have changed are
 * brought up to date where they are read regularly, and put out of use where they are not. */
#include "views.h"

#include <stdlib.h>
#include <string.h>

/* A row that is read again right after it was put out of use gets twice as many calls next time, up to MOST_CREDIT. One that
 * did not stand long enough to pay has to be found standing DOUBTS times before it is tried again. guesses */
enum { MOST_CREDIT = 64, DOUBTS = 8 };

static const char index_key; /* its address is the key of the instance's index in a row */

static bool is_fixed(const clua_field *field, int32_t row) {
  return field->type == CLUA_TEXT || field->type == CLUA_PLACE || field->type == CLUA_METHOD
         || (field->type == CLUA_INTEGER && row < FACT_FIELDS);
}

/* ---- Reading ---- */

/* The __index of rows: what they have not. stack: row, name */
static int row_index(lua_State *L) {
  clua_vm *vm = vm_of(L);
  int32_t count;
  const clua_field *fields = clua_fields(CLUA_VIEW_INSTANCE, &count);
  lua_rawgetp(L, 1, &index_key);
  int32_t instance = (int32_t)lua_tointeger(L, -1);
  const clua_field *field = view_find(vm, L, CLUA_VIEW_INSTANCE, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_INSTANCE, "an instance");
  view_push_instance_field(L, (instance_object *)vm->objects[instance], field);
  if (!field_is_counted(field)) return 1;
  vm->row_fields |= (uint64_t)1 << (field - fields); /* from now on in all rows */
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

/* Writes the fields that policies read into the row, from the state that the view holds. */
static void write_row(lua_State *L, int32_t instance) {
  clua_vm *vm = vm_of(L);
  int32_t count;
  const clua_field *fields = clua_fields(CLUA_VIEW_INSTANCE, &count);
  vm_push(L, vm->held[instance].row);
  for (uint64_t left = vm->row_fields; left != 0; left &= left - 1) {
    const clua_field *field = &fields[__builtin_ctzll(left)];
    vm_push(L, vm->row_names[field - fields]);
    view_push_instance_field(L, (instance_object *)vm->objects[instance], field);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

/* Sets what reads of the instance find: the value on top of the stack, which is popped. */
static void set_index(lua_State *L, int32_t instance) {
  clua_vm *vm = vm_of(L);
  vm_push(L, vm->held[instance].metatable);
  vm_push(L, vm->index_name);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 2);
}

/* ---- In use and out of use ---- */

static void retire(lua_State *L, int32_t instance) {
  clua_vm *vm = vm_of(L);
  vm->held[instance].in_use = false;
  vm_push(L, vm->instance_index);
  set_index(L, instance);
}

/* Tells of a read that went through C, of a state that stands since an earlier call. A row that is read in one call after
 * the other is taken into use: one that changes from call to call would cost more than it saves. */
void row_was_missed(lua_State *L, int32_t instance) {
  clua_vm *vm = vm_of(L);
  held_instance *held = &vm->held[instance];
  if (vm->records) return;
  uint32_t since = vm->routings - held->missed;
  held->missed = vm->routings;
  if (since == 0) return;
  if (since > 2) { /* prompts and decoding are asked about by turns */
    held->grant = 0;
    return;
  }
  if (held->doubts > 0) {
    held->doubts -= 1;
    return;
  }
  held->written = vm->routings;
  held->grant = held->grant == 0 ? 1 : held->grant < MOST_CREDIT ? (uint8_t)(2 * held->grant) : MOST_CREDIT;
  held->credit = held->grant;
  held->in_use = true;
  vm->in_use[vm->in_use_count++] = instance;
  view_instance_state(vm, (instance_object *)vm->objects[instance]);
  write_row(L, instance);
  vm_push(L, held->row);
  set_index(L, instance);
}

/* Before a call: brings the rows in use up to date. */
void rows_refresh(lua_State *L) {
  clua_vm *vm = vm_of(L);
  int32_t kept = 0;
  for (int32_t i = 0; i < vm->in_use_count; i++) {
    int32_t instance = vm->in_use[i];
    held_instance *held = &vm->held[instance];
    if (!vm->keeps_views) { /* calls that see things in between come often, where they come */
      held->doubts = DOUBTS;
      retire(L, instance);
      continue;
    }
    if (held->version != vm->versions[instance] || vm->now >= held->until) {
      /* Bringing it up to date takes about as long as two calls that read it through C. */
      bool stood = vm->routings - held->written >= vm->calls_to_stand;
      if (held->credit == 0 || !stood) {
        held->missed = vm->routings - 1; /* read by this call, it is taken into use again */
        if (!stood) {
          held->grant = 0;
          held->doubts = DOUBTS;
        }
        retire(L, instance);
        continue;
      }
      held->credit -= 1;
      held->written = vm->routings;
      view_instance_state(vm, (instance_object *)vm->objects[instance]);
      write_row(L, instance);
    }
    vm->in_use[kept++] = instance;
  }
  vm->in_use_count = kept;
}

void rows_retire(lua_State *L) {
  clua_vm *vm = vm_of(L);
  for (int32_t i = 0; i < vm->in_use_count; i++) retire(L, vm->in_use[i]);
  vm->in_use_count = 0;
}

/* Makes `index`, on top of the stack and popped, the function that answers reads in C. */
void rows_set_reader(lua_State *L) {
  clua_vm *vm = vm_of(L);
  rows_retire(L);
  luaL_unref(L, LUA_REGISTRYINDEX, vm->instance_index);
  vm->instance_index = vm_keep(L);
  for (int32_t i = 0; i < vm->instance_count; i++) retire(L, i);
}

/* ---- Making ---- */

/* Pops the userdata of an instance and gives it a metatable and a row of its own. */
void row_make(lua_State *L, int32_t instance) {
  clua_vm *vm = vm_of(L);
  held_instance *held = &vm->held[instance];
  int32_t count;
  const clua_field *fields = clua_fields(CLUA_VIEW_INSTANCE, &count);
  int view = lua_gettop(L);
  lua_createtable(L, 0, 5);
  vm_push(L, vm->metatables[OBJECT_INSTANCE]);
  for (lua_pushnil(L); lua_next(L, -2);) { /* stack: view, own, common, key, value */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
  vm_push(L, vm->index_name);
  vm_push(L, vm->instance_index);
  lua_rawset(L, -3);
  lua_pushvalue(L, -1);
  held->metatable = vm_keep(L);
  lua_setmetatable(L, view);

  lua_createtable(L, 0, count);
  lua_pushinteger(L, instance);
  lua_rawsetp(L, -2, &index_key);
  for (int32_t i = 0; i < count; i++) {
    if (!is_fixed(&fields[i], i)) continue;
    vm_push(L, vm->row_names[i]);
    view_push_instance_field(L, (instance_object *)vm->objects[instance], &fields[i]);
    lua_rawset(L, -3);
  }
  vm_push(L, vm->row_metatable);
  lua_setmetatable(L, -2);
  held->row = vm_keep(L);
  held->missed = vm->routings - 3;
  lua_pop(L, 1);
}

void rows_open(lua_State *L) {
  clua_vm *vm = vm_of(L);
  int32_t count;
  const clua_field *fields = clua_fields(CLUA_VIEW_INSTANCE, &count);
  for (int32_t i = 0; i < count; i++) {
    lua_pushstring(L, fields[i].name);
    vm->row_names[i] = vm_keep(L);
  }
  lua_pushliteral(L, "__index");
  vm->index_name = vm_keep(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, row_index);
  lua_setfield(L, -2, "__index");
  vm->row_metatable = vm_keep(L);
  vm_push(L, vm->metatables[OBJECT_INSTANCE]);
  lua_getfield(L, -1, "__index");
  vm->instance_index = vm_keep(L);
  lua_pop(L, 1);
}
