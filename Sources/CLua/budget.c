/* Budgets: a wall-clock watchdog, and a count of instructions on request.
 *
 * A Lua hook costs half of the machine's speed while it is installed, so the watchdog installs one only when time is
 * up. One thread serves all machines: it notes which call each is in, so that calls need not read a clock, and interrupts
 * the thread of a machine that has been in one for too long with SIGURG (which does nothing by default). The handler runs
 * on the machine's own thread, where lua_sethook is safe in a signal handler; calling it from another thread would race
 * with the machine. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

/* How often the watchdog looks, in ns: a budget may be overdrawn by twice as much. guess: 40 ms are not noticed. */
static const long look_every = 20 * 1000 * 1000;

static _Thread_local clua_vm *volatile current;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t someone = PTHREAD_COND_INITIALIZER;
static clua_vm *watched; /* guarded by lock */
static struct sigaction earlier_action;

int64_t vm_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void on_hook(lua_State *L, lua_Debug *frame);

/* Makes `L` raise at its next instruction. Safe in a signal handler of the thread that runs `L`. */
void vm_arm(lua_State *L) { lua_sethook(L, on_hook, LUA_MASKCOUNT, 1); }
bool vm_is_armed(lua_State *L) { return lua_gethook(L) == on_hook && lua_gethookcount(L) == 1; }

static void on_signal(int number, siginfo_t *information, void *machine) {
  int error = errno;
  clua_vm *vm = current;
  if (vm != NULL) {
    uint64_t call = atomic_load_explicit(&vm->under_way, memory_order_relaxed);
    if (call != 0 && call == atomic_load_explicit(&vm->late, memory_order_relaxed)) {
      if (vm->stop == STOP_NONE) vm->stop = STOP_TIME;
      vm_arm(vm->running);
    }
  }
  if (earlier_action.sa_flags & SA_SIGINFO) {
    earlier_action.sa_sigaction(number, information, machine);
  } else if (earlier_action.sa_handler != SIG_DFL && earlier_action.sa_handler != SIG_IGN) {
    earlier_action.sa_handler(number);
  }
  errno = error;
}

static void interrupt(int thread) {
#ifdef __linux__
  syscall(SYS_tgkill, getpid(), thread, SIGURG); /* refused, harmlessly, when the thread is gone */
#else
  (void)thread;
  kill(getpid(), SIGURG);
#endif
}

/* Notes which call is under way, and whether for longer than it may be. */
static bool is_late(clua_vm *vm, int64_t now) {
  uint64_t call = atomic_load(&vm->under_way);
  if (call != vm->seen) {
    vm->seen = call;
    vm->seen_since_ns = now;
  }
  if (call == 0 || now - vm->seen_since_ns <= atomic_load(&vm->allowed_ns)) return false;
  atomic_store(&vm->late, call);
  return true;
}

static void *look_forever(void *unused) {
  (void)unused;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  struct timespec pause = {0, look_every};
  pthread_mutex_lock(&lock);
  for (;;) {
    while (watched == NULL) pthread_cond_wait(&someone, &lock);
    int64_t now = vm_clock();
    for (clua_vm *vm = watched; vm != NULL; vm = vm->next_watched) {
      if (is_late(vm, now)) interrupt(atomic_load(&vm->thread));
    }
    pthread_mutex_unlock(&lock);
    nanosleep(&pause, NULL);
    pthread_mutex_lock(&lock);
  }
}

static void start_watchdog(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGURG, &action, &earlier_action);
  pthread_t thread;
  if (pthread_create(&thread, NULL, look_forever, NULL) == 0) pthread_detach(thread);
}

void vm_watch(clua_vm *vm) {
  pthread_once(&once, start_watchdog);
  pthread_mutex_lock(&lock);
  vm->next_watched = watched;
  watched = vm;
  pthread_cond_signal(&someone);
  pthread_mutex_unlock(&lock);
}

void vm_unwatch(clua_vm *vm) {
  pthread_mutex_lock(&lock);
  for (clua_vm **link = &watched; *link != NULL; link = &(*link)->next_watched) {
    if (*link == vm) {
      *link = vm->next_watched;
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

static _Thread_local int own_thread; /* 0 before this thread's first call */

/* Worker threads of Swift and libdispatch block all signals: let the watchdog's through. */
static void prepare_thread(void) {
  sigset_t urgent;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &urgent, NULL);
#ifdef __linux__
  own_thread = (int)syscall(SYS_gettid);
#else
  own_thread = 1;
#endif
}

/* Opens the budgets of one call. Returns what `vm_leave_budget` wants back. */
clua_vm *vm_enter_budget(clua_vm *vm, int64_t allowed_ns) {
  clua_vm *previous = current;
  if (own_thread == 0) prepare_thread();
  atomic_store_explicit(&vm->thread, own_thread, memory_order_relaxed);
  vm->stop = STOP_NONE;
  vm->running = vm->L;
  vm->instructions = 0;
  vm->ticks = 0;
  current = vm;
  atomic_store_explicit(&vm->allowed_ns, allowed_ns, memory_order_relaxed);
  atomic_store_explicit(&vm->under_way, ++vm->calls, memory_order_relaxed);
  if (vm->options.max_instructions > 0) lua_sethook(vm->L, on_hook, LUA_MASKCOUNT, COUNT_PERIOD);
  return previous;
}

void vm_leave_budget(clua_vm *vm, clua_vm *previous) {
  atomic_store_explicit(&vm->under_way, 0, memory_order_relaxed);
  current = previous;
  if (vm->stop != STOP_NONE) lua_sethook(vm->L, NULL, 0, 0);
}

void vm_stop(clua_vm *vm, int why) {
  if (vm->stop == STOP_NONE) vm->stop = why;
}

/* Raises the budget error that is due, with a message made beforehand: memory may be short. */
int vm_raise_stop(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (vm->stopped_at.path == NULL) vm->stopped_at = vm_place(L, 0);
  vm_arm(L);
  vm_push(L, vm->stop_messages[vm->stop]);
  return lua_error(L);
}

/* Adds to the count of instructions; work done in C is charged one for each step of its loops. */
void vm_charge(lua_State *L, clua_vm *vm, int64_t instructions) {
  if (vm->options.max_instructions <= 0) return;
  vm->instructions += instructions;
  if (vm->instructions > vm->options.max_instructions) {
    vm_stop(vm, STOP_INSTRUCTIONS);
    vm_raise_stop(L);
  }
}

void vm_tick_slow(lua_State *L, clua_vm *vm) {
  if (vm->stop != STOP_NONE) vm_raise_stop(L);
  vm_charge(L, vm, 1024);
}

static void on_hook(lua_State *L, lua_Debug *frame) {
  (void)frame;
  clua_vm *vm = vm_of(L);
  if (vm->stop != STOP_NONE) {
    vm_raise_stop(L);
  } else if (vm->options.max_instructions > 0) {
    vm_charge(L, vm, COUNT_PERIOD);
  } else {
    lua_sethook(L, NULL, 0, 0); /* left over in a coroutine from a call that was stopped */
  }
}
