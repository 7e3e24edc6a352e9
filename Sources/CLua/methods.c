/* Methods of views by their names; here also what an instance estimates, and the link between two. */
#include "methods.h"

#include <string.h>

/* ---- instance:… ---- */

static int prefix_hit_tokens(lua_State *L) {
  clua_vm *vm = vm_of(L);
  instance_object *self = view_instance(L, 1, "self");
  clua_request request = view_request(L, 2, "prefix_hit_tokens: the request");
  lua_pushinteger(L, vm->world.prefix_hit_tokens(vm->world.context, request, self->index));
  return 1;
}

static int estimate_prefill(lua_State *L) {
  clua_vm *vm = vm_of(L);
  instance_object *self = view_instance(L, 1, "self");
  clua_request request = view_request(L, 2, "estimate_prefill_s: the request");
  int64_t ns = vm->world.estimate_prefill_ns(vm->world.context, request, self->index);
  lua_pushnumber(L, (double)ns / 1e9);
  return 1;
}

/* estimate_step_s{prefill_tokens=, decode_seqs=, context_tokens=}; what is left out is 0. */
static int estimate_step(lua_State *L) {
  static const char *const keys[] = {"prefill_tokens", "decode_seqs", "context_tokens"};
  clua_vm *vm = vm_of(L);
  instance_object *self = view_instance(L, 1, "self");
  if (lua_type(L, 2) != LUA_TTABLE) {
    return vm_raise(L, "write estimate_step_s{ prefill_tokens = 512 }", "estimate_step_s takes a table");
  }
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a list entry";
    if (strcmp(key, keys[0]) == 0 || strcmp(key, keys[1]) == 0 || strcmp(key, keys[2]) == 0) continue;
    const char *nearest = clua_nearest(key, keys, 3);
    return vm_raise(L, nearest ? lua_pushfstring(L, "did you mean '%s'?", nearest) : NULL,
                    "estimate_step_s has no '%s'", key);
  }
  int64_t values[3] = {0, 0, 0};
  for (int i = 0; i < 3; i++) {
    if (lua_getfield(L, 2, keys[i]) != LUA_TNIL) values[i] = view_count(L, -1, keys[i], 0);
  }
  int64_t ns = vm->world.estimate_step_ns(vm->world.context, self->index, values[0], values[1], values[2]);
  lua_pushnumber(L, (double)ns / 1e9);
  return 1;
}

static int transfer_time(lua_State *L) {
  clua_vm *vm = vm_of(L);
  instance_object *self = view_instance(L, 1, "self");
  clua_request request = view_request(L, 2, "transfer_s: the request");
  instance_object *to = view_instance(L, 3, "transfer_s: the destination");
  int64_t ns = vm->world.transfer_ns(vm->world.context, request, self->index, to->index);
  lua_pushnumber(L, (double)ns / 1e9);
  return 1;
}

/* ---- cluster:… ---- */

static int cluster_link(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (view_object(L, 1, OBJECT_CLUSTER) == NULL) {
    return vm_raise(L, "call it with a colon: cluster:link(from, to)", "the first argument is not the cluster");
  }
  instance_object *from = view_instance(L, 2, "link: the first argument");
  instance_object *to = view_instance(L, 3, "link: the second argument");
  clua_link link = vm->world.link(vm->world.context, from->index, to->index);
  lua_createtable(L, 0, 4);
  lua_pushnumber(L, link.bytes_per_s);
  lua_setfield(L, -2, "bytes_per_s");
  lua_pushnumber(L, (double)link.latency_ns / 1e9);
  lua_setfield(L, -2, "latency_s");
  lua_pushinteger(L, link.queued_bytes);
  lua_setfield(L, -2, "queued_bytes");
  lua_pushnumber(L, (double)link.free_at_ns / 1e9);
  lua_setfield(L, -2, "free_at_s");
  return 1;
}

/* ---- By name ---- */

typedef struct {
  const char *name;
  lua_CFunction function;
} method;

static lua_CFunction find_method(const method *methods, const char *name) {
  while (strcmp(methods->name, name) != 0) methods++; /* every METHOD row of CLuaFields.h has one */
  return methods->function;
}

lua_CFunction instance_method(const char *name) {
  static const method methods[] = {{"prefix_hit_tokens", prefix_hit_tokens},
                                   {"estimate_prefill_s", estimate_prefill},
                                   {"estimate_step_s", estimate_step},
                                   {"transfer_s", transfer_time}};
  return find_method(methods, name);
}

lua_CFunction cluster_method(const char *name) {
  static const method methods[] = {
      {"argmin", cluster_argmin}, {"argmax", cluster_argmax}, {"filter", cluster_filter}, {"link", cluster_link},
      {"set_role", cluster_set_role}, {"add_instance", cluster_add}, {"remove_instance", cluster_remove},
      {"migrate", cluster_migrate}, {"replicate", cluster_replicate}};
  return find_method(methods, name);
}

lua_CFunction step_method(const char *name) {
  static const method methods[] = {{"decode", step_decode},   {"decode_all", step_decode_all},
                                   {"prefill", step_prefill}, {"preempt", step_preempt},
                                   {"can_allocate", step_can_allocate}};
  return find_method(methods, name);
}
