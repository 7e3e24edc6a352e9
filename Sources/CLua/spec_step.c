/* The step of the `batch` hook in specs: a token budget, max_num_seqs and free KV tokens in whole blocks.
 *
 * Simpler than the engine's: prefix hits are not counted, and prompts may always be cut. */
#include "spec.h"

#include <string.h>

static int32_t refusal(clua_vm *vm, const char *text) {
  lua_State *L = vm->running;
  for (int32_t i = 0; i < vm->options.refusal_count; i++) {
    vm_push(L, vm->refusals[i]);
    bool is = strcmp(lua_tostring(L, -1), text) == 0;
    lua_pop(L, 1);
    if (is) return i;
  }
  return 0;
}

static int64_t budget(clua_vm *vm) { return vm->facts[vm->spec->forming].max_num_batched_tokens; }

/* Tokens in whole blocks that `tokens` more of a request would take. */
static int64_t growth(clua_vm *vm, const spec_request *request, int64_t tokens) {
  int64_t block = vm->facts[vm->spec->forming].block_size;
  int64_t held = (request->state.computed_tokens + block - 1) / block;
  return ((request->state.computed_tokens + tokens + block - 1) / block - held) * block;
}

static spec_request *active(clua_vm *vm, clua_request request) {
  if (request.slot < 0 || request.slot >= vm->spec->request_count) return NULL;
  spec_request *found = &vm->spec->requests[request.slot];
  return found->ended_ns < 0 ? found : NULL;
}

static void take(clua_vm *vm, spec_request *request, clua_request ref, int64_t tokens) {
  clua_instance_state *state = &vm->spec->states[vm->spec->forming];
  int64_t blocks = growth(vm, request, tokens);
  state->kv_used_tokens += blocks;
  state->kv_free_tokens -= blocks;
  request->state.computed_tokens += tokens;
  request->scheduled = (int32_t)tokens;
  vm->spec->step_tokens += tokens;
  spec_push(vm->running, &vm->spec->scheduled, ref.slot);
}

static int64_t step_tokens(void *context) { return ((clua_vm *)context)->spec->step_tokens; }
static int64_t step_budget(void *context) { return budget(context); }
static int64_t step_seqs(void *context) { return ((clua_vm *)context)->spec->scheduled.count; }

static bool can_allocate(void *context, clua_request ref, int64_t tokens) {
  clua_vm *vm = context;
  spec_request *request = active(vm, ref);
  return request != NULL && growth(vm, request, tokens) <= vm->spec->states[vm->spec->forming].kv_free_tokens;
}

static int32_t step_decode(void *context, clua_request ref) {
  clua_vm *vm = context;
  spec *made = vm->spec;
  spec_request *request = active(vm, ref);
  if (request == NULL) return refusal(vm, "it has ended");
  if (!spec_contains(spec_queue_of(made, made->forming, true), ref.slot)) return refusal(vm, "not running here");
  if (spec_contains(&made->scheduled, ref.slot)) return refusal(vm, "already in this step");
  if (request->state.remaining_prompt_tokens > 0) return refusal(vm, "its prompt is not done");
  if (made->step_tokens + 1 > budget(vm)) return refusal(vm, "over the token budget");
  if (!can_allocate(vm, ref, 1)) return refusal(vm, "no KV block");
  take(vm, request, ref, 1);
  return -1;
}

static int64_t step_decode_all(void *context, int64_t *left) {
  clua_vm *vm = context;
  spec_queue *running = spec_queue_of(vm->spec, vm->spec->forming, true);
  int64_t taken = 0;
  while (taken < running->count
         && step_decode(vm, (clua_request){running->slots[taken], running->slots[taken]}) < 0) {
    taken++;
  }
  *left = running->count - taken;
  return taken;
}

static int32_t step_prefill(void *context, clua_request ref, int64_t tokens) {
  clua_vm *vm = context;
  spec *made = vm->spec;
  spec_request *request = active(vm, ref);
  if (request == NULL) return refusal(vm, "it has ended");
  spec_queue *waiting = spec_queue_of(made, made->forming, false);
  spec_queue *running = spec_queue_of(made, made->forming, true);
  bool waits = spec_contains(waiting, ref.slot);
  if (spec_contains(&made->scheduled, ref.slot)) return refusal(vm, "already in this step");
  if (!waits && !spec_contains(running, ref.slot)) return refusal(vm, "not running here");
  if (request->state.remaining_prompt_tokens == 0) return refusal(vm, "its prompt is done");
  if (tokens < 1 || tokens > request->state.remaining_prompt_tokens) {
    return refusal(vm, "tokens must be at least 1 and at most the remaining prompt");
  }
  if (made->step_tokens + tokens > budget(vm)) return refusal(vm, "over the token budget");
  if (waits && running->count >= vm->facts[made->forming].max_num_seqs) return refusal(vm, "max_num_seqs reached");
  if (!can_allocate(vm, ref, tokens)) return refusal(vm, "no KV block");
  take(vm, request, ref, tokens);
  request->state.remaining_prompt_tokens -= tokens;
  if (waits) {
    spec_remove(waiting, ref.slot);
    spec_push(vm->running, running, ref.slot);
  }
  spec_recount(vm->running, made->forming);
  return -1;
}

static int32_t step_preempt(void *context, clua_request ref) {
  clua_vm *vm = context;
  spec *made = vm->spec;
  spec_request *request = active(vm, ref);
  if (request == NULL) return refusal(vm, "it has ended");
  if (!spec_contains(spec_queue_of(made, made->forming, true), ref.slot)) return refusal(vm, "not running here");
  if (spec_contains(&made->scheduled, ref.slot)) return refusal(vm, "already in this step");
  clua_instance_state *state = &made->states[made->forming];
  int64_t block = vm->facts[made->forming].block_size;
  int64_t held = (request->state.computed_tokens + block - 1) / block * block;
  if (held > state->kv_used_tokens) held = state->kv_used_tokens;
  state->kv_used_tokens -= held;
  state->kv_free_tokens += held;
  request->state.computed_tokens = 0;
  request->state.remaining_prompt_tokens = request->state.context_tokens;
  request->state.preemptions += 1;
  spec_queue *waiting = spec_queue_of(made, made->forming, false);
  spec_remove(spec_queue_of(made, made->forming, true), ref.slot);
  spec_push(vm->running, waiting, ref.slot);
  memmove(waiting->slots + 1, waiting->slots, sizeof *waiting->slots * (size_t)(waiting->count - 1));
  waiting->slots[0] = ref.slot;
  spec_push(vm->running, &made->preempted, ref.slot);
  spec_recount(vm->running, made->forming);
  return -1;
}

void spec_step_begin(spec *made, int32_t instance) {
  made->forming = instance;
  made->step_tokens = 0;
  made->scheduled.count = made->preempted.count = 0;
}

void spec_step_open(clua_vm *vm) {
  clua_callbacks *world = &vm->world;
  world->step_tokens = step_tokens;
  world->step_budget = step_budget;
  world->step_seqs = step_seqs;
  world->step_can_allocate = can_allocate;
  world->step_decode = step_decode;
  world->step_decode_all = step_decode_all;
  world->step_prefill = step_prefill;
  world->step_preempt = step_preempt;
}
