#include "memory_plan.h"

#include <stdlib.h>

#include "base/status.h"

static int compare_size(const void *a, const void *b)
{
    const mc_lifetime *x = *(mc_lifetime *const *)a, *y = *(mc_lifetime *const *)b;
    if (x->nbytes != y->nbytes)
        return x->nbytes > y->nbytes ? -1 : 1;
    return x < y ? -1 : 1;
}

static bool overlap_in_time(const mc_lifetime *a, const mc_lifetime *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest free offset among those placed so far, which are sorted by offset. */
static size_t find_offset(mc_lifetime *const *placed, size_t placed_count, const mc_lifetime *block)
{
    size_t offset = 0;
    for (size_t i = 0; i < placed_count; i++) {
        if (!overlap_in_time(placed[i], block))
            continue;
        if (placed[i]->offset >= offset && placed[i]->offset - offset >= block->nbytes)
            return offset;
        size_t end = mc_round_up(placed[i]->offset + placed[i]->nbytes, MC_ALIGNMENT);
        if (end > offset)
            offset = end;
    }
    return offset;
}

static void insert_by_offset(mc_lifetime **placed, size_t placed_count, mc_lifetime *block)
{
    size_t i = placed_count;
    for (; i > 0 && placed[i - 1]->offset > block->offset; i--)
        placed[i] = placed[i - 1];
    placed[i] = block;
}

static size_t live_peak(const mc_lifetime *lifetimes, size_t count)
{
    /* Something is largest right when a block begins. */
    size_t peak = 0;
    for (size_t i = 0; i < count; i++) {
        size_t alive = 0;
        for (size_t k = 0; k < count; k++)
            if (lifetimes[k].first <= lifetimes[i].first && lifetimes[i].first <= lifetimes[k].last)
                alive += lifetimes[k].nbytes;
        peak = alive > peak ? alive : peak;
    }
    return peak;
}

mcomp_status mc_memory_plan(mcomp_context *context, mc_lifetime *lifetimes, size_t count,
                            size_t *arena_nbytes, size_t *live_peak_nbytes)
{
    mc_lifetime **by_size = mc_alloc_array(context, 2 * count, sizeof *by_size);
    if (!by_size)
        return mc_fail_memory(2 * count * sizeof *by_size);
    mc_lifetime **placed = by_size + count;
    for (size_t i = 0; i < count; i++)
        by_size[i] = &lifetimes[i];
    if (count > 0)
        qsort(by_size, count, sizeof *by_size, compare_size);
    *arena_nbytes = 0;
    for (size_t i = 0; i < count; i++) {
        by_size[i]->offset = find_offset(placed, i, by_size[i]);
        insert_by_offset(placed, i, by_size[i]);
        size_t end = by_size[i]->offset + by_size[i]->nbytes;
        *arena_nbytes = end > *arena_nbytes ? end : *arena_nbytes;
    }
    *live_peak_nbytes = live_peak(lifetimes, count);
    mc_free(context, by_size);
    return MCOMP_OK;
}
