/* What a policy has done to the cluster: roles, instances that start and stop, requests and prefixes that move. */
#include "methods.h"

#include <string.h>

/* Raises an error unless the first argument is the cluster and the hook may have something done. */
static clua_vm *check_may_act(lua_State *L, const char *method, const char *arguments) {
  clua_vm *vm = vm_of(L);
  if (view_object(L, 1, OBJECT_CLUSTER) == NULL) {
    vm_raise(L, lua_pushfstring(L, "call it with a colon: cluster:%s(%s)", method, arguments),
             "the first argument is not the cluster");
  }
  bool may = vm->hook == CLUA_TICK || (vm->hook >= CLUA_ON_FIRST_TOKEN && vm->hook <= CLUA_ON_INSTANCE_UP);
  if (!may) vm_raise(L, "use it in tick, or in a hook on_…", "%s cannot be used here", method);
  return vm;
}

/* Has it done; pushes true, or false and the reason. What policies see may have changed. */
static int finish_act(lua_State *L, clua_vm *vm, const clua_deed *deed) {
  int32_t refusal = vm->world.act(vm->world.context, deed);
  vm->epoch += 1;
  lua_pushboolean(L, refusal < 0);
  if (refusal < 0) return 1;
  if (refusal < vm->options.refusal_count) vm_push(L, vm->refusals[refusal]); else lua_pushnil(L);
  return 2;
}

/* Has something done to the instance at 2. */
static int act(lua_State *L, clua_action kind, const char *method, int32_t role) {
  clua_vm *vm = check_may_act(L, method, "instance");
  lua_pushfstring(L, "%s: the instance", method);
  clua_deed deed = {.action = kind, .role = role, .request = {-1, -1}};
  deed.instance = view_instance(L, 2, lua_tostring(L, -1))->index;
  return finish_act(L, vm, &deed);
}

/* The same for what takes blocks, which cannot be promised while iterations are being formed. */
static clua_vm *check_may_move(lua_State *L, const char *method, const char *arguments) {
  clua_vm *vm = check_may_act(L, method, arguments);
  if (vm->hook == CLUA_ON_PREEMPT) vm_raise(L, "use it in the next tick", "%s cannot be used in on_preempt", method);
  return vm;
}

int cluster_migrate(lua_State *L) {
  clua_vm *vm = check_may_move(L, "migrate", "request, instance");
  clua_deed deed = {.action = CLUA_MIGRATE, .request = view_request(L, 2, "migrate: the request")};
  deed.instance = view_instance(L, 3, "migrate: the instance")->index;
  return finish_act(L, vm, &deed);
}

int cluster_replicate(lua_State *L) {
  clua_vm *vm = check_may_move(L, "replicate", "request, from, to");
  clua_deed deed = {.action = CLUA_REPLICATE, .request = view_request(L, 2, "replicate: the request")};
  deed.from = view_instance(L, 3, "replicate: the sender")->index;
  deed.instance = view_instance(L, 4, "replicate: the receiver")->index;
  return finish_act(L, vm, &deed);
}

int cluster_set_role(lua_State *L) {
  static const char *const roles[] = {"prefill", "decode", "mixed"};
  for (int32_t i = 0; i < 3; i++) {
    if (lua_type(L, 3) == LUA_TSTRING && strcmp(lua_tostring(L, 3), roles[i]) == 0) {
      return act(L, CLUA_SET_ROLE, "set_role", i);
    }
  }
  char text[64];
  return vm_raise(L, "write cluster:set_role(instance, \"decode\")",
                  "set_role: the role is %s, expected \"prefill\", \"decode\" or \"mixed\"",
                  vm_show(L, 3, text, sizeof text));
}

int cluster_add(lua_State *L) { return act(L, CLUA_ADD_INSTANCE, "add_instance", 0); }
int cluster_remove(lua_State *L) { return act(L, CLUA_REMOVE_INSTANCE, "remove_instance", 0); }
