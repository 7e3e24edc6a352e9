/* What the files of this module share; nothing of it leaves the module. */
#ifndef CLUA_VM_H
#define CLUA_VM_H

#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "include/CLua.h"

/* Why the machine must stop. Sticky: no pcall of the policy can swallow it. */
enum { STOP_NONE, STOP_TIME, STOP_INSTRUCTIONS, STOP_MEMORY };

/* Until when the state that a view holds stands, and what reads of it find; see rows.c. */
typedef struct {
  int64_t until;    /* it stands before this moment ... */
  uint32_t version; /* ... while the instance's version is this one */
  bool in_use;      /* reads find the row */
  uint8_t credit;   /* how often the row is still brought up to date before it has to be read again */
  uint8_t grant;    /* the credit that it was given last */
  uint8_t doubts;   /* how often it must still be found standing before the row is used again */
  uint32_t missed;  /* number of the routing call in which it was last read through C */
  uint32_t written; /* number of that in which the row was last brought up to date */
  int view, row, metatable; /* registry references */
} held_instance;

/* One field of an instance as a scan in C found it, and until when that stands; see scans.c. */
typedef struct {
  double value;
  int64_t until;
  uint32_t version;
} column_entry;

/* What lies in tables for each slot: `data`; and what the trace says of it, by clua_type: the names of session, class and
 * tenant, false for none, and its content. */
enum { OF_POLICY, OF_TRACE, BELONGINGS };

/* The request that was read last in one slot. */
typedef struct {
  int32_t id;
  bool has_belongings; /* in `belongings` */
  uint64_t stamp; /* epoch in which `state` was filled */
  clua_request_state state;
} held_request;

/* The array of the requests that wait or run on an instance. */
typedef struct {
  uint64_t stamp; /* epoch in which it was made */
  int list;       /* registry reference; 0 is none */
} held_queue;

/* A loaded file: its path; what Lua calls it, the last part of the path where that is unique; and how Lua shortens
 * that in messages. */
typedef struct {
  char *path;
  const char *name;
  char short_name[LUA_IDSIZE];
} chunk;

typedef struct {
  const char *path; /* NULL is unknown; owned by `chunks` */
  int line;
} place;

/* The array of one set of instances, made once and used again while the policy leaves it as it is; see lists.c. */
typedef struct {
  int32_t *ids;
  int32_t count;
  bool plain;          /* Lua has touched entries: plain tables from then on */
  int table;           /* registry reference, 0 is none */
  const void *pointer; /* identity of that table while Lua has touched none; NULL afterwards */
} instance_list;

typedef struct {
  const char *file;
  int line;
  int64_t count;
} log_site;

/* Interned name -> field of each view; NULL is none. */
typedef struct {
  const char *key;
  const clua_field *field[CLUA_VIEW_COUNT];
} name_slot;

enum { MOST_FIELDS = 64, NAME_SLOTS = 256, LIST_SLOTS = 32, SITE_SLOTS = 512, STAT_WORDS = 8 };
enum { SPARE_STEP = 16, SPARE_SIZES = 9 }; /* see memory.c */

struct clua_vm {
  lua_State *L;
  clua_callbacks world;
  clua_options options;

  /* Budgets. `running` is the coroutine that executes. */
  lua_State *volatile running;
  volatile sig_atomic_t stop;
  uint64_t calls;               /* into Lua, so far */
  _Atomic uint64_t under_way;   /* number of the call; 0 outside calls */
  _Atomic int64_t allowed_ns;   /* its budget */
  _Atomic int thread;           /* on which it runs */
  _Atomic uint64_t late;        /* number of a call that has used up its budget */
  uint64_t seen;                /* the watchdog's: the call that it saw last, */
  int64_t seen_since_ns;        /* and since when */
  struct clua_vm *next_watched;
  int64_t instructions;
  int64_t spent_ns; /* by the calls so far */
  uint32_t ticks;
  size_t memory;
  size_t memory_slack;
  void *spare[SPARE_SIZES]; /* small blocks that Lua gave back, by size: each begins with the address of the next */
  int stop_messages[4]; /* registry references, indexed by STOP_* */

  /* The call under way. */
  clua_hook_id hook; /* CLUA_HOOK_COUNT while loading */
  uint64_t epoch;
  int64_t now;
  bool in_batch;
  bool keeps_views; /* the call under way sees whole instants: what was filled stands until it changes */
  const uint32_t *versions; /* of instances; NULL is unknown */
  lua_CFunction body;
  int64_t step_calls;

  /* Registry references. */
  int instances; /* array of instance views */
  int belongings; /* by slot, tables that the first read makes */
  int cluster, step, params, param_values, state, modules;
  int format; /* Lua's own string.format */
  int roles[3], stages[2], conditions[5];
  int metatables[CLUA_VIEW_COUNT];
  int strict; /* metatable of `sim` and `sim.log` */
  int *refusals;

  name_slot names[NAME_SLOTS];
  clua_instance_facts *facts;
  int (*fact_texts)[3];
  int32_t instance_count;
  const void **objects; /* the views of the instances, which Lua keeps where they are */
  held_instance *held;
  held_request *held_requests; /* by slot */
  int32_t held_request_count;

  column_entry *columns[MOST_FIELDS]; /* by field, each by instance; NULL before a scan has asked */

  /* rows.c */
  int32_t *in_use; /* instances whose rows are */
  int32_t in_use_count;
  uint32_t routings; /* calls that kept views */
  uint32_t calls_to_stand; /* after which a row has paid: more while lists of prompts and of decoding take turns */
  uint64_t row_fields; /* fields that change and are in the rows, by their place among the fields */
  int row_names[MOST_FIELDS]; /* registry references, as the next three */
  int row_metatable, instance_index, index_name;

  held_queue *queues; /* two for each instance: what waits, what runs */
  instance_list by_role[4]; /* all, prefill, decode, mixed */
  instance_list lists[LIST_SLOTS];
  instance_list *last_list; /* the one handed out last */

  uint64_t random[4];
  log_site sites[SITE_SLOTS];

  clua_policy *policies;
  int32_t policy_count;
  clua_hook hooks[CLUA_HOOK_COUNT];
  int hook_functions[CLUA_HOOK_COUNT];
  clua_param *parameters;
  int32_t parameter_count;
  bool every_iteration, gateway_scan;
  int64_t tick_ns;
  chunk *chunks;
  int32_t chunk_count;

  /* What the call under way has read, once `clua_record` was called. */
  bool records;
  clua_read *reads;
  int32_t read_count, read_capacity;
  int recorded_methods[CLUA_VIEW_COUNT][MOST_FIELDS]; /* registry references, 0 is none */

  struct spec *spec;   /* a cluster made by hand; NULL in a simulation */
  char *loading_bytes; /* source of the file being loaded */
  char *scratch;
  size_t scratch_size, json_length;

  /* The failure being reported. */
  bool captured;
  place where;
  place stopped_at; /* where a budget ran out, or where memory was last refused */
  clua_error error;
  char problem[2048], suggestion[1024], traceback[6144], hint[1024];
};

static inline clua_vm *vm_of(lua_State *L) { return *(clua_vm **)lua_getextraspace(L); }

/* vm.c: calls of hooks. A call has the budgets of `hook` from its beginning, which is refused where they are spent, to its
 * end, which takes what lua_pcall has returned. */
typedef struct {
  clua_vm *previous;
  int64_t start; /* ns; 0 is not looked at */
  bool timed, all;
} vm_call;
bool vm_begin(clua_vm *vm, clua_hook_id hook, int64_t now, vm_call *call);
clua_status vm_end(clua_vm *vm, const vm_call *call, int status);
/* Runs `body`, in which all happens that can raise, as such a call. */
clua_status vm_run(clua_vm *vm, clua_hook_id hook, int64_t now, lua_CFunction body, void *argument);
void *vm_argument(lua_State *L);
char *vm_copy_text(const char *text);
/* Pushes the value of a registry reference. */
static inline void vm_push(lua_State *L, int reference) { lua_rawgeti(L, LUA_REGISTRYINDEX, reference); }
/* Pops a value and returns a registry reference to it. */
static inline int vm_keep(lua_State *L) { return luaL_ref(L, LUA_REGISTRYINDEX); }

/* memory.c */
void *memory_allocate(void *machine, void *block, size_t old_size, size_t new_size);
void memory_close(clua_vm *vm);

/* errors.c */
int vm_raise(lua_State *L, const char *suggestion, const char *format, ...);
int vm_fail(lua_State *L, place where, const char *suggestion, const char *format, ...);
int vm_on_error(lua_State *L);
void vm_describe_error(clua_vm *vm, int status);
bool vm_is_spent(clua_vm *vm);
void vm_set_error(clua_vm *vm, place where, const char *problem, const char *suggestion);
place vm_place(lua_State *L, int level);
const char *vm_show(lua_State *L, int index, char *buffer, size_t size);
const char *vm_list_names(char *buffer, size_t size, const char *const *names, int32_t count);

/* budget.c */
int64_t vm_clock(void);
void vm_watch(clua_vm *vm);
void vm_unwatch(clua_vm *vm);
clua_vm *vm_enter_budget(clua_vm *vm, int64_t allowed_ns);
void vm_leave_budget(clua_vm *vm, clua_vm *previous);
void vm_arm(lua_State *L);
bool vm_is_armed(lua_State *L);
int vm_raise_stop(lua_State *L);
void vm_stop(clua_vm *vm, int why);
void vm_tick_slow(lua_State *L, clua_vm *vm);
void vm_charge(lua_State *L, clua_vm *vm, int64_t instructions);
/* Called once for each step of a loop in C, so that such loops end with the budget too. */
static inline void vm_tick(lua_State *L, clua_vm *vm) {
  if ((++vm->ticks & 1023) == 0) vm_tick_slow(L, vm);
}
/* The same for all steps of a loop that cannot take long. */
static inline void vm_tick_all(lua_State *L, clua_vm *vm, int32_t steps) {
  for (uint32_t left = vm->ticks % 1024 + (uint32_t)steps; left >= 1024; left -= 1024) vm_tick_slow(L, vm);
  vm->ticks += (uint32_t)steps;
}
enum { COUNT_PERIOD = 1000 };

/* load.c, bind.c */
void load_nested(lua_State *L, const char *path);
void bind_instances(lua_State *L, const clua_instance_facts *given, int32_t instance_count);

/* source.c, params.c */
const char *source_load(lua_State *L, const char *path, const char **text, size_t *length);
const char *source_hint(const char *message);
int source_line(const char *text, size_t length, const char *key);
void params_read(lua_State *L, int table, place where, const char *text, size_t length, int32_t policy);
void params_set(lua_State *L, int32_t index, const clua_param *value);

/* json.c */
void json_encode(lua_State *L, int index);

#endif
