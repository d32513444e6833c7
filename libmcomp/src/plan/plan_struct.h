/** @file plan_struct.h
 *  What a plan holds; session/ executes it. */
#ifndef MC_PLAN_STRUCT_H
#define MC_PLAN_STRUCT_H

#include <stdatomic.h>

#include "backend/backend.h"
#include "mcomp/plan.h"
#include "memory_plan.h"

typedef struct mc_step {
    uint32_t node_index;
    mc_device *device;
    mc_candidate candidate;
    char encoding[64]; /**< of the node's weight, "" where it has none */
    char why[MC_REASON_CAPACITY];
} mc_step;

/** Where a value lives during a run. */
typedef enum mc_place {
    MC_PLACE_NONE,   /**< constants, and values that nobody makes */
    MC_PLACE_INPUT,  /**< the caller's input tensor `index` */
    MC_PLACE_OUTPUT, /**< the caller's output tensor `index` */
    MC_PLACE_ARENA   /**< `offset` bytes into the session's activations */
} mc_place;

typedef struct mc_location {
    mc_place place;
    uint32_t index;
    size_t offset;
    size_t nbytes; /**< for the whole batch */
} mc_location;

struct mcomp_plan {
    atomic_size_t references;
    mcomp_graph *graph; /**< held */
    int64_t batch;
    char objective[16];
    mc_step *steps;
    uint32_t step_count;
    mc_location *locations; /**< one a value of the graph */
    size_t activations_nbytes;
    size_t live_peak_nbytes;
    size_t workspace_nbytes;
    size_t weights_nbytes;
    double predicted_ns;
};

mcomp_plan *mc_plan_retain(mcomp_plan *plan);

/** Choose device and kernel for every node.
 *  @retval MCOMP_ERR_NOT_FOUND, MCOMP_ERR_UNSUPPORTED */
mcomp_status mc_plan_place(mcomp_plan *plan, const char *devices);

/** Give every activation its place. */
mcomp_status mc_plan_locate(mcomp_plan *plan);

#endif
