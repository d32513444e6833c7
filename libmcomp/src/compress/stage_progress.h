/** @file stage_progress.h
 *  Says how far a recipe is, and hears whether to go on. */
#ifndef MC_STAGE_PROGRESS_H
#define MC_STAGE_PROGRESS_H

#include "base/progress.h"

typedef struct mc_stage_progress {
    mc_progress caller;
    const char *stage;
    uint64_t done, total;
} mc_stage_progress;

/** A new stage begins: calls back at once.
 *  @retval MCOMP_ERR_CANCELLED */
mcomp_status mc_stage_progress_begin_stage(mc_stage_progress *progress, const char *stage);
/** More work is done, perhaps 0; calls back as mc_progress_report() does.
 *  @retval MCOMP_ERR_CANCELLED */
mcomp_status mc_stage_progress_advance(mc_stage_progress *progress, uint64_t work);

#endif
