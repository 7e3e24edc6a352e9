/* Asking the policy from a spec: the same bodies that the engine's calls run, so answers meet the same checks. */
#include "hooks.h"
#include "spec.h"

#include <stdlib.h>
#include <string.h>

/* Runs the body of a hook's call. Its errors go on up to the test. */
static void ask(lua_State *L, clua_hook_id hook, lua_CFunction body, void *argument) {
  clua_vm *vm = vm_of(L);
  if (!vm->hooks[hook].bound) {
    vm_raise(L, NULL, "the policy has no hook '%s'", clua_hook_name(hook));
  }
  if (vm->hook != CLUA_HOOK_COUNT) vm_raise(L, NULL, "a hook is running: it cannot be asked for another");
  vm->hook = hook;
  vm->epoch += 1;
  vm->in_batch = hook == CLUA_BATCH;
  vm->step_calls = 0;
  vm->captured = false;
  vm->where = (place){NULL, 0};
  lua_pushcfunction(L, vm_on_error);
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, argument);
  int status = lua_pcall(L, 1, 0, -3);
  vm->in_batch = false;
  vm->hook = CLUA_HOOK_COUNT;
  vm->spec->forming = -1;
  vm->epoch += 1;
  if (status == LUA_ERRMEM) vm_stop(vm, STOP_MEMORY);
  if (status != LUA_OK) lua_error(L);
  lua_pop(L, 1);
}

/* forget(): the test expected the last error, so what was noted about it is no longer of interest. */
static int host_forget(lua_State *L) {
  vm_of(L)->captured = false;
  vm_of(L)->where = (place){NULL, 0};
  return 0;
}

static int host_init(lua_State *L) {
  if (vm_of(L)->hooks[CLUA_INIT].bound) ask(L, CLUA_INIT, body_init, NULL);
  return 0;
}

/* admit(request) -> true; or false and the reason; or "defer" and seconds */
static int host_admit(lua_State *L) {
  clua_admit_answer answer = {.kind = CLUA_ADMITTED};
  admission call = {view_request(L, 1, "admit: the request"), &answer};
  ask(L, CLUA_ADMIT, body_admit, &call);
  switch (answer.kind) {
    case CLUA_ADMITTED: lua_pushboolean(L, 1); return 1;
    case CLUA_REJECTED:
      lua_pushboolean(L, 0);
      lua_pushstring(L, answer.reason);
      return 2;
    default:
      lua_pushliteral(L, "defer");
      lua_pushnumber(L, (double)answer.wait_ns / 1e9);
      return 2;
  }
}

/* Ids of the instances that a request may go to: those listed at 2, or all that are up and do its stage. */
static int32_t *read_candidates(lua_State *L, bool decode, int32_t *count) {
  clua_vm *vm = vm_of(L);
  int32_t *ids = lua_newuserdatauv(L, sizeof *ids * (size_t)(vm->instance_count + 1), 0); /* never seen by Lua code */
  *count = 0;
  if (lua_isnil(L, 2)) {
    for (int32_t i = 0; i < vm->instance_count; i++) {
      bool does = vm->facts[i].role == 2 || vm->facts[i].role == (decode ? 1 : 0);
      if (does && vm->spec->states[i].state == 0) ids[(*count)++] = i;
    }
    return ids;
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Integer listed = list_length(L, 2);
  if (listed > vm->instance_count) vm_raise(L, NULL, "more candidates than instances");
  for (lua_Integer i = 1; i <= listed; i++) {
    lua_rawgeti(L, 2, i);
    ids[(*count)++] = view_instance(L, lua_gettop(L), "a candidate")->index;
    lua_pop(L, 1);
  }
  return ids;
}

static int route(lua_State *L, bool decode) {
  clua_vm *vm = vm_of(L);
  lua_settop(L, 2);
  routing call = {.request = view_request(L, 1, "the request"), .answer = {-1, -1, CLUA_MOVES}};
  call.candidates = read_candidates(L, decode, &call.count);
  ask(L, decode && vm->hooks[CLUA_ROUTE_DECODE].bound ? CLUA_ROUTE_DECODE : CLUA_ROUTE, body_route, &call);
  view_push_instance(L, call.answer.instance);
  if (call.answer.hand_off != CLUA_MOVES) {
    lua_pushstring(L, call.answer.hand_off == CLUA_STAYS ? "stay" : "recompute");
    return 2;
  }
  if (call.answer.decode < 0) return 1;
  view_push_instance(L, call.answer.decode);
  return 2;
}

static int host_route(lua_State *L) { return route(L, false); }
static int host_route_decode(lua_State *L) { return route(L, true); }

/* ---- batch ---- */

static void push_requests(lua_State *L, const spec_queue *queue) {
  lua_createtable(L, queue->count, 0);
  for (int32_t i = 0; i < queue->count; i++) {
    view_push_request(L, (clua_request){queue->slots[i], queue->slots[i]});
    lua_rawseti(L, -2, i + 1);
  }
}

static void set_limit(lua_State *L, const char *name, int64_t value) {
  if (value < 0) return;
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

/* Pushes the limits that the hook returned; `order` is a word, or a list of requests when it was a function. */
static void push_limits(lua_State *L, const clua_limits *limits) {
  static const char *const orders[] = {"fcfs", "sjf", "edf"};
  lua_newtable(L);
  set_limit(L, "max_num_seqs", limits->max_num_seqs);
  set_limit(L, "max_num_batched_tokens", limits->max_num_batched_tokens);
  set_limit(L, "chunk_tokens", limits->chunk_tokens);
  lua_pushboolean(L, limits->prefill_first);
  lua_setfield(L, -2, "prefill_first");
  if (limits->order == CLUA_LISTED) {
    lua_createtable(L, limits->listed_count, 0);
    for (int32_t i = 0; i < limits->listed_count; i++) {
      view_push_request(L, limits->listed[i]);
      lua_rawseti(L, -2, i + 1);
    }
  } else {
    lua_pushstring(L, orders[limits->order]);
  }
  lua_setfield(L, -2, "order");
}

/* batch(instance) -> { scheduled = { requests }, tokens = { of each }, preempted = { requests }, limits = table or nil } */
static int host_batch(lua_State *L) {
  spec *made = spec_of(L);
  lua_settop(L, 1);
  int32_t instance = view_instance(L, 1, "batch: the instance")->index;
  clua_limits limits = {.max_num_seqs = -1, .max_num_batched_tokens = -1, .chunk_tokens = -1};
  batching call = {instance, &limits};
  spec_step_begin(made, instance);
  ask(L, CLUA_BATCH, body_batch, &call);
  lua_createtable(L, 0, 4);
  if (limits.given) {
    push_limits(L, &limits); /* first: the list of its order lies in the scratch space */
    lua_setfield(L, -2, "limits");
  }
  push_requests(L, &made->scheduled);
  lua_setfield(L, -2, "scheduled");
  push_requests(L, &made->preempted);
  lua_setfield(L, -2, "preempted");
  lua_createtable(L, made->scheduled.count, 0);
  for (int32_t i = 0; i < made->scheduled.count; i++) {
    lua_pushinteger(L, made->requests[made->scheduled.slots[i]].scheduled);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "tokens");
  return 1;
}

/* ---- Observers ---- */

static int notify(lua_State *L, clua_hook_id hook) {
  clua_request request = view_request(L, 1, "the request");
  ask(L, hook, body_notify, &request);
  return 0;
}

static int host_first_token(lua_State *L) { return notify(L, CLUA_ON_FIRST_TOKEN); }
static int host_finish(lua_State *L) { return notify(L, CLUA_ON_FINISH); }
static int host_reject(lua_State *L) { return notify(L, CLUA_ON_REJECT); }
static int host_preempted(lua_State *L) { return notify(L, CLUA_ON_PREEMPT); }
static int host_transfer(lua_State *L) { return notify(L, CLUA_ON_TRANSFER); }

static int host_tick(lua_State *L) {
  ask(L, CLUA_TICK, body_tick, NULL);
  return 0;
}

/* The requests of the list at `index`, or of `usual` where it is nil. */
static clua_request *read_requests(lua_State *L, int index, const spec_queue *usual, const char *what, int32_t *count) {
  bool given = !lua_isnil(L, index);
  if (given) luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer listed = given ? list_length(L, index) : usual->count;
  if (listed > spec_of(L)->request_count) vm_raise(L, NULL, "more %ss than requests", what);
  clua_request *requests = lua_newuserdatauv(L, sizeof *requests * (size_t)(listed + 1), 0); /* unseen by Lua */
  for (lua_Integer i = 0; i < listed; i++) {
    if (!given) {
      requests[i] = (clua_request){usual->slots[i], usual->slots[i]};
      continue;
    }
    lua_rawgeti(L, index, i + 1);
    int at = lua_gettop(L);
    requests[i] = view_request(L, at, lua_pushfstring(L, "a %s", what));
    lua_pop(L, 2);
  }
  *count = (int32_t)listed;
  return requests;
}

/* on_instance_down(instance, requests) -> the requests that are rejected, and the reason or nil; all that run there are
 * asked about unless given. */
static int host_instance_down(lua_State *L) {
  lua_settop(L, 2);
  clua_down_answer answer = {NULL, NULL};
  loss call = {.instance = view_instance(L, 1, "on_instance_down: the instance")->index, .answer = &answer};
  call.requests = read_requests(L, 2, spec_queue_of(spec_of(L), call.instance, true), "request", &call.count);
  answer.rejected = lua_newuserdatauv(L, (size_t)call.count + 1, 0); /* unseen by Lua */
  memset(answer.rejected, 0, (size_t)call.count + 1);
  ask(L, CLUA_ON_INSTANCE_DOWN, body_instance_down, &call);
  lua_pushstring(L, answer.reason); /* nil for NULL */
  lua_newtable(L);
  for (int32_t i = 0, kept = 0; i < call.count; i++) {
    if (!answer.rejected[i]) continue;
    view_push_request(L, call.requests[i]);
    lua_rawseti(L, -2, ++kept);
  }
  lua_insert(L, -2);
  return 2;
}

static int host_instance_up(lua_State *L) {
  int32_t instance = view_instance(L, 1, "on_instance_up: the instance")->index;
  ask(L, CLUA_ON_INSTANCE_UP, body_instance_up, &instance);
  return 0;
}

/* preempt(instance, candidates, needed_tokens) -> request or nil; all that run there are candidates unless given. */
static int host_preempt(lua_State *L) {
  lua_settop(L, 3);
  preemption call = {.instance = view_instance(L, 1, "preempt: the instance")->index, .answer = -1};
  call.candidates = read_requests(L, 2, spec_queue_of(spec_of(L), call.instance, true), "candidate", &call.count);
  call.needed_tokens = lua_isnil(L, 3) ? vm_of(L)->facts[call.instance].block_size : spec_integer(L, 3, "needed_tokens");
  ask(L, CLUA_PREEMPT, body_preempt, &call);
  if (call.answer < 0) lua_pushnil(L); else view_push_request(L, call.candidates[call.answer]);
  return 1;
}

/* evict(instance, candidates, needed_blocks) -> the place of the chosen one, or nil; candidates are tables. */
static int host_evict(lua_State *L) {
  lua_settop(L, 3);
  eviction call = {.instance = view_instance(L, 1, "evict: the instance")->index, .needed_blocks = 1, .answer = -1};
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Integer listed = list_length(L, 2);
  if (listed > 1000) return vm_raise(L, NULL, "more than 1000 candidates"); /* guess: the engine gives far fewer */
  clua_prefix_state *candidates = lua_newuserdatauv(L, sizeof *candidates * (size_t)(listed + 1), 0); /* unseen by Lua */
  for (lua_Integer i = 0; i < listed; i++) {
    candidates[i] = (clua_prefix_state){.blocks = 1};
    lua_rawgeti(L, 2, i + 1);
    spec_read(L, lua_gettop(L), CLUA_VIEW_PREFIX, NULL, &candidates[i]);
    lua_pop(L, 1);
  }
  call.candidates = candidates;
  call.count = (int32_t)listed;
  if (!lua_isnil(L, 3)) call.needed_blocks = spec_integer(L, 3, "needed_blocks");
  ask(L, CLUA_EVICT, body_evict, &call);
  if (call.answer < 0) lua_pushnil(L); else lua_pushinteger(L, call.answer + 1);
  return 1;
}

/* has(hook): does the policy define it? */
static int host_has(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  bool bound = false;
  for (int i = 0; i < CLUA_HOOK_COUNT; i++) {
    if (strcmp(clua_hook_name((clua_hook_id)i), name) == 0) bound = vm_of(L)->hooks[i].bound;
  }
  lua_pushboolean(L, bound);
  return 1;
}

/* ---- Loading ---- */

/* load(path): a policy file; a relative path begins at the spec's folder. */
static int host_load(lua_State *L) {
  spec *made = spec_of(L);
  const char *name = luaL_checkstring(L, 1);
  const char *slash = strrchr(made->path, '/');
  if (name[0] != '/' && slash != NULL) {
    lua_pushlstring(L, made->path, (size_t)(slash - made->path) + 1);
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
  }
  load_nested(L, lua_tostring(L, -1));
  return 0;
}

static void check_range(lua_State *L, const clua_param *param, double value) {
  if ((param->has_min && value < param->min) || (param->has_max && value > param->max) || value != value) {
    vm_raise(L, NULL, "parameter '%s' is %f, out of its range", param->name, value);
  }
}

static bool is_choice(const clua_param *param, const char *text) {
  for (int32_t i = 0; i < param->choice_count; i++) {
    if (strcmp(param->choices[i], text) == 0) return true;
  }
  return param->choice_count == 0;
}

/* param(name, value): what --param does. */
static int host_param(lua_State *L) {
  clua_vm *vm = vm_of(L);
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 2);
  int32_t at = 0;
  while (at < vm->parameter_count && strcmp(vm->parameters[at].name, name) != 0) at++;
  if (at == vm->parameter_count) return vm_raise(L, NULL, "the policy has no parameter '%s'", name);
  const clua_param *param = &vm->parameters[at];
  clua_param value = {.type = param->type};
  int exact = 1;
  switch (param->type) {
    case CLUA_PARAM_NUMBER: value.number = luaL_checknumber(L, 2); break;
    case CLUA_PARAM_INTEGER:
      value.integer = lua_tointegerx(L, 2, &exact);
      value.number = (double)value.integer;
      break;
    case CLUA_PARAM_BOOLEAN:
      exact = lua_isboolean(L, 2);
      value.boolean = lua_toboolean(L, 2);
      break;
    case CLUA_PARAM_STRING:
      value.text = luaL_checkstring(L, 2);
      exact = is_choice(param, value.text);
      break;
  }
  if (!exact) {
    char text[64];
    return vm_raise(L, NULL, "parameter '%s' cannot be %s", name, vm_show(L, 2, text, sizeof text));
  }
  if (param->type <= CLUA_PARAM_INTEGER) check_range(L, param, value.number);
  params_set(L, at, &value);
  return 0;
}

static int host_oracle(lua_State *L) {
  vm_of(L)->options.oracle = lua_toboolean(L, 1);
  return 0;
}

static int host_view(lua_State *L) {
  vm_push(L, vm_of(L)->cluster);
  return 1;
}

/* show(value): the value in a few words. */
static int host_show(lua_State *L) {
  char text[300];
  luaL_checkany(L, 1);
  lua_pushstring(L, vm_show(L, 1, text, sizeof text));
  return 1;
}

void spec_hooks_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"load", host_load},
                                       {"param", host_param},
                                       {"oracle", host_oracle},
                                       {"view", host_view},
                                       {"show", host_show},
                                       {"forget", host_forget},
                                       {"has", host_has},
                                       {"init", host_init},
                                       {"admit", host_admit},
                                       {"route", host_route},
                                       {"route_decode", host_route_decode},
                                       {"batch", host_batch},
                                       {"on_first_token", host_first_token},
                                       {"on_finish", host_finish},
                                       {"on_reject", host_reject},
                                       {"on_preempt", host_preempted},
                                       {"on_transfer", host_transfer},
                                       {"on_instance_down", host_instance_down},
                                       {"on_instance_up", host_instance_up},
                                       {"tick", host_tick},
                                       {"preempt", host_preempt},
                                       {"evict", host_evict},
                                       {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
