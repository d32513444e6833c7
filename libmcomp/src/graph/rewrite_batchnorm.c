#include <math.h>

#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

/* What follows a Conv or Gemm, channel by channel: y = scale * x + shift, in double. */
typedef struct channel_map {
    size_t channel_count;
    double *scale;
    double *shift;
    float *mean; /* of the result; from the last BatchNormalization */
    float *deviation;
    bool scales; /* false: all scales are 1 */
    bool has_statistics;
} channel_map;

/* An Add of one constant number a channel, which adds no element to the result. */
static bool is_bias_add(const mcomp_graph *graph, const mc_node *node)
{
    if (!mc_node_is(node, "Add") || node->params.activation.clamp)
        return false;
    const mc_value *input = mc_node_input(graph, node, 0);
    const mc_value *constant = mc_node_input(graph, node, 1);
    if (!constant->constant || input->rank < 2 ||
        !mc_value_same_shape(input, &graph->values[node->output]))
        return false;
    for (uint32_t i = 1; i <= constant->rank; i++) {
        bool is_channel_axis = input->rank - i == 1;
        if (!is_channel_axis && constant->shape[constant->rank - i] != 1)
            return false;
    }
    return true;
}

static bool has_constants(const mcomp_graph *graph, const mc_node *node, uint32_t first)
{
    for (uint32_t i = first; i < node->input_count; i++)
        if (mc_node_input(graph, node, i) && !mc_node_input(graph, node, i)->constant)
            return false;
    return true;
}

/* A float Conv or Gemm, of constant weights, whose result is still what its sums are. */
static bool takes_affine(const mcomp_graph *graph, const mc_node *node)
{
    return node && (mc_node_is(node, "Conv") || mc_node_is(node, "Gemm")) &&
           mc_node_input(graph, node, 0)->dtype == MCOMP_DTYPE_F32 &&
           !node->params.activation.clamp && !mc_node_input(graph, node, 3) &&
           has_constants(graph, node, 1);
}

static void decide(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        bool is_batchnorm = mc_node_is(node, "BatchNormalization") && has_constants(graph, node, 1);
        if (!rebuild->live[n] || (!is_batchnorm && !is_bias_add(graph, node)) ||
            !mc_rebuild_has_sole_reader(rebuild, node->inputs[0]))
            continue;
        mcomp_value into = mc_rebuild_resolve(rebuild, node->inputs[0]);
        if (takes_affine(graph, mc_rebuild_producer(rebuild, into)) &&
            mc_rebuild_replace(rebuild, node->output, into))
            info->batchnorms_folded += is_batchnorm;
    }
}

static mcomp_status decode(mc_rebuild *rebuild, const mc_node *node, uint32_t index, float **out)
{
    const mcomp_tensor *tensor = mc_node_input(rebuild->source, node, index)->constant;
    size_t nbytes = tensor->element_count * sizeof(float);
    *out = mc_arena_alloc(&rebuild->arena, nbytes);
    return *out ? mcomp_tensor_decode(tensor, *out, tensor->element_count) : mc_fail_memory(nbytes);
}

static mcomp_status append_batchnorm(mc_rebuild *rebuild, const mc_node *node, channel_map *affine)
{
    float *scale, *shift, *mean, *variance;
    MC_TRY(decode(rebuild, node, 1, &scale));
    MC_TRY(decode(rebuild, node, 2, &shift));
    MC_TRY(decode(rebuild, node, 3, &mean));
    MC_TRY(decode(rebuild, node, 4, &variance));
    for (size_t c = 0; c < affine->channel_count; c++) {
        double factor = (double)scale[c] / sqrt((double)variance[c] + (double)node->params.epsilon);
        affine->scale[c] *= factor;
        affine->shift[c] = (affine->shift[c] - (double)mean[c]) * factor + (double)shift[c];
        affine->mean[c] = shift[c];
        affine->deviation[c] = fabsf(scale[c]);
    }
    affine->scales = affine->has_statistics = true;
    return MCOMP_OK;
}

static mcomp_status append_bias(mc_rebuild *rebuild, const mc_node *node, channel_map *affine)
{
    float *bias;
    MC_TRY(decode(rebuild, node, 1, &bias));
    bool is_scalar = mc_node_input(rebuild->source, node, 1)->constant->element_count == 1;
    for (size_t c = 0; c < affine->channel_count; c++) {
        affine->shift[c] += (double)bias[is_scalar ? 0 : c];
        affine->mean[c] += bias[is_scalar ? 0 : c];
    }
    return MCOMP_OK;
}

/* The node that reads value and goes into `node`, or NULL. */
static const mc_node *find_next(const mc_rebuild *rebuild, const mc_node *node, mcomp_value value)
{
    if (rebuild->reader_counts[value] != 1)
        return NULL;
    const mc_node *reader = &rebuild->source->nodes[rebuild->readers[value]];
    return rebuild->alias[reader->output] == node->output ? reader : NULL;
}

/* The statistics that the node has from an earlier fold: an added bias moves them along. */
static void take_statistics(const mc_node *node, channel_map *affine)
{
    const mcomp_attribute *mean = mc_node_attribute(node, "output_mean");
    const mcomp_attribute *deviation = mc_node_attribute(node, "output_deviation");
    affine->has_statistics = mean && deviation;
    for (size_t c = 0; affine->has_statistics && c < affine->channel_count; c++) {
        affine->mean[c] = mean->floats[c];
        affine->deviation[c] = deviation->floats[c];
    }
}

/* Starts from the node's own bias and follows the nodes that go into it. */
static mcomp_status find_affine(mc_rebuild *rebuild, const mc_node *node, channel_map *affine)
{
    const mcomp_graph *graph = rebuild->source;
    size_t count = (size_t)graph->values[node->output].shape[1];
    *affine = (channel_map){.channel_count = count};
    affine->scale = mc_arena_alloc(&rebuild->arena, count * sizeof(double));
    affine->shift = mc_arena_alloc(&rebuild->arena, count * sizeof(double));
    affine->mean = mc_arena_alloc(&rebuild->arena, count * sizeof(float));
    affine->deviation = mc_arena_alloc(&rebuild->arena, count * sizeof(float));
    if (!affine->scale || !affine->shift || !affine->mean || !affine->deviation)
        return mc_fail_memory(count * sizeof(double));
    take_statistics(node, affine);
    float *bias = NULL;
    if (mc_node_input(graph, node, 2))
        MC_TRY(decode(rebuild, node, 2, &bias));
    for (size_t c = 0; c < count; c++) {
        affine->scale[c] = 1;
        affine->shift[c] = bias ? (double)bias[c] : 0;
    }
    for (const mc_node *next = find_next(rebuild, node, node->output); next;
         next = find_next(rebuild, node, next->output))
        MC_TRY(mc_node_is(next, "Add") ? append_bias(rebuild, next, affine)
                                       : append_batchnorm(rebuild, next, affine));
    return MCOMP_OK;
}

/* The weight times its channel's scale, rounded once. */
static mcomp_status scale_weight(mc_rebuild *rebuild, const mc_node *node,
                                 const channel_map *affine, mcomp_tensor **out)
{
    const mc_value *weight = mc_node_input(rebuild->source, node, 1);
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, weight->rank,
                               weight->shape, NULL, out));
    size_t count = (*out)->element_count;
    float *values = (*out)->data;
    MC_TRY(mcomp_tensor_decode(weight->constant, values, count));
    bool channels_last = mc_node_is(node, "Gemm") && !node->params.transpose_b;
    size_t inner = channels_last ? 1 : count / affine->channel_count;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((double)values[i] * affine->scale[i / inner % affine->channel_count]);
    return MCOMP_OK;
}

/* Adds a constant in the place of the node's input `index`: under its name, if it has one and
 * nobody else reads it. */
static mcomp_status add_replacement(mc_rebuild *rebuild, const mc_node *node, uint32_t index,
                                    mcomp_tensor *tensor, mcomp_value *out)
{
    const mc_value *old = mc_node_input(rebuild->source, node, index);
    bool in_place = old && rebuild->reader_counts[node->inputs[index]] == 1;
    const char *name =
        in_place ? old->name
                 : mc_rebuild_unique_name(rebuild, node->name, index == 1 ? "_weight" : "_bias");
    if (!name) {
        mcomp_tensor_release(tensor);
        return mc_fail_memory(1);
    }
    return mc_rebuild_add_constant(rebuild, name, tensor, out);
}

static mcomp_status make_weight(mc_rebuild *rebuild, const mc_node *node, const channel_map *affine,
                                mcomp_value *out)
{
    if (!affine->scales)
        return mc_rebuild_get(rebuild, node->inputs[1], out);
    mcomp_tensor *tensor = NULL;
    mcomp_status status = scale_weight(rebuild, node, affine, &tensor);
    if (status != MCOMP_OK) {
        mcomp_tensor_release(tensor);
        return status;
    }
    return add_replacement(rebuild, node, 1, tensor, out);
}

static mcomp_status make_bias(mc_rebuild *rebuild, const mc_node *node, const channel_map *affine,
                              mcomp_value *out)
{
    mcomp_tensor *tensor = NULL;
    const int64_t shape[1] = {(int64_t)affine->channel_count};
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, 1, shape, NULL, &tensor));
    for (size_t c = 0; c < affine->channel_count; c++)
        ((float *)tensor->data)[c] = (float)affine->shift[c];
    return add_replacement(rebuild, node, 2, tensor, out);
}

static mcomp_status make_node(mc_rebuild *rebuild, const mc_node *node)
{
    channel_map affine;
    mcomp_value inputs[3];
    MC_TRY(find_affine(rebuild, node, &affine));
    MC_TRY(mc_rebuild_get(rebuild, node->inputs[0], &inputs[0]));
    MC_TRY(make_weight(rebuild, node, &affine, &inputs[1]));
    MC_TRY(make_bias(rebuild, node, &affine, &inputs[2]));
    const mcomp_attribute changes[2] = {{.name = "output_mean",
                                         .type = MCOMP_ATTRIBUTE_FLOATS,
                                         .count = affine.channel_count,
                                         .floats = affine.mean},
                                        {.name = "output_deviation",
                                         .type = MCOMP_ATTRIBUTE_FLOATS,
                                         .count = affine.channel_count,
                                         .floats = affine.deviation}};
    const mcomp_attribute *attributes;
    size_t attribute_count;
    MC_TRY(mc_rebuild_attributes(rebuild, node, changes, affine.has_statistics ? 2 : 0, &attributes,
                                 &attribute_count));
    return mcomp_graph_add_node(rebuild->result, node->op->name, rebuild->names[node->output],
                                inputs, 3, attributes, attribute_count,
                                &rebuild->map[node->output]);
}

static mcomp_status make(mc_rebuild *rebuild)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || rebuild->alias[node->output] != MCOMP_NO_VALUE)
            continue;
        MC_TRY(find_next(rebuild, node, node->output) ? make_node(rebuild, node)
                                                      : mc_rebuild_copy(rebuild, node));
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fold_batchnorm(mcomp_graph *graph, mcomp_simplify_info *info,
                                       mcomp_graph **out)
{
    mc_rebuild rebuild;
    mcomp_status status = mc_rebuild_begin(graph, &rebuild);
    if (status == MCOMP_OK) {
        decide(&rebuild, info);
        status = make(&rebuild);
    }
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&rebuild, out);
    mc_rebuild_end(&rebuild);
    return status;
}
