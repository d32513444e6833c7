#include "stage_progress.h"

#include "base/clock.h"
#include "base/status.h"

#define INTERVAL_NS 100000000u

static mcomp_status call_back(mc_stage_progress *progress, uint64_t now_ns)
{
    progress->called_ns = now_ns;
    uint64_t done = progress->done < progress->total ? progress->done : progress->total;
    MC_REQUIRE(progress->callback(progress->user, progress->stage, done, progress->total) == 0,
               MCOMP_ERR_CANCELLED, "cancelled in %s after %llu of %llu", progress->stage,
               (unsigned long long)done, (unsigned long long)progress->total);
    return MCOMP_OK;
}

mcomp_status mc_stage_progress_begin_stage(mc_stage_progress *progress, const char *stage)
{
    progress->stage = stage;
    return progress->callback ? call_back(progress, mc_clock_ns()) : MCOMP_OK;
}

mcomp_status mc_stage_progress_advance(mc_stage_progress *progress, uint64_t work)
{
    progress->done += work;
    if (!progress->callback)
        return MCOMP_OK;
    uint64_t now_ns = mc_clock_ns();
    return now_ns - progress->called_ns >= INTERVAL_NS ? call_back(progress, now_ns) : MCOMP_OK;
}
