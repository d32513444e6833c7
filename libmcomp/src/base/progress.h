/** @file progress.h
 *  Tells a caller how far a long call is, not too often, and asks whether to go on. */
#ifndef MC_PROGRESS_H
#define MC_PROGRESS_H

#include <stdbool.h>

#include "mcomp/base.h"

typedef struct mc_progress {
    mcomp_progress_fn report; /**< NULL: nobody asks */
    void *user;
    uint64_t next_ns; /**< not before this time of the clock */
} mc_progress;

static inline mc_progress mc_progress_make(mcomp_progress_fn report, void *user)
{
    return (mc_progress){.report = report, .user = user};
}

/** Will mc_progress_report() call the caller now? For those who have something to put aside first. */
bool mc_progress_is_due(const mc_progress *progress);
/** Report where 0.05 s have gone by since the last report; the first call reports at once.
 *  @param done, total  as for mcomp_progress_fn
 *  @retval MCOMP_ERR_CANCELLED  the caller asked to stop; the message names the stage */
mcomp_status mc_progress_report(mc_progress *progress, const char *stage, uint64_t done,
                                uint64_t total);

#endif
