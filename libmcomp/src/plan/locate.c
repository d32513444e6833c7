/* Where each activation lives: the caller's tensors at both ends, one arena between. */

#include "base/status.h"
#include "plan_struct.h"
#include "tensor/tensor_struct.h"

static mcomp_status value_nbytes(const mcomp_plan *plan, const mc_value *value, size_t *nbytes)
{
    const size_t most_elements = (size_t)1 << 40;
    size_t element_nbytes = mc_dtype_nbytes(value->dtype);
    MC_REQUIRE(mc_multiply(mc_value_element_count(value), (size_t)plan->batch, nbytes) &&
                   *nbytes <= most_elements && mc_multiply(*nbytes, element_nbytes, nbytes),
               MCOMP_ERR_LIMIT, "value %s is too large for a batch of %lld", value->name,
               (long long)plan->batch);
    return MCOMP_OK;
}

/* Results that the caller wants go right into the caller's tensor; one that is wanted twice, or is
 * an input itself, is copied by the session at the end. */
static void locate_ends(mcomp_plan *plan)
{
    const mcomp_graph *graph = plan->graph;
    for (uint32_t i = 0; i < graph->input_count; i++) {
        mc_location *location = &plan->locations[graph->inputs[i]];
        location->place = MC_PLACE_INPUT;
        location->index = i;
    }
    for (uint32_t i = 0; i < graph->output_count; i++) {
        mc_location *location = &plan->locations[graph->outputs[i]];
        if (location->place != MC_PLACE_NONE || graph->values[graph->outputs[i]].producer < 0)
            continue;
        location->place = MC_PLACE_OUTPUT;
        location->index = i;
    }
}

/* Steps at which each value between the ends is written and last read. index_of: by value, room for
 * where its lifetime stands. @return how many there are */
static size_t find_lifetimes(mcomp_plan *plan, mc_lifetime *lifetimes, uint32_t *value_of,
                             uint32_t *index_of)
{
    const mcomp_graph *graph = plan->graph;
    size_t count = 0;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        index_of[v] = UINT32_MAX;
        if (graph->values[v].producer < 0 || plan->locations[v].place != MC_PLACE_NONE)
            continue;
        uint32_t first = (uint32_t)graph->values[v].producer;
        index_of[v] = (uint32_t)count;
        lifetimes[count] =
            (mc_lifetime){.nbytes = plan->locations[v].nbytes, .first = first, .last = first};
        value_of[count++] = v;
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t i = 0; i < graph->nodes[n].input_count; i++) {
            mcomp_value input = graph->nodes[n].inputs[i];
            if (input != MCOMP_NO_VALUE && index_of[input] != UINT32_MAX)
                lifetimes[index_of[input]].last = n;
        }
    return count;
}

mcomp_status mc_plan_locate(mcomp_plan *plan)
{
    const mcomp_graph *graph = plan->graph;
    mcomp_context *context = graph->context;
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (!graph->values[v].constant)
            MC_TRY(value_nbytes(plan, &graph->values[v], &plan->locations[v].nbytes));
    locate_ends(plan);
    mc_lifetime *lifetimes = mc_alloc_array(context, graph->value_count, sizeof *lifetimes);
    uint32_t *value_of = mc_alloc_array(context, graph->value_count, sizeof *value_of);
    uint32_t *index_of = mc_alloc_array(context, graph->value_count, sizeof *index_of);
    mcomp_status status = lifetimes && value_of && index_of
                              ? MCOMP_OK
                              : mc_fail_memory(graph->value_count * sizeof *lifetimes);
    if (status == MCOMP_OK) {
        size_t count = find_lifetimes(plan, lifetimes, value_of, index_of);
        status = mc_memory_plan(context, lifetimes, count, &plan->activations_nbytes,
                                &plan->live_peak_nbytes);
        for (size_t k = 0; status == MCOMP_OK && k < count; k++) {
            plan->locations[value_of[k]].place = MC_PLACE_ARENA;
            plan->locations[value_of[k]].offset = lifetimes[k].offset;
        }
    }
    mc_free(context, lifetimes);
    mc_free(context, value_of);
    mc_free(context, index_of);
    return status;
}
