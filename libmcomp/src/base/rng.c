#include "rng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, unsigned n)
{
    return (x << n) | (x >> (64 - n));
}

void mc_rng_seed(mc_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&seed);
}

uint64_t mc_rng_u64(mc_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t mc_rng_below(mc_rng *rng, uint64_t bound)
{
    /* Values below 2^64 mod bound would make some results likelier: drawn again. */
    uint64_t reject_below = (0 - bound) % bound;
    uint64_t value;
    do
        value = mc_rng_u64(rng);
    while (value < reject_below);
    return value % bound;
}

double mc_rng_uniform(mc_rng *rng)
{
    return (double)(mc_rng_u64(rng) >> 11) * 0x1p-53;
}

double mc_rng_normal(mc_rng *rng)
{
    double x, square;
    do {
        x = 2 * mc_rng_uniform(rng) - 1;
        double y = 2 * mc_rng_uniform(rng) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    return x * sqrt(-2 * log(square) / square);
}
