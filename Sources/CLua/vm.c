/* The machine: its life, and the one way into Lua. */
#include "sandbox.h"
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *vm_copy_text(const char *text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

void *clua_scratch(clua_vm *vm, size_t size) {
  if (size > vm->scratch_size) {
    size_t wanted = size < 4096 ? 4096 : size + size / 2;
    char *grown = realloc(vm->scratch, wanted);
    if (grown == NULL) return NULL;
    vm->scratch = grown;
    vm->scratch_size = wanted;
  }
  return vm->scratch;
}

/* Nothing here calls Lua unprotected, so this is reached through a bug of this module only. */
static int on_panic(lua_State *L) {
  const char *text = lua_tostring(L, -1);
  fprintf(stderr, "simhost: unprotected Lua error, please report: %s\n", text ? text : "no text");
  return 0;
}

void *vm_argument(lua_State *L) { return lua_touserdata(L, 1); }

/* A call in TIMED_CALLS is timed, but all of the first 4 * TIMED_CALLS: reading the clock twice costs as much as a short hook.
 */
enum { TIMED_CALLS = 16 };

static int run_body(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (vm->in_use_count > 0) rows_refresh(L);
  return vm->body(L);
}

bool vm_begin(clua_vm *vm, clua_hook_id hook, int64_t now, vm_call *call) {
  vm->hook = hook;
  vm->now = now;
  vm->keeps_views = vm->versions != NULL && (hook == CLUA_ROUTE || hook == CLUA_ROUTE_DECODE || hook == CLUA_ADMIT);
  vm->routings += vm->keeps_views;
  vm->epoch += 1;
  vm->captured = false;
  vm->where = vm->stopped_at = (place){NULL, 0};
  vm->hint[0] = '\0';
  vm->memory_slack = 0;
  if (vm_is_spent(vm)) return false;
  int64_t calls = hook < CLUA_HOOK_COUNT ? vm->hooks[hook].calls : 0;
  call->all = vm->records || calls < 4 * TIMED_CALLS;
  call->timed = call->all || calls % TIMED_CALLS == 0;
  int64_t allowed = vm->options.timeout_ns, total = vm->options.total_timeout_ns;
  if (total > 0 && total - vm->spent_ns < allowed) allowed = total - vm->spent_ns;
  call->start = call->timed || total > 0 ? vm_clock() : 0;
  call->previous = vm_enter_budget(vm, allowed);
  return true;
}

clua_status vm_end(clua_vm *vm, const vm_call *call, int status) {
  if (status != LUA_OK || vm->stop != STOP_NONE) {
    vm_describe_error(vm, status);
    status = LUA_ERRRUN;
  }
  lua_settop(vm->L, 0);
  vm_leave_budget(vm, call->previous);
  if (vm->hook < CLUA_HOOK_COUNT) {
    clua_hook *hook = &vm->hooks[vm->hook];
    int64_t taken = call->start != 0 ? vm_clock() - call->start : 0;
    if (vm->options.total_timeout_ns > 0) vm->spent_ns += taken;
    hook->calls += 1;
    if (call->timed) hook->host_ns += taken * (call->all ? 1 : TIMED_CALLS);
  }
  return status == LUA_OK ? CLUA_OK : CLUA_FAILED;
}

clua_status vm_run(clua_vm *vm, clua_hook_id hook, int64_t now, lua_CFunction body, void *argument) {
  lua_State *L = vm->L;
  vm_call call;
  if (!vm_begin(vm, hook, now, &call)) return CLUA_FAILED;
  vm->body = body;
  /* Three light values, no allocation: nothing here can raise. */
  lua_pushcfunction(L, vm_on_error);
  lua_pushcfunction(L, run_body);
  lua_pushlightuserdata(L, argument);
  return vm_end(vm, &call, lua_pcall(L, 1, 0, 1));
}

/* Builds the sandbox and the tables that hold views. stack: options' texts are already copied */
static int open_machine(lua_State *L) {
  clua_vm *vm = vm_of(L);
  static const char *const stops[] = {
      "", "time budget used up", "instruction budget used up", "memory budget used up"};
  for (int i = 0; i < 4; i++) {
    lua_pushstring(L, stops[i]);
    vm->stop_messages[i] = vm_keep(L);
  }
  static const char *const roles[] = {"prefill", "decode", "mixed"};
  for (int i = 0; i < 3; i++) {
    lua_pushstring(L, roles[i]);
    vm->roles[i] = vm_keep(L);
    lua_pushstring(L, roles[i]);
    if (i < 2) vm->stages[i] = vm_keep(L); else lua_pop(L, 1);
  }
  static const char *const conditions[] = {"up", "down", "draining", "starting", "off"};
  for (int i = 0; i < 5; i++) {
    lua_pushstring(L, conditions[i]);
    vm->conditions[i] = vm_keep(L);
  }
  for (int32_t i = 0; i < vm->options.refusal_count; i++) {
    lua_pushstring(L, vm->options.refusals[i]);
    vm->refusals[i] = vm_keep(L);
  }
  int *tables[] = {&vm->instances, &vm->belongings, &vm->param_values, &vm->modules};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    lua_newtable(L);
    *tables[i] = vm_keep(L);
  }
  sandbox_open(L);
  views_open(L);
  return 0;
}

/* Values on the stack outside of protected calls: hook, arguments and what list_push_ready compares, with room to spare. */
enum { OUTER_STACK = 60 };

clua_vm *clua_open(const clua_options *options, const clua_callbacks *callbacks) {
  clua_vm *vm = calloc(1, sizeof *vm);
  if (vm == NULL) return NULL;
  vm->options = *options;
  vm->world = *callbacks;
  memcpy(vm->random, options->random, sizeof vm->random);
  vm->options.library_folder = vm_copy_text(options->library_folder);
  vm->options.version = vm_copy_text(options->version ? options->version : "");
  vm->hook = CLUA_HOOK_COUNT;
  vm->refusals = calloc((size_t)options->refusal_count + 1, sizeof *vm->refusals);
  vm->error = (clua_error){"", 0, vm->problem, vm->suggestion, vm->traceback};
  vm->L = lua_newstate(memory_allocate, vm);
  if (vm->L == NULL || !lua_checkstack(vm->L, OUTER_STACK) || vm->refusals == NULL || vm->options.version == NULL
      || (options->library_folder != NULL && vm->options.library_folder == NULL)) {
    clua_close(vm);
    return NULL;
  }
  *(clua_vm **)lua_getextraspace(vm->L) = vm;
  lua_atpanic(vm->L, on_panic);
  vm_watch(vm);
  if (vm_run(vm, CLUA_HOOK_COUNT, 0, open_machine, NULL) != CLUA_OK) {
    clua_close(vm);
    return NULL;
  }
  /* The caller's array need not outlive this call; the references made from it do. */
  vm->options.refusals = NULL;
  return vm;
}

static void free_params(clua_vm *vm) {
  for (int32_t i = 0; i < vm->parameter_count; i++) {
    clua_param *param = &vm->parameters[i];
    free((void *)param->name);
    free((void *)param->text);
    free((void *)param->help);
    for (int32_t k = 0; k < param->choice_count; k++) free((void *)param->choices[k]);
    free((void *)param->choices);
  }
  free(vm->parameters);
}

void clua_close(clua_vm *vm) {
  if (vm == NULL) return;
  vm_unwatch(vm);
  vm->running = NULL;
  if (vm->L != NULL) lua_close(vm->L); /* no __gc of a policy exists, so this runs no Lua code */
  free_params(vm);
  spec_close(vm->spec);
  for (int32_t i = 0; i < vm->policy_count; i++) {
    free((void *)vm->policies[i].name);
    free((void *)vm->policies[i].version);
    free((void *)vm->policies[i].description);
    free((void *)vm->policies[i].author);
    free((void *)vm->policies[i].licence);
  }
  for (int32_t i = 0; i < vm->chunk_count; i++) free(vm->chunks[i].path);
  for (int i = 0; i < LIST_SLOTS; i++) free(vm->lists[i].ids);
  for (int i = 0; i < 4; i++) free(vm->by_role[i].ids);
  free(vm->policies);
  free(vm->chunks);
  free(vm->facts);
  free(vm->fact_texts);
  free(vm->queues);
  free(vm->objects);
  free(vm->held);
  free(vm->in_use);
  for (int i = 0; i < MOST_FIELDS; i++) free(vm->columns[i]);
  free(vm->held_requests);
  free(vm->refusals);
  free(vm->loading_bytes);
  free(vm->scratch);
  memory_close(vm);
  free(vm->reads);
  free((void *)vm->options.library_folder);
  free((void *)vm->options.version);
  free(vm);
}

void clua_lend(clua_vm *vm, void *context, const uint32_t *versions) {
  vm->world.context = context;
  vm->versions = versions;
}
const clua_error *clua_last_error(const clua_vm *vm) { return &vm->error; }
size_t clua_memory_used(const clua_vm *vm) { return vm->memory; }
