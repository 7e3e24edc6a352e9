/* "Did you mean": the known name that is nearest to a wrong one. */
#include "vm.h"

#include <string.h>

enum { LONGEST = 48 };

static int least(int a, int b) { return a < b ? a : b; }

/* Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
 * Optimal string alignment distance; words longer than LONGEST count as far apart. */
static int distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST) return LONGEST;
  int rows[3][LONGEST + 1];
  for (size_t j = 0; j <= m; j++) rows[0][j] = (int)j;
  for (size_t i = 1; i <= n; i++) {
    int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
    row[0] = (int)i;
    for (size_t j = 1; j <= m; j++) {
      int replace = above[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = least(replace, least(above[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = least(row[j], two_above[j - 2] + 1);
      }
    }
  }
  return rows[n % 3][m];
}

/* Does `name` contain every part of `word`, as max_num_seqs has those of max_seqs? */
static bool has_parts(const char *name, const char *word) {
  char part[LONGEST];
  while (*word != '\0') {
    size_t n = strcspn(word, "_");
    if (n >= sizeof part) return false;
    memcpy(part, word, n);
    part[n] = '\0';
    if (strstr(name, part) == NULL) return false;
    word += n + (word[n] == '_');
  }
  return true;
}

const char *clua_nearest(const char *word, const char *const *names, int32_t count) {
  int length = (int)strlen(word);
  int best_distance = least(length / 3 + 1, 5); /* guess: a third of the letters may be wrong */
  const char *best = NULL;
  for (int32_t i = 0; i < count; i++) {
    int d = distance(word, names[i]);
    if (d < best_distance || (d == best_distance && best == NULL)) {
      best = names[i];
      best_distance = d;
    }
  }
  if (best != NULL || length < 3) return best;
  for (int32_t i = 0; i < count; i++) { /* a piece of a name, or a name with something added */
    if (has_parts(names[i], word) || strstr(word, names[i]) != NULL) return names[i];
  }
  return NULL;
}

/* The names, separated by commas, as far as they fit. */
const char *vm_list_names(char *buffer, size_t size, const char *const *names, int32_t count) {
  size_t used = 0;
  buffer[0] = '\0';
  for (int32_t i = 0; i < count; i++) {
    size_t n = strlen(names[i]);
    if (used + n + 6 > size) {
      strcpy(buffer + used, ", ...");
      break;
    }
    if (used > 0) {
      memcpy(buffer + used, ", ", 2);
      used += 2;
    }
    memcpy(buffer + used, names[i], n + 1);
    used += n;
  }
  return buffer;
}
