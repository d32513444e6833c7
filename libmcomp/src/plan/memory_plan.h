/** @file memory_plan.h
 *  Offsets for blocks with lifetimes in one arena: largest first, each at the lowest offset that is
 * free for all its life (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
 * Inference", 2020). */
#ifndef MC_MEMORY_PLAN_H
#define MC_MEMORY_PLAN_H

#include "base/alloc.h"

typedef struct mc_lifetime {
    size_t nbytes;
    uint32_t first; /**< step that writes it */
    uint32_t last;  /**< last step that reads it, >= first */
    size_t offset;  /**< found; a multiple of MC_ALIGNMENT */
} mc_lifetime;

/** Find all offsets. O(n^2).
 *  @param[out] arena_nbytes      needed
 *  @param[out] live_peak_nbytes  largest sum alive at one step: no plan can need less */
mcomp_status mc_memory_plan(mcomp_context *context, mc_lifetime *lifetimes, size_t count,
                            size_t *arena_nbytes, size_t *live_peak_nbytes);

#endif
