/** @file stage_progress.h
 *  Says how far a recipe is, and hears whether to go on. */
#ifndef MC_STAGE_PROGRESS_H
#define MC_STAGE_PROGRESS_H

#include "mcomp/base.h"

typedef struct mc_stage_progress {
    mcomp_progress_fn callback; /**< may be NULL */
    void *user;
    const char *stage;
    uint64_t done, total;
    uint64_t called_ns; /**< when the callback was called last */
} mc_stage_progress;

/** A new stage begins: calls back at once.
 *  @retval MCOMP_ERR_CANCELLED */
mcomp_status mc_stage_progress_begin_stage(mc_stage_progress *progress, const char *stage);
/** More work is done, perhaps 0; calls back when 0.1 s have gone by since the last time.
 *  @retval MCOMP_ERR_CANCELLED */
mcomp_status mc_stage_progress_advance(mc_stage_progress *progress, uint64_t work);

#endif
