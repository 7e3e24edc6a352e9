/* Telling the machine which instances exist: their facts, their views, their roles. */
#include "views.h"

#include <stdlib.h>
#include <string.h>

/* Makes the views of the instances. Raises when memory is short. */
void bind_instances(lua_State *L, const clua_instance_facts *given, int32_t instance_count) {
  clua_vm *vm = vm_of(L);
  size_t count = (size_t)instance_count;
  vm->facts = calloc(count + 1, sizeof *vm->facts);
  vm->fact_texts = calloc(count + 1, sizeof *vm->fact_texts);
  vm->objects = calloc(count + 1, sizeof *vm->objects);
  vm->held = calloc(count + 1, sizeof *vm->held);
  vm->in_use = calloc(count + 1, sizeof *vm->in_use);
  vm->queues = calloc(2 * count + 1, sizeof *vm->queues);
  for (int i = 0; i < 4; i++) vm->by_role[i].ids = calloc(count + 1, sizeof(int32_t));
  if (!vm->facts || !vm->fact_texts || !vm->objects || !vm->held || !vm->in_use || !vm->queues
      || !vm->by_role[0].ids || !vm->by_role[1].ids || !vm->by_role[2].ids || !vm->by_role[3].ids) {
    luaL_error(L, "not enough memory");
  }
  vm_push(L, vm->instances);
  for (int32_t i = 0; i < instance_count; i++) {
    clua_instance_facts *facts = &vm->facts[i];
    *facts = given[i];
    const char **texts[] = {&facts->name, &facts->model, &facts->hardware};
    for (int k = 0; k < TEXT_FIELDS; k++) { /* the texts live as long as their Lua strings */
      *texts[k] = lua_pushstring(L, *texts[k]);
      vm->fact_texts[i][k] = vm_keep(L);
    }
    instance_object *object = lua_newuserdatauv(L, sizeof *object, 0);
    memset(object, 0, sizeof *object);
    object->kind = OBJECT_INSTANCE;
    object->index = i;
    vm->objects[i] = object;
    lua_pushvalue(L, -1);
    vm->held[i].view = vm_keep(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, i + 1);
    row_make(L, i);
    int role = facts->role >= 0 && facts->role < 3 ? (int)facts->role : 2;
    vm->by_role[0].ids[vm->by_role[0].count++] = i;
    vm->by_role[1 + role].ids[vm->by_role[1 + role].count++] = i;
  }
  lua_pop(L, 1);
  vm->instance_count = instance_count;
}

void clua_set_role(clua_vm *vm, int32_t instance, int32_t role) {
  if (instance >= vm->instance_count) return;
  vm->facts[instance].role = role;
  for (int k = 1; k < 4; k++) vm->by_role[k].count = 0;
  for (int32_t i = 0; i < vm->instance_count; i++) {
    int of = vm->facts[i].role >= 0 && vm->facts[i].role < 3 ? (int)vm->facts[i].role : 2;
    vm->by_role[1 + of].ids[vm->by_role[1 + of].count++] = i;
  }
}

typedef struct {
  const clua_instance_facts *facts;
  int32_t count;
} binding;

static int bind_cluster(lua_State *L) {
  const binding *given = vm_argument(L);
  bind_instances(L, given->facts, given->count);
  return 0;
}

clua_status clua_bind_cluster(clua_vm *vm, const clua_instance_facts *facts, int32_t count) {
  binding given = {facts, count};
  return vm_run(vm, CLUA_HOOK_COUNT, 0, bind_cluster, &given);
}
