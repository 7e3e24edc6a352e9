/* The sandbox, one file a library, and what its libraries lend one another. Nothing of it leaves the module. */
#ifndef CLUA_SANDBOX_H
#define CLUA_SANDBOX_H

#include "vm.h"

/* Each adds its functions to the table on top of the stack, or to globals. */
void sandbox_open(lua_State *L);
void protect_open(lua_State *L);
void order_open(lua_State *L);
void strings_open(lua_State *L);
void patterns_open(lua_State *L);
void tables_open(lua_State *L);
void random_open(lua_State *L);
void sim_open(lua_State *L);
void require_open(lua_State *L);

const char *sandbox_text(lua_State *L, int index, size_t *length);
int sandbox_format(lua_State *L, int first);
int order_pairs_of(lua_State *L, int table);
double random_unit(clua_vm *vm);
uint64_t random_below(clua_vm *vm, uint64_t bound);
void tables_sort(lua_State *L, int list, int comparator, lua_Integer count);

#endif
