/** @file alloc.h
 *  All memory of the library: from the context's allocator, 64-byte aligned, sizes remembered. */
#ifndef MC_ALLOC_H
#define MC_ALLOC_H

#include <stdbool.h>

#include "mcomp/context.h"

#define MC_ALIGNMENT 64u

/** @return 64-byte aligned memory, NULL when out of memory (no message set); nbytes 0 gives a valid
 *          pointer. Contents undefined */
void *mc_alloc(mcomp_context *context, size_t nbytes);
/** As mc_alloc(), filled with 0. */
void *mc_alloc_zero(mcomp_context *context, size_t nbytes);
/** count elements of nbytes each, zeroed; NULL also where the product overflows. */
void *mc_alloc_array(mcomp_context *context, size_t count, size_t nbytes);
/** Grow (or make, from NULL) to nbytes, contents kept; NULL on failure, the old one stays. */
void *mc_realloc(mcomp_context *context, void *pointer, size_t nbytes);
/** @param pointer  may be NULL */
void mc_free(mcomp_context *context, void *pointer);
/** A copy of text, NULL when out of memory. */
char *mc_text_copy(mcomp_context *context, const char *text);

/** *product = a * b. @return false on overflow */
static inline bool mc_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/** n rounded up to a multiple of `multiple` (a power of two). */
static inline size_t mc_round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) & ~(multiple - 1);
}

#endif
