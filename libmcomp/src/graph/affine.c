#include "affine.h"

#include <math.h>

#include "base/status.h"
#include "tensor/tensor_struct.h"

mcomp_status mc_rebuild_decode(mc_rebuild *rebuild, const mc_node *node, uint32_t index,
                               float **out)
{
    const mcomp_tensor *tensor = mc_node_input(rebuild->source, node, index)->constant;
    size_t nbytes = tensor->element_count * sizeof(float);
    *out = mc_arena_alloc(&rebuild->arena, nbytes);
    return *out ? mcomp_tensor_decode(tensor, *out, tensor->element_count) : mc_fail_memory(nbytes);
}

static bool has_constants(const mcomp_graph *graph, const mc_node *node, uint32_t first)
{
    for (uint32_t i = first; i < node->input_count; i++)
        if (mc_node_input(graph, node, i) && !mc_node_input(graph, node, i)->constant)
            return false;
    return true;
}

bool mc_node_has_constant_weights(const mcomp_graph *graph, const mc_node *node)
{
    return (mc_node_is(node, "Conv") || mc_node_is(node, "Gemm")) &&
           mc_node_input(graph, node, 0)->dtype == MCOMP_DTYPE_F32 &&
           mc_node_input(graph, node, 1)->constant &&
           (!mc_node_input(graph, node, 2) || mc_node_input(graph, node, 2)->constant);
}

mcomp_status mc_affine_create(mc_rebuild *rebuild, size_t channel_count, mc_affine *affine)
{
    *affine = (mc_affine){.channel_count = channel_count, .operand = MCOMP_NO_VALUE};
    affine->scale = mc_arena_alloc(&rebuild->arena, channel_count * sizeof(double));
    affine->shift = mc_arena_alloc(&rebuild->arena, channel_count * sizeof(double));
    if (!affine->scale || !affine->shift)
        return mc_fail_memory(channel_count * sizeof(double));
    for (size_t c = 0; c < channel_count; c++)
        affine->scale[c] = 1;
    return MCOMP_OK;
}

void mc_affine_append(mc_affine *affine, const mc_affine *next, size_t first)
{
    for (size_t c = 0; c < affine->channel_count; c++) {
        affine->scale[c] *= next->scale[first + c];
        affine->shift[c] = affine->shift[c] * next->scale[first + c] + next->shift[first + c];
    }
    affine->scales = affine->scales || next->scales;
    affine->shifts = affine->shifts || next->shifts;
}

mc_affine mc_affine_slice(const mc_affine *affine, size_t first, size_t count)
{
    mc_affine slice = *affine;
    slice.channel_count = count;
    slice.scale += first;
    slice.shift += first;
    return slice;
}

/* One number, or one a channel. */
static bool is_by_channel(const mc_value *constant, const mc_value *output)
{
    for (uint32_t i = 1; i <= constant->rank; i++) {
        bool is_channel_axis = output->rank - i == 1;
        if (!is_channel_axis && constant->shape[constant->rank - i] != 1)
            return false;
    }
    return true;
}

/* The operand of Add, Sub, Mul or Div whose other one is a constant; -1 for anything else. */
static int find_operand(const mcomp_graph *graph, const mc_node *node)
{
    bool known = mc_node_is(node, "Add") || mc_node_is(node, "Sub") || mc_node_is(node, "Mul") ||
                 mc_node_is(node, "Div");
    if (!known || node->params.activation.clamp)
        return -1;
    int index = mc_node_input(graph, node, 1)->constant   ? 0
                : mc_node_input(graph, node, 0)->constant ? 1
                                                          : -1;
    if (index < 0 || (index == 1 && mc_node_is(node, "Div")))
        return -1;
    const mc_value *operand = mc_node_input(graph, node, (uint32_t)index);
    const mc_value *output = &graph->values[node->output];
    bool fits = output->dtype == MCOMP_DTYPE_F32 && output->rank >= 2 &&
                mc_value_same_shape(operand, output) &&
                is_by_channel(mc_node_input(graph, node, 1 - (uint32_t)index), output);
    return fits ? index : -1;
}

static void set_channel(const mc_node *node, int operand, double constant, double *scale,
                        double *shift)
{
    if (mc_node_is(node, "Mul")) {
        *scale = constant;
    } else if (mc_node_is(node, "Div")) {
        *scale = 1 / constant;
    } else if (mc_node_is(node, "Add")) {
        *shift = constant;
    } else if (operand == 0) {
        *shift = -constant;
    } else {
        *scale = -1;
        *shift = constant;
    }
}

static mcomp_status parse_binary(mc_rebuild *rebuild, const mc_node *node, int operand,
                                 mc_affine *affine)
{
    float *values;
    uint32_t index = 1 - (uint32_t)operand;
    MC_TRY(mc_rebuild_decode(rebuild, node, index, &values));
    size_t count = mc_node_input(rebuild->source, node, index)->constant->element_count;
    for (size_t c = 0; c < affine->channel_count; c++)
        set_channel(node, operand, (double)values[count == 1 ? 0 : c], &affine->scale[c],
                    &affine->shift[c]);
    return MCOMP_OK;
}

static mcomp_status parse_batchnorm(mc_rebuild *rebuild, const mc_node *node, mc_affine *affine)
{
    float *scale, *shift, *mean, *variance;
    MC_TRY(mc_rebuild_decode(rebuild, node, 1, &scale));
    MC_TRY(mc_rebuild_decode(rebuild, node, 2, &shift));
    MC_TRY(mc_rebuild_decode(rebuild, node, 3, &mean));
    MC_TRY(mc_rebuild_decode(rebuild, node, 4, &variance));
    for (size_t c = 0; c < affine->channel_count; c++) {
        double factor = (double)scale[c] / sqrt((double)variance[c] + (double)node->params.epsilon);
        affine->scale[c] = factor;
        affine->shift[c] = (double)shift[c] - (double)mean[c] * factor;
    }
    affine->is_batchnorm = true;
    return MCOMP_OK;
}

mcomp_status mc_affine_parse(mc_rebuild *rebuild, const mc_node *node, mc_affine *affine,
                             bool *is_affine)
{
    const mcomp_graph *graph = rebuild->source;
    bool is_batchnorm = mc_node_is(node, "BatchNormalization") && has_constants(graph, node, 1);
    int operand = is_batchnorm ? 0 : find_operand(graph, node);
    *is_affine = operand >= 0;
    if (operand < 0)
        return MCOMP_OK;
    MC_TRY(mc_affine_create(rebuild, (size_t)graph->values[node->output].shape[1], affine));
    MC_TRY(is_batchnorm ? parse_batchnorm(rebuild, node, affine)
                        : parse_binary(rebuild, node, operand, affine));
    affine->operand = node->inputs[operand];
    for (size_t c = 0; c < affine->channel_count; c++) {
        affine->scales = affine->scales || affine->scale[c] != 1;
        affine->shifts = affine->shifts || affine->shift[c] != 0;
        *is_affine =
            *is_affine && isfinite((float)affine->scale[c]) && isfinite((float)affine->shift[c]);
    }
    return MCOMP_OK;
}

mcomp_status mc_rebuild_add_replacement(mc_rebuild *rebuild, const mc_node *node, uint32_t index,
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
