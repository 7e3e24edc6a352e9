/* Views: the metatables through which policies read objects, and what they say about anything else. */
#include "sandbox.h"
#include "views.h"

/* ---- Metamethods; each checks its argument, since Lua code may call it with anything ---- */

static int instance_index(lua_State *L) {
  clua_vm *vm = vm_of(L);
  instance_object *object = view_object(L, 1, OBJECT_INSTANCE);
  if (object == NULL) object = view_instance(L, 1, "the value"); /* says what it is */
  const clua_field *field = view_find(vm, L, CLUA_VIEW_INSTANCE, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_INSTANCE, "an instance");
  const held_instance *held = &vm->held[object->index];
  bool stands = vm->keeps_views && object->stamp != vm->epoch && held->version == vm->versions[object->index]
                && vm->now < held->until;
  view_push_instance_field(L, object, field);
  if (stands) row_was_missed(L, object->index);
  return 1;
}

static int request_index(lua_State *L) {
  const void *userdata = lua_touserdata(L, 1);
  clua_request request = view_is_request(userdata) ? view_request_of(userdata) : view_request(L, 1, "the value");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_REQUEST, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_REQUEST, "a request");
  view_push_request_field(L, request, field);
  return 1;
}

static int prefix_index(lua_State *L) {
  prefix_object *object = view_object(L, 1, OBJECT_PREFIX);
  if (object == NULL) return vm_raise(L, NULL, "expected a prefix");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_PREFIX, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_PREFIX, "a prefix");
  view_push_member(L, field, &object->state);
  return 1;
}

static int cluster_index(lua_State *L) {
  if (view_object(L, 1, OBJECT_CLUSTER) == NULL) return vm_raise(L, NULL, "expected the cluster");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_CLUSTER, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_CLUSTER, "the cluster");
  view_push_cluster_field(L, field);
  return 1;
}

static int step_index(lua_State *L) {
  if (view_object(L, 1, OBJECT_STEP) == NULL) return vm_raise(L, NULL, "expected the step");
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_STEP, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_STEP, "the step");
  view_push_step_field(L, field);
  return 1;
}

/* The same for what the tables of `push_known` have not. stack: that table, name */
static int cluster_missing(lua_State *L) {
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_CLUSTER, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_CLUSTER, "the cluster");
  view_push_cluster_field(L, field);
  return 1;
}

static int step_missing(lua_State *L) {
  const clua_field *field = view_find(vm_of(L), L, CLUA_VIEW_STEP, 2);
  if (field == NULL) return view_unknown(L, CLUA_VIEW_STEP, "the step");
  view_push_step_field(L, field);
  return 1;
}

/* The function that answers all reads of a view. */
lua_CFunction view_reader(clua_view view) {
  static const lua_CFunction readers[CLUA_VIEW_COUNT] = {instance_index, request_index, cluster_index, step_index,
                                                         prefix_index};
  return readers[view];
}

static int view_newindex(lua_State *L) {
  char text[64];
  const char *name = sandbox_text(L, 2, NULL);
  const char *hint = "keep values of your own in a table of your own";
  if (lua_type(L, 1) == LUA_TLIGHTUSERDATA) {
    hint = lua_pushfstring(L, "keep values of your own in request.data.%s", name);
  }
  return vm_raise(L, hint, "%s is read-only: cannot write '%s'", vm_show(L, 1, text, sizeof text), name);
}

/* Operators on a request. Lua's own messages would call it "a userdata value". */
static int request_operator(lua_State *L) {
  char text[64];
  int at = lua_type(L, 1) == LUA_TLIGHTUSERDATA ? 1 : 2;
  return vm_raise(L, "use one of its fields, such as request.id", "%s is no number, text, list or function",
                  vm_show(L, at, text, sizeof text));
}

static int view_tostring(lua_State *L) {
  char text[300];
  luaL_argexpected(L, lua_isuserdata(L, 1), 1, "view");
  lua_pushstring(L, vm_show(L, 1, text, sizeof text));
  return 1;
}

/* ---- Opening ---- */

/* Pushes a metatable that still lacks its __index. */
void view_push_metatable(lua_State *L, const char *name, lua_CFunction newindex) {
  lua_createtable(L, 0, 6);
  lua_pushcfunction(L, newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, view_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

/* Makes the metatable of one kind of view. */
static void make_metatable(lua_State *L, clua_view view, const char *name) {
  view_push_metatable(L, name, view_newindex);
  lua_pushcfunction(L, view_reader(view));
  lua_setfield(L, -2, "__index");
  vm_of(L)->metatables[view] = vm_keep(L);
}

/* Requests are light userdata, all of which have one metatable. */
static void adopt_requests(lua_State *L) {
  static const char *const operators[] = {"__add", "__sub", "__mul", "__div", "__mod",  "__pow", "__unm",
                                          "__idiv", "__concat", "__lt", "__le", "__len", "__call"};
  view_push_request(L, (clua_request){0, 0});
  vm_push(L, vm_of(L)->metatables[OBJECT_REQUEST]);
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    lua_pushcfunction(L, request_operator);
    lua_setfield(L, -2, operators[i]);
  }
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* Has reads of a view find its methods in a table, without a call into C, and all else through `missing`. Pushes that table,
 * which no policy can get at. */
static void push_known(lua_State *L, object_kind kind, lua_CFunction (*method)(const char *), lua_CFunction missing) {
  int32_t count;
  const clua_field *fields = clua_fields((clua_view)kind, &count);
  lua_createtable(L, 0, count);
  for (int32_t i = 0; i < count; i++) {
    if (fields[i].type != CLUA_METHOD) continue;
    lua_pushcfunction(L, method(fields[i].name));
    lua_setfield(L, -2, fields[i].name);
  }
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, missing);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  vm_push(L, vm_of(L)->metatables[kind]);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

static int push_singleton(lua_State *L, object_kind kind) {
  object_kind *object = lua_newuserdatauv(L, sizeof *object, 0);
  *object = kind;
  vm_push(L, vm_of(L)->metatables[kind]);
  lua_setmetatable(L, -2);
  return vm_keep(L);
}

void views_open(lua_State *L) {
  clua_vm *vm = vm_of(L);
  fields_open(L);
  make_metatable(L, CLUA_VIEW_INSTANCE, "instance");
  make_metatable(L, CLUA_VIEW_REQUEST, "request");
  adopt_requests(L);
  make_metatable(L, CLUA_VIEW_CLUSTER, "cluster");
  make_metatable(L, CLUA_VIEW_STEP, "step");
  make_metatable(L, CLUA_VIEW_PREFIX, "prefix");
  rows_open(L);
  vm->cluster = push_singleton(L, OBJECT_CLUSTER);
  vm->step = push_singleton(L, OBJECT_STEP);
  push_known(L, OBJECT_STEP, step_method, step_missing);
  lua_pop(L, 1);
  push_known(L, OBJECT_CLUSTER, cluster_method, cluster_missing);
  vm_push(L, vm->param_values);
  view_push_frozen(L, "params");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "params");
  vm->params = vm_keep(L);
  lua_pop(L, 1);
}
