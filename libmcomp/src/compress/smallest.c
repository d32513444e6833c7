#include "smallest.h"

#include <string.h>

#include "base/status.h"

#define HALF_COUNT ((size_t)1 << 16)

mcomp_status mc_smallest_begin(mcomp_context *context, uint64_t wanted, mc_smallest *smallest)
{
    *smallest = (mc_smallest){.context = context, .wanted = wanted};
    smallest->counts = mc_alloc_array(context, HALF_COUNT, sizeof *smallest->counts);
    return smallest->counts ? MCOMP_OK : mc_fail_memory(HALF_COUNT * sizeof *smallest->counts);
}

void mc_smallest_end(mc_smallest *smallest)
{
    mc_free(smallest->context, smallest->counts);
    smallest->counts = NULL;
}

/* The half that the wanted number has; those below it are not wanted any more. */
static uint32_t find_half(mc_smallest *smallest)
{
    uint32_t half = 0;
    while (half < HALF_COUNT - 1 && smallest->counts[half] < smallest->wanted)
        smallest->wanted -= smallest->counts[half++];
    memset(smallest->counts, 0, HALF_COUNT * sizeof *smallest->counts);
    return half;
}

void mc_smallest_end_upper(mc_smallest *smallest)
{
    smallest->upper = find_half(smallest);
}

void mc_smallest_end_lower(mc_smallest *smallest)
{
    smallest->limit = smallest->upper << 16 | find_half(smallest);
}
