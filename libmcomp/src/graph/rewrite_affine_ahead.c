/* What scales and shifts channels goes into the Conv or Gemm after it. A shift only where nothing is
 * padded: padding is 0 and was not shifted. */
#include <math.h>

#include "affine.h"
#include "base/status.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

static bool has_padding(const mc_node *node)
{
    const mc_window *window = &node->params.window;
    return mc_node_is(node, "Conv") &&
           (window->pad_top | window->pad_left | window->pad_bottom | window->pad_right) != 0;
}

/* The affine that the node takes in, or none. */
static mcomp_status find_affine(mc_rebuild *rebuild, const mc_node *node, mc_affine *affine,
                                bool *found)
{
    *found = false;
    if (!mc_node_has_constant_weights(rebuild->source, node) ||
        mc_node_input(rebuild->source, node, 1)->constant->encoded ||
        !mc_rebuild_has_sole_reader(rebuild, node->inputs[0]))
        return MCOMP_OK;
    const mc_node *producer = mc_rebuild_producer(rebuild, node->inputs[0]);
    if (producer)
        MC_TRY(mc_affine_parse(rebuild, producer, affine, found));
    *found = *found && !(affine->shifts && has_padding(node));
    return MCOMP_OK;
}

/* Weight times the scale of its input channel; what it makes of the shifts is added to the sums, a
 * number an output channel. */
static void scale_inputs(const mcomp_graph *graph, const mc_node *node, const mc_affine *affine,
                         float *values, double *sums)
{
    const mc_value *weight = mc_node_input(graph, node, 1);
    bool inputs_first = mc_node_weight_is_inputs_first(node);
    size_t outputs = (size_t)weight->shape[inputs_first ? 1 : 0];
    size_t group_inputs = (size_t)weight->shape[inputs_first ? 0 : 1];
    size_t groups = affine->channel_count / group_inputs;
    size_t taps = weight->rank == 4 ? (size_t)weight->shape[2] * (size_t)weight->shape[3] : 1;
    for (size_t o = 0; o < outputs; o++) {
        size_t first = o / (outputs / groups) * group_inputs;
        for (size_t i = 0; i < group_inputs; i++) {
            float *at =
                inputs_first ? &values[i * outputs + o] : &values[(o * group_inputs + i) * taps];
            for (size_t k = 0; k < taps; k++) {
                sums[o] += (double)at[k] * affine->shift[first + i];
                at[k] = (float)((double)at[k] * affine->scale[first + i]);
            }
        }
    }
}

static mcomp_status make_constants(mc_rebuild *rebuild, const mc_node *node,
                                   const mc_affine *affine, mcomp_tensor *weight,
                                   mcomp_tensor **bias)
{
    const mcomp_graph *graph = rebuild->source;
    float *values = weight->data, *old = NULL;
    const int64_t shape[1] = {graph->values[node->output].shape[1]};
    MC_TRY(mcomp_tensor_decode(mc_node_input(graph, node, 1)->constant, values,
                               weight->element_count));
    double *sums = mc_arena_alloc(&rebuild->arena, (size_t)shape[0] * sizeof *sums);
    if (!sums)
        return mc_fail_memory((size_t)shape[0] * sizeof *sums);
    scale_inputs(graph, node, affine, values, sums);
    if (!affine->shifts)
        return MCOMP_OK;
    if (mc_node_input(graph, node, 2))
        MC_TRY(mc_rebuild_decode(rebuild, node, 2, &old));
    MC_TRY(mcomp_tensor_create(graph->context, MCOMP_DTYPE_F32, 1, shape, NULL, bias));
    for (size_t o = 0; o < (size_t)shape[0]; o++)
        ((float *)(*bias)->data)[o] = (float)(sums[o] + (old ? (double)old[o] : 0));
    return MCOMP_OK;
}

static mcomp_status make_node(mc_rebuild *rebuild, const mc_node *node, const mc_affine *affine)
{
    mcomp_value inputs[4] = {MCOMP_NO_VALUE, MCOMP_NO_VALUE, MCOMP_NO_VALUE, MCOMP_NO_VALUE};
    const mc_value *old = mc_node_input(rebuild->source, node, 1);
    mcomp_tensor *weight = NULL, *bias = NULL;
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, old->rank, old->shape,
                               NULL, &weight));
    mcomp_status status = make_constants(rebuild, node, affine, weight, &bias);
    if (status != MCOMP_OK) {
        mcomp_tensor_release(weight);
        mcomp_tensor_release(bias);
        return status;
    }
    status = mc_rebuild_add_replacement(rebuild, node, 1, weight, &inputs[1]);
    if (status != MCOMP_OK) {
        mcomp_tensor_release(bias);
        return status;
    }
    if (bias)
        MC_TRY(mc_rebuild_add_replacement(rebuild, node, 2, bias, &inputs[2]));
    else if (node->input_count > 2)
        MC_TRY(mc_rebuild_get(rebuild, node->inputs[2], &inputs[2]));
    MC_TRY(mc_rebuild_get(rebuild, affine->operand, &inputs[0]));
    if (node->input_count > 3)
        MC_TRY(mc_rebuild_get(rebuild, node->inputs[3], &inputs[3]));
    return mc_rebuild_add_node(rebuild, node, rebuild->names[node->output], inputs,
                               mc_node_is(node, "Conv") ? 4 : 3, NULL, 0,
                               &rebuild->map[node->output]);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    size_t nbytes = graph->node_count * sizeof(mc_affine);
    mc_affine *affines = mc_arena_alloc(&rebuild->arena, nbytes); /* by the node that takes it in */
    bool *gone = mc_arena_alloc(&rebuild->arena, graph->node_count);
    bool *found = mc_arena_alloc(&rebuild->arena, graph->node_count);
    if (!affines || !gone || !found)
        return mc_fail_memory(nbytes);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (rebuild->live[n])
            MC_TRY(find_affine(rebuild, node, &affines[n], &found[n]));
        if (found[n])
            gone[graph->values[node->inputs[0]].producer] = true;
    }
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (!rebuild->live[n] || gone[n])
            continue;
        if (!found[n]) {
            MC_TRY(mc_rebuild_copy(rebuild, &graph->nodes[n]));
            continue;
        }
        MC_TRY(make_node(rebuild, &graph->nodes[n], &affines[n]));
        info->batchnorms_folded += affines[n].is_batchnorm;
        info->affines_folded += !affines[n].is_batchnorm;
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fold_affine_ahead(mcomp_graph *graph, mcomp_simplify_info *info,
                                          mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
