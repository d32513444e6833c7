#include "stage_progress.h"

mcomp_status mc_stage_progress_begin_stage(mc_stage_progress *progress, const char *stage)
{
    progress->stage = stage;
    progress->caller.next_ns = 0;
    return mc_stage_progress_advance(progress, 0);
}

mcomp_status mc_stage_progress_advance(mc_stage_progress *progress, uint64_t work)
{
    progress->done += work;
    uint64_t done = progress->done < progress->total ? progress->done : progress->total;
    return mc_progress_report(&progress->caller, progress->stage, done, progress->total);
}
