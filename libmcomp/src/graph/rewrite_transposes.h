/** @file rewrite_transposes.h
 *  How Transposes move. Every value that a node makes is a root; a Transpose's result is a form of
 *  its root: the same elements with other axes. A node that can do its work on axes in another order
 *  has a frame, the order that it works in. The Transposes of the result are then the forms of roots
 *  that something reads and nothing makes, each once. */
#ifndef MC_REWRITE_TRANSPOSES_H
#define MC_REWRITE_TRANSPOSES_H

#include "permutation.h"
#include "rebuild.h"

/** What a node can do with axes in another order. */
typedef enum mc_frame_kind {
    MC_FRAME_FIXED,       /**< nothing: Conv, Gemm, MatMul, Reshapes that mix axes, ... */
    MC_FRAME_TRANSPOSE,   /**< a Transpose, or a Reshape that is one: no node of its own any more */
    MC_FRAME_ELEMENTWISE, /**< one operand, element by element */
    MC_FRAME_BROADCAST,   /**< several; constants are transposed too */
    MC_FRAME_CONCAT,
    MC_FRAME_PAD,
    MC_FRAME_SLICE,
    MC_FRAME_SOFTMAX,
    MC_FRAME_REDUCE,   /**< ReduceMean that keeps reduced axes */
    MC_FRAME_SQUEEZE,  /**< ReduceMean that drops them: the result is as it was */
    MC_FRAME_CHANNELS, /**< any order of the axes after the channels: statistics, global pools */
    MC_FRAME_WINDOW,   /**< the same, for windows over two axes */
    MC_FRAME_RESHAPE   /**< Reshape and Flatten: the result is as it was */
} mc_frame_kind;

/** The elements of a root with axes in another order, normalised. */
typedef struct mc_form {
    mcomp_value root;
    mc_permutation axes;
} mc_form;

/** A node or an output that reads a value. */
typedef struct mc_form_use {
    int32_t node; /**< -1: an output */
    mcomp_value value;
} mc_form_use;

typedef struct mc_stored_form {
    mc_permutation axes;
    mcomp_value value; /**< in the result */
    struct mc_stored_form *next;
} mc_stored_form;

typedef struct mc_frames {
    mc_rebuild rebuild;
    mc_frame_kind *kinds;    /**< by node */
    mc_permutation *frames;  /**< by node */
    mc_form *forms;          /**< by value */
    uint32_t *use_starts;    /**< by root: its first use; one more at the end */
    mc_form_use *uses;       /**< ordered by root */
    mc_stored_form **stored; /**< by root: what the result has of it */
} mc_frames;

static inline bool mc_value_has_batch(const mc_value *value)
{
    return value->rank > 0 && value->shape[0] == MCOMP_BATCH;
}

/* rewrite_transposes_node.c */

mc_frame_kind mc_frame_kind_of(const mcomp_graph *graph, const mc_node *node);
/** The order that a node of kind MC_FRAME_TRANSPOSE gives. */
mc_permutation mc_frame_transpose(const mcomp_graph *graph, const mc_node *node);
/** Has the node's result the node's frame (else it is as it was)? */
bool mc_frame_kind_keeps_frame(mc_frame_kind kind);
/** Can the node work in that order? All can in the one that they have. */
bool mc_frames_accept(const mc_frames *state, const mc_node *node, mc_permutation frame);
/** A constant input that the result has not got yet. */
#define MC_FRAMES_CONSTANT (-2)
/** Add the node in its frame. @param inputs  in the result, activations in their form; for constants
 *  MC_FRAMES_CONSTANT. Changed here; has room for 4 more */
mcomp_status mc_frames_make_node(mc_frames *state, const mc_node *node, const char *name,
                                 mcomp_value *inputs, mcomp_value *out);

/* rewrite_transposes_choose.c */

/** The form in which a root is made. */
mc_permutation mc_frames_made(const mc_frames *state, mcomp_value root);
/** The form of its root in which a node (-1: an output) needs a value. */
mc_permutation mc_frames_needed(const mc_frames *state, mcomp_value value, int32_t node);
/** Do two forms of a root hold its elements in the same order? */
bool mc_frames_same_order(const mc_value *root, mc_permutation a, mc_permutation b);
/** Choose frames that leave the fewest Transposes, from groups of nodes that agree, then node by
 * node; never more than there are. @param[out] changed  set to true where a node has a new frame */
mcomp_status mc_frames_choose(mc_frames *state, bool *changed);

#endif
