/** @file ref_pool.h
 *  Pools share one walk over planes and windows. */
#ifndef MC_REF_POOL_H
#define MC_REF_POOL_H

#include "ref_device.h"

/** The part of a plane under one window, clipped to the plane: rows [row_begin, row_end) in steps.
 */
typedef struct mc_pool_window {
    size_t plane; /**< index of the plane's first element */
    size_t width; /**< of the input */
    int64_t row_begin, row_end, row_step;
    int64_t column_begin, column_end, column_step;
    size_t
        padded_count; /**< elements of the window, padding included, the ceil-mode overhang not */
} mc_pool_window;

/** Result of one window; the output element's index is given. */
typedef void (*mc_pool_fn)(const mc_operation *operation, const mc_run *run,
                           const mc_pool_window *window, size_t index);

/** Call `pool` for every output element. */
void mc_ref_pool(const mc_operation *operation, const mc_run *run, mc_pool_fn pool);

/** Call `pool` for every plane of the input, with a window that is all of it. */
void mc_ref_global_pool(const mc_operation *operation, const mc_run *run, mc_pool_fn pool);

/** Greatest element of a window; what is not a number wins. */
void mc_ref_greatest(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
                     size_t index);

/** Average of a window: divides by `count`. Float in double, integer as docs/operators.md. */
void mc_ref_average(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
                    size_t count, size_t index);

#endif
