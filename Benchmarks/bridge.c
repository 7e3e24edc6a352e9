/* Asks a policy for routing decisions over instances that it makes up, without an engine: what the bridge to Lua costs by
 * itself. Prints ns of CPU for each decision, of fifteen rounds the least.
 *
 *   bridge POLICY INSTANCES CHANGED DECISIONS
 *
 * CHANGED instances change between two decisions, others each time. Of a POLICY that is called `native` the least of
 * kv_usage is found here instead, in C. */
#include "CLua.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, MOST_INSTANCES = 4096 };

static double cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int64_t fill_instance(void *context, int32_t instance, clua_instance_state *state) {
  (void)context;
  memset(state, 0, sizeof *state);
  state->kv_used_tokens = instance * 7919 % 1000;
  state->waiting_count = instance % 3;
  return INT64_MAX;
}

static bool fill_request(void *context, clua_request request, clua_request_state *state) {
  (void)context;
  (void)request;
  memset(state, 0, sizeof *state);
  return true;
}

static void log_nothing(void *context, int64_t now, clua_log_level level, const char *file, int32_t line,
                        const char *text, size_t length, int64_t count) {
  (void)context, (void)now, (void)level, (void)file, (void)line, (void)text, (void)length, (void)count;
}

static int fail(clua_vm *vm) {
  fprintf(stderr, "%s\n", vm != NULL ? clua_last_error(vm)->problem : "no memory");
  return 1;
}

static bool ask(clua_vm *vm, int32_t k, const int32_t *ids, int32_t count, const uint32_t *versions) {
  clua_lend(vm, vm, versions);
  clua_route_answer answer;
  bool done = clua_call_route(vm, CLUA_ROUTE, k, (clua_request){k % 100, k}, ids, count, &answer) == CLUA_OK;
  clua_lend(vm, NULL, NULL);
  return done;
}

/* The native equivalent: looks at what has changed, and for the least of all. */
static volatile int32_t chosen;
static void choose(int32_t count, int32_t changed, int32_t k, const clua_instance_facts *facts) {
  static double usage[MOST_INSTANCES];
  for (int32_t j = 0; j < changed; j++) {
    int32_t i = (k * 7 + j * 13) % count;
    clua_instance_state state;
    fill_instance(NULL, i, &state);
    usage[i] = ((double)state.kv_used_tokens + (double)state.kv_reserved_tokens) / (double)facts[i].kv_capacity_tokens;
  }
  int32_t best = 0;
  double least = usage[0];
  for (int32_t i = 1; i < count; i++) {
    best = usage[i] < least ? i : best;
    least = usage[i] < least ? usage[i] : least;
  }
  chosen = best;
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "bridge POLICY INSTANCES CHANGED DECISIONS\n"), 2;
  int count = atoi(argv[2]), changed = atoi(argv[3]), decisions = atoi(argv[4]);
  if (count < 1 || count > MOST_INSTANCES) return fprintf(stderr, "1 to %d instances\n", MOST_INSTANCES), 2;
  bool native = strcmp(argv[1], "native") == 0;
  clua_options options = {.memory_limit = 256 << 20, .timeout_ns = 60000000000, .random = {1, 2, 3, 4}, .version = "1"};
  clua_callbacks world = {.fill_instance = fill_instance, .fill_request = fill_request, .log = log_nothing};
  clua_vm *vm = native ? NULL : clua_open(&options, &world);
  if (!native && (vm == NULL || clua_load(vm, argv[1]) != CLUA_OK)) return fail(vm);
  clua_instance_facts *facts = calloc((size_t)count, sizeof *facts);
  int32_t *ids = calloc((size_t)count, sizeof *ids);
  uint32_t *versions = calloc((size_t)count, sizeof *versions);
  for (int i = 0; i < count; i++) {
    char *name = malloc(32);
    snprintf(name, 32, "mixed/%d", i);
    facts[i] = (clua_instance_facts){.name = name, .model = "m", .hardware = "h", .role = 2, .kv_capacity_tokens = 1000};
    ids[i] = i;
  }
  if (!native) {
    clua_bind_cluster(vm, facts, count);
    clua_lend(vm, vm, versions);
    if (clua_hook_at(vm, CLUA_INIT)->bound && clua_call_init(vm, 0) != CLUA_OK) return fail(vm);
  }
  double least = 0;
  for (int round = 0, first = 0; round < ROUNDS; round++, first += decisions) {
    double start = cpu_ns();
    for (int k = first; k < first + decisions; k++) {
      for (int j = 0; j < changed; j++) versions[(k * 7 + j * 13) % count]++;
      if (vm == NULL) {
        choose(count, changed, k, facts);
      } else if (!ask(vm, k, ids, count, versions)) {
        return fail(vm);
      }
    }
    double each = (cpu_ns() - start) / decisions;
    if (round == 0 || each < least) least = each;
  }
  printf("%.0f\n", least);
  return 0;
}
