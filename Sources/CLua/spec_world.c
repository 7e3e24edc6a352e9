/* What views and methods answer in specs: the callbacks of CLua.h over what a test wrote. */
#include "spec.h"

#include <math.h>
#include <string.h>

static spec_request *find(spec *made, clua_request request) {
  if (request.slot < 0 || request.slot >= made->request_count) return NULL;
  spec_request *found = &made->requests[request.slot];
  return found->ended_ns < 0 ? found : NULL;
}

static int64_t fill_instance(void *context, int32_t instance, clua_instance_state *state) {
  *state = ((clua_vm *)context)->spec->states[instance];
  return 0; /* a test may change it at any time */
}

static bool fill_request(void *context, clua_request request, clua_request_state *state) {
  spec_request *found = find(((clua_vm *)context)->spec, request);
  if (found == NULL) return false;
  *state = found->state;
  return true;
}

static int64_t end_of_request(void *context, clua_request request) {
  spec *made = ((clua_vm *)context)->spec;
  return request.slot < made->request_count ? made->requests[request.slot].ended_ns : -1;
}

static int64_t label(void *context, clua_request request, clua_type which) {
  clua_vm *vm = context;
  spec_request *found = find(vm->spec, request);
  if (found == NULL || found->labels[which - CLUA_SESSION] == 0) return -1;
  lua_State *L = vm->running;
  size_t length;
  vm_push(L, found->labels[which - CLUA_SESSION]);
  const char *text = lua_tolstring(L, -1, &length);
  char *space = clua_scratch(vm, length + 1);
  if (space != NULL) memcpy(space, text, length);
  lua_pop(L, 1);
  return space != NULL ? (int64_t)length : -1;
}

static int64_t list_requests(void *context, int32_t instance, bool running) {
  clua_vm *vm = context;
  spec_queue *queue = spec_queue_of(vm->spec, instance, running);
  clua_request *list = clua_scratch(vm, ((size_t)queue->count + 1) * sizeof *list);
  if (list == NULL) return -1;
  for (int32_t i = 0; i < queue->count; i++) list[i] = (clua_request){queue->slots[i], queue->slots[i]};
  return queue->count;
}

/* Remembers the action, and shows it in the instance's state. */
static int32_t act(void *context, const clua_deed *deed) {
  static const char *const names[] = {"set_role", "add_instance", "remove_instance", "migrate", "replicate"};
  clua_vm *vm = context;
  lua_State *L = vm->running;
  luaL_checkstack(L, 8, NULL);
  vm_push(L, vm->spec->actions);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, names[deed->action]);
  lua_setfield(L, -2, "action");
  view_push_instance(L, deed->instance);
  lua_setfield(L, -2, "instance");
  if (deed->action == CLUA_SET_ROLE) {
    vm_push(L, vm->roles[deed->role]);
    lua_setfield(L, -2, "role");
  }
  bool moves = deed->action == CLUA_MIGRATE || deed->action == CLUA_REPLICATE;
  spec_request *moved = moves ? find(vm->spec, deed->request) : NULL;
  if (moved != NULL) {
    view_push_request(L, deed->request);
    lua_setfield(L, -2, "request");
    if (deed->action == CLUA_MIGRATE) moved->state.migrating_to = deed->instance;
  }
  if (deed->action == CLUA_REPLICATE) {
    view_push_instance(L, deed->from);
    lua_setfield(L, -2, "from");
  }
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
  if (!moves) {
    vm->spec->states[deed->instance].state = deed->action == CLUA_ADD_INSTANCE ? 3 : 2; /* starting, draining */
  }
  return -1;
}

static int64_t list_content(void *context, clua_request request) {
  clua_vm *vm = context;
  lua_State *L = vm->running;
  int list = vm->spec->requests[request.slot].content;
  if (list == 0) return 0;
  luaL_checkstack(L, 4, NULL);
  vm_push(L, list);
  int64_t count = (int64_t)lua_rawlen(L, -1);
  uint32_t *ids = clua_scratch(vm, ((size_t)count + 1) * sizeof *ids);
  if (ids == NULL) return -1;
  for (int64_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, i + 1);
    ids[i] = (uint32_t)spec_integer(L, -1, "an id of content");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return count;
}

static int64_t gateway_waiting(void *context) { return ((clua_vm *)context)->spec->gateway_waiting; }

/* ---- Methods: a test gives a number, or a function of the same arguments ---- */

/* Pushes what the instance's table says for a method. */
static int push_method(clua_vm *vm, int32_t instance, const char *name) {
  lua_State *L = vm->running;
  luaL_checkstack(L, 8, NULL);
  vm_push(L, vm->spec->methods);
  lua_rawgeti(L, -1, instance + 1);
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_replace(L, -3);
  lua_pop(L, 1);
  return lua_type(L, -1);
}

/* Calls the function below its `arguments` on the stack, or takes the number there; pops them. */
static double answer(lua_State *L, int arguments, const char *name) {
  if (lua_type(L, -1 - arguments) == LUA_TFUNCTION) {
    lua_call(L, arguments, 1);
  } else {
    lua_pop(L, arguments);
  }
  double value = lua_isnil(L, -1) ? 0 : spec_number(L, -1, name);
  lua_pop(L, 1);
  return value < 0 ? 0 : value;
}

static int64_t prefix_hit_tokens(void *context, clua_request request, int32_t instance) {
  clua_vm *vm = context;
  push_method(vm, instance, "prefix_hit_tokens");
  view_push_request(vm->running, request);
  return (int64_t)answer(vm->running, 1, "prefix_hit_tokens");
}

static int64_t estimate_prefill(void *context, clua_request request, int32_t instance) {
  clua_vm *vm = context;
  push_method(vm, instance, "estimate_prefill_s");
  view_push_request(vm->running, request);
  return llround(answer(vm->running, 1, "estimate_prefill_s") * 1e9);
}

static int64_t estimate_step(void *context, int32_t instance, int64_t prefill_tokens, int64_t decode_seqs,
                             int64_t context_tokens) {
  clua_vm *vm = context;
  lua_State *L = vm->running;
  push_method(vm, instance, "estimate_step_s");
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, prefill_tokens);
  lua_setfield(L, -2, "prefill_tokens");
  lua_pushinteger(L, decode_seqs);
  lua_setfield(L, -2, "decode_seqs");
  lua_pushinteger(L, context_tokens);
  lua_setfield(L, -2, "context_tokens");
  return llround(answer(L, 1, "estimate_step_s") * 1e9);
}

static int64_t transfer(void *context, clua_request request, int32_t from, int32_t to) {
  clua_vm *vm = context;
  push_method(vm, from, "transfer_s");
  view_push_request(vm->running, request);
  view_push_instance(vm->running, to);
  return llround(answer(vm->running, 2, "transfer_s") * 1e9);
}

/* An idle path of the bandwidth that 400 Gbit/s Ethernet has. */
static clua_link link(void *context, int32_t from, int32_t to) {
  (void)from;
  (void)to;
  return (clua_link){.bytes_per_s = 50e9, .free_at_ns = ((clua_vm *)context)->now};
}

void spec_world_open(clua_vm *vm) {
  clua_callbacks *world = &vm->world;
  world->context = vm;
  world->fill_instance = fill_instance;
  world->fill_request = fill_request;
  world->end_of_request = end_of_request;
  world->label = label;
  world->link = link;
  world->list_requests = list_requests;
  world->list_content = list_content;
  world->gateway_waiting = gateway_waiting;
  world->act = act;
  world->prefix_hit_tokens = prefix_hit_tokens;
  world->estimate_prefill_ns = estimate_prefill;
  world->estimate_step_ns = estimate_step;
  world->transfer_ns = transfer;
}
