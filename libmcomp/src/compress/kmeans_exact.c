/* Optimal k-means on a line: Wang and Song, "Ckmeans.1d.dp: Optimal k-means Clustering in One
 * Dimension by Dynamic Programming", The R Journal 3(2), 2011. Row k of the table is the least error
 * of the first n distinct numbers in k clusters; where its last cluster begins never moves left as n
 * grows, so a row is filled by halving (Gronlund, Larsen, Mathiasen, Nielsen, Schneider, Song, "Fast
 * Exact k-Means, k-Medians and Bregman Divergence Clustering in 1D", 2017). Instead of the whole
 * table the row in the middle is remembered, and both sides of it solved again (Hirschberg, 1975):
 * twice the time, memory for one row. */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "kmeans.h"

/* Pieces of a row below this many places do not look at the clock. */
#define PROGRESS_PLACES ((size_t)1 << 16)

typedef struct exact_table {
    mcomp_context *context;
    mc_stage_progress *progress;
    mcomp_status status;
    size_t distinct;
    size_t *places;                   /**< by distinct number: where it begins among all */
    double *weights, *sums, *squares; /**< of the distinct numbers before each, about their mean */
    double *row, *next_row;           /**< least errors */
    size_t *middle, *next_middle;     /**< where the clusters after the remembered row begin */
} exact_table;

/* Squared error of distinct numbers [start, end) about their mean. */
static double run_error(const exact_table *table, size_t start, size_t end)
{
    double sum = table->sums[end] - table->sums[start];
    double error = table->squares[end] - table->squares[start] -
                   sum * sum / (table->weights[end] - table->weights[start]);
    return error > 0 && end - start > 1 ? error : 0;
}

/* The row being filled: places [first, last] of it have their last cluster begin in [least, most]. */
typedef struct row_piece {
    size_t first, last, least, most;
} row_piece;

/* @param remember  the last cluster of the next row is the first after the middle */
static void fill(exact_table *table, bool remember, row_piece piece)
{
    if (piece.first > piece.last || table->status != MCOMP_OK)
        return;
    if (piece.last - piece.first >= PROGRESS_PLACES)
        table->status = mc_stage_progress_advance(table->progress, 0);
    size_t place = piece.first + (piece.last - piece.first) / 2;
    size_t most = piece.most < place - 1 ? piece.most : place - 1, best = piece.least;
    double least_error = INFINITY;
    for (size_t start = piece.least; start <= most; start++) {
        double error = table->row[start] + run_error(table, start, place);
        if (error < least_error) {
            least_error = error;
            best = start;
        }
    }
    table->next_row[place] = least_error;
    table->next_middle[place] = remember ? best : table->middle[best];
    fill(table, remember, (row_piece){piece.first, place - 1, piece.least, best});
    fill(table, remember, (row_piece){place + 1, piece.last, best, piece.most});
}

/* Where cluster number `half` (from 0) of the best `count` clusters of [origin, end) begins. */
static size_t find_middle(exact_table *table, size_t origin, size_t end, size_t count, size_t half)
{
    for (size_t place = origin + 1; place <= end; place++)
        table->row[place] = run_error(table, origin, place);
    for (size_t k = 2; k <= count; k++) {
        /* k clusters need k numbers, and leave enough for those that follow. */
        row_piece piece = {origin + k, end - (count - k), origin + k - 1, end - 1};
        fill(table, k == half + 1, piece);
        double *row = table->row;
        size_t *middle = table->middle;
        table->row = table->next_row;
        table->next_row = row;
        table->middle = table->next_middle;
        table->next_middle = middle;
    }
    return table->middle[end];
}

/* @param starts  count places, written: where the clusters begin, among distinct numbers */
static void solve(exact_table *table, size_t origin, size_t end, size_t count, size_t *starts)
{
    starts[0] = origin;
    if (count == 1 || table->status != MCOMP_OK)
        return;
    size_t half = count / 2;
    size_t middle = find_middle(table, origin, end, count, half);
    solve(table, origin, middle, half, starts);
    solve(table, middle, end, count - half, starts + half);
}

/* Distinct numbers and their sums, about the mean of all so that little cancels. */
static void fill_sums(exact_table *table, const float *values, size_t count)
{
    double mean = 0;
    for (size_t i = 0; i < count; i++)
        mean += ((double)values[i] - mean) / (double)(i + 1);
    size_t distinct = 0;
    for (size_t i = 0, next = 0; i < count; i = next, distinct++) {
        while (next < count && values[next] == values[i])
            next++;
        double weight = (double)(next - i), value = values[i] - mean;
        table->places[distinct] = i;
        table->weights[distinct + 1] = table->weights[distinct] + weight;
        table->sums[distinct + 1] = table->sums[distinct] + weight * value;
        table->squares[distinct + 1] = table->squares[distinct] + weight * value * value;
    }
}

static size_t count_distinct(const float *values, size_t count)
{
    size_t distinct = count > 0;
    for (size_t i = 1; i < count; i++)
        distinct += values[i] != values[i - 1];
    return distinct;
}

mcomp_status mc_kmeans_exact(mcomp_context *context, mc_stage_progress *progress,
                             const float *values, size_t count, size_t wanted, size_t *starts)
{
    exact_table table = {.context = context, .progress = progress};
    table.distinct = count_distinct(values, count);
    size_t places = table.distinct + 1;
    double *reals = mc_alloc_array(context, places, 5 * sizeof *reals);
    size_t *indices = mc_alloc_array(context, places, 3 * sizeof *indices);
    table.status = reals && indices ? MCOMP_OK : mc_fail_memory(places * 8 * sizeof(double));
    if (table.status == MCOMP_OK) {
        table.weights = reals;
        table.sums = reals + places;
        table.squares = reals + 2 * places;
        table.row = reals + 3 * places;
        table.next_row = reals + 4 * places;
        table.places = indices;
        table.middle = indices + places;
        table.next_middle = indices + 2 * places;
        fill_sums(&table, values, count);
        solve(&table, 0, table.distinct, wanted, starts);
    }
    for (size_t k = 0; k < wanted && table.status == MCOMP_OK; k++)
        starts[k] = table.places[starts[k]];
    starts[wanted] = count;
    mc_free(context, reals);
    mc_free(context, indices);
    return table.status;
}
