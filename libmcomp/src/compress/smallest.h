/** @file smallest.h
 *  Finds the k smallest of many numbers without sorting them: their upper halves are counted, then
 *  the lower halves of those that share the k-th's upper half. The numbers come by three times, in the
 *  same order; of equal ones the first are taken. */
#ifndef MC_SMALLEST_H
#define MC_SMALLEST_H

#include "base/alloc.h"

typedef struct mc_smallest {
    mcomp_context *context;
    uint64_t *counts;      /**< of the halves, 2^16 */
    uint64_t wanted;       /**< of those that are not yet known to be below */
    uint32_t upper, limit; /**< upper half of the k-th smallest, then all of it */
} mc_smallest;

/** @param wanted  k, at most as many as there will be numbers */
mcomp_status mc_smallest_begin(mcomp_context *context, uint64_t wanted, mc_smallest *smallest);
void mc_smallest_end(mc_smallest *smallest);

/** First round. */
static inline void mc_smallest_see_upper(mc_smallest *smallest, uint32_t number)
{
    smallest->counts[number >> 16]++;
}
void mc_smallest_end_upper(mc_smallest *smallest);

/** Second round. */
static inline void mc_smallest_see_lower(mc_smallest *smallest, uint32_t number)
{
    if (number >> 16 == smallest->upper)
        smallest->counts[number & 0xffff]++;
}
void mc_smallest_end_lower(mc_smallest *smallest);

/** Third round: is the number among the k smallest? */
static inline bool mc_smallest_take(mc_smallest *smallest, uint32_t number)
{
    if (number != smallest->limit)
        return number < smallest->limit;
    bool take = smallest->wanted > 0;
    smallest->wanted -= take;
    return take;
}

#endif
