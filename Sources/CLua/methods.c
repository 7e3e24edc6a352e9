/* Methods of views: what an instance estimates, scans over lists in C, and the calls that form a step. */
#include "vm.h"

#include <string.h>

/* ---- instance:… ---- */

static int prefix_hit_tokens(lua_State *L) {
  clua_vm *vm = vm_of(L);
  instance_object *self = view_instance(L, 1, "self");
  request_object *request = view_request(L, 2, "prefix_hit_tokens: the request");
  lua_pushinteger(L, vm->world.prefix_hit_tokens(vm->world.context, request->request, self->index));
  return 1;
}

static int estimate_prefill(lua_State *L) {
  clua_vm *vm = vm_of(L);
  instance_object *self = view_instance(L, 1, "self");
  request_object *request = view_request(L, 2, "estimate_prefill_s: the request");
  int64_t ns = vm->world.estimate_prefill_ns(vm->world.context, request->request, self->index);
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
  request_object *request = view_request(L, 2, "transfer_s: the request");
  instance_object *to = view_instance(L, 3, "transfer_s: the destination");
  int64_t ns = vm->world.transfer_ns(vm->world.context, request->request, self->index, to->index);
  lua_pushnumber(L, (double)ns / 1e9);
  return 1;
}

/* ---- cluster:… ---- */

/* The field that the text at `index` names, for the view at `item`. */
static const clua_field *field_of(lua_State *L, int item, int index, const char *method) {
  clua_vm *vm = vm_of(L);
  object_kind *object = lua_touserdata(L, item);
  object_kind kind = object != NULL ? *object : OBJECT_FROZEN;
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

static int scan(lua_State *L, bool largest, const char *method) {
  clua_vm *vm = vm_of(L);
  lua_settop(L, 3); /* stack: cluster, list, field */
  if (lua_type(L, 2) != LUA_TTABLE) {
    char text[64];
    return vm_raise(L, lua_pushfstring(L, "write cluster:%s(candidates, \"kv_usage\")", method),
                    "%s: the list is %s, expected an array of instances, requests or prefixes", method,
                    vm_show(L, 2, text, sizeof text));
  }
  lua_Integer count = (lua_Integer)lua_rawlen(L, 2), best = 0;
  double best_value = 0, value;
  for (lua_Integer i = 1; i <= count; i++) {
    vm_tick(L, vm);
    lua_rawgeti(L, 2, i);
    if (!view_number(L, 4, field_of(L, 4, 3, method), &value)) {
      return vm_raise(L, NULL, "%s: '%s' is not a number", method, lua_tostring(L, 3));
    }
    if (best == 0 || (largest ? value > best_value : value < best_value)) {
      best = i;
      best_value = value;
    }
    lua_settop(L, 3);
  }
  if (best == 0) lua_pushnil(L); else lua_rawgeti(L, 2, best);
  return 1;
}

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

static int cluster_argmin(lua_State *L) { return scan(L, false, "argmin"); }
static int cluster_argmax(lua_State *L) { return scan(L, true, "argmax"); }

/* filter(list, field, operator, value): `==` and `~=` for all fields, the rest for numbers. */
static int cluster_filter(lua_State *L) {
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
  lua_Integer count = (lua_Integer)lua_rawlen(L, 2), kept = 0;
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

static int cluster_migrate(lua_State *L) {
  clua_vm *vm = check_may_move(L, "migrate", "request, instance");
  clua_deed deed = {.action = CLUA_MIGRATE, .request = view_request(L, 2, "migrate: the request")->request};
  deed.instance = view_instance(L, 3, "migrate: the instance")->index;
  return finish_act(L, vm, &deed);
}

static int cluster_replicate(lua_State *L) {
  clua_vm *vm = check_may_move(L, "replicate", "request, from, to");
  clua_deed deed = {.action = CLUA_REPLICATE, .request = view_request(L, 2, "replicate: the request")->request};
  deed.from = view_instance(L, 3, "replicate: the sender")->index;
  deed.instance = view_instance(L, 4, "replicate: the receiver")->index;
  return finish_act(L, vm, &deed);
}

static int cluster_set_role(lua_State *L) {
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

static int cluster_add(lua_State *L) { return act(L, CLUA_ADD_INSTANCE, "add_instance", 0); }
static int cluster_remove(lua_State *L) { return act(L, CLUA_REMOVE_INSTANCE, "remove_instance", 0); }

/* ---- step:… ---- */

static clua_vm *check_step(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (lua_type(L, 1) != LUA_TUSERDATA || view_kind(L, 1) != OBJECT_STEP) {
    vm_raise(L, "call it with a colon: step:decode(request)", "the first argument is not the step");
  }
  if (!vm->in_batch) vm_raise(L, "use it inside batch only", "no step is being formed now");
  return vm;
}

/* Pushes the answer of a step call: true, or false and the reason. What policies see may have changed. */
static int answer(lua_State *L, clua_vm *vm, int32_t refusal) {
  vm->step_calls += 1;
  vm->epoch += 1;
  lua_pushboolean(L, refusal < 0);
  if (refusal < 0) return 1;
  if (refusal < vm->options.refusal_count) vm_push(L, vm->refusals[refusal]); else lua_pushnil(L);
  return 2;
}

static int step_decode(lua_State *L) {
  clua_vm *vm = check_step(L);
  request_object *request = view_request(L, 2, "decode: the request");
  return answer(L, vm, vm->world.step_decode(vm->world.context, request->request));
}

static int step_decode_all(lua_State *L) {
  clua_vm *vm = check_step(L);
  int64_t taken = vm->world.step_decode_all(vm->world.context);
  vm->step_calls += 1;
  vm->epoch += 1;
  lua_pushinteger(L, taken);
  return 1;
}

static int step_prefill(lua_State *L) {
  clua_vm *vm = check_step(L);
  request_object *request = view_request(L, 2, "prefill: the request");
  int64_t tokens = view_count(L, 3, "prefill: the number of tokens", 1);
  return answer(L, vm, vm->world.step_prefill(vm->world.context, request->request, tokens));
}

static int step_preempt(lua_State *L) {
  clua_vm *vm = check_step(L);
  request_object *request = view_request(L, 2, "preempt: the request");
  const char *how = luaL_optstring(L, 3, "recompute");
  if (strcmp(how, "recompute") != 0) {
    return vm_raise(L, "use \"recompute\"", "preempt: \"%s\" is not available in this version", how);
  }
  return answer(L, vm, vm->world.step_preempt(vm->world.context, request->request));
}

static int step_can_allocate(lua_State *L) {
  clua_vm *vm = check_step(L);
  request_object *request = view_request(L, 2, "can_allocate: the request");
  int64_t tokens = view_count(L, 3, "can_allocate: the number of tokens", 0);
  lua_pushboolean(L, vm->world.step_can_allocate(vm->world.context, request->request, tokens));
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
