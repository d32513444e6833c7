/** @file compression.h
 *  What passes work on while a recipe is applied: the network, its weights, notes, progress. */
#ifndef MC_COMPRESSION_H
#define MC_COMPRESSION_H

#include "mcomp/compress.h"
#include "stage_progress.h"
#include "weight.h"

typedef struct mc_compression {
    mcomp_context *context;
    mcomp_graph *graph; /**< simplified */
    uint64_t seed;
    mc_weight *weights; /**< what recipes may touch, in the order of the nodes */
    size_t weight_count;
    int32_t *node_weights; /**< by node: index of its weight, -1: it has none to touch */
    bool *node_noted;      /**< by node: a note says already why its weight is left */
    mc_arena arena;        /**< texts of the notes */
    const char **notes;
    uint32_t note_count, note_capacity;
    mc_stage_progress progress;
} mc_compression;

/** Find the weights that recipes may touch. End with mc_compression_end(), also after a failure. */
mcomp_status mc_compression_begin(mc_compression *compression, mcomp_graph *graph);
void mc_compression_end(mc_compression *compression);

/** Tell the user something that the numbers do not show, e.g. a weight left as it was and why. */
mcomp_status mc_compression_note(mc_compression *compression, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct mc_step;
/** The weights that a step touches, by its skip and only. Notes name globs that match nothing, and
 *  nodes whose weights cannot be touched.
 *  @param selected  room for weight_count pointers */
mcomp_status mc_compression_select(mc_compression *compression, const struct mc_step *step,
                                   mc_weight **selected, size_t *count);

#endif
