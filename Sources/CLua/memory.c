/* The memory of a machine: a limit, and small blocks that are used again. */
#include "vm.h"

#include <stdlib.h>
#include <string.h>

/* Blocks of at most SPARE_STEP * (SPARE_SIZES - 1) bytes are kept for the next of their size: each request makes one. Not
 * under AddressSanitizer, which would no longer see what is used after it was given back. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_SPARE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_SPARE 0
#endif
#endif
#ifndef KEEPS_SPARE
#define KEEPS_SPARE 1
#endif

/* Which of the lists of spare blocks has those of a size; SPARE_SIZES is none. */
static inline size_t spare_of(size_t size) {
  size_t which = (size + SPARE_STEP - 1) / SPARE_STEP;
  return KEEPS_SPARE && which < SPARE_SIZES ? which : SPARE_SIZES;
}

static void *take_block(clua_vm *vm, size_t size) {
  size_t which = spare_of(size);
  if (which == SPARE_SIZES) return malloc(size);
  void *block = vm->spare[which];
  if (block == NULL) return malloc(which * SPARE_STEP);
  memcpy(&vm->spare[which], block, sizeof block);
  return block;
}

static void give_back(clua_vm *vm, void *block, size_t size) {
  size_t which = spare_of(size);
  if (which == SPARE_SIZES || block == NULL) {
    free(block);
    return;
  }
  memcpy(block, &vm->spare[which], sizeof block);
  vm->spare[which] = block;
}

static void *change_block(clua_vm *vm, void *block, size_t old_size, size_t new_size) {
  size_t before = spare_of(old_size), after = spare_of(new_size);
  if (before == after) return after == SPARE_SIZES ? realloc(block, new_size) : block;
  void *moved = take_block(vm, new_size);
  if (moved == NULL) return new_size < old_size ? block : NULL; /* Lua relies on it that shrinking succeeds */
  memcpy(moved, block, old_size < new_size ? old_size : new_size);
  give_back(vm, block, old_size);
  return moved;
}

/* Frees what is kept. */
void memory_close(clua_vm *vm) {
  for (size_t i = 0; i < SPARE_SIZES; i++) {
    for (void *block = vm->spare[i], *next; block != NULL; block = next) {
      memcpy(&next, block, sizeof next);
      free(block);
    }
  }
}

/* Lua's allocator: counts bytes and refuses to grow past the limit. Lua then collects garbage and asks once more. */
void *memory_allocate(void *context, void *block, size_t old_size, size_t new_size) {
  clua_vm *vm = context;
  if (block == NULL) old_size = 0; /* it then tells the type of the object */
  if (new_size == 0) {
    give_back(vm, block, old_size);
    vm->memory -= old_size;
    return NULL;
  }
  if (new_size > old_size) {
    size_t growth = new_size - old_size;
    size_t limit = vm->options.memory_limit + vm->memory_slack;
    if (growth > limit || vm->memory > limit - growth) {
      /* Lua calls no message handler when memory is short: note the place here. Reading frames allocates nothing. */
      if (vm->running != NULL) vm->stopped_at = vm_place(vm->running, 0);
      return NULL;
    }
  }
  void *result = block == NULL ? take_block(vm, new_size) : change_block(vm, block, old_size, new_size);
  if (result != NULL) vm->memory = vm->memory - old_size + new_size;
  return result;
}
