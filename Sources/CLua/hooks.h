/* Bodies of hook calls: C functions for Lua whose one argument is a light pointer to such a struct. */
#ifndef CLUA_HOOKS_H
#define CLUA_HOOKS_H

#include "views.h"

typedef struct {
  clua_request request;
  clua_admit_answer *answer;
} admission;

typedef struct {
  clua_request request;
  const int32_t *candidates;
  int32_t count;
  clua_route_answer answer;
} routing;

typedef struct {
  int32_t instance;
  const clua_request *candidates;
  int32_t count;
  int64_t needed_tokens;
  int32_t answer;
} preemption;

typedef struct {
  int32_t instance;
  const clua_request *requests;
  int32_t count;
  clua_down_answer *answer;
} loss;

typedef struct {
  int32_t instance;
  const clua_prefix_state *candidates;
  int32_t count;
  int64_t needed_blocks;
  int32_t answer;
} eviction;

typedef struct {
  int32_t instance;
  clua_limits *limits;
} batching;

/* Where the hook that is running is defined, and its function. */
place hook_place(clua_vm *vm);
void hook_push(lua_State *L);
/* Begins a call whose arguments are pushed outside of a protected call: pushes the handler of errors and the function. Nothing
 * may raise there, and only the limit of memory would; what the arguments take, the next call pays. The caller sets
 * `memory_slack` to 0 behind them. */
bool hook_begin(clua_vm *vm, clua_hook_id hook, int64_t now_ns, vm_call *call);
/* Raises an error about what the hook has answered. */
#define WRONG(suggestion, ...) vm_fail(L, hook_place(vm), suggestion, __VA_ARGS__)

int body_init(lua_State *L);
int body_admit(lua_State *L);
int body_route(lua_State *L);
int body_batch(lua_State *L);
int body_preempt(lua_State *L);
int body_evict(lua_State *L);
int body_tick(lua_State *L); /* no argument */
int body_instance_down(lua_State *L);
int body_instance_up(lua_State *L); /* argument: const int32_t * */
int body_notify(lua_State *L); /* argument: const clua_request * */

#endif
