/* Matching Lua patterns with a step counter, so that a match ends when the budget does.
 *
 * Lua's own matcher runs in C, where no hook fires, and some patterns take exponential time. This one follows the
 * reference manual (https://www.lua.org/manual/5.4/manual.html#6.4.1) and counts its steps. */
#include "match.h"

#include <ctype.h>
#include <string.h>

static int bad_pattern(matcher *m, const char *problem) {
  return luaL_error(m->L, "malformed pattern (%s)", problem);
}

/* Does class letter `letter` (as in %d) accept `c`? Upper case accepts the rest; others stand for themselves. */
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

/* Recursion is as deep as the pattern is long. */
const char *match_here(matcher *m, const char *s, const char *p) {
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
