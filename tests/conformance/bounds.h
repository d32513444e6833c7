/** @file bounds.h
 *  How far devices may be from each other: the one place that says so. */
#ifndef BOUNDS_H
#define BOUNDS_H

/** NMSE of float32 results on `cpu` against `ref`, for kernels that sum directly. */
#define BOUND_DIRECT_NMSE 1e-9
/** NMSE of `ref`, which sums in double, against this test's own sums in double: one rounding. */
#define BOUND_REFERENCE_NMSE 1e-13
/* Integer results have no bound: they are the same bits. */

#endif
