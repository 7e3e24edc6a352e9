/* Functions for Lua that are methods of the cluster and of the step. */
#ifndef CLUA_METHODS_H
#define CLUA_METHODS_H

#include "views.h"

/* scans.c */
int cluster_argmin(lua_State *L);
int cluster_argmax(lua_State *L);
int cluster_filter(lua_State *L);

/* deeds.c */
int cluster_set_role(lua_State *L);
int cluster_add(lua_State *L);
int cluster_remove(lua_State *L);
int cluster_migrate(lua_State *L);
int cluster_replicate(lua_State *L);

/* steps.c */
int step_decode(lua_State *L);
int step_decode_all(lua_State *L);
int step_prefill(lua_State *L);
int step_preempt(lua_State *L);
int step_can_allocate(lua_State *L);

#endif
