/** @file simplify_fixture.h
 *  A graph before and after mcomp_graph_simplify(), run on the reference device on the same numbers. */
#ifndef SIMPLIFY_FIXTURE_H
#define SIMPLIFY_FIXTURE_H

#include "session/run_graph.h"
#include "support/near.h"
#include "support/test_random.h"

#define SIMPLIFY_BATCH 2

/** Folding rounds each weight and bias to float32 once more: 4e-15, times what cancels where
 * statistics are random. */
#define SIMPLIFY_NMSE 1e-10

static inline mcomp_value add_random(mcomp_graph *graph, const char *name, test_random *random,
                                     uint32_t rank, const int64_t *shape)
{
    mcomp_value value = add_constant(graph, name, MCOMP_DTYPE_F32, rank, shape, NULL);
    mcomp_tensor *tensor = graph->values[value].constant;
    for (size_t i = 0; i < tensor->element_count; i++)
        ((float *)tensor->data)[i] = test_random_float(random, -1, 1);
    return value;
}

/** BatchNormalization with random statistics, NAME.0 to NAME.3. */
static inline mcomp_value add_batchnorm(mcomp_graph *graph, const char *name, test_random *random,
                                        mcomp_value x)
{
    mcomp_value inputs[5] = {x};
    const int64_t channels = graph->values[x].shape[1];
    for (int i = 0; i < 4; i++) {
        char constant[64];
        snprintf(constant, sizeof constant, "%s.%d", name, i);
        inputs[1 + i] = add_random(graph, constant, random, 1, &channels);
        float *values = graph->values[inputs[1 + i]].constant->data;
        for (int64_t c = 0; c < channels && i == 3; c++)
            values[c] = 0.1f + fabsf(values[c]);
    }
    return add_node(graph, "BatchNormalization", name, inputs, 5, NO_ATTRIBUTES);
}

/** Results of all outputs, one after the other; the outputs are float32. */
static inline float *run_all(mcomp_graph *graph, const char *devices, uint64_t seed, size_t *count)
{
    test_random random = {.state = seed};
    void *inputs[RUN_MAX_TENSORS], *outputs[RUN_MAX_TENSORS];
    *count = 0;
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t elements = batch_count(graph, graph->inputs[i], SIMPLIFY_BATCH);
        float *values = malloc(elements * sizeof *values);
        assert_non_null(values);
        for (size_t k = 0; k < elements; k++)
            values[k] = test_random_float(&random, -2, 2);
        inputs[i] = values;
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        *count += batch_count(graph, graph->outputs[i], SIMPLIFY_BATCH);
    float *all = malloc(*count * sizeof *all);
    assert_non_null(all);
    size_t at = 0;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        outputs[i] = all + at;
        at += batch_count(graph, graph->outputs[i], SIMPLIFY_BATCH);
    }
    run_graph(graph, devices, SIMPLIFY_BATCH, (const void *const *)inputs, outputs);
    for (uint32_t i = 0; i < graph->input_count; i++)
        free(inputs[i]);
    return all;
}

/** Both graphs give the same, and their outputs have the same names. */
static inline void assert_same_results(mcomp_graph *before, mcomp_graph *after, double bound)
{
    size_t count_before, count_after;
    float *wanted = run_all(before, "ref", 7, &count_before);
    float *found = run_all(after, "ref", 7, &count_after);
    assert_int_equal(count_before, count_after);
    assert_near(found, wanted, count_before, bound);
    free(wanted);
    free(found);
    assert_int_equal(before->output_count, after->output_count);
    for (uint32_t i = 0; i < before->output_count; i++)
        assert_string_equal(before->values[before->outputs[i]].name,
                            after->values[after->outputs[i]].name);
}

/** Simplify a verified graph; results stay. @return end with mcomp_graph_destroy() */
static inline mcomp_graph *simplify(mcomp_graph *graph, mcomp_simplify_info *info)
{
    mcomp_graph *after = NULL;
    *info = (mcomp_simplify_info){.struct_size = sizeof *info};
    assert_ok(mcomp_graph_simplify(graph, info, &after));
    assert_int_equal(info->nodes_before, graph->node_count);
    assert_int_equal(info->nodes_after, after->node_count);
    return after;
}

static inline mcomp_graph *simplify_checked(mcomp_graph *graph, mcomp_simplify_info *info)
{
    mcomp_graph *after = simplify(graph, info);
    assert_same_results(graph, after, SIMPLIFY_NMSE);
    return after;
}

/** The operators in order, with commas: "Conv,Add". */
static inline void assert_ops(const mcomp_graph *graph, const char *wanted)
{
    char found[512] = "";
    for (uint32_t n = 0; n < graph->node_count; n++) {
        size_t end = strlen(found);
        snprintf(found + end, sizeof found - end, "%s%s", n ? "," : "", graph->nodes[n].op->name);
    }
    assert_string_equal(found, wanted);
}

static inline const mc_node *node_of(const mcomp_graph *graph, const char *name)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (strcmp(graph->nodes[n].name, name) == 0)
            return &graph->nodes[n];
    fail_msg("no node is called %s", name);
    return NULL;
}

/** Conv NAME of a 4-axis value: random weight NAME.w and, where asked for, bias NAME.b. */
static inline mcomp_value add_conv(mcomp_graph *graph, const char *name, test_random *random,
                                   mcomp_value x, int64_t outputs, int64_t kernel, int64_t group,
                                   bool has_bias)
{
    char weight[64], bias[64];
    snprintf(weight, sizeof weight, "%s.w", name);
    snprintf(bias, sizeof bias, "%s.b", name);
    mcomp_value w = add_random(graph, weight, random, 4,
                               SHAPE(outputs, graph->values[x].shape[1] / group, kernel, kernel));
    mcomp_value b = has_bias ? add_random(graph, bias, random, 1, SHAPE(outputs)) : MCOMP_NO_VALUE;
    int64_t pad = kernel / 2;
    return add_node(graph, "Conv", name, INPUTS(x, w, b),
                    ATTRIBUTES(INTEGERS("group", group), INTEGERS("pads", pad, pad, pad, pad)));
}

#endif
