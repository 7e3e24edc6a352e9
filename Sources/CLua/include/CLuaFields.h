/* The one table of what policies can read: name, type, unit and meaning of each field of each view.
 *
 * The C structs that Swift fills, the lookup at run time and the reference for authors all come from these lists,
 * so they cannot disagree. A row is FIELD(name in Lua, member of the struct, type, meaning). */
#ifndef CLUA_FIELDS_H
#define CLUA_FIELDS_H

/* How a field becomes a Lua value. Members of structs are int64_t, durations and moments are nanoseconds. */
typedef enum clua_type {
  CLUA_INTEGER,
  CLUA_BOOLEAN,
  CLUA_SECONDS,
  CLUA_MILLISECONDS,
  CLUA_TEXT,
  CLUA_ROLE,     /* "prefill" | "decode" | "mixed", from 0 | 1 | 2 */
  CLUA_CONDITION, /* "up" | "down" | "draining" | "starting" | "off", from 0 to 4 */
  CLUA_STAGE,    /* "prefill" | "decode", from 0 | 1 */
  CLUA_INSTANCE, /* an instance view, from its 0-based index; nil from -1 */
  CLUA_OPTIONAL_SECONDS, /* nil from -1 */
  CLUA_PLACE,    /* 1-based place of an instance */
  CLUA_NUMBER_OF_REQUEST,
  CLUA_RATIO,     /* kv_usage */
  CLUA_WAITED,    /* now - arrival */
  CLUA_HIDDEN,    /* integer, for runs with --oracle only */
  CLUA_SESSION,   /* texts, or nil */
  CLUA_CLASS,
  CLUA_TENANT,
  CLUA_CONTENT,   /* array of integers */
  CLUA_DATA,      /* the policy's own table */
  CLUA_WAITING,   /* array of requests */
  CLUA_RUNNING,   /* array of requests */
  CLUA_NOW,
  CLUA_ALL,       /* arrays of instances */
  CLUA_PREFILLS,
  CLUA_DECODES,
  CLUA_MIXED,
  CLUA_GATEWAY,
  CLUA_PARAMS,
  CLUA_STATE,
  CLUA_STEP_TOKENS,
  CLUA_STEP_BUDGET,
  CLUA_STEP_SEQS,
  CLUA_METHOD
} clua_type;

/* Facts of an instance: the same during the whole run, but for its role. */
#define CLUA_INSTANCE_FACTS(FIELD) \
  FIELD(role, role, ROLE, "what it does: prompts, decoding, or both") \
  FIELD(node, node, INTEGER, "node that it belongs to, from 0") \
  FIELD(tp_size, tp_size, INTEGER, "accelerators that share each layer") \
  FIELD(pp_size, pp_size, INTEGER, "pipeline stages") \
  FIELD(kv_capacity_tokens, kv_capacity_tokens, INTEGER, "tokens that its KV cache holds, in whole blocks") \
  FIELD(max_num_seqs, max_num_seqs, INTEGER, "most requests running at once") \
  FIELD(max_num_batched_tokens, max_num_batched_tokens, INTEGER, "most tokens of one iteration") \
  FIELD(block_size, block_size, INTEGER, "tokens of a KV block")

#define CLUA_INSTANCE_TEXTS(FIELD) \
  FIELD(name, name, TEXT, "unique name, such as decode/0") \
  FIELD(model, model, TEXT, "model that it serves") \
  FIELD(hardware, hardware, TEXT, "accelerator that it runs on")

/* State of an instance at the present instant; tokens of KV count whole blocks. */
#define CLUA_INSTANCE_STATE(FIELD) \
  FIELD(state, state, CONDITION, "\"up\", or why it is no candidate: \"down\" (a fault), \"draining\", \"starting\", \"off\"") \
  FIELD(busy, busy, BOOLEAN, "is an iteration under way?") \
  FIELD(waiting_count, waiting_count, INTEGER, "requests queued here") \
  FIELD(running_count, running_count, INTEGER, "requests admitted to the running batch") \
  FIELD(waiting_prompt_tokens, waiting_prompt_tokens, INTEGER, "prompt tokens that queued requests still have to compute") \
  FIELD(running_context_tokens, running_context_tokens, INTEGER, "context tokens of running requests") \
  FIELD(inflight, inflight, INTEGER, "requests routed here that have neither finished nor moved on") \
  FIELD(kv_used_tokens, kv_used_tokens, INTEGER, "tokens of KV held by requests") \
  FIELD(kv_reserved_tokens, kv_reserved_tokens, INTEGER, "tokens of KV promised to transfers under way") \
  FIELD(kv_free_tokens, kv_free_tokens, INTEGER, "capacity less used and reserved") \
  FIELD(cached_tokens, cached_tokens, INTEGER, "tokens held by no request, kept for prefix hits") \
  FIELD(transfers_in, transfers_in, INTEGER, "KV transfers arriving now") \
  FIELD(transfers_out, transfers_out, INTEGER, "KV transfers leaving now") \
  FIELD(kv_waiting_count, kv_waiting_count, INTEGER, "requests whose KV cache waits elsewhere for blocks here; part of waiting_count") \
  FIELD(step_ms, last_step_ns, MILLISECONDS, "duration of the last iteration, in ms; 0 before the first") \
  FIELD(free_at_s, free_at_ns, SECONDS, "when the iteration under way ends, in s; now when idle")

#define CLUA_INSTANCE_DERIVED(FIELD) \
  FIELD(id, PLACE, "place in cluster.instances, from 1") \
  FIELD(kv_usage, RATIO, "used and reserved KV over capacity, 0 to 1") \
  FIELD(waiting, WAITING, "array of queued requests, in queue order") \
  FIELD(running, RUNNING, "array of running requests, in order of admission") \
  FIELD(prefix_hit_tokens, METHOD, "(request): tokens of its prompt that the prefix cache here holds now") \
  FIELD(estimate_prefill_s, METHOD, "(request): seconds until its prompt would be done here, queue and compute") \
  FIELD(estimate_step_s, METHOD, "{prefill_tokens=, decode_seqs=, context_tokens=}: seconds of one such iteration here") \
  FIELD(transfer_s, METHOD, "(request, to): seconds to move its KV cache from here to another instance, over idle links")

/* State of an active request at the present instant. */
#define CLUA_REQUEST_STATE(FIELD) \
  FIELD(stage, stage, STAGE, "what it needs next: its prompt, or tokens after the first") \
  FIELD(arrival_s, arrival_ns, SECONDS, "when it arrived, in s") \
  FIELD(prompt_tokens, prompt_tokens, INTEGER, "length of its prompt") \
  FIELD(cached_tokens, cached_tokens, INTEGER, "prompt tokens that prefix caches saved") \
  FIELD(computed_tokens, computed_tokens, INTEGER, "tokens whose KV exists") \
  FIELD(remaining_prompt_tokens, remaining_prompt_tokens, INTEGER, \
    "tokens to compute before the next one can be generated; after a preemption with the generated ones") \
  FIELD(generated_tokens, generated_tokens, INTEGER, "tokens generated so far") \
  FIELD(context_tokens, context_tokens, INTEGER, "prompt and generated tokens") \
  FIELD(predicted_output_tokens, predicted_output_tokens, INTEGER, "output length that the run's predictor expects") \
  FIELD(output_tokens, output_tokens, HIDDEN, "true output length, with --oracle only") \
  FIELD(kv_bytes, kv_bytes, INTEGER, "bytes of its KV cache") \
  FIELD(turn, turn, INTEGER, "turn in its session, from 0") \
  FIELD(deferrals, deferrals, INTEGER, "times that admit deferred it") \
  FIELD(preemptions, preemptions, INTEGER, "times that it was preempted") \
  FIELD(priority, priority, INTEGER, "what its trace says; larger is more important; 0 unless said") \
  FIELD(ttft_slo_s, ttft_slo_ns, OPTIONAL_SECONDS, "target for its time to first token, in s; nil without one") \
  FIELD(tpot_slo_s, tpot_slo_ns, OPTIONAL_SECONDS, "target for its mean gap between tokens, in s; nil without one") \
  FIELD(deadline_s, deadline_ns, OPTIONAL_SECONDS, "when its last token should be there, in s; nil without one") \
  FIELD(instance, instance, INSTANCE, "instance that it is on; nil at the gateway before its prompt") \
  FIELD(prefill_instance, prefill_instance, INSTANCE, "instance chosen for its prompt; nil before") \
  FIELD(decode_instance, decode_instance, INSTANCE, "instance chosen for decoding; nil before") \
  FIELD(migrating_to, migrating_to, INSTANCE, "instance that it is being moved to while it decodes; nil when it is not")

#define CLUA_REQUEST_DERIVED(FIELD) \
  FIELD(id, NUMBER_OF_REQUEST, "place in the workload, from 0, as in the output files") \
  FIELD(waited_s, WAITED, "seconds since it arrived") \
  FIELD(session_id, SESSION, "name of its session; nil without one") \
  FIELD(class, CLASS, "kind of request that its trace says; nil without one") \
  FIELD(tenant, TENANT, "tenant that its trace says; nil without one") \
  FIELD(content, CONTENT, "array of the ids of its prompt's tokens or blocks, whole ones only, as its trace tells them; empty where it does not") \
  FIELD(data, DATA, "a table that belongs to the policy, empty at first")

/* Cached blocks that no request holds, next to each other in the order of eviction and given back together. */
#define CLUA_PREFIX_STATE(FIELD) \
  FIELD(blocks, blocks, INTEGER, "blocks of it; the deepest of the prompt goes first") \
  FIELD(tokens, tokens, INTEGER, "tokens that those hold") \
  FIELD(start_tokens, start_tokens, INTEGER, "tokens of the prompt before them") \
  FIELD(hits, hits, INTEGER, "how often a prompt has found them in the cache") \
  FIELD(freed_s, freed_ns, SECONDS, "when the last request gave them back, in s") \
  FIELD(idle_s, idle_ns, SECONDS, "seconds since then")

#define CLUA_CLUSTER_DERIVED(FIELD) \
  FIELD(now_s, NOW, "simulated time, in s") \
  FIELD(instances, ALL, "array of all instances, in configuration order") \
  FIELD(prefill, PREFILLS, "array of prefill instances") \
  FIELD(decode, DECODES, "array of decode instances") \
  FIELD(mixed, MIXED, "array of instances that do both") \
  FIELD(gateway_waiting, GATEWAY, "requests parked at the gateway") \
  FIELD(params, PARAMS, "parameters of the policy, with --param applied") \
  FIELD(state, STATE, "the table that init returned") \
  FIELD(link, METHOD, "(from, to): the path between two instances: { bytes_per_s, latency_s, queued_bytes, free_at_s }") \
  FIELD(set_role, METHOD, "(instance, role): drains it, and gives it another role; true, or false and why not") \
  FIELD(add_instance, METHOD, "(instance): starts one that is off; true, or false and why not") \
  FIELD(remove_instance, METHOD, "(instance): drains it, and turns it off; true, or false and why not") \
  FIELD(migrate, METHOD, "(request, instance): moves a decoding request there with its KV cache; true, or false and why not") \
  FIELD(replicate, METHOD, "(request, from, to): copies what one prefix cache holds of its prompt, and the other lacks; true, or false and why not") \
  FIELD(argmin, METHOD, "(list, \"field\"): the item with the smallest value, the first of equals; nil when empty") \
  FIELD(argmax, METHOD, "(list, \"field\"): the item with the largest value, the first of equals; nil when empty") \
  FIELD(filter, METHOD, "(list, \"field\", \"<\" | \"<=\" | \">\" | \">=\" | \"==\" | \"~=\", value): array of the items that agree")

#define CLUA_STEP_DERIVED(FIELD) \
  FIELD(tokens, STEP_TOKENS, "tokens scheduled so far") \
  FIELD(budget, STEP_BUDGET, "most tokens that this iteration may hold") \
  FIELD(seqs, STEP_SEQS, "requests scheduled so far") \
  FIELD(can_allocate, METHOD, "(request, tokens): are KV blocks for that many more tokens free?") \
  FIELD(decode, METHOD, "(request): one more token of a running request; true, or false and why not") \
  FIELD(decode_all, METHOD, "(): decodes running requests in order of admission until one is refused; how many it took, and how many it did not") \
  FIELD(prefill, METHOD, "(request, tokens): the next tokens of its prompt; true, or false and why not") \
  FIELD(preempt, METHOD, "(request, \"recompute\"): frees its KV; true, or false and why not")

#endif
