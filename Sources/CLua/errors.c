/* Errors that teach: raising them with a place and a suggestion, and telling them to Swift as plain text. */
#include "sandbox.h"
#include "views.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies text for people: cut to fit, without control characters that could confuse a terminal. */
static void copy_clean(char *to, size_t size, const char *from, size_t length) {
  size_t n = length < size - 4 ? length : size - 4;
  while (n > 0 && n < length && ((unsigned char)from[n] & 0xC0) == 0x80) n--; /* not inside a UTF-8 character */
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)from[i];
    to[i] = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F ? ' ' : (char)c;
  }
  strcpy(to + n, n < length ? "..." : "");
}

/* The file and line of the innermost Lua function at or above `level`. Allocates nothing. */
place vm_place(lua_State *L, int level) {
  clua_vm *vm = vm_of(L);
  lua_Debug frame;
  for (; level < 40 && lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline <= 0 || frame.source[0] != '@') continue;
    for (int32_t i = 0; i < vm->chunk_count; i++) {
      if (strcmp(vm->chunks[i].name, frame.source + 1) == 0) {
        return (place){vm->chunks[i].path, frame.currentline};
      }
    }
  }
  return (place){NULL, 0};
}

static int raise_text(lua_State *L, const char *suggestion) {
  /* stack: ..., text with its place */
  clua_vm *vm = vm_of(L);
  vm->hint[0] = '\0';
  if (suggestion != NULL && suggestion[0] != '\0') {
    copy_clean(vm->hint, sizeof vm->hint, suggestion, strlen(suggestion));
    lua_pushfstring(L, "; %s", vm->hint);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

/* Raises "file:line: problem; suggestion" at the Lua function that called the running C function. */
int vm_raise(lua_State *L, const char *suggestion, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  luaL_where(L, 1);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return raise_text(L, suggestion);
}

/* Raises an error about a place that is not on the stack, such as the definition of a hook. */
int vm_fail(lua_State *L, place where, const char *suggestion, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  lua_pushfstring(L, "%s:%d: ", where.path ? where.path : "policy", where.line);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return raise_text(L, suggestion);
}

/* Levels that a traceback of a deep stack shows. Unit: levels. Origin: guess, as many as luaL_traceback shows. */
enum { SHOWN_LEVELS = 22 };

static void push_level(lua_State *L, lua_Debug *frame) {
  lua_pushfstring(L, "\n\t%s:", frame->short_src);
  if (frame->currentline > 0) {
    lua_pushfstring(L, "%d:", frame->currentline);
    lua_concat(L, 2);
  }
  if (*frame->namewhat != '\0') {
    lua_pushfstring(L, " in %s '%s'", frame->namewhat, frame->name);
  } else if (*frame->what == 'C') {
    lua_pushliteral(L, " in ?");
  } else {
    lua_pushfstring(L, " in function <%s:%d>", frame->short_src, frame->linedefined);
  }
  lua_concat(L, 2);
}

/* Pushes the traceback from level 1. Lua's own finds the far end of the stack by walking all of it again and again: tens
   of seconds, on a busy machine, for a stack that has overflowed. Of such a stack the far end is left out. */
static void push_traceback(lua_State *L) {
  lua_Debug frame;
  if (!lua_getstack(L, 2 * SHOWN_LEVELS, &frame)) {
    luaL_traceback(L, L, NULL, 1);
    return;
  }
  lua_pushliteral(L, "stack traceback:");
  for (int level = 1; level <= SHOWN_LEVELS && lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sln", &frame);
    push_level(L, &frame);
    lua_concat(L, 2);
  }
  lua_pushliteral(L, "\n\t...");
  lua_concat(L, 2);
}

/* Message handler: notes place and traceback, keeps the error as it is. */
int vm_on_error(lua_State *L) {
  clua_vm *vm = vm_of(L);
  if (vm->captured) return 1;
  vm->captured = true;
  vm->memory_slack = 1 << 20; /* bytes, guess: enough for the traceback of a machine that is full */
  if (vm->where.path == NULL) vm->where = vm_place(L, 0);
  push_traceback(L);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  copy_clean(vm->traceback, sizeof vm->traceback, text, length);
  lua_pop(L, 1);
  return 1;
}

/* One past "name:line: " at the start of `text`, or NULL when it starts otherwise. */
static const char *after_place(const char *text, const char *name, long *line) {
  size_t n = strlen(name);
  if (n == 0 || strncmp(text, name, n) != 0 || text[n] != ':') return NULL;
  char *end;
  *line = strtol(text + n + 1, &end, 10);
  return end > text + n + 1 && *line >= 0 && end[0] == ':' && end[1] == ' ' ? end + 2 : NULL;
}

/* Splits "file:line: rest" when `file` is one that was loaded, by its path or as Lua shortens it. Returns the rest. */
static const char *strip_one(clua_vm *vm, const char *text, place *where) {
  for (int32_t i = 0; i < vm->chunk_count; i++) {
    long line;
    const char *rest = after_place(text, vm->chunks[i].path, &line);
    if (rest == NULL) rest = after_place(text, vm->chunks[i].short_name, &line);
    if (rest == NULL) continue;
    *where = (place){vm->chunks[i].path, (int)line};
    return rest;
  }
  return NULL;
}

/* Errors that pass through coroutine.wrap or error(e) gather places in front; the last one is where it went wrong. */
static const char *strip_place(clua_vm *vm, const char *text, place *where) {
  for (const char *rest; (rest = strip_one(vm, text, where)) != NULL; text = rest) {}
  return text;
}

void vm_set_error(clua_vm *vm, place where, const char *problem, const char *suggestion) {
  vm->error.file = where.path ? where.path : "";
  vm->error.line = where.line;
  copy_clean(vm->problem, sizeof vm->problem, problem, strlen(problem));
  copy_clean(vm->suggestion, sizeof vm->suggestion, suggestion, strlen(suggestion));
}

/* stack: value -> its text; may call the policy's __tostring, hence protected */
static int text_of_value(lua_State *L) {
  sandbox_text(L, 1, NULL);
  return 1;
}

/* What an error object says. stack: ..., error object; leaves it or its text on top */
static const char *text_of_error(clua_vm *vm, size_t *length) {
  lua_State *L = vm->L;
  switch (lua_gettop(L) < 2 ? LUA_TNONE : lua_type(L, -1)) {
    case LUA_TNONE:
    case LUA_TNIL: *length = 0; return "an error without a value (error(nil))";
    case LUA_TSTRING: return lua_tolstring(L, -1, length);
    case LUA_TTABLE:
      /* Without __tostring the type says more than the word "table". */
      if (luaL_getmetafield(L, -1, "__tostring") == LUA_TNIL) {
        return "an error that is a table without __tostring";
      }
      lua_pop(L, 1);
      break;
    default: break;
  }
  lua_pushcfunction(L, text_of_value);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK || lua_type(L, -1) != LUA_TSTRING) {
    return "an error whose __tostring failed";
  }
  return lua_tolstring(L, -1, length);
}

static void describe_spent(clua_vm *vm, place where) {
  char problem[160];
  snprintf(problem, sizeof problem, "its hooks used more than %g s of host time in this run",
           (double)vm->options.total_timeout_ns / 1e9);
  vm_set_error(vm, where, problem, "do less in each call, or be asked less often");
}

/* Have the calls of this run used up their time together? If so, says it. */
bool vm_is_spent(clua_vm *vm) {
  if (vm->options.total_timeout_ns <= 0 || vm->spent_ns < vm->options.total_timeout_ns) return false;
  vm->traceback[0] = '\0';
  describe_spent(vm, (place){NULL, 0});
  return true;
}

static void describe_stop(clua_vm *vm, place where) {
  if (vm->stopped_at.path != NULL) where = vm->stopped_at;
  char problem[160];
  const char *suggestion = "";
  switch (vm->stop) {
    case STOP_TIME:
      if (vm->options.total_timeout_ns > 0 && vm->options.total_timeout_ns - vm->spent_ns < vm->options.timeout_ns) {
        describe_spent(vm, where);
        return;
      }
      snprintf(problem, sizeof problem, "ran for more than %g s without returning",
               (double)vm->options.timeout_ns / 1e9);
      suggestion = "is there a loop that never ends?";
      break;
    case STOP_INSTRUCTIONS:
      snprintf(problem, sizeof problem, "used more than %lld instructions in one call",
               (long long)vm->options.max_instructions);
      suggestion = "raise --max-instructions, or do less in each call";
      break;
    default:
      snprintf(problem, sizeof problem, "needs more than its %g MiB of memory",
               (double)vm->options.memory_limit / 1048576.0);
      suggestion = "does a table or a string grow without end?";
  }
  vm_set_error(vm, where, problem, suggestion);
}

/* Fills `vm->error` after a call failed. stack: handler, error object */
void vm_describe_error(clua_vm *vm, int status) {
  if (!vm->captured) vm->traceback[0] = '\0';
  vm->captured = true;
  vm->memory_slack = 1 << 20;
  if (status == LUA_ERRMEM && vm->stop == STOP_NONE) vm->stop = STOP_MEMORY;
  place where = vm->where;
  if (vm->stop != STOP_NONE) {
    describe_stop(vm, where);
    return;
  }
  size_t length = 0;
  const char *text = text_of_error(vm, &length);
  if (vm->stop != STOP_NONE) { /* its __tostring used up a budget */
    describe_stop(vm, where);
    return;
  }
  text = strip_place(vm, text, &where);
  if (strcmp(text, "not enough memory") == 0) { /* what Lua's string buffers say */
    vm->stop = STOP_MEMORY;
    describe_stop(vm, where);
    return;
  }
  char problem[sizeof vm->problem + sizeof vm->hint];
  copy_clean(problem, sizeof problem, text, strlen(text));
  /* A suggestion that the raiser gave stands at the end of the text; it is told apart here. */
  size_t n = strlen(problem), hint = strlen(vm->hint);
  bool hinted = hint > 0 && n > hint + 2 && strcmp(problem + n - hint, vm->hint) == 0
                && strncmp(problem + n - hint - 2, "; ", 2) == 0;
  if (hinted) problem[n - hint - 2] = '\0';
  vm_set_error(vm, where, problem, hinted ? vm->hint : "");
}

/* A value in a few words, such as `a number (3)` or `a table`. */
const char *vm_show(lua_State *L, int index, char *buffer, size_t size) {
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return "nil";
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        snprintf(buffer, size, "a number (%lld)", (long long)lua_tointeger(L, index));
      } else {
        snprintf(buffer, size, "a number (%.14g)", lua_tonumber(L, index));
      }
      return buffer;
    case LUA_TSTRING: {
      char text[44];
      size_t length;
      const char *string = lua_tolstring(L, index, &length);
      copy_clean(text, sizeof text, string, length);
      snprintf(buffer, size, "a string (\"%s\")", text);
      return buffer;
    }
    case LUA_TLIGHTUSERDATA:
      snprintf(buffer, size, "request %d", view_request_of(lua_touserdata(L, index)).id);
      return buffer;
    case LUA_TUSERDATA: {
      instance_object *object = lua_touserdata(L, index);
      switch (object->kind) {
        case OBJECT_INSTANCE:
          snprintf(buffer, size, "instance %s", vm_of(L)->facts[object->index].name);
          return buffer;
        case OBJECT_REQUEST: break; /* never a full one */
        case OBJECT_CLUSTER: return "the cluster";
        case OBJECT_STEP: return "the step";
        case OBJECT_PREFIX: return "a prefix";
        case OBJECT_FROZEN: return "a read-only table";
      }
      return "an object";
    }
    default: snprintf(buffer, size, "a %s", luaL_typename(L, index)); return buffer;
  }
}
