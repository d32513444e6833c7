/* One run: check what the caller gave, point every value at its memory, do the steps. */
#include <string.h>

#include "base/clock.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "session_struct.h"
#include "tensor/tensor_struct.h"

/* The tensor must be plain float32 of the value's shape, its first extent the batch. */
static mcomp_status check_tensor(const mcomp_plan *plan, const mc_value *value,
                                 const mcomp_tensor *tensor, const char *role)
{
    int64_t wanted[MCOMP_MAX_RANK];
    char have_text[96], want_text[96];
    MC_REQUIRE(tensor, MCOMP_ERR_SHAPE, "%s %s: no tensor", role, value->name);
    MC_REQUIRE(!tensor->encoded && tensor->dtype == value->dtype, MCOMP_ERR_SHAPE,
               "%s %s: %s given, %s is wanted", role, value->name,
               tensor->encoded ? "an encoded tensor" : mc_dtype_name(tensor->dtype),
               mc_dtype_name(value->dtype));
    memcpy(wanted, value->shape, sizeof wanted);
    wanted[0] = plan->batch;
    bool same = tensor->rank == value->rank &&
                memcmp(tensor->shape, wanted, value->rank * sizeof *wanted) == 0;
    MC_REQUIRE(same, MCOMP_ERR_SHAPE, "%s %s: shape %s given, %s is wanted", role, value->name,
               mc_shape_format(tensor->rank, tensor->shape, have_text, sizeof have_text),
               mc_shape_format(value->rank, wanted, want_text, sizeof want_text));
    return MCOMP_OK;
}

static mcomp_status check_numbers(const mc_value *value, const mcomp_tensor *tensor)
{
    const float *elements = tensor->data;
    for (size_t i = 0; i < tensor->element_count; i++)
        MC_REQUIRE(elements[i] == elements[i], MCOMP_ERR_INVALID_ARGUMENT,
                   "input %s: element %zu is not a number", value->name, i);
    return MCOMP_OK;
}

static bool overlaps(const mcomp_tensor *a, const mcomp_tensor *b)
{
    uintptr_t a_start = (uintptr_t)a->data, b_start = (uintptr_t)b->data;
    return a_start < b_start + mc_tensor_stored_nbytes(b) &&
           b_start < a_start + mc_tensor_stored_nbytes(a);
}

static mcomp_status check_call(const mcomp_session *session, mcomp_tensor *const *inputs,
                               size_t input_count, mcomp_tensor *const *outputs,
                               size_t output_count)
{
    const mcomp_plan *plan = session->plan;
    const mcomp_graph *graph = plan->graph;
    MC_REQUIRE(input_count == graph->input_count && output_count == graph->output_count,
               MCOMP_ERR_SHAPE, "%zu inputs and %zu outputs given, the network has %u and %u",
               input_count, output_count, graph->input_count, graph->output_count);
    for (size_t i = 0; i < input_count; i++) {
        const mc_value *value = &graph->values[graph->inputs[i]];
        MC_TRY(check_tensor(plan, value, inputs[i], "input"));
        MC_TRY(check_numbers(value, inputs[i]));
    }
    for (size_t i = 0; i < output_count; i++) {
        const mc_value *value = &graph->values[graph->outputs[i]];
        MC_TRY(check_tensor(plan, value, outputs[i], "output"));
        for (size_t k = 0; k < input_count + i; k++) {
            const mcomp_tensor *other = k < input_count ? inputs[k] : outputs[k - input_count];
            MC_REQUIRE(!overlaps(outputs[i], other), MCOMP_ERR_INVALID_ARGUMENT,
                       "output %s shares memory with another tensor of the call", value->name);
        }
    }
    return MCOMP_OK;
}

static void point_values(mcomp_session *session, mcomp_tensor *const *inputs,
                         mcomp_tensor *const *outputs)
{
    const mcomp_plan *plan = session->plan;
    for (uint32_t v = 0; v < plan->graph->value_count; v++) {
        const mc_location *location = &plan->locations[v];
        session->values[v] = NULL;
        if (location->place == MC_PLACE_INPUT)
            session->values[v] = inputs[location->index]->data;
        else if (location->place == MC_PLACE_OUTPUT)
            session->values[v] = outputs[location->index]->data;
        else if (location->place == MC_PLACE_ARENA)
            session->values[v] = session->activations + location->offset;
    }
}

/* The caller's code runs in the caller's floating-point mode, and may run sessions itself. */
static mcomp_status report(mcomp_session *session, uint32_t index, mc_parallel *parallel)
{
    const mcomp_plan *plan = session->plan;
    if (!mc_progress_is_due(&session->progress))
        return MCOMP_OK;
    const char *name = plan->graph->nodes[plan->steps[index].node_index].name;
    mc_parallel_end(parallel);
    mcomp_status status = mc_progress_report(&session->progress, name, index, plan->step_count);
    mc_parallel_begin(parallel, plan->graph->context->pool);
    return status;
}

static void run_step(mcomp_session *session, uint32_t index, const mc_parallel *parallel)
{
    const mc_step *step = &session->plan->steps[index];
    const mc_node *node = &session->plan->graph->nodes[step->node_index];
    for (uint32_t i = 0; i < node->input_count; i++)
        session->step_inputs[i] =
            node->inputs[i] == MCOMP_NO_VALUE ? NULL : session->values[node->inputs[i]];
    const mc_run run = {.inputs = session->step_inputs,
                        .output = session->values[node->output],
                        .workspace = session->workspace,
                        .parallel = parallel};
    step->device->ops->run(session->operations[index], &run);
}

/* Outputs that no step wrote in place: an input handed through, or one value wanted twice. */
static void copy_outputs(mcomp_session *session, mcomp_tensor *const *outputs)
{
    const mcomp_plan *plan = session->plan;
    for (uint32_t i = 0; i < plan->graph->output_count; i++) {
        mcomp_value value = plan->graph->outputs[i];
        if (session->values[value] && session->values[value] != outputs[i]->data)
            memcpy(outputs[i]->data, session->values[value], plan->locations[value].nbytes);
    }
}

mcomp_status mcomp_session_run(mcomp_session *session, mcomp_tensor *const *inputs,
                               size_t input_count, mcomp_tensor *const *outputs,
                               size_t output_count)
{
    MC_REQUIRE(session && (inputs || !input_count) && (outputs || !output_count),
               MCOMP_ERR_INVALID_ARGUMENT, "no session, inputs or outputs");
    MC_TRY(check_call(session, inputs, input_count, outputs, output_count));
    point_values(session, inputs, outputs);
    mc_parallel parallel;
    mc_parallel_begin(&parallel, session->plan->graph->context->pool);
    uint64_t run_start_ns = session->profiling ? mc_clock_ns() : 0;
    mcomp_status status = MCOMP_OK;
    for (uint32_t i = 0; i < session->plan->step_count; i++) {
        status = report(session, i, &parallel);
        if (status != MCOMP_OK)
            break;
        uint64_t start_ns = session->profiling ? mc_clock_ns() : 0;
        run_step(session, i, &parallel);
        if (session->profiling)
            session->times[i] = (mc_step_time){.start_ns = start_ns - run_start_ns,
                                               .duration_ns = mc_clock_ns() - start_ns};
    }
    mc_parallel_end(&parallel);
    MC_TRY(status);
    copy_outputs(session, outputs);
    session->profiled = session->profiled || session->profiling;
    return MCOMP_OK;
}
