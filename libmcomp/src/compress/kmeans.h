/** @file kmeans.h
 *  k-means of numbers on a line. Clusters are runs of the sorted numbers, so a run's mean and squared
 *  error come from prefix sums. One thread, a fixed order: the same numbers give the same bits. */
#ifndef MC_KMEANS_H
#define MC_KMEANS_H

#include "stage_progress.h"
#include "base/alloc.h"

/** How the centroids begin. */
typedef enum mc_kmeans_init {
    MC_KMEANS_LINEAR = 0,  /**< evenly between least and greatest */
    MC_KMEANS_DENSITY = 1, /**< evenly over the sorted numbers */
    MC_KMEANS_RANDOM = 2,  /**< numbers drawn by seed */
    MC_KMEANS_EXACT = 3    /**< no iteration: the clustering with the least squared error */
} mc_kmeans_init;

/** Sort by value. @param scratch  count elements
 *  O(count) */
void mc_sort_floats(float *values, size_t count, uint32_t *scratch);

/** Find centroids.
 *  @param values     sorted, finite, count >= 1
 *  @param centroids  room for `wanted`; sorted, distinct
 *  @param[out] found how many: `wanted`, or the numbers' own values where they have no more distinct
 *                    ones; fewer where float32 cannot tell means apart */
mcomp_status mc_kmeans(mcomp_context *context, mc_stage_progress *progress, const float *values,
                       size_t count, size_t wanted, mc_kmeans_init init, uint64_t seed,
                       float *centroids, size_t *found);
/** The optimum by dynamic programming, O(wanted x n log n) for n distinct numbers in O(n) memory.
 *  @param values  sorted, more distinct ones than `wanted`
 *  @param starts  wanted + 1: where each cluster's run begins, and count */
mcomp_status mc_kmeans_exact(mcomp_context *context, mc_stage_progress *progress,
                             const float *values, size_t count, size_t wanted, size_t *starts);
/** Index of the centroid nearest to value; the lower of two. */
size_t mc_nearest(const float *centroids, size_t count, float value);

#endif
