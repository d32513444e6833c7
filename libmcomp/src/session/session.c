/* Makes a session: operations with their packed weights, and all memory of a run. */
#include "base/clock.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "session_struct.h"

static mcomp_status prepare_operations(mcomp_session *session)
{
    const mcomp_plan *plan = session->plan;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const mc_step *step = &plan->steps[i];
        MC_TRY(mc_progress_report(&session->progress, plan->graph->nodes[step->node_index].name, i,
                                  plan->step_count));
        const mc_request request = {
            .graph = plan->graph, .node_index = step->node_index, .batch = plan->batch};
        MC_TRY(step->device->ops->prepare(step->device, &request, &step->candidate,
                                          &session->operations[i]));
    }
    return MCOMP_OK;
}

static mcomp_status reserve(mcomp_session *session)
{
    const mcomp_plan *plan = session->plan;
    mcomp_context *context = plan->graph->context;
    uint32_t most_inputs = 0;
    for (uint32_t n = 0; n < plan->graph->node_count; n++)
        if (plan->graph->nodes[n].input_count > most_inputs)
            most_inputs = plan->graph->nodes[n].input_count;
    session->operations = mc_alloc_array(context, plan->step_count, sizeof *session->operations);
    session->times = mc_alloc_array(context, plan->step_count, sizeof *session->times);
    session->step_inputs = mc_alloc_array(context, most_inputs, sizeof *session->step_inputs);
    session->values = mc_alloc_array(context, plan->graph->value_count, sizeof *session->values);
    session->activations = mc_alloc(context, plan->activations_nbytes);
    session->workspace = mc_alloc(context, plan->workspace_nbytes);
    if (!session->operations || !session->times || !session->step_inputs || !session->values ||
        !session->activations || !session->workspace)
        return mc_fail_memory(plan->activations_nbytes + plan->workspace_nbytes);
    return MCOMP_OK;
}

void mcomp_session_options_init(mcomp_session_options *options)
{
    *options = (mcomp_session_options){.struct_size = sizeof *options};
}

mcomp_status mcomp_session_create(mcomp_plan *plan, const mcomp_session_options *options,
                                  mcomp_session **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the session");
    *out = NULL;
    MC_REQUIRE(plan, MCOMP_ERR_INVALID_ARGUMENT, "no plan");
    mcomp_session_options own;
    mcomp_session_options_init(&own);
    MC_TRY(mc_options_copy(&own, sizeof own, options, "mcomp_session_options"));
    uint64_t start_ns = mc_clock_ns();
    mcomp_session *session = mc_alloc_zero(plan->graph->context, sizeof *session);
    if (!session)
        return mc_fail_memory(sizeof *session);
    session->plan = mc_plan_retain(plan);
    session->progress = mc_progress_make(own.progress, own.progress_user);
    mcomp_status status = reserve(session);
    if (status == MCOMP_OK)
        status = prepare_operations(session);
    if (status != MCOMP_OK) {
        mcomp_session_destroy(session);
        return status;
    }
    session->load_ns = mc_clock_ns() - start_ns;
    *out = session;
    return MCOMP_OK;
}

void mcomp_session_destroy(mcomp_session *session)
{
    if (!session)
        return;
    mcomp_plan *plan = session->plan;
    mcomp_context *context = mc_context_retain(plan->graph->context);
    for (uint32_t i = 0; session->operations && i < plan->step_count; i++)
        if (session->operations[i])
            plan->steps[i].device->ops->end_operation(plan->steps[i].device,
                                                      session->operations[i]);
    mc_free(context, session->operations);
    mc_free(context, session->times);
    mc_free(context, session->step_inputs);
    mc_free(context, session->values);
    mc_free(context, session->activations);
    mc_free(context, session->workspace);
    mc_free(context, session);
    mcomp_plan_destroy(plan);
    mc_context_release(context);
}

void mcomp_session_set_profiling(mcomp_session *session, int on)
{
    session->profiling = on != 0;
}

mcomp_status mcomp_session_get_step_time(const mcomp_session *session, uint32_t index,
                                         uint64_t *start_ns, uint64_t *duration_ns)
{
    MC_REQUIRE(session && start_ns && duration_ns, MCOMP_ERR_INVALID_ARGUMENT,
               "no session or no place for the times");
    MC_REQUIRE(session->profiled, MCOMP_ERR_INVALID_ARGUMENT, "no run was profiled yet");
    if (index >= session->plan->step_count)
        return MCOMP_END;
    *start_ns = session->times[index].start_ns;
    *duration_ns = session->times[index].duration_ns;
    return MCOMP_OK;
}

mcomp_status mcomp_session_get_info(const mcomp_session *session, mcomp_session_info *info)
{
    MC_REQUIRE(session && info, MCOMP_ERR_INVALID_ARGUMENT,
               "no session or no place for the answer");
    const mcomp_plan *plan = session->plan;
    mcomp_session_info own = {.struct_size = sizeof own,
                              .step_count = plan->step_count,
                              .weights_nbytes = plan->weights_nbytes,
                              .activations_nbytes =
                                  plan->activations_nbytes + plan->workspace_nbytes,
                              .load_ns = session->load_ns};
    return mc_info_copy(info, &own, sizeof own, "mcomp_session_info");
}
