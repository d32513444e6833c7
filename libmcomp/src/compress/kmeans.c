/* Lloyd's iteration on sorted numbers. */
#include "kmeans.h"

#include <float.h>
#include <string.h>

#include "base/rng.h"
#include "base/status.h"

/* Numbers that one prefix sum spans. */
#define SPAN 64u
/* Lloyd's iteration and the rounds of splitting stop at the latest after so many. */
#define MAX_ITERATIONS 1000
#define MAX_ROUNDS     64

/* Sums over runs of the sorted numbers. */
typedef struct run_sums {
    const float *values;
    size_t count;
    double *sums; /**< by span: of all numbers before it */
    double *squares;
} run_sums;

typedef struct clusters {
    double *centroids; /**< sorted */
    size_t *starts;    /**< count + 1: where each run begins, and the end of the last */
    size_t count, capacity;
} clusters;

static mcomp_status make_sums(mcomp_context *context, const float *values, size_t count,
                              run_sums *sums)
{
    size_t span_count = count / SPAN + 1;
    *sums = (run_sums){.values = values, .count = count};
    sums->sums = mc_alloc_array(context, 2 * span_count, sizeof(double));
    if (!sums->sums)
        return mc_fail_memory(2 * span_count * sizeof(double));
    sums->squares = sums->sums + span_count;
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % SPAN == 0) {
            sums->sums[i / SPAN] = sum;
            sums->squares[i / SPAN] = square;
        }
        sum += values[i];
        square += (double)values[i] * values[i];
    }
    if (count % SPAN == 0) {
        sums->sums[count / SPAN] = sum;
        sums->squares[count / SPAN] = square;
    }
    return MCOMP_OK;
}

/* Sum and sum of squares of the first `end` numbers. */
static void prefix(const run_sums *sums, size_t end, double *sum, double *square)
{
    *sum = sums->sums[end / SPAN];
    *square = sums->squares[end / SPAN];
    for (size_t i = end / SPAN * SPAN; i < end; i++) {
        *sum += sums->values[i];
        *square += (double)sums->values[i] * sums->values[i];
    }
}

static double run_mean(const run_sums *sums, size_t start, size_t end)
{
    double sum_a, sum_b, unused;
    prefix(sums, start, &sum_a, &unused);
    prefix(sums, end, &sum_b, &unused);
    return (sum_b - sum_a) / (double)(end - start);
}

/* Squared error of a run about its mean; 0 exactly where all its numbers are equal. */
static double run_error(const run_sums *sums, size_t start, size_t end)
{
    double sum_a, sum_b, square_a, square_b;
    if (start == end || sums->values[start] == sums->values[end - 1])
        return 0;
    prefix(sums, start, &sum_a, &square_a);
    prefix(sums, end, &sum_b, &square_b);
    double sum = sum_b - sum_a;
    double error = square_b - square_a - sum * sum / (double)(end - start);
    /* Rounding may leave nothing of a run that does vary. */
    return error > 0 ? error : DBL_MIN;
}

/* The first number above the limit. */
static size_t first_above(const run_sums *sums, size_t start, double limit)
{
    size_t end = sums->count;
    while (start < end) {
        size_t middle = start + (end - start) / 2;
        if ((double)sums->values[middle] > limit)
            end = middle;
        else
            start = middle + 1;
    }
    return start;
}

/* Gives each number to the nearest centroid, the lower of two. @return did any run change? */
static bool assign(const run_sums *sums, clusters *all)
{
    bool changed = all->starts[all->count] != sums->count;
    all->starts[all->count] = sums->count;
    for (size_t k = 1; k < all->count; k++) {
        double limit = all->centroids[k - 1] + (all->centroids[k] - all->centroids[k - 1]) / 2;
        size_t start = first_above(sums, all->starts[k - 1], limit);
        changed |= start != all->starts[k];
        all->starts[k] = start;
    }
    return changed;
}

static void iterate(const run_sums *sums, clusters *all)
{
    memset(all->starts, 0, (all->count + 1) * sizeof *all->starts);
    for (int i = 0; i < MAX_ITERATIONS && assign(sums, all); i++)
        for (size_t k = 0; k < all->count; k++)
            if (all->starts[k] < all->starts[k + 1])
                all->centroids[k] = run_mean(sums, all->starts[k], all->starts[k + 1]);
}

static void drop_empty(clusters *all)
{
    size_t count = 0;
    for (size_t k = 0; k < all->count; k++) {
        size_t start = all->starts[k], end = all->starts[k + 1];
        if (start == end)
            continue;
        all->centroids[count] = all->centroids[k];
        all->starts[count++] = start;
    }
    all->starts[count] = all->starts[all->count];
    all->count = count;
}

/* Splits the run with the greatest error at its mean. @return false where none varies */
static bool split_worst(const run_sums *sums, clusters *all)
{
    size_t worst = 0;
    double greatest = 0;
    for (size_t k = 0; k < all->count; k++) {
        double error = run_error(sums, all->starts[k], all->starts[k + 1]);
        if (error > greatest) {
            greatest = error;
            worst = k;
        }
    }
    if (greatest == 0)
        return false;
    size_t start = all->starts[worst], end = all->starts[worst + 1];
    size_t middle = first_above(sums, start, run_mean(sums, start, end));
    if (middle <= start || middle >= end)
        middle = first_above(sums, start, sums->values[start]);
    memmove(&all->starts[worst + 2], &all->starts[worst + 1],
            (all->count - worst) * sizeof *all->starts);
    memmove(&all->centroids[worst + 1], &all->centroids[worst],
            (all->count - worst) * sizeof *all->centroids);
    all->starts[worst + 1] = middle;
    all->centroids[worst] = run_mean(sums, start, middle);
    all->centroids[worst + 1] = run_mean(sums, middle, end);
    all->count++;
    return true;
}

/* Lloyd's iteration; runs that come out empty are taken to split others, until all are used. */
static mcomp_status refine(mc_stage_progress *progress, const run_sums *sums, clusters *all)
{
    for (int round = 0; round < MAX_ROUNDS; round++) {
        iterate(sums, all);
        drop_empty(all);
        MC_TRY(mc_stage_progress_advance(progress, 0));
        if (all->count == all->capacity)
            return MCOMP_OK;
        while (all->count < all->capacity && split_worst(sums, all))
            continue;
    }
    iterate(sums, all);
    drop_empty(all);
    return MCOMP_OK;
}

static void draw(const run_sums *sums, uint64_t seed, clusters *all)
{
    mc_rng rng;
    mc_rng_seed(&rng, seed);
    for (size_t drawn = 0; drawn < all->capacity; drawn++) {
        double value = sums->values[mc_rng_below(&rng, sums->count)];
        size_t k = all->count;
        while (k > 0 && all->centroids[k - 1] > value)
            k--;
        if (k > 0 && all->centroids[k - 1] == value)
            continue;
        memmove(&all->centroids[k + 1], &all->centroids[k],
                (all->count - k) * sizeof *all->centroids);
        all->centroids[k] = value;
        all->count++;
    }
}

static void begin_centroids(const run_sums *sums, mc_kmeans_init init, uint64_t seed, clusters *all)
{
    double least = sums->values[0], greatest = sums->values[sums->count - 1];
    double wanted = (double)all->capacity;
    if (init == MC_KMEANS_RANDOM) {
        draw(sums, seed, all);
        return;
    }
    all->count = all->capacity;
    for (size_t k = 0; k < all->count; k++) {
        if (init == MC_KMEANS_DENSITY)
            all->centroids[k] =
                sums->values[(size_t)(((double)k + 0.5) / wanted * (double)sums->count)];
        else
            all->centroids[k] =
                all->count > 1 ? least + (greatest - least) * ((double)k / (wanted - 1)) : least;
    }
}

/* Means of the runs, summed directly, as floats; equal ones once. */
static size_t write_means(const run_sums *sums, const clusters *all, float *centroids)
{
    size_t found = 0;
    for (size_t k = 0; k < all->count; k++) {
        double sum = 0;
        for (size_t i = all->starts[k]; i < all->starts[k + 1]; i++)
            sum += sums->values[i];
        float mean = (float)(sum / (double)(all->starts[k + 1] - all->starts[k]));
        if (found == 0 || mean > centroids[found - 1])
            centroids[found++] = mean;
    }
    return found;
}

/* The distinct numbers, where there are at most `wanted`; else 0. */
static size_t write_distinct(const float *values, size_t count, size_t wanted, float *centroids)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (found > 0 && values[i] == centroids[found - 1])
            continue;
        if (found == wanted)
            return 0;
        centroids[found++] = values[i];
    }
    return found;
}

static mcomp_status cluster(mcomp_context *context, mc_stage_progress *progress,
                            const run_sums *sums, mc_kmeans_init init, uint64_t seed, clusters *all)
{
    if (init != MC_KMEANS_EXACT) {
        begin_centroids(sums, init, seed, all);
        return refine(progress, sums, all);
    }
    all->count = all->capacity;
    return mc_kmeans_exact(context, progress, sums->values, sums->count, all->count, all->starts);
}

mcomp_status mc_kmeans(mcomp_context *context, mc_stage_progress *progress, const float *values,
                       size_t count, size_t wanted, mc_kmeans_init init, uint64_t seed,
                       float *centroids, size_t *found)
{
    *found = write_distinct(values, count, wanted, centroids);
    if (*found > 0)
        return MCOMP_OK;
    run_sums sums = {0};
    clusters all = {.capacity = wanted};
    all.centroids = mc_alloc_array(context, wanted + 1, sizeof *all.centroids);
    all.starts = mc_alloc_array(context, wanted + 2, sizeof *all.starts);
    mcomp_status status = all.centroids && all.starts
                              ? make_sums(context, values, count, &sums)
                              : mc_fail_memory((wanted + 2) * sizeof *all.starts);
    if (status == MCOMP_OK)
        status = cluster(context, progress, &sums, init, seed, &all);
    if (status == MCOMP_OK)
        *found = write_means(&sums, &all, centroids);
    mc_free(context, sums.sums);
    mc_free(context, all.centroids);
    mc_free(context, all.starts);
    return status;
}

size_t mc_nearest(const float *centroids, size_t count, float value)
{
    size_t low = 0, high = count; /* the first that is not below value */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (centroids[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    if (low == count)
        return count - 1;
    double below = (double)value - centroids[low - 1], above = (double)centroids[low] - value;
    return below <= above ? low - 1 : low;
}
