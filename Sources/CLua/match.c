/* Lua patterns with a step counter: find, match, gmatch and gsub that end when the budget does.
 *
 * Lua's own matcher runs in C, where no hook fires, and some patterns take exponential time. This one follows the
 * reference manual (https://www.lua.org/manual/5.4/manual.html#6.4.1) and counts its steps. */
#define _GNU_SOURCE /* memmem */
#include "vm.h"

#include <ctype.h>
#include <string.h>

enum { DEEPEST = 200, MOST_CAPTURES = 32, OPEN = -1, POSITION = -2 };

typedef struct {
  lua_State *L;
  clua_vm *vm;
  const char *start, *end; /* subject */
  const char *stop;        /* end of the pattern */
  int depth;
  int captures;
  struct {
    const char *at;
    ptrdiff_t length; /* or OPEN, or POSITION */
  } capture[MOST_CAPTURES];
} matcher;

static const char *match_here(matcher *m, const char *s, const char *p);

static int bad_pattern(matcher *m, const char *problem) {
  return luaL_error(m->L, "malformed pattern (%s)", problem);
}

/* Does class letter `letter` (as in %d) accept `c`? An upper-case letter accepts the rest; others stand for themselves. */
static bool class_accepts(int c, int letter) {
  bool is;
  switch (tolower(letter)) {
    case 'a': is = isalpha(c); break;
    case 'c': is = iscntrl(c); break;
    case 'd': is = isdigit(c); break;
    case 'g': is = isgraph(c); break;
    case 'l': is = islower(c); break;
    case 'p': is = ispunct(c); break;
    case 's': is = isspace(c); break;
    case 'u': is = isupper(c); break;
    case 'w': is = isalnum(c); break;
    case 'x': is = isxdigit(c); break;
    default: return letter == c;
  }
  return isupper(letter) ? !is : is;
}

/* One past the single-character item that starts at `p`: x, ., %x or [set]. */
static const char *item_end(matcher *m, const char *p) {
  char c = *p++;
  if (c == '%') {
    if (p == m->stop) bad_pattern(m, "ends with '%'");
    return p + 1;
  }
  if (c != '[') return p;
  if (p < m->stop && *p == '^') p++;
  bool first = true;
  while (p == m->stop || *p != ']' || first) {
    if (p == m->stop) bad_pattern(m, "missing ']'");
    if (*p++ == '%') {
      if (p == m->stop) bad_pattern(m, "ends with '%'");
      p++;
    }
    first = false;
  }
  return p + 1;
}

/* `p` is at '[', `last` at its ']'. */
static bool set_accepts(int c, const char *p, const char *last) {
  bool accepted = true;
  p++;
  if (*p == '^') {
    accepted = false;
    p++;
  }
  while (p < last) {
    if (*p == '%') {
      if (class_accepts(c, (unsigned char)p[1])) return accepted;
      p += 2;
    } else if (p + 2 < last && p[1] == '-') {
      if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return accepted;
      p += 3;
    } else {
      if ((unsigned char)*p == c) return accepted;
      p++;
    }
  }
  return !accepted;
}

/* Does the item p ..< end accept the character at `s`? */
static bool item_accepts(matcher *m, const char *s, const char *p, const char *end) {
  if (s >= m->end) return false;
  vm_tick(m->L, m->vm);
  int c = (unsigned char)*s;
  switch (*p) {
    case '.': return true;
    case '%': return class_accepts(c, (unsigned char)p[1]);
    case '[': return set_accepts(c, p, end - 1);
    default: return (unsigned char)*p == c;
  }
}

/* %bxy: from an x to the y that balances it. */
static const char *match_balanced(matcher *m, const char *s, const char *p) {
  if (m->stop - p < 2) bad_pattern(m, "missing arguments to '%b'");
  if (s >= m->end || *s != p[0]) return NULL;
  int level = 1;
  for (const char *c = s + 1; c < m->end; c++) {
    vm_tick(m->L, m->vm);
    if (*c == p[1]) {
      if (--level == 0) return c + 1;
    } else if (*c == p[0]) {
      level++;
    }
  }
  return NULL;
}

/* item*, item+: as many as there are, then fewer until the rest matches. */
static const char *match_greedy(matcher *m, const char *s, const char *p, const char *end, ptrdiff_t least) {
  ptrdiff_t count = 0;
  while (item_accepts(m, s + count, p, end)) count++;
  for (; count >= least; count--) {
    vm_tick(m->L, m->vm);
    const char *found = match_here(m, s + count, end + 1);
    if (found != NULL) return found;
  }
  return NULL;
}

/* item-: as few as possible. */
static const char *match_lazy(matcher *m, const char *s, const char *p, const char *end) {
  for (;;) {
    const char *found = match_here(m, s, end + 1);
    if (found != NULL) return found;
    if (!item_accepts(m, s, p, end)) return NULL;
    s++;
  }
}

static const char *match_open_capture(matcher *m, const char *s, const char *p, ptrdiff_t length) {
  if (m->captures >= MOST_CAPTURES) luaL_error(m->L, "too many captures");
  m->capture[m->captures].at = s;
  m->capture[m->captures].length = length;
  m->captures++;
  const char *found = match_here(m, s, p);
  if (found == NULL) m->captures--;
  return found;
}

static const char *match_close_capture(matcher *m, const char *s, const char *p) {
  int i = m->captures - 1;
  while (i >= 0 && m->capture[i].length != OPEN) i--;
  if (i < 0) luaL_error(m->L, "invalid pattern capture");
  m->capture[i].length = s - m->capture[i].at;
  const char *found = match_here(m, s, p);
  if (found == NULL) m->capture[i].length = OPEN;
  return found;
}

/* %1 to %9: the text of an earlier capture. */
static const char *match_again(matcher *m, const char *s, int digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->captures || m->capture[i].length == OPEN) {
    luaL_error(m->L, "invalid capture index %%%d", i + 1);
  }
  if (m->capture[i].length == POSITION) return NULL; /* a place is no text */
  size_t length = (size_t)m->capture[i].length;
  if ((size_t)(m->end - s) < length || memcmp(m->capture[i].at, s, length) != 0) return NULL;
  vm_charge(m->L, m->vm, (int64_t)(length / 8));
  return s + length;
}

/* %f[set]: between a character outside the set and one inside; the subject's ends count as '\0'. */
static bool at_frontier(matcher *m, const char *s, const char *p, const char *end) {
  int before = s == m->start ? 0 : (unsigned char)s[-1];
  int after = s < m->end ? (unsigned char)*s : 0;
  return !set_accepts(before, p, end - 1) && set_accepts(after, p, end - 1);
}

/* One past the match of pattern `p` at `s`, or NULL. Recursion is as deep as the pattern is long. */
static const char *match_here(matcher *m, const char *s, const char *p) {
  if (++m->depth > DEEPEST) luaL_error(m->L, "pattern too complex");
  const char *found = NULL;
  for (;;) {
    vm_tick(m->L, m->vm);
    if (p == m->stop) {
      found = s;
      break;
    }
    if (*p == '(') {
      bool position = p + 1 < m->stop && p[1] == ')';
      found = match_open_capture(m, s, p + (position ? 2 : 1), position ? POSITION : OPEN);
      break;
    }
    if (*p == ')') {
      found = match_close_capture(m, s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == m->stop) {
      found = s == m->end ? s : NULL;
      break;
    }
    if (*p == '%' && p + 1 < m->stop) {
      if (p[1] == 'b') {
        s = match_balanced(m, s, p + 2);
        if (s == NULL) break;
        p += 4;
        continue;
      }
      if (p[1] == 'f') {
        p += 2;
        if (p == m->stop || *p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
        const char *end = item_end(m, p);
        if (!at_frontier(m, s, p, end)) break;
        p = end;
        continue;
      }
      if (isdigit((unsigned char)p[1])) {
        s = match_again(m, s, (unsigned char)p[1]);
        if (s == NULL) break;
        p += 2;
        continue;
      }
    }
    const char *end = item_end(m, p);
    char repeat = end < m->stop ? *end : '\0';
    if (repeat == '*' || repeat == '+') {
      found = match_greedy(m, s, p, end, repeat == '+');
      break;
    }
    if (repeat == '-') {
      found = match_lazy(m, s, p, end);
      break;
    }
    bool accepted = item_accepts(m, s, p, end);
    if (repeat == '?') {
      if (accepted && (found = match_here(m, s + 1, end + 1)) != NULL) break;
      p = end + 1;
      continue;
    }
    if (!accepted) break;
    s++;
    p = end;
  }
  m->depth--;
  return found;
}

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
void match_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"find", safe_find}, {"match", safe_match}, {"gmatch", safe_gmatch}, {"gsub", safe_gsub}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
