#include <math.h>
#include <string.h>

#include "attributes.h"
#include "base/status.h"
#include "dequantize.h"
#include "rebuild.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

/* What becomes of a node. */
typedef enum role {
    ROLE_COPIED, /* stays, where its float result is needed; a mover may have an integer twin too */
    ROLE_INTEGER,  /* becomes the integer node of a QuantizeLinear below it */
    ROLE_ABSORBED, /* Relu or Clip between the two */
    ROLE_QUANTIZE, /* the QuantizeLinear of an integer node */
    ROLE_SKIPPED   /* a QuantizeLinear that undoes a DequantizeLinear */
} role;

/* A twin is the quantised value that a float one is dequantised from: exactly, so that either may
 * be used. DequantizeLinear gives its output a twin; nodes that move elements hand it on. */
typedef struct fold_state {
    mc_rebuild rebuild;
    role *roles;           /* by node */
    int32_t *quantizers;   /* by node: the QuantizeLinear of an integer node */
    mcomp_value *like;     /* by value: the quantised value whose scale its twin has, or none */
    mcomp_value *twins;    /* by value: the twin in the result, once made */
    mc_activation *clamps; /* by node: the activation of an integer node */
    bool *needs_value;     /* by value: something in the result reads it as it is */
    bool *needs_twin;      /* by value: ... reads its twin */
} fold_state;

static mcomp_status allocate(fold_state *folding)
{
    mc_arena *arena = &folding->rebuild.arena;
    size_t values = folding->rebuild.source->value_count;
    size_t nodes = folding->rebuild.source->node_count;
    folding->roles = mc_arena_alloc(arena, nodes * sizeof *folding->roles);
    folding->quantizers = mc_arena_alloc(arena, nodes * sizeof *folding->quantizers);
    folding->clamps = mc_arena_alloc(arena, nodes * sizeof *folding->clamps);
    folding->like = mc_arena_alloc(arena, values * sizeof *folding->like);
    folding->twins = mc_arena_alloc(arena, values * sizeof *folding->twins);
    folding->needs_value = mc_arena_alloc(arena, values);
    folding->needs_twin = mc_arena_alloc(arena, values);
    if (!folding->roles || !folding->quantizers || !folding->clamps || !folding->like ||
        !folding->twins || !folding->needs_value || !folding->needs_twin)
        return mc_fail_memory(values * sizeof *folding->like);
    for (size_t v = 0; v < values; v++)
        folding->like[v] = folding->twins[v] = MCOMP_NO_VALUE;
    return MCOMP_OK;
}

static bool same_quantization(const mc_value *a, const mc_value *b)
{
    return a->dtype == b->dtype && a->scale == b->scale && a->zero_point == b->zero_point;
}

/* Is there an integer that means exactly the value that a Pad fills with? */
static bool pads_exactly(const mc_node *node, const mc_value *like)
{
    if (node->params.pad_mode != MC_PAD_CONSTANT)
        return true; /* it fills with elements of its own */
    int32_t low = like->dtype == MCOMP_DTYPE_U8 ? 0 : INT8_MIN;
    int32_t high = like->dtype == MCOMP_DTYPE_U8 ? UINT8_MAX : INT8_MAX;
    float q = rintf(node->params.pad_value / like->scale) + (float)like->zero_point;
    return q >= (float)low && q <= (float)high &&
           (q - (float)like->zero_point) * like->scale == node->params.pad_value;
}

static bool is_mover(const mc_node *node)
{
    static const char *const movers[] = {"Flatten", "GlobalMaxPool", "MaxPool",  "Pad",
                                         "Reshape", "Slice",         "Transpose"};
    for (size_t i = 0; i < sizeof movers / sizeof *movers; i++)
        if (mc_node_is(node, movers[i]))
            return true;
    return false;
}

static bool has_twin(const fold_state *folding, mcomp_value value)
{
    return folding->like[value] != MCOMP_NO_VALUE;
}

/* Gives the node's output a twin, where it can have one. */
static void find_twin(fold_state *folding, const mc_node *node)
{
    const mcomp_graph *graph = folding->rebuild.source;
    const mc_value *input = mc_node_input(graph, node, 0);
    if (mc_node_is(node, "DequantizeLinear") && !input->constant) {
        folding->like[node->output] = node->inputs[0];
    } else if (is_mover(node) && has_twin(folding, node->inputs[0])) {
        mcomp_value like = folding->like[node->inputs[0]];
        if (!mc_node_is(node, "Pad") || pads_exactly(node, &graph->values[like]))
            folding->like[node->output] = like;
    }
}

/* The bias is int32 of scale s_x * s_w[c], or there is none. */
static bool has_integer_bias(const fold_state *folding, const mc_node *node)
{
    const mcomp_graph *graph = folding->rebuild.source;
    if (!mc_node_input(graph, node, 2))
        return true;
    const mc_node *bias = mc_rebuild_producer(&folding->rebuild, node->inputs[2]);
    if (!bias || !mc_node_dequantizes_constant(graph, bias) ||
        mc_node_input(graph, bias, 0)->dtype != MCOMP_DTYPE_S32)
        return false;
    const float *weight_scales;
    size_t weight_scale_count;
    mcomp_tensor_get_scales(mc_node_input(graph, node, 1)->constant, &weight_scales,
                            &weight_scale_count);
    double input_scale = (double)graph->values[folding->like[node->inputs[0]]].scale;
    size_t count = (size_t)graph->values[node->output].shape[1];
    for (size_t c = 0; c < count; c++) {
        double scale = (double)mc_dequantize_scale(graph, bias, c);
        double expected = input_scale * (double)weight_scales[weight_scale_count == 1 ? 0 : c];
        if (!(fabs(scale - expected) <= 1e-6 * expected) ||
            mc_dequantize_zero_point(graph, bias, c) != 0)
            return false;
    }
    return true;
}

static bool is_integer_conv(const fold_state *folding, const mc_node *node)
{
    const mcomp_graph *graph = folding->rebuild.source;
    const mcomp_tensor *weight = mc_node_input(graph, node, 1)->constant;
    if (!has_twin(folding, node->inputs[0]) || mc_node_input(graph, node, 3) || !weight ||
        !weight->encoded || weight->encoding.numeric != MCOMP_NUMERIC_UNIFORM)
        return false;
    bool channels_last = mc_node_is(node, "Gemm") && !node->params.transpose_b;
    if (channels_last && weight->encoding.per_channel)
        return false;
    size_t channel_count = (size_t)graph->values[node->output].shape[1];
    return weight->element_count / channel_count <= MC_INTEGER_MAX_TERMS &&
           has_integer_bias(folding, node);
}

/* Can the node compute in integers, given scale and zero point for its result? */
static bool can_be_integer(const fold_state *folding, const mc_node *node, bool is_clamped)
{
    if (mc_node_is(node, "Conv") || mc_node_is(node, "Gemm"))
        return is_integer_conv(folding, node);
    const mcomp_graph *graph = folding->rebuild.source;
    bool is_add = mc_node_is(node, "Add");
    bool known = is_add || mc_node_is(node, "Concat") || mc_node_is(node, "AveragePool") ||
                 mc_node_is(node, "GlobalAveragePool");
    if (!known || (is_clamped && !is_add))
        return false;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!has_twin(folding, node->inputs[i]))
            return false;
    return !is_add ||
           mc_value_same_shape(mc_node_input(graph, node, 0), mc_node_input(graph, node, 1));
}

/* Looks above a QuantizeLinear for the node that can give its integers. */
static void find_integer_node(fold_state *folding, int32_t quantizer)
{
    const mc_rebuild *rebuild = &folding->rebuild;
    const mc_node *quantize = &rebuild->source->nodes[quantizer];
    mcomp_value value = quantize->inputs[0];
    /* An output that keeps its name is made by a node of its own. */
    if (has_twin(folding, value) && !rebuild->is_output[quantize->output] &&
        same_quantization(&rebuild->source->values[folding->like[value]],
                          &rebuild->source->values[quantize->output])) {
        folding->roles[quantizer] = ROLE_SKIPPED;
        return;
    }
    const mc_node *clamp = NULL;
    const mc_node *node = mc_rebuild_producer(rebuild, value);
    if (node && (mc_node_is(node, "Relu") || mc_node_is(node, "Clip")) &&
        mc_rebuild_has_sole_reader(rebuild, value)) {
        clamp = node;
        value = clamp->inputs[0];
        node = mc_rebuild_producer(rebuild, value);
    }
    if (!node || !mc_rebuild_has_sole_reader(rebuild, value) ||
        !can_be_integer(folding, node, clamp != NULL))
        return;
    int32_t index = rebuild->source->values[value].producer;
    folding->roles[index] = ROLE_INTEGER;
    folding->roles[quantizer] = ROLE_QUANTIZE;
    folding->quantizers[index] = quantizer;
    folding->clamps[index] = node->params.activation;
    if (clamp) {
        folding->roles[rebuild->source->values[clamp->output].producer] = ROLE_ABSORBED;
        folding->clamps[index] =
            mc_activation_compose(&node->params.activation, &clamp->params.activation);
    }
}

static void need_inputs(const mc_node *node, bool *needs, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < node->input_count; i++)
        if (node->inputs[i] != MCOMP_NO_VALUE)
            needs[node->inputs[i]] = true;
}

/* What a node, the last of the remaining ones, needs of those before it. */
static void find_needs(fold_state *folding, int32_t index)
{
    const mc_node *node = &folding->rebuild.source->nodes[index];
    bool value = folding->needs_value[node->output];
    bool twin = folding->needs_twin[node->output];
    bool is_dequantize = mc_node_is(node, "DequantizeLinear");
    switch (folding->roles[index]) {
    case ROLE_SKIPPED:
        folding->needs_twin[node->inputs[0]] |= value;
        break;
    case ROLE_QUANTIZE:
    case ROLE_ABSORBED:
        break;
    case ROLE_INTEGER: {
        const mc_node *quantize = &folding->rebuild.source->nodes[folding->quantizers[index]];
        bool has_weight = mc_node_is(node, "Conv") || mc_node_is(node, "Gemm");
        if (folding->needs_value[quantize->output])
            need_inputs(node, folding->needs_twin, has_weight ? 1 : node->input_count);
        break;
    }
    case ROLE_COPIED:
        if (value || (twin && is_dequantize))
            need_inputs(node, folding->needs_value, node->input_count);
        if (twin && !is_dequantize)
            folding->needs_twin[node->inputs[0]] = true;
        break;
    }
}

static void decide(fold_state *folding)
{
    const mc_rebuild *rebuild = &folding->rebuild;
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (!rebuild->live[n])
            continue;
        find_twin(folding, &graph->nodes[n]);
        if (mc_node_is(&graph->nodes[n], "QuantizeLinear"))
            find_integer_node(folding, (int32_t)n);
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        folding->needs_value[graph->outputs[i]] = true;
    for (uint32_t n = graph->node_count; n-- > 0;)
        find_needs(folding, (int32_t)n);
}

/* The quantised value behind a float one, in the result. */
static mcomp_status get_twin(fold_state *folding, mcomp_value value, mcomp_value *out)
{
    const mc_node *producer = mc_rebuild_producer(&folding->rebuild, value);
    if (mc_node_is(producer, "DequantizeLinear"))
        return mc_rebuild_get(&folding->rebuild, producer->inputs[0], out);
    *out = folding->twins[value];
    return MCOMP_OK;
}

/* A node that moves elements, on integers. */
static mcomp_status make_twin(fold_state *folding, const mc_node *node)
{
    mc_rebuild *rebuild = &folding->rebuild;
    mcomp_value inputs[5];
    MC_TRY(get_twin(folding, node->inputs[0], &inputs[0]));
    for (uint32_t i = 1; i < node->input_count; i++)
        MC_TRY(mc_rebuild_get(rebuild, node->inputs[i], &inputs[i]));
    const char *name = folding->needs_value[node->output]
                           ? mc_rebuild_unique_name(rebuild, node->name, "_quantized")
                           : node->name;
    if (!name)
        return mc_fail_memory(1);
    return mcomp_graph_add_node(rebuild->result, node->op->name, name, inputs, node->input_count,
                                node->attributes, node->attribute_count,
                                &folding->twins[node->output]);
}

static mcomp_status get_integer_inputs(fold_state *folding, const mc_node *node,
                                       mcomp_value *inputs)
{
    mc_rebuild *rebuild = &folding->rebuild;
    if (!mc_node_is(node, "Conv") && !mc_node_is(node, "Gemm")) {
        for (uint32_t i = 0; i < node->input_count; i++)
            MC_TRY(get_twin(folding, node->inputs[i], &inputs[i]));
        return MCOMP_OK;
    }
    MC_TRY(get_twin(folding, node->inputs[0], &inputs[0]));
    MC_TRY(mc_rebuild_get(rebuild, node->inputs[1], &inputs[1]));
    for (uint32_t i = 2; i < node->input_count; i++)
        inputs[i] = MCOMP_NO_VALUE;
    if (!mc_node_input(rebuild->source, node, 2))
        return MCOMP_OK;
    const mc_node *bias = mc_rebuild_producer(rebuild, node->inputs[2]);
    return mc_rebuild_get(rebuild, bias->inputs[0], &inputs[2]);
}

static mcomp_status make_integer_node(fold_state *folding, int32_t index)
{
    mc_rebuild *rebuild = &folding->rebuild;
    const mc_node *node = &rebuild->source->nodes[index];
    mcomp_value output = rebuild->source->nodes[folding->quantizers[index]].output;
    const mc_value *quantized = &rebuild->source->values[output];
    mcomp_value *inputs = mc_arena_alloc(&rebuild->arena, node->input_count * sizeof *inputs);
    if (!inputs)
        return mc_fail_memory(node->input_count * sizeof *inputs);
    MC_TRY(get_integer_inputs(folding, node, inputs));
    mcomp_attribute changes[5];
    const int64_t zero_point = quantized->zero_point;
    changes[0] = (mcomp_attribute){.name = "output_dtype",
                                   .type = MCOMP_ATTRIBUTE_TEXT,
                                   .count = 2,
                                   .text = quantized->dtype == MCOMP_DTYPE_U8 ? "u8" : "s8"};
    changes[1] = (mcomp_attribute){.name = "output_scale",
                                   .type = MCOMP_ATTRIBUTE_FLOATS,
                                   .count = 1,
                                   .floats = &quantized->scale};
    changes[2] = (mcomp_attribute){.name = "output_zero_point",
                                   .type = MCOMP_ATTRIBUTE_INTEGERS,
                                   .count = 1,
                                   .integers = &zero_point};
    mc_activation_attributes(&folding->clamps[index], changes + 3);
    const mcomp_attribute *attributes;
    size_t count;
    MC_TRY(mc_rebuild_attributes(rebuild, node, changes, folding->clamps[index].clamp ? 5 : 3,
                                 &attributes, &count));
    const char *name = rebuild->is_output[output] ? quantized->name : node->name;
    return mcomp_graph_add_node(rebuild->result, node->op->name, name, inputs, node->input_count,
                                attributes, count, &rebuild->map[output]);
}

/* A bias that its reader, in float, reads as float32. */
static mcomp_status make_float_constant(fold_state *folding, const mc_node *node)
{
    mcomp_tensor *tensor = NULL;
    mc_rebuild *rebuild = &folding->rebuild;
    MC_TRY(mc_dequantize_constant(rebuild->source, node, &tensor));
    return mc_rebuild_add_constant(rebuild, node->name, tensor, &rebuild->map[node->output]);
}

static mcomp_status make_node(fold_state *folding, int32_t index, mcomp_simplify_info *info)
{
    mc_rebuild *rebuild = &folding->rebuild;
    const mc_node *node = &rebuild->source->nodes[index];
    bool value = folding->needs_value[node->output];
    switch (folding->roles[index]) {
    case ROLE_INTEGER:
        if (!folding->needs_value[rebuild->source->nodes[folding->quantizers[index]].output])
            return MCOMP_OK;
        info->quantized_nodes++;
        return make_integer_node(folding, index);
    case ROLE_SKIPPED:
        return value ? get_twin(folding, node->inputs[0], &rebuild->map[node->output]) : MCOMP_OK;
    case ROLE_ABSORBED:
    case ROLE_QUANTIZE:
        return MCOMP_OK;
    case ROLE_COPIED:
        break;
    }
    if (folding->needs_twin[node->output] && !mc_node_is(node, "DequantizeLinear")) {
        MC_TRY(make_twin(folding, node));
        info->quantized_nodes++;
    }
    if (!value)
        return MCOMP_OK;
    return mc_node_dequantizes_constant(rebuild->source, node) ? make_float_constant(folding, node)
                                                               : mc_rebuild_copy(rebuild, node);
}

static mcomp_status fold(fold_state *folding, mcomp_simplify_info *info)
{
    MC_TRY(allocate(folding));
    decide(folding);
    for (uint32_t n = 0; n < folding->rebuild.source->node_count; n++)
        MC_TRY(make_node(folding, (int32_t)n, info));
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fold_quantization(mcomp_graph *graph, mcomp_simplify_info *info,
                                          mcomp_graph **out)
{
    fold_state folding = {0};
    mcomp_status status = mc_rebuild_begin(graph, &folding.rebuild);
    if (status == MCOMP_OK)
        status = fold(&folding, info);
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&folding.rebuild, out);
    mc_rebuild_end(&folding.rebuild);
    return status;
}
