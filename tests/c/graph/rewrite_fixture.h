/** @file rewrite_fixture.h
 *  What the tests of single rewrites share. */
#ifndef REWRITE_FIXTURE_H
#define REWRITE_FIXTURE_H

#include "simplify_fixture.h"

/** Nothing of the arithmetic changed, or its order and rounding did. */
#define SAME    0
#define ROUNDED 1e-12

/** Marks the output, simplifies, compares results within `bound` and operators with `wanted`.
 *  Ends the graph. */
static inline mcomp_simplify_info assert_becomes(mcomp_graph *graph, mcomp_value output,
                                                 const char *wanted, double bound)
{
    mark_and_verify(graph, output);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    assert_ops(after, wanted);
    assert_same_results(graph, after, bound);
    mcomp_simplify_info again_info;
    mcomp_graph *again = simplify(after, &again_info);
    assert_ops(again, wanted);
    mcomp_graph_destroy(again);
    mcomp_graph_destroy(after);
    end_graph(graph);
    return info;
}

/** An input of any rank. @param shape  without the batch */
static inline mcomp_value add_input_of(mcomp_graph *graph, const char *name, uint32_t rank,
                                       const int64_t *shape)
{
    int64_t extents[MCOMP_MAX_RANK] = {MCOMP_BATCH};
    memcpy(extents + 1, shape, (rank - 1) * sizeof *shape);
    mcomp_value value;
    assert_ok(mcomp_graph_add_input(graph, name, rank, extents, &value));
    return value;
}

/** A node of one input and no attribute. */
static inline mcomp_value add_unary(mcomp_graph *graph, const char *op, const char *name,
                                    mcomp_value x)
{
    return add_node(graph, op, name, INPUTS(x), NO_ATTRIBUTES);
}

static inline mcomp_value add_binary(mcomp_graph *graph, const char *op, const char *name,
                                     mcomp_value a, mcomp_value b)
{
    return add_node(graph, op, name, INPUTS(a, b), NO_ATTRIBUTES);
}

static inline mcomp_value add_clip(mcomp_graph *graph, const char *name, mcomp_value x, float low,
                                   float high)
{
    char low_name[96], high_name[96];
    snprintf(low_name, sizeof low_name, "%s.low", name);
    snprintf(high_name, sizeof high_name, "%s.high", name);
    mcomp_value l = add_scalar(graph, low_name, low), h = add_scalar(graph, high_name, high);
    return add_node(graph, "Clip", name, INPUTS(x, l, h), NO_ATTRIBUTES);
}

static inline mcomp_value add_reshape(mcomp_graph *graph, const char *name, mcomp_value x,
                                      int64_t rank, const int64_t *shape)
{
    char shape_name[96];
    snprintf(shape_name, sizeof shape_name, "%s.shape", name);
    mcomp_value s = add_integers(graph, shape_name, rank, shape);
    return add_node(graph, "Reshape", name, INPUTS(x, s), NO_ATTRIBUTES);
}

/** Padding of all axes of a value of rank 4, of height and width only. */
static inline mcomp_value add_pad(mcomp_graph *graph, const char *name, mcomp_value x, int64_t top,
                                  int64_t left, int64_t bottom, int64_t right, float value)
{
    char pads_name[96], value_name[96];
    snprintf(pads_name, sizeof pads_name, "%s.pads", name);
    snprintf(value_name, sizeof value_name, "%s.value", name);
    mcomp_value p = add_integers(graph, pads_name, 8, SHAPE(0, 0, top, left, 0, 0, bottom, right));
    mcomp_value v = add_scalar(graph, value_name, value);
    return add_node(graph, "Pad", name, INPUTS(x, p, v), NO_ATTRIBUTES);
}

/** NCHW -> NHWC. */
static inline mcomp_value to_nhwc(mcomp_graph *graph, const char *name, mcomp_value x)
{
    return add_node(graph, "Transpose", name, INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 2, 3, 1)));
}

/** NHWC -> NCHW. */
static inline mcomp_value to_nchw(mcomp_graph *graph, const char *name, mcomp_value x)
{
    return add_node(graph, "Transpose", name, INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 3, 1, 2)));
}

static inline uint32_t count_ops(const mcomp_graph *graph, const char *op)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++)
        count += mc_node_is(&graph->nodes[n], op);
    return count;
}

#endif
