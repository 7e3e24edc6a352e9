/* The pattern matcher of match.c, as patterns.c uses it. */
#ifndef CLUA_MATCH_H
#define CLUA_MATCH_H

#include "vm.h"

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

/* One past the match of pattern `p` at `s`, or NULL. Raises on malformed patterns and when a budget is used up. */
const char *match_here(matcher *m, const char *s, const char *p);

#endif
