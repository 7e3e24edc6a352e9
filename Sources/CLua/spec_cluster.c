/* A cluster made by hand: its instances and requests, and the changes that a test makes to them. */
#include "spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* guess: far more than a test that a person reads would write. */
enum { MOST_INSTANCES = 10000, MOST_REQUESTS = 100000 };

/* ---- Queues ---- */

spec_queue *spec_queue_of(spec *made, int32_t instance, bool running) {
  return &made->queues[2 * instance + (running ? 1 : 0)];
}

void spec_push(lua_State *L, spec_queue *queue, int32_t slot) {
  if (queue->count == queue->capacity) {
    int32_t capacity = queue->capacity < 8 ? 8 : 2 * queue->capacity;
    int32_t *grown = realloc(queue->slots, sizeof *grown * (size_t)capacity);
    if (grown == NULL) luaL_error(L, "not enough memory");
    queue->slots = grown;
    queue->capacity = capacity;
  }
  queue->slots[queue->count++] = slot;
}

bool spec_contains(const spec_queue *queue, int32_t slot) {
  for (int32_t i = 0; i < queue->count; i++) {
    if (queue->slots[i] == slot) return true;
  }
  return false;
}

bool spec_remove(spec_queue *queue, int32_t slot) {
  for (int32_t i = 0; i < queue->count; i++) {
    if (queue->slots[i] != slot) continue;
    queue->count -= 1;
    memmove(queue->slots + i, queue->slots + i + 1, sizeof *queue->slots * (size_t)(queue->count - i));
    return true;
  }
  return false;
}

/* What follows from the queues of an instance. */
void spec_recount(lua_State *L, int32_t instance) {
  spec *made = spec_of(L);
  clua_instance_state *state = &made->states[instance];
  const spec_queue *waiting = spec_queue_of(made, instance, false);
  const spec_queue *running = spec_queue_of(made, instance, true);
  state->inflight += waiting->count + running->count - state->waiting_count - state->running_count;
  if (state->inflight < 0) state->inflight = 0;
  state->waiting_count = waiting->count;
  state->running_count = running->count;
  state->waiting_prompt_tokens = state->running_context_tokens = 0;
  for (int32_t i = 0; i < waiting->count; i++) {
    state->waiting_prompt_tokens += made->requests[waiting->slots[i]].state.remaining_prompt_tokens;
  }
  for (int32_t i = 0; i < running->count; i++) {
    state->running_context_tokens += made->requests[running->slots[i]].state.context_tokens;
  }
}

/* ---- Requests ---- */

/* What a request's table leaves out and its other entries tell. */
static void complete_request(lua_State *L, int table, clua_request_state *state) {
  if (!spec_has(L, table, "stage")) state->stage = state->generated_tokens > 0;
  if (!spec_has(L, table, "context_tokens")) state->context_tokens = state->prompt_tokens + state->generated_tokens;
  if (!spec_has(L, table, "computed_tokens") && state->stage == 1) {
    state->computed_tokens = state->context_tokens > 0 ? state->context_tokens - 1 : 0;
  }
  if (!spec_has(L, table, "remaining_prompt_tokens")) {
    int64_t left = state->prompt_tokens - state->computed_tokens;
    state->remaining_prompt_tokens = state->stage == 0 && left > 0 ? left : 0;
  }
}

static void read_labels(lua_State *L, int table, spec_request *request) {
  static const char *const names[] = {"session_id", "class", "tenant"};
  for (int i = 0; i < 3; i++) {
    lua_pushstring(L, names[i]);
    if (lua_rawget(L, table) == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    if (lua_type(L, -1) != LUA_TSTRING) vm_raise(L, NULL, "%s is no string", names[i]);
    request->labels[i] = vm_keep(L);
  }
  lua_pushliteral(L, "content");
  if (lua_rawget(L, table) == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  if (lua_type(L, -1) != LUA_TTABLE) vm_raise(L, "write content = { 1, 2, 3 }", "content is no list");
  list_settle(L, -1);
  request->content = vm_keep(L);
}

/* Makes a request of the table at `table`; its slot, which is its id. */
static int32_t add_request(lua_State *L, int table) {
  spec *made = spec_of(L);
  if (made->request_count == MOST_REQUESTS) vm_raise(L, NULL, "a test has at most %d requests", MOST_REQUESTS);
  if (made->request_count == made->request_capacity) {
    int32_t capacity = made->request_capacity < 16 ? 16 : 2 * made->request_capacity;
    spec_request *grown = realloc(made->requests, sizeof *grown * (size_t)capacity);
    if (grown == NULL) luaL_error(L, "not enough memory");
    made->requests = grown;
    made->request_capacity = capacity;
  }
  spec_request request = {.ended_ns = -1};
  request.state.arrival_ns = vm_of(L)->now;
  request.state.prefill_instance = request.state.decode_instance = request.state.instance = -1;
  request.state.migrating_to = -1;
  request.state.ttft_slo_ns = request.state.tpot_slo_ns = request.state.deadline_ns = -1;
  spec_read(L, table, CLUA_VIEW_REQUEST, NULL, &request.state);
  complete_request(L, table, &request.state);
  read_labels(L, table, &request);
  made->requests[made->request_count] = request;
  return made->request_count++;
}

static int host_request(lua_State *L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_newtable(L);
    lua_replace(L, 1);
  }
  int32_t slot = add_request(L, 1);
  view_push_request(L, (clua_request){slot, slot});
  return 1;
}

/* ---- Instances ---- */

/* Reads a list of request tables, or of requests that exist. */
static bool read_queue(lua_State *L, int table, int32_t instance, bool running) {
  spec *made = spec_of(L);
  const char *name = running ? "running" : "waiting";
  lua_pushstring(L, name);
  int type = lua_rawget(L, table);
  if (type != LUA_TNIL) {
    if (type != LUA_TTABLE) vm_raise(L, "write { { prompt_tokens = 100 }, ... }", "%s is no list", name);
    spec_queue *queue = spec_queue_of(made, instance, running);
    queue->count = 0;
    int list = lua_gettop(L);
    lua_Integer count = list_length(L, list);
    for (lua_Integer i = 1; i <= count; i++) {
      lua_rawgeti(L, list, i);
      clua_request request;
      int32_t slot = view_get_request(L, -1, &request) ? request.slot : add_request(L, lua_gettop(L));
      spec_push(L, queue, slot);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return type != LUA_TNIL;
}

/* Remembers what the methods of an instance answer. */
static void read_methods(lua_State *L, int table, int32_t instance) {
  int32_t count;
  const clua_field *fields = clua_fields(CLUA_VIEW_INSTANCE, &count);
  vm_push(L, spec_of(L)->methods);
  if (lua_rawgeti(L, -1, instance + 1) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, instance + 1);
  }
  for (int32_t i = 0; i < count; i++) {
    if (fields[i].type != CLUA_METHOD) continue;
    lua_pushstring(L, fields[i].name);
    int type = lua_rawget(L, table);
    if (type == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    if (type != LUA_TNUMBER && type != LUA_TFUNCTION) {
      vm_raise(L, NULL, "%s is no number and no function", fields[i].name);
    }
    lua_setfield(L, -2, fields[i].name);
  }
  lua_pop(L, 2);
}

/* Reads the state of an instance and works out what its table leaves out. */
static void read_instance(lua_State *L, int table, int32_t index, clua_instance_facts *facts, bool fresh) {
  spec *made = spec_of(L);
  clua_instance_state *state = &made->states[index];
  spec_read(L, table, CLUA_VIEW_INSTANCE, fresh ? facts : NULL, state);
  lua_pushliteral(L, "kv_usage");
  if (lua_rawget(L, table) != LUA_TNIL) {
    double usage = spec_number(L, -1, "kv_usage");
    double used = usage * (double)facts->kv_capacity_tokens - (double)state->kv_reserved_tokens;
    state->kv_used_tokens = used > 0 ? llround(used) : 0;
  }
  lua_pop(L, 1);
  if (!spec_has(L, table, "kv_free_tokens")) {
    int64_t left = facts->kv_capacity_tokens - state->kv_used_tokens - state->kv_reserved_tokens;
    state->kv_free_tokens = left > 0 ? left : 0;
  }
  bool waits = read_queue(L, table, index, false), runs = read_queue(L, table, index, true);
  if (waits || runs) {
    int64_t counted = state->inflight;
    spec_recount(L, index);
    if (spec_has(L, table, "inflight")) state->inflight = counted;
  } else if (!spec_has(L, table, "inflight") && (fresh || spec_has(L, table, "waiting_count") || spec_has(L, table, "running_count"))) {
    state->inflight = state->waiting_count + state->running_count;
  }
  if (fresh && !spec_has(L, table, "busy")) state->busy = state->running_count > 0;
  if (fresh && !spec_has(L, table, "free_at_s")) state->free_at_ns = vm_of(L)->now;
  read_methods(L, table, index);
}

/* What an instance is unless its table says otherwise. */
static const clua_instance_facts usual_facts = {
    .model = "test/model", .hardware = "TEST", .role = 2, .tp_size = 1, .pp_size = 1, .kv_capacity_tokens = 100000,
    .max_num_seqs = 256, .max_num_batched_tokens = 2048, .block_size = 16};

/* Names such as decode/0, counted by role. stack: text that lives as long as the caller's frame */
static void name_instance(lua_State *L, clua_instance_facts *facts, int32_t *counts) {
  static const char *const roles[] = {"prefill", "decode", "mixed"};
  const char *name = lua_pushfstring(L, "%s/%d", roles[facts->role], (int)counts[facts->role]++);
  if (facts->name == NULL) facts->name = name;
}

/* cluster(list): makes the instances of the list. */
static int host_instances(lua_State *L) {
  spec *made = spec_of(L);
  lua_settop(L, 1);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer count = list_length(L, 1);
  if (count < 1 || count > MOST_INSTANCES) {
    return vm_raise(L, "write instances = { { role = \"mixed\" } }", "the cluster has %d instances", (int)count);
  }
  made->instance_count = (int32_t)count;
  made->states = calloc((size_t)count, sizeof *made->states);
  made->queues = calloc((size_t)count * 2, sizeof *made->queues);
  clua_instance_facts *facts = lua_newuserdatauv(L, sizeof *facts * (size_t)count, 0); /* never seen by Lua code */
  if (made->states == NULL || made->queues == NULL) return luaL_error(L, "not enough memory");
  int32_t counts[3] = {0, 0, 0};
  lua_newtable(L); /* keeps the names alive */
  for (int32_t i = 0; i < count; i++) {
    facts[i] = usual_facts;
    lua_rawgeti(L, 1, i + 1);
    int table = lua_gettop(L);
    read_instance(L, table, i, &facts[i], true);
    if (facts[i].block_size < 1) return vm_raise(L, NULL, "block_size is 0, expected at least 1");
    name_instance(L, &facts[i], counts);
    lua_rawseti(L, 3, i + 1);
    lua_settop(L, 3);
  }
  bind_instances(L, facts, (int32_t)count);
  return 0;
}

/* ---- Changes ---- */

/* change(view, table): sets fields of an instance or of a request. */
static int host_change(lua_State *L) {
  clua_vm *vm = vm_of(L);
  spec *made = spec_of(L);
  vm->epoch += 1;
  instance_object *instance = view_object(L, 1, OBJECT_INSTANCE);
  lua_settop(L, 2);
  luaL_checktype(L, 2, LUA_TTABLE);
  if (instance != NULL) {
    read_instance(L, 2, instance->index, &vm->facts[instance->index], false);
    return 0;
  }
  clua_request request = view_request(L, 1, "change: the first argument");
  spec_request *row = &made->requests[request.slot];
  spec_read(L, 2, CLUA_VIEW_REQUEST, NULL, &row->state);
  complete_request(L, 2, &row->state);
  read_labels(L, 2, row);
  return 0;
}

/* place(request, instance): what the engine does after routing. A prompt waits there, a request past it runs there. */
static int host_place(lua_State *L) {
  spec *made = spec_of(L);
  clua_request request = view_request(L, 1, "place: the request");
  instance_object *instance = view_instance(L, 2, "place: the instance");
  vm_of(L)->epoch += 1;
  clua_request_state *state = &made->requests[request.slot].state;
  bool runs = state->stage == 1;
  state->instance = instance->index;
  if (runs) state->decode_instance = instance->index; else state->prefill_instance = instance->index;
  spec_push(L, spec_queue_of(made, instance->index, runs), request.slot);
  int64_t *count = runs ? &made->states[instance->index].running_count : &made->states[instance->index].waiting_count;
  int64_t *tokens = runs ? &made->states[instance->index].running_context_tokens
                         : &made->states[instance->index].waiting_prompt_tokens;
  *count += 1;
  *tokens += runs ? state->context_tokens : state->remaining_prompt_tokens;
  made->states[instance->index].inflight += 1;
  return 0;
}

/* finish(request): it has ended, so reading it is an error from now on. */
static int host_finish(lua_State *L) {
  spec *made = spec_of(L);
  clua_request request = view_request(L, 1, "finish: the request");
  vm_of(L)->epoch += 1;
  int32_t slot = request.slot;
  made->requests[slot].ended_ns = vm_of(L)->now;
  for (int32_t i = 0; i < made->instance_count; i++) {
    bool waited = spec_remove(spec_queue_of(made, i, false), slot), ran = spec_remove(spec_queue_of(made, i, true), slot);
    if (waited || ran) spec_recount(L, i);
  }
  return 0;
}

/* advance(seconds), and time(seconds) for the moment itself. */
static int host_advance(lua_State *L) {
  clua_vm *vm = vm_of(L);
  double seconds = spec_number(L, 1, "the time to advance by");
  if (seconds < 0) return vm_raise(L, NULL, "time does not go back");
  double now = (double)vm->now + seconds * 1e9;
  vm->now = now < 9e18 ? (int64_t)llround(now) : vm->now;
  vm->epoch += 1;
  return 0;
}

/* actions(): what the policy had done to instances since the last call. */
static int host_actions(lua_State *L) {
  spec *made = spec_of(L);
  vm_push(L, made->actions);
  lua_newtable(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, made->actions);
  return 1;
}

static int host_gateway(lua_State *L) {
  spec_of(L)->gateway_waiting = spec_integer(L, 1, "gateway_waiting");
  return 0;
}

void spec_close(spec *made) {
  if (made == NULL) return;
  for (int32_t i = 0; made->queues != NULL && i < 2 * made->instance_count; i++) free(made->queues[i].slots);
  free(made->queues);
  free(made->states);
  free(made->requests);
  free(made->scheduled.slots);
  free(made->preempted.slots);
  free(made->path);
  free(made);
}

/* stack: table of functions for the prelude */
void spec_cluster_open(lua_State *L, spec *made) {
  static const luaL_Reg functions[] = {
      {"instances", host_instances}, {"request", host_request}, {"change", host_change},   {"place", host_place},
      {"finish", host_finish},       {"advance", host_advance}, {"gateway", host_gateway},
      {"actions", host_actions},     {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  lua_newtable(L);
  made->methods = vm_keep(L);
  lua_newtable(L);
  made->actions = vm_keep(L);
}
