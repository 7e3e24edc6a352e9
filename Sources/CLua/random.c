/* The policy's own stream of random numbers, behind math.random, sim.random and sim.choice.
 *
 * xoshiro256**, Blackman and Vigna 2018, https://doi.org/10.1145/3460772, as the engine's own streams. */
#include "sandbox.h"

static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static uint64_t random_next(clua_vm *vm) {
  uint64_t *s = vm->random;
  uint64_t result = rotate(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

/* Uniform in [0, 1), 53 random bits. */
double random_unit(clua_vm *vm) { return (double)(random_next(vm) >> 11) * 0x1p-53; }

/* Uniform in 0 ..< bound without bias; 0 stands for 2^64. */
uint64_t random_below(clua_vm *vm, uint64_t bound) {
  if (bound == 0) return random_next(vm);
  uint64_t surplus = (0 - bound) % bound; /* 2^64 mod bound: values below it would make small results likelier */
  uint64_t x;
  do x = random_next(vm); while (x < surplus);
  return x % bound;
}

/* random(), random(n), random(m, n), random(0): as math.random of the reference manual. */
static int policy_random(lua_State *L) {
  clua_vm *vm = vm_of(L);
  lua_Integer low = 1, high;
  switch (lua_gettop(L)) {
    case 0: lua_pushnumber(L, random_unit(vm)); return 1;
    case 1:
      high = luaL_checkinteger(L, 1);
      if (high == 0) {
        lua_pushinteger(L, (lua_Integer)random_next(vm));
        return 1;
      }
      break;
    case 2:
      low = luaL_checkinteger(L, 1);
      high = luaL_checkinteger(L, 2);
      break;
    default: return luaL_error(L, "wrong number of arguments");
  }
  luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
  uint64_t offset = random_below(vm, (uint64_t)high - (uint64_t)low + 1);
  lua_pushinteger(L, (lua_Integer)((uint64_t)low + offset));
  return 1;
}

/* randomseed(n): restarts the stream from the run's seed and the integer n. */
static int policy_randomseed(lua_State *L) {
  clua_vm *vm = vm_of(L);
  uint64_t mix = 0;
  if (lua_gettop(L) > 0) mix = (uint64_t)luaL_checkinteger(L, 1);
  for (int i = 0; i < 4; i++) {
    /* splitmix64 over the run's words, so that nearby seeds give unrelated streams */
    mix += 0x9e3779b97f4a7c15u;
    uint64_t z = mix;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    vm->random[i] = vm->options.random[i] ^ z ^ (z >> 31);
  }
  return 0;
}

/* stack: table of globals */
void random_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"random", policy_random}, {"randomseed", policy_randomseed}, {NULL, NULL}};
  lua_getfield(L, -1, "math");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
