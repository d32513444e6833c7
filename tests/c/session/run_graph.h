/** @file run_graph.h
 *  Running a graph once, from plain arrays to plain arrays. */
#ifndef RUN_GRAPH_H
#define RUN_GRAPH_H

#include "graph/graph_fixture.h"
#include "mcomp/session.h"

/** Elements of a value for a batch. */
static inline size_t batch_count(const mcomp_graph *graph, mcomp_value value, int64_t batch)
{
    return mc_value_element_count(&graph->values[value]) * (size_t)batch;
}

/** A tensor over the caller's elements, for an input or output of the graph. */
static inline mcomp_tensor *wrap_value(const mcomp_graph *graph, mcomp_value value, int64_t batch,
                                       const void *elements)
{
    const mc_value *wrapped = &graph->values[value];
    int64_t shape[MCOMP_MAX_RANK];
    memcpy(shape, wrapped->shape, sizeof shape);
    shape[0] = batch;
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_wrap(
        graph->context, wrapped->dtype, wrapped->rank, shape, (void *)(uintptr_t)elements,
        batch_count(graph, value, batch) * mc_dtype_nbytes(wrapped->dtype), NULL, NULL, &tensor));
    return tensor;
}

static inline mcomp_session *new_session(mcomp_graph *graph, const char *devices, int64_t batch)
{
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.devices = devices;
    options.batch = batch;
    mcomp_plan *plan = NULL;
    mcomp_session *session = NULL;
    assert_ok(mcomp_plan_create(graph, &options, &plan));
    assert_ok(mcomp_session_create(plan, NULL, &session));
    mcomp_plan_destroy(plan);
    return session;
}

#define RUN_MAX_TENSORS 8

/** One run of a session of the graph. `inputs` and `outputs` are elements in the graph's order. */
static inline mcomp_status run_session(mcomp_session *session, const mcomp_graph *graph,
                                       int64_t batch, const void *const *inputs,
                                       void *const *outputs)
{
    mcomp_tensor *in[RUN_MAX_TENSORS], *out[RUN_MAX_TENSORS];
    assert_true(graph->input_count <= RUN_MAX_TENSORS && graph->output_count <= RUN_MAX_TENSORS);
    for (uint32_t i = 0; i < graph->input_count; i++)
        in[i] = wrap_value(graph, graph->inputs[i], batch, inputs[i]);
    for (uint32_t i = 0; i < graph->output_count; i++)
        out[i] = wrap_value(graph, graph->outputs[i], batch, outputs[i]);
    mcomp_status status =
        mcomp_session_run(session, in, graph->input_count, out, graph->output_count);
    for (uint32_t i = 0; i < graph->input_count; i++)
        mcomp_tensor_release(in[i]);
    for (uint32_t i = 0; i < graph->output_count; i++)
        mcomp_tensor_release(out[i]);
    return status;
}

/** Plan, session, one run. */
static inline void run_graph(mcomp_graph *graph, const char *devices, int64_t batch,
                             const void *const *inputs, void *const *outputs)
{
    mcomp_session *session = new_session(graph, devices, batch);
    assert_ok(run_session(session, graph, batch, inputs, outputs));
    mcomp_session_destroy(session);
}

#endif
