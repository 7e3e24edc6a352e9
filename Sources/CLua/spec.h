/* What the files for specs share: a cluster that a test wrote, in place of the engine's. */
#ifndef CLUA_SPEC_H
#define CLUA_SPEC_H

#include "views.h"

typedef struct {
  int32_t *slots;
  int32_t count, capacity;
} spec_queue;

typedef struct {
  clua_request_state state;
  int labels[3];    /* registry references of the names of session, class and tenant; 0 is none */
  int content;      /* registry reference of a list of integers; 0 is none */
  int64_t ended_ns; /* -1 while it is active */
  int32_t scheduled; /* tokens in the step being formed */
} spec_request;

typedef struct spec {
  int tests; /* registry: array of { name, body } */
  char *path;

  clua_instance_state *states;
  spec_queue *queues; /* two for each instance: waiting, running */
  int32_t instance_count;
  spec_request *requests; /* by slot, which is the id too */
  int32_t request_count, request_capacity;
  int methods; /* registry: array by instance of what its methods answer */
  int64_t gateway_waiting;
  int actions; /* registry: array of what the policy had done, { action, instance, role } */

  /* The step being formed: requests with tokens in order, and those preempted. */
  int32_t forming; /* -1 outside `batch` */
  int64_t step_tokens;
  spec_queue scheduled, preempted;
} spec;

/* spec.c */
spec *spec_of(lua_State *L);

/* spec_tables.c: tables that say what instances and requests are. */
bool spec_has(lua_State *L, int table, const char *key);
void spec_read(lua_State *L, int table, clua_view view, void *facts, void *state);
int64_t spec_integer(lua_State *L, int index, const char *what);
double spec_number(lua_State *L, int index, const char *what);

/* spec_cluster.c */
void spec_cluster_open(lua_State *L, spec *made);
void spec_close(spec *made);
void spec_push(lua_State *L, spec_queue *queue, int32_t slot);
bool spec_remove(spec_queue *queue, int32_t slot);
bool spec_contains(const spec_queue *queue, int32_t slot);
spec_queue *spec_queue_of(spec *made, int32_t instance, bool running);
void spec_recount(lua_State *L, int32_t instance);

/* spec_world.c: the callbacks. */
void spec_world_open(clua_vm *vm);

/* spec_step.c */
void spec_step_open(clua_vm *vm);
void spec_step_begin(spec *made, int32_t instance);

/* spec_hooks.c: functions that ask the policy. stack: table of functions for the prelude */
void spec_hooks_open(lua_State *L);

#endif
