/* Reading policy files and modules: text only, from where the user points, nothing else. */
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes; guess: far above any policy, far below any budget. */
enum { LARGEST_FILE = 4 << 20 };

/* Notes a file so that messages can name it in full. Returns its path as kept; raises when memory is short. */
static const char *keep_chunk(lua_State *L, const char *path) {
  clua_vm *vm = vm_of(L);
  for (int32_t i = 0; i < vm->chunk_count; i++) {
    if (strcmp(vm->chunks[i].path, path) == 0) return vm->chunks[i].path;
  }
  chunk *grown = realloc(vm->chunks, sizeof(chunk) * (size_t)(vm->chunk_count + 1));
  if (grown != NULL) vm->chunks = grown;
  char *copy = grown != NULL ? vm_copy_text(path) : NULL;
  if (copy == NULL) {
    luaL_error(L, "not enough memory");
    return NULL;
  }
  const char *slash = strrchr(copy, '/');
  const char *name = slash != NULL ? slash + 1 : copy;
  for (int32_t i = 0; i < vm->chunk_count; i++) {
    if (strcmp(vm->chunks[i].name, name) == 0) name = copy;
  }
  vm->chunks[vm->chunk_count] = (chunk){.path = copy, .name = name};
  vm->chunk_count += 1;
  return copy;
}

static chunk *find_chunk(clua_vm *vm, const char *path) {
  int32_t i = 0;
  while (vm->chunks[i].path != path) i++; /* keep_chunk has entered it */
  return &vm->chunks[i];
}

/* Notes how Lua shortens the name of the function on top of the stack. */
static void keep_short_name(lua_State *L, chunk *file) {
  lua_Debug about;
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">S", &about);
  strcpy(file->short_name, about.short_src);
}

/* Pushes a userdata with the file's bytes. It never reaches a policy. */
static char *read_file(lua_State *L, const char *path, size_t *length) {
  place here = {path, 0};
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    vm_fail(L, here, NULL, "cannot be read: %s", strerror(errno));
    return NULL;
  }
  /* The C heap, so that a Lua error cannot leave the file open. */
  char *bytes = malloc(LARGEST_FILE + 1);
  size_t count = bytes != NULL ? fread(bytes, 1, LARGEST_FILE + 1, file) : 0;
  int error = bytes == NULL ? ENOMEM : ferror(file) ? errno : 0;
  fclose(file);
  if (error != 0 || count > LARGEST_FILE) {
    free(bytes);
    if (error != 0) vm_fail(L, here, NULL, "cannot be read: %s", strerror(error));
    else vm_fail(L, here, NULL, "is larger than 4 MiB, which no policy is");
    return NULL;
  }
  vm_of(L)->loading_bytes = bytes; /* freed by the caller of the protected function, also after an error */
  *length = count;
  return bytes;
}

/* Pushes the compiled file. `text` receives its source, valid until the next file is read. */
const char *source_load(lua_State *L, const char *path, const char **text, size_t *length) {
  clua_vm *vm = vm_of(L);
  path = keep_chunk(L, path);
  free(vm->loading_bytes);
  vm->loading_bytes = NULL;
  char *bytes = read_file(L, path, length);
  place here = {path, 1};
  if (*length > 0 && bytes[0] == LUA_SIGNATURE[0]) {
    vm_fail(L, here, "give the source text", "is compiled bytecode, which can break the machine");
  }
  if (*length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) memset(bytes, ' ', 3); /* byte order mark */
  if (*length >= 2 && bytes[0] == '#' && bytes[1] == '!') memcpy(bytes, "--", 2);   /* a script's first line */
  lua_pushfstring(L, "@%s", find_chunk(vm, path)->name);
  int status = luaL_loadbufferx(L, bytes, *length, lua_tostring(L, -1), "t");
  if (status == LUA_OK) {
    keep_short_name(L, find_chunk(vm, path));
    lua_remove(L, -2);
    *text = bytes;
    return path;
  }
  if (status == LUA_ERRSYNTAX) {
    /* The message starts with the shortened path and the line; take them apart here, where the path is known. */
    const char *message = lua_tostring(L, -1);
    for (const char *p = message; (p = strchr(p, ':')) != NULL; p++) {
      char *end;
      long line = strtol(p + 1, &end, 10);
      if (end > p + 1 && end[0] == ':' && end[1] == ' ' && line > 0) {
        vm_fail(L, (place){path, (int)line}, source_hint(end + 2), "%s", end + 2);
      }
    }
    vm_fail(L, here, NULL, "%s", message);
  }
  vm->stopped_at = here;
  lua_error(L);
  return NULL;
}

/* What people who know other languages often mean. */
const char *source_hint(const char *message) {
  static const char *const hints[][2] = {
      {"near '!'", "not equal is ~= and negation is `not`"},
      {"near '&&'", "write `and`"},
      {"near '&'", "write `and` for conditions"},
      {"near '|'", "write `or` for conditions"},
      {"near '+'", "there is no += or ++; write x = x + 1"},
      {"near '{'", "blocks end with `end` and open with `then` or `do`"},
      {"'then' expected near '='", "comparison is =="},
      {"'}' expected", "is a comma missing after the entry before?"},
      {"'<eof>' expected near 'end'", "there is one `end` too many above"},
      {"expected near <eof>", "an `end` or a bracket is missing"},
      {"'end' expected", "an `end` is missing, or a block is closed too late"},
      {"unfinished string", "a quote is missing"},
  };
  for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
    if (strstr(message, hints[i][0]) != NULL) return hints[i][1];
  }
  return NULL;
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The line on which `key =` first stands in the source, for messages about a table's entry; 0 when not found. */
int source_line(const char *text, size_t length, const char *key) {
  size_t size = strlen(key);
  int line = 1;
  for (size_t i = 0; size > 0 && i + size < length; i++) {
    if (text[i] == '\n') line++;
    if ((i > 0 && is_word(text[i - 1])) || memcmp(text + i, key, size) != 0) continue;
    size_t after = i + size;
    while (after < length && (text[after] == ' ' || text[after] == '\t')) after++;
    if (after + 1 < length && text[after] == '=' && text[after + 1] != '=') return line;
  }
  return 0;
}

/* Copies the folder of `path`, with its slash, into `folder`. */
static bool folder_of(const char *path, char *folder, size_t size) {
  const char *slash = strrchr(path, '/');
  size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  if (n >= size) return false;
  memcpy(folder, path, n);
  folder[n] = '\0';
  return true;
}

static bool exists(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file != NULL) fclose(file);
  return file != NULL;
}

/* require "name": runs name.lua from the folder of the file that asks, or from the library folder, once. */
static int safe_require(lua_State *L) {
  clua_vm *vm = vm_of(L);
  size_t size;
  const char *name = luaL_checklstring(L, 1, &size);
  lua_settop(L, 1);
  for (size_t i = 0; i < size || i == 0; i++) {
    if (!is_word(name[i]) && name[i] != '-') {
      return vm_raise(L, "write require \"name\" for name.lua beside the policy",
                      "module names have letters, digits, _ and - only");
    }
  }
  char path[4096] = "";
  place at = vm_place(L, 1);
  bool found = false;
  if (at.path != NULL && strlen(name) < 256 && folder_of(at.path, path, sizeof path - 300)) {
    strcat(strcat(path, name), ".lua");
    found = exists(path);
  }
  const char *library = vm->options.library_folder;
  if (!found && library != NULL && strlen(library) + strlen(name) + 8 < sizeof path) {
    snprintf(path, sizeof path, "%s/%s.lua", library, name);
    found = exists(path);
  }
  if (!found) {
    return vm_raise(L, library ? lua_pushfstring(L, "it is looked for beside the policy and in %s", library) : NULL,
                    "no module '%s'", name);
  }
  vm_push(L, vm->modules);
  lua_pushstring(L, path);
  int known = lua_rawget(L, 2);
  if (known == LUA_TBOOLEAN && !lua_toboolean(L, -1)) {
    return vm_raise(L, NULL, "module '%s' requires itself, directly or through others", name);
  }
  if (known != LUA_TNIL) return 1;
  lua_pop(L, 1);
  lua_pushstring(L, path);
  lua_pushboolean(L, 0);
  lua_rawset(L, 2);
  size_t length;
  const char *text;
  const char *kept = source_load(L, path, &text, &length);
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushstring(L, kept);
  lua_pushvalue(L, -2);
  lua_rawset(L, 2);
  return 1;
}

/* stack: table of globals */
void require_open(lua_State *L) {
  lua_pushcfunction(L, safe_require);
  lua_setfield(L, -2, "require");
}
