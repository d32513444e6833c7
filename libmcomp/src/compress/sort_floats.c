/* A radix sort of floats as integers, 11 bits a round. */
#include <string.h>

#include "kmeans.h"

#define ROUND_BITS 11u
#define BUCKETS    ((size_t)1 << ROUND_BITS)

/* The floats' own memory holds integers in between, so both sides are read and written by copy. */
static uint32_t load(const void *array, size_t index)
{
    uint32_t number;
    memcpy(&number, (const char *)array + index * sizeof number, sizeof number);
    return number;
}

static void store(void *array, size_t index, uint32_t number)
{
    memcpy((char *)array + index * sizeof number, &number, sizeof number);
}

static void sort_round(const void *from, void *to, size_t count, unsigned shift)
{
    size_t places[BUCKETS] = {0}, place = 0;
    for (size_t i = 0; i < count; i++)
        places[load(from, i) >> shift & (BUCKETS - 1)]++;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        size_t next = place + places[bucket];
        places[bucket] = place;
        place = next;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t number = load(from, i);
        store(to, places[number >> shift & (BUCKETS - 1)]++, number);
    }
}

void mc_sort_floats(float *values, size_t count, uint32_t *scratch)
{
    /* Integers in the floats' order: of negative ones all bits are turned, of others the sign. */
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = load(values, i);
        store(values, i, bits >> 31 ? ~bits : bits | 0x80000000u);
    }
    sort_round(values, scratch, count, 0);
    sort_round(scratch, values, count, ROUND_BITS);
    sort_round(values, scratch, count, 2 * ROUND_BITS);
    for (size_t i = 0; i < count; i++)
        store(values, i, scratch[i] >> 31 ? scratch[i] & 0x7fffffffu : ~scratch[i]);
}
