/* The table that `done` returns, as JSON text: keys sorted, and an error with the path for what JSON cannot say. */
#include "sandbox.h"
#include "views.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* guess: deeper or larger results are a mistake; these keep the summary readable */
enum { DEEPEST = 32, LARGEST = 4 << 20 };

typedef struct {
  clua_vm *vm;
  lua_State *L;
  size_t length;
  int depth;
  const char *keys[DEEPEST + 1]; /* path to the value being written; NULL is an array entry */
  lua_Integer places[DEEPEST + 1];
} writer;

static void fail(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(writer *w, const char *format, ...) {
  char path[512] = "done returned a table that JSON cannot hold: ", problem[200];
  for (int i = 1; i <= w->depth; i++) {
    size_t n = strlen(path);
    if (w->keys[i] != NULL) snprintf(path + n, sizeof path - n, "%s%.60s", i > 1 ? "." : "", w->keys[i]);
    else snprintf(path + n, sizeof path - n, "[%lld]", (long long)w->places[i]);
  }
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem, sizeof problem, format, arguments);
  va_end(arguments);
  const clua_hook *hook = &w->vm->hooks[CLUA_DONE];
  vm_fail(w->L, (place){w->vm->policies[hook->policy].path, hook->line}, NULL, "%s %s", path, problem);
}

static void add(writer *w, const char *text, size_t length) {
  vm_tick(w->L, w->vm);
  if (length > LARGEST || w->length > LARGEST - length) fail(w, "makes it larger than 4 MiB");
  if (clua_scratch(w->vm, w->length + length + 1) == NULL) luaL_error(w->L, "not enough memory");
  memcpy(w->vm->scratch + w->length, text, length);
  w->length += length;
  w->vm->scratch[w->length] = '\0';
}

/* Length of the UTF-8 character at `s`, or 0 when it is none. */
static size_t character(const unsigned char *s, size_t left) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
  if (n < 2) return n;
  if (n > left) return 0;
  uint32_t code = s[0] & (0xFFu >> (n + 1));
  for (size_t i = 1; i < n; i++) {
    if ((s[i] & 0xC0) != 0x80) return 0;
    code = code << 6 | (s[i] & 0x3Fu);
  }
  bool surrogate = code >= 0xD800 && code < 0xE000;
  return code < least[n] || code > 0x10FFFF || surrogate ? 0 : n;
}

static void add_string(writer *w, const char *text, size_t length) {
  add(w, "\"", 1);
  for (size_t i = 0; i < length;) {
    unsigned char c = (unsigned char)text[i];
    size_t n = character((const unsigned char *)text + i, length - i);
    if (n == 0) fail(w, "holds text that is not UTF-8");
    if (c == '"' || c == '\\') {
      char escaped[2] = {'\\', (char)c};
      add(w, escaped, 2);
    } else if (c < 0x20) {
      char escaped[8];
      add(w, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
    } else {
      add(w, text + i, n);
    }
    i += n;
  }
  add(w, "\"", 1);
}

/* The shortest text that reads back as the same number. */
static void add_number(writer *w, double number) {
  if (!isfinite(number)) fail(w, "is %s", isnan(number) ? "not a number (NaN)" : "infinite");
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  add(w, text, strlen(text));
}

static void add_value(writer *w, int index);

static void add_entries(writer *w, int table, bool array) {
  lua_State *L = w->L;
  order_pairs_of(L, table);
  int iterator = lua_gettop(L);
  lua_Integer expected = 1;
  for (bool first = true;; first = false) {
    lua_pushvalue(L, iterator);
    lua_call(L, 0, 2); /* stack: ..., iterator, key, value */
    if (lua_isnil(L, -2)) break;
    if (!first) add(w, ",", 1);
    if (array) {
      w->keys[w->depth] = NULL;
      w->places[w->depth] = expected;
      if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != expected) fail(w, "mixes a list with names or has gaps");
      expected++;
    } else {
      if (lua_type(L, -2) != LUA_TSTRING) {
        char text[64];
        w->depth--;
        fail(w, "has %s as a key, expected names only", vm_show(L, -2, text, sizeof text));
      }
      size_t length;
      w->keys[w->depth] = lua_tolstring(L, -2, &length);
      add_string(w, w->keys[w->depth], length);
      add(w, ":", 1);
    }
    add_value(w, lua_gettop(L));
    lua_settop(L, iterator);
  }
  lua_settop(L, iterator - 1);
}

static void add_table(writer *w, int index) {
  lua_State *L = w->L;
  if (w->depth >= DEEPEST) fail(w, "is nested deeper than %d, or contains itself", DEEPEST);
  luaL_checkstack(L, 20, NULL);
  bool array = list_length(L, index) > 0;
  w->depth++;
  add(w, array ? "[" : "{", 1);
  add_entries(w, index, array);
  add(w, array ? "]" : "}", 1);
  w->depth--;
}

static void add_value(writer *w, int index) {
  lua_State *L = w->L;
  char text[64];
  size_t length;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: add(w, lua_toboolean(L, index) ? "true" : "false", lua_toboolean(L, index) ? 4 : 5); break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        add(w, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(L, index)));
      } else {
        add_number(w, lua_tonumber(L, index));
      }
      break;
    case LUA_TSTRING: {
      const char *string = lua_tolstring(L, index, &length);
      add_string(w, string, length);
      break;
    }
    case LUA_TTABLE: add_table(w, index); break;
    default: fail(w, "is %s", vm_show(L, index, text, sizeof text));
  }
}

/* Leaves the text of the table at `index` in the scratch space, its length in `vm->json_length`. */
void json_encode(lua_State *L, int index) {
  writer w = {.vm = vm_of(L), .L = L};
  add_value(&w, index);
  w.vm->json_length = w.length;
}
