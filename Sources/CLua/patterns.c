/* string.find, match, gmatch and gsub over our own matcher. */
#define _GNU_SOURCE /* memmem */
#include "match.h"
#include "sandbox.h"

#include <ctype.h>
#include <string.h>

static void prepare(matcher *m, lua_State *L, const char *subject, size_t length, const char *stop) {
  m->L = L;
  m->vm = vm_of(L);
  m->start = subject;
  m->end = subject + length;
  m->stop = stop;
}

static const char *attempt(matcher *m, const char *s, const char *p) {
  m->depth = 0;
  m->captures = 0;
  return match_here(m, s, p);
}

/* Pushes capture `i`, or the whole match s ..< e where the pattern has none. */
static void push_capture(matcher *m, int i, const char *s, const char *e) {
  if (i >= m->captures) {
    if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
    lua_pushlstring(m->L, s, (size_t)(e - s));
  } else if (m->capture[i].length == POSITION) {
    lua_pushinteger(m->L, m->capture[i].at - m->start + 1);
  } else if (m->capture[i].length == OPEN) {
    luaL_error(m->L, "unfinished capture");
  } else {
    lua_pushlstring(m->L, m->capture[i].at, (size_t)m->capture[i].length);
  }
}

static int push_captures(matcher *m, const char *s, const char *e, bool whole) {
  int count = m->captures == 0 && whole ? 1 : m->captures;
  luaL_checkstack(m->L, count, "too many captures");
  for (int i = 0; i < count; i++) push_capture(m, i, s, e);
  return count;
}

/* 0-based start from a 1-based or negative `init`; beyond the end + 1 it is length + 1. */
static size_t start_of(lua_Integer init, size_t length) {
  if (init > 0) return (lua_Unsigned)init > (lua_Unsigned)length + 1 ? length + 1 : (size_t)init - 1;
  if (init == 0 || init < -(lua_Integer)length) return 0;
  return length - (size_t)(-init);
}

static const char *find_plain(const char *text, size_t length, const char *what, size_t size) {
  if (size == 0) return text;
  return memmem(text, length, what, size);
}

static int search(lua_State *L, bool find) {
  size_t length, size;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &size);
  size_t init = start_of(luaL_optinteger(L, 3, 1), length);
  if (init > length) {
    lua_pushnil(L);
    return 1;
  }
  bool plain = true;
  for (size_t i = 0; i < size && plain; i++) plain = strchr("^$*+?.([%-", pattern[i]) == NULL || pattern[i] == '\0';
  if (find && (plain || lua_toboolean(L, 4))) {
    vm_charge(L, vm_of(L), (int64_t)((length - init) / 8));
    const char *found = find_plain(subject + init, length - init, pattern, size);
    if (found != NULL) {
      lua_pushinteger(L, found - subject + 1);
      lua_pushinteger(L, found - subject + (lua_Integer)size);
      return 2;
    }
    lua_pushnil(L);
    return 1;
  }
  matcher m;
  prepare(&m, L, subject, length, pattern + size);
  bool anchored = size > 0 && *pattern == '^';
  if (anchored) pattern++;
  for (const char *s = subject + init; s <= m.end; s++) {
    const char *e = attempt(&m, s, pattern);
    if (e != NULL) {
      if (!find) return push_captures(&m, s, e, true);
      lua_pushinteger(L, s - subject + 1);
      lua_pushinteger(L, e - subject);
      return push_captures(&m, s, e, false) + 2;
    }
    if (anchored) break;
  }
  lua_pushnil(L);
  return 1;
}

static int safe_find(lua_State *L) { return search(L, true); }
static int safe_match(lua_State *L) { return search(L, false); }

/* upvalues: subject, pattern, next start, end of the last match (0-based; -1 is none) */
static int next_match(lua_State *L) {
  size_t length, size;
  const char *subject = lua_tolstring(L, lua_upvalueindex(1), &length);
  const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &size);
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  matcher m;
  prepare(&m, L, subject, length, pattern + size);
  for (const char *s = subject + lua_tointeger(L, lua_upvalueindex(3)); s <= m.end; s++) {
    const char *e = attempt(&m, s, pattern);
    if (e == NULL || e - subject == last) continue; /* an empty match right behind the last one does not count */
    lua_pushinteger(L, e - subject);
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return push_captures(&m, s, e, true);
  }
  lua_pushinteger(L, (lua_Integer)length + 1);
  lua_replace(L, lua_upvalueindex(3));
  return 0;
}

static int safe_gmatch(lua_State *L) {
  size_t length;
  luaL_checklstring(L, 1, &length);
  luaL_checkstring(L, 2);
  size_t init = start_of(luaL_optinteger(L, 3, 1), length);
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)init);
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, next_match, 4);
  return 1;
}

/* Adds what a replacement string stands for: %0 to %9 are captures, %% a percent sign. */
static void add_text(matcher *m, luaL_Buffer *buffer, const char *s, const char *e) {
  size_t length;
  const char *text = lua_tolstring(m->L, 3, &length);
  for (size_t i = 0; i < length; i++) {
    vm_tick(m->L, m->vm);
    if (text[i] != '%') {
      luaL_addchar(buffer, text[i]);
    } else if (++i < length && text[i] == '%') {
      luaL_addchar(buffer, '%');
    } else if (i < length && text[i] == '0') {
      luaL_addlstring(buffer, s, (size_t)(e - s));
    } else if (i < length && isdigit((unsigned char)text[i])) {
      push_capture(m, text[i] - '1', s, e);
      if (!lua_tolstring(m->L, -1, NULL)) luaL_error(m->L, "invalid capture value");
      luaL_addvalue(buffer);
    } else {
      luaL_error(m->L, "invalid use of '%%' in replacement string");
    }
  }
}

/* Adds the replacement of the match s ..< e. stack: subject, pattern, replacement, limit, buffer... */
static void add_replacement(matcher *m, luaL_Buffer *buffer, const char *s, const char *e, int type) {
  lua_State *L = m->L;
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(m, s, e, true), 1);
  } else if (type == LUA_TTABLE) {
    push_capture(m, 0, s, e);
    lua_gettable(L, 3);
  } else {
    add_text(m, buffer, s, e);
    return;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(buffer, s, (size_t)(e - s));
  } else if (!lua_isstring(L, -1)) {
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  } else {
    luaL_addvalue(buffer);
  }
}

static int safe_gsub(lua_State *L) {
  size_t length, size;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &size);
  int type = lua_type(L, 3);
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                   "string/function/table");
  lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)length + 1);
  lua_settop(L, 4);
  if (type == LUA_TNUMBER) lua_tostring(L, 3);
  matcher m;
  prepare(&m, L, subject, length, pattern + size);
  bool anchored = size > 0 && *pattern == '^';
  if (anchored) pattern++;
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  const char *s = subject, *last = NULL;
  lua_Integer count = 0;
  while (count < limit) {
    const char *e = attempt(&m, s, pattern);
    if (e != NULL && e != last) {
      count++;
      add_replacement(&m, &buffer, s, e, type);
      s = last = e;
    } else if (s < m.end) {
      luaL_addchar(&buffer, *s++);
    } else {
      break;
    }
    if (anchored) break;
  }
  luaL_addlstring(&buffer, s, (size_t)(m.end - s));
  luaL_pushresult(&buffer);
  lua_pushinteger(L, count);
  return 2;
}

/* stack: the string library */
void patterns_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"find", safe_find}, {"match", safe_match}, {"gmatch", safe_gmatch}, {"gsub", safe_gsub}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
