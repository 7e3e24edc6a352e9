/* A Lua policy as the engine sees it: an opaque virtual machine, status codes and plain structs.
 *
 * Rules of this border:
 * - No function here lets a Lua error escape; those that can fail return CLUA_FAILED and fill `clua_last_error`.
 * - Callbacks return values or a status and never longjmp; errors are raised in C, after the Swift frame is gone.
 * - Text returned by the machine belongs to it and lives until the next call on it, unless a comment says otherwise.
 * - A machine is used by one thread at a time. */
#ifndef CLUA_H
#define CLUA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CLuaFields.h"

typedef struct clua_vm clua_vm;

typedef enum clua_status { CLUA_OK = 0, CLUA_FAILED = 1 } clua_status;

/* In the order of the bits of `HookSet`. */
typedef enum clua_hook_id {
  CLUA_INIT,
  CLUA_ADMIT,
  CLUA_ROUTE,
  CLUA_ROUTE_DECODE,
  CLUA_BATCH,
  CLUA_PREEMPT,
  CLUA_TICK,
  CLUA_ON_FIRST_TOKEN,
  CLUA_ON_FINISH,
  CLUA_ON_REJECT,
  CLUA_ON_PREEMPT,
  CLUA_ON_TRANSFER,
  CLUA_ON_INSTANCE_DOWN,
  CLUA_ON_INSTANCE_UP,
  CLUA_DONE,
  CLUA_EVICT,
  CLUA_HOOK_COUNT
} clua_hook_id;

/* A request: its slot in the table of active requests, and its id as the generation. */
typedef struct clua_request {
  int32_t slot;
  int32_t id;
} clua_request;

#define CLUA_MEMBER(name, member, type, meaning) int64_t member;
#define CLUA_TEXT_MEMBER(name, member, type, meaning) const char *member;
typedef struct clua_instance_facts {
  CLUA_INSTANCE_TEXTS(CLUA_TEXT_MEMBER)
  CLUA_INSTANCE_FACTS(CLUA_MEMBER)
} clua_instance_facts;
typedef struct clua_instance_state { CLUA_INSTANCE_STATE(CLUA_MEMBER) } clua_instance_state;
typedef struct clua_request_state { CLUA_REQUEST_STATE(CLUA_MEMBER) } clua_request_state;
typedef struct clua_prefix_state { CLUA_PREFIX_STATE(CLUA_MEMBER) } clua_prefix_state;
#undef CLUA_MEMBER
#undef CLUA_TEXT_MEMBER

/* The path between two instances: its ports without others, and what is on its way through them. */
typedef struct clua_link {
  double bytes_per_s;
  int64_t latency_ns;
  int64_t queued_bytes;
  int64_t free_at_ns;
} clua_link;

typedef enum clua_log_level { CLUA_LOG_INFO, CLUA_LOG_WARN, CLUA_LOG_ERROR, CLUA_LOG_NOTE } clua_log_level;

typedef enum clua_action { CLUA_SET_ROLE, CLUA_ADD_INSTANCE, CLUA_REMOVE_INSTANCE, CLUA_MIGRATE, CLUA_REPLICATE } clua_action;
/* Something that a policy has done. `role` is of CLUA_SET_ROLE alone: 0 | 1 | 2; `request` of CLUA_MIGRATE and
 * CLUA_REPLICATE, where `instance` is the destination; `from` of the latter. */
typedef struct clua_deed {
  clua_action action;
  int32_t instance;
  int32_t role;
  clua_request request;
  int32_t from;
} clua_deed;

/* What the machine asks of the engine during a hook call. `context` is what `clua_lend` gave. */
typedef struct clua_callbacks {
  void *context;
  void *log_context;
  /* Returns until when, in ns, the state stays what it is unless the version of the instance changes. */
  int64_t (*fill_instance)(void *context, int32_t instance, clua_instance_state *state);
  /* False once the request has ended. */
  bool (*fill_request)(void *context, clua_request request, clua_request_state *state);
  /* Nanoseconds at which a request ended; -1 when it has not, or is unknown. */
  int64_t (*end_of_request)(void *context, clua_request request);
  /* Writes the text of CLUA_SESSION, CLUA_CLASS or CLUA_TENANT to `clua_scratch` and returns its length in bytes; -1 is
   * none. */
  int64_t (*label)(void *context, clua_request request, clua_type which);
  /* Writes an array of uint32_t to `clua_scratch`, what the prompt consists of, and returns its count; -1 is out of memory. */
  int64_t (*list_content)(void *context, clua_request request);
  /* Writes an array of clua_request to `clua_scratch` and returns its count; -1 is out of memory. */
  int64_t (*list_requests)(void *context, int32_t instance, bool running);
  int64_t (*gateway_waiting)(void *context);
  int64_t (*prefix_hit_tokens)(void *context, clua_request request, int32_t instance);
  int64_t (*estimate_prefill_ns)(void *context, clua_request request, int32_t instance);
  int64_t (*estimate_step_ns)(void *context, int32_t instance, int64_t prefill_tokens,
                              int64_t decode_seqs, int64_t context_tokens);
  int64_t (*transfer_ns)(void *context, clua_request request, int32_t from, int32_t to);
  clua_link (*link)(void *context, int32_t from, int32_t to);
  int64_t (*step_tokens)(void *context);
  int64_t (*step_budget)(void *context);
  int64_t (*step_seqs)(void *context);
  bool (*step_can_allocate)(void *context, clua_request request, int64_t tokens);
  /* The next three return -1 for done, else an index into `clua_options.refusals`. */
  int32_t (*step_decode)(void *context, clua_request request);
  int32_t (*step_prefill)(void *context, clua_request request, int64_t tokens);
  int32_t (*step_preempt)(void *context, clua_request request);
  /* Returns how many it took, and writes how many running requests it did not. */
  int64_t (*step_decode_all)(void *context, int64_t *left);
  /* Has something done; answers as the step calls do. */
  int32_t (*act)(void *context, const clua_deed *deed);
  /* Also while loading. `file` may be NULL; `count` is how often this line has logged, itself included. */
  void (*log)(void *log_context, int64_t now_ns, clua_log_level level, const char *file, int32_t line,
              const char *text, size_t length, int64_t count);
} clua_callbacks;

typedef struct clua_options {
  /* Words of the policy's random stream. */
  uint64_t random[4];
  /* Bytes that the machine may hold. */
  size_t memory_limit;
  /* Wall-clock budget of each hook call, and of loading each file, in ns. */
  int64_t timeout_ns;
  /* Wall-clock budget of all hook calls of a run together, in ns; 0 is no limit. */
  int64_t total_timeout_ns;
  /* Virtual-machine instructions for each call and each file; 0 is no limit. */
  int64_t max_instructions;
  /* May policies read the true output length? */
  bool oracle;
  /* Folder of shared modules for `require`; NULL is none. Copied. */
  const char *library_folder;
  /* What `sim.version` says. Copied. */
  const char *version;
  /* Reasons that step calls return. Copied. */
  const char *const *refusals;
  int32_t refusal_count;
} clua_options;

/* The last failure. Empty text stands for "none"; line 0 is unknown. */
typedef struct clua_error {
  const char *file;
  int32_t line;
  const char *problem;
  const char *suggestion;
  const char *traceback;
} clua_error;

/* A machine with its sandbox ready; NULL when memory is short. Close it with `clua_close`. */
clua_vm *clua_open(const clua_options *options, const clua_callbacks *callbacks);
void clua_close(clua_vm *vm);
const clua_error *clua_last_error(const clua_vm *vm);
/* Bytes that the machine holds now. */
size_t clua_memory_used(const clua_vm *vm);
/* Space of at least `size` bytes for a callback's answer, valid until the next call; NULL when memory is short. */
void *clua_scratch(clua_vm *vm, size_t size);

/* Sets the context of the callbacks for the calls that follow; NULL takes it back. `versions` has a number for each instance
 * that changes with its state, the passing of time left out; NULL has every call fill the state anew. */
void clua_lend(clua_vm *vm, void *context, const uint32_t *versions);

/* Loads one policy file and binds its hooks. Several files compose. */
clua_status clua_load(clua_vm *vm, const char *path);

typedef struct clua_policy {
  const char *path;
  const char *name;
  const char *version;
  const char *description;
  const char *author;
  const char *licence;
} clua_policy;
int32_t clua_policy_count(const clua_vm *vm);
const clua_policy *clua_policy_at(const clua_vm *vm, int32_t index);
/* Every file that was read, required modules included, in the order of reading. */
int32_t clua_file_count(const clua_vm *vm);
const char *clua_file_at(const clua_vm *vm, int32_t index);
/* True when any loaded file set the flag. */
bool clua_every_iteration(const clua_vm *vm);
bool clua_gateway_scan(const clua_vm *vm);
/* Simulated ns between calls of `tick`; 0 when no file defines it. */
int64_t clua_tick_ns(const clua_vm *vm);

typedef struct clua_hook {
  bool bound;
  /* Index of the file that defines it, and line of its definition. */
  int32_t policy;
  int32_t line;
  int64_t calls;
  int64_t host_ns;
} clua_hook;
const char *clua_hook_name(clua_hook_id hook);
const clua_hook *clua_hook_at(const clua_vm *vm, clua_hook_id hook);

typedef enum clua_param_type {
  CLUA_PARAM_NUMBER,
  CLUA_PARAM_INTEGER,
  CLUA_PARAM_STRING,
  CLUA_PARAM_BOOLEAN
} clua_param_type;
/* One declared parameter. `number` and `integer` hold numeric values, `boolean` and `text` the others. */
typedef struct clua_param {
  const char *name;
  clua_param_type type;
  int32_t policy;
  bool has_min, has_max;
  double min, max;
  double number;
  int64_t integer;
  bool boolean;
  const char *text;
  const char *help;
  const char *const *choices;
  int32_t choice_count;
} clua_param;
int32_t clua_param_count(const clua_vm *vm);
const clua_param *clua_param_at(const clua_vm *vm, int32_t index);
/* Replaces a parameter's value; only the member of its type is read. Before the first hook call. */
clua_status clua_set_param(clua_vm *vm, int32_t index, const clua_param *value);

/* Tells the machine which instances exist. Once, before the first hook call; texts are copied. */
clua_status clua_bind_cluster(clua_vm *vm, const clua_instance_facts *facts, int32_t count);

/* An instance has another role from now on; before the instances are known, nothing happens. */
void clua_set_role(clua_vm *vm, int32_t instance, int32_t role);

clua_status clua_call_init(clua_vm *vm, int64_t now_ns);

typedef enum clua_admission { CLUA_ADMITTED, CLUA_REJECTED, CLUA_DEFERRED } clua_admission;
typedef struct clua_admit_answer {
  clua_admission kind;
  const char *reason;
  int64_t wait_ns;
} clua_admit_answer;
clua_status clua_call_admit(clua_vm *vm, int64_t now_ns, clua_request request, clua_admit_answer *answer);

/* How a request whose prompt is done goes on: its KV cache moves; it stays, and the instance need not be a candidate; or
 * its KV cache is dropped and computed again where it goes. */
typedef enum clua_hand_off { CLUA_MOVES, CLUA_STAYS, CLUA_RECOMPUTES } clua_hand_off;
/* An instance among the candidates, or -1 to wait; and from CLUA_ROUTE the instance to decode on, or -1 for later. */
typedef struct clua_route_answer {
  int32_t instance;
  int32_t decode;
  clua_hand_off hand_off;
} clua_route_answer;
/* `hook` is CLUA_ROUTE or CLUA_ROUTE_DECODE. */
clua_status clua_call_route(clua_vm *vm, clua_hook_id hook, int64_t now_ns, clua_request request,
                            const int32_t *candidates, int32_t count, clua_route_answer *answer);

/* `answer` is the place of the victim among the candidates, or -1 for the engine's own choice. */
clua_status clua_call_preempt(clua_vm *vm, int64_t now_ns, int32_t instance, const clua_request *candidates,
                              int32_t count, int64_t needed_tokens, int32_t *answer);

/* `answer` is the place among the candidates of those to go first, or -1 for the least recently used. */
clua_status clua_call_evict(clua_vm *vm, int64_t now_ns, int32_t instance, const clua_prefix_state *candidates,
                            int32_t count, int64_t needed_blocks, int32_t *answer);

clua_status clua_call_tick(clua_vm *vm, int64_t now_ns);

typedef enum clua_order { CLUA_FCFS, CLUA_SJF, CLUA_EDF, CLUA_LISTED } clua_order;
/* -1 keeps the instance's own limit. `listed` lives until the next call. */
typedef struct clua_limits {
  bool given;
  int64_t max_num_seqs;
  int64_t max_num_batched_tokens;
  int64_t chunk_tokens;
  clua_order order;
  bool prefill_first;
  const clua_request *listed;
  int32_t listed_count;
} clua_limits;
clua_status clua_call_batch(clua_vm *vm, int64_t now_ns, int32_t instance, clua_limits *limits);

/* `hook` is one of CLUA_ON_…. */
clua_status clua_call_notify(clua_vm *vm, clua_hook_id hook, int64_t now_ns, clua_request request);

/* `rejected` is the caller's, false for each request; the hook's answer sets it. `reason` is NULL for the usual one. */
typedef struct clua_down_answer {
  bool *rejected;
  const char *reason;
} clua_down_answer;
clua_status clua_call_instance_down(clua_vm *vm, int64_t now_ns, int32_t instance, const clua_request *requests,
                                    int32_t count, clua_down_answer *answer);
clua_status clua_call_instance_up(clua_vm *vm, int64_t now_ns, int32_t instance);

/* `json` is NULL when the hook returned nothing. */
clua_status clua_call_done(clua_vm *vm, int64_t now_ns, const char *const *names, const double *values,
                           int32_t count, const char **json, size_t *length);

/* Specs: files that test policies on clusters made by hand. A machine opened for a spec runs no simulation.
 * `prelude` is the Lua text that defines `describe`, `it`, `expect` and `cluster`. */
clua_status clua_spec_open(clua_vm *vm, const char *path, const char *prelude);
int32_t clua_spec_count(clua_vm *vm);
const char *clua_spec_name(clua_vm *vm, int32_t index);
clua_status clua_spec_run(clua_vm *vm, int32_t index);

typedef enum clua_view {
  CLUA_VIEW_INSTANCE,
  CLUA_VIEW_REQUEST,
  CLUA_VIEW_CLUSTER,
  CLUA_VIEW_STEP,
  CLUA_VIEW_PREFIX,
  CLUA_VIEW_COUNT
} clua_view;
typedef struct clua_field {
  const char *name;
  clua_type type;
  size_t offset;
  const char *meaning;
} clua_field;
/* The fields of one view, in the order of CLuaFields.h. */
const clua_field *clua_fields(clua_view view, int32_t *count);

/* A value as it was read. */
typedef enum clua_value {
  CLUA_VALUE_NIL,
  CLUA_VALUE_BOOLEAN,
  CLUA_VALUE_INTEGER,
  CLUA_VALUE_NUMBER,
  CLUA_VALUE_TEXT,
  CLUA_VALUE_LIST,     /* its length */
  CLUA_VALUE_INSTANCE, /* its index */
  CLUA_VALUE_OTHER
} clua_value;
/* One field that a policy read, or one method that it asked. */
typedef struct clua_read {
  clua_view view;
  /* Index of the instance, id of the request, or place of the prefix, that was read; 0 for cluster and step. */
  int32_t object;
  /* Of the field or method; lives as long as the program. */
  const char *name;
  /* The request and the instance that a method was asked about, -1 is none; and the tokens. */
  int32_t request, instance;
  int64_t tokens;
  clua_value kind;
  int64_t integer;
  double number;
  /* Cut to fit; of a step call that was refused: why. */
  char text[64];
} clua_read;
/* From now on keeps what hooks read. Reading is slower then, and answers the same. */
clua_status clua_record(clua_vm *vm);
/* What was read since the last call of this, in order, valid until the next hook call. */
const clua_read *clua_take_reads(clua_vm *vm, int32_t *count);

/* The nearest of `names` to `word`, for "did you mean"; NULL when none is near. */
const char *clua_nearest(const char *word, const char *const *names, int32_t count);

#endif
