#include "progress.h"

#include "clock.h"
#include "status.h"

#define INTERVAL_NS 50000000u

bool mc_progress_is_due(const mc_progress *progress)
{
    return progress->report && mc_clock_ns() >= progress->next_ns;
}

mcomp_status mc_progress_report(mc_progress *progress, const char *stage, uint64_t done,
                                uint64_t total)
{
    if (!progress->report)
        return MCOMP_OK;
    uint64_t now_ns = mc_clock_ns();
    if (now_ns < progress->next_ns)
        return MCOMP_OK;
    progress->next_ns = now_ns + INTERVAL_NS;
    MC_REQUIRE(progress->report(progress->user, stage, done, total) == 0, MCOMP_ERR_CANCELLED,
               "%s: cancelled after %llu of %llu", stage, (unsigned long long)done,
               (unsigned long long)total);
    return MCOMP_OK;
}
