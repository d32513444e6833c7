/** @file session_struct.h
 *  What a session holds. Everything a run needs is here before the first run. */
#ifndef MC_SESSION_STRUCT_H
#define MC_SESSION_STRUCT_H

#include "base/progress.h"
#include "mcomp/session.h"
#include "plan/plan_struct.h"

typedef struct mc_step_time {
    uint64_t start_ns;
    uint64_t duration_ns;
} mc_step_time;

struct mcomp_session {
    mcomp_plan *plan;          /**< held */
    mc_operation **operations; /**< one a step */
    uint8_t *activations;
    uint8_t *workspace;
    const void **step_inputs; /**< pointers for one step, as many as any node has inputs */
    void **values;            /**< where each value is in this run */
    mc_step_time *times;
    mc_progress progress;
    bool profiling;
    bool profiled; /**< times hold a run */
    uint64_t load_ns;
};

#endif
