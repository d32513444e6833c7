#include <stdio.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "plan_struct.h"

#define MAX_BATCH 65536

void mcomp_plan_options_init(mcomp_plan_options *options)
{
    *options = (mcomp_plan_options){.struct_size = sizeof *options, .batch = 1};
}

static mcomp_status check_objective(const char *objective)
{
    static const char *const known[] = {"latency", "throughput", "energy", "memory"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(objective, known[i]) == 0)
            return MCOMP_OK;
    MC_FAIL(MCOMP_ERR_INVALID_ARGUMENT,
            "unknown objective '%.64s'; known are: latency throughput energy memory", objective);
}

static mcomp_status fill_plan(mcomp_plan *plan, const mcomp_plan_options *options)
{
    mcomp_graph *graph = plan->graph;
    plan->batch = options->batch;
    plan->step_count = graph->node_count;
    snprintf(plan->objective, sizeof plan->objective, "%s", options->objective);
    plan->steps = mc_alloc_array(graph->context, graph->node_count, sizeof *plan->steps);
    plan->locations = mc_alloc_array(graph->context, graph->value_count, sizeof *plan->locations);
    if (!plan->steps || !plan->locations)
        return mc_fail_memory(graph->value_count * sizeof *plan->locations);
    MC_TRY(mc_plan_locate(plan)); /* first: it refuses what is too large to be reckoned with */
    MC_TRY(mc_plan_place(plan, options->devices));
    uint64_t needed = plan->weights_nbytes + plan->activations_nbytes + plan->workspace_nbytes;
    MC_REQUIRE(options->memory_limit == 0 || needed <= options->memory_limit, MCOMP_ERR_LIMIT,
               "network %s takes %llu bytes, memory_limit is %llu; weights %llu, activations %llu, "
               "workspace %llu",
               graph->name, (unsigned long long)needed, (unsigned long long)options->memory_limit,
               (unsigned long long)plan->weights_nbytes,
               (unsigned long long)plan->activations_nbytes,
               (unsigned long long)plan->workspace_nbytes);
    return MCOMP_OK;
}

mcomp_status mcomp_plan_create(mcomp_graph *graph, const mcomp_plan_options *options,
                               mcomp_plan **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the plan");
    *out = NULL;
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    MC_REQUIRE(graph->verified, MCOMP_ERR_INVALID_ARGUMENT, "graph %s is not verified",
               graph->name);
    mcomp_plan_options own;
    mcomp_plan_options_init(&own);
    MC_TRY(mc_options_copy(&own, sizeof own, options, "mcomp_plan_options"));
    if (!own.devices)
        own.devices = "cpu";
    if (!own.objective)
        own.objective = "latency";
    MC_TRY(check_objective(own.objective));
    MC_REQUIRE(own.batch >= 1 && own.batch <= MAX_BATCH, MCOMP_ERR_INVALID_ARGUMENT,
               "a batch of %lld; 1 to %d are possible", (long long)own.batch, MAX_BATCH);
    mcomp_plan *plan = mc_alloc_zero(graph->context, sizeof *plan);
    if (!plan)
        return mc_fail_memory(sizeof *plan);
    atomic_init(&plan->references, 1);
    plan->graph = mc_graph_retain(graph);
    mcomp_status status = fill_plan(plan, &own);
    if (status != MCOMP_OK) {
        mcomp_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return MCOMP_OK;
}

mcomp_plan *mc_plan_retain(mcomp_plan *plan)
{
    atomic_fetch_add_explicit(&plan->references, 1, memory_order_relaxed);
    return plan;
}

void mcomp_plan_destroy(mcomp_plan *plan)
{
    if (!plan || atomic_fetch_sub_explicit(&plan->references, 1, memory_order_acq_rel) != 1)
        return;
    mcomp_graph *graph = plan->graph;
    mcomp_context *context = mc_context_retain(graph->context);
    mc_free(context, plan->steps);
    mc_free(context, plan->locations);
    mc_free(context, plan);
    mcomp_graph_destroy(graph);
    mc_context_release(context);
}

mcomp_status mcomp_plan_get_info(const mcomp_plan *plan, mcomp_plan_info *info)
{
    MC_REQUIRE(plan && info, MCOMP_ERR_INVALID_ARGUMENT, "no plan or no place for the answer");
    mcomp_plan_info own = {.struct_size = sizeof own,
                           .step_count = plan->step_count,
                           .batch = plan->batch,
                           .activations_nbytes = plan->activations_nbytes,
                           .live_peak_nbytes = plan->live_peak_nbytes,
                           .workspace_nbytes = plan->workspace_nbytes,
                           .weights_nbytes = plan->weights_nbytes,
                           .predicted_ns = plan->predicted_ns,
                           .objective = plan->objective};
    return mc_info_copy(info, &own, sizeof own, "mcomp_plan_info");
}

mcomp_status mcomp_plan_get_step(const mcomp_plan *plan, uint32_t index, mcomp_step_info *info)
{
    MC_REQUIRE(plan && info, MCOMP_ERR_INVALID_ARGUMENT, "no plan or no place for the answer");
    if (index >= plan->step_count)
        return MCOMP_END;
    const mc_step *step = &plan->steps[index];
    const mc_node *node = &plan->graph->nodes[step->node_index];
    mcomp_step_info own = {.struct_size = sizeof own,
                           .node_index = step->node_index,
                           .node = node->name,
                           .op = node->op->name,
                           .device = step->device->id,
                           .kernel = step->candidate.kernel,
                           .arithmetic = step->candidate.arithmetic,
                           .encoding = step->encoding,
                           .decoding = step->candidate.decoding,
                           .layout = step->candidate.layout,
                           .why = step->why,
                           .predicted_ns = step->candidate.predicted_ns,
                           .macs = node->macs * (uint64_t)plan->batch};
    return mc_info_copy(info, &own, sizeof own, "mcomp_step_info");
}
