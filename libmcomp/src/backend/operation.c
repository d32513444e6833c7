#include "operation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

bool mc_node_is_integer(const mcomp_graph *graph, const mc_node *node)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    return input && input->dtype != MCOMP_DTYPE_F32 && !mc_node_is(node, "DequantizeLinear");
}

static bool is_weight_or_bias(const mcomp_graph *graph, const mc_node *node, uint32_t index)
{
    return (index == 1 || index == 2) && mc_node_reads_weight(graph, node);
}

static bool is_float_constant(const mc_value *value)
{
    return value->constant && value->constant->dtype <= MCOMP_DTYPE_BF16;
}

mc_planes mc_planes_of(const mc_value *value)
{
    mc_planes planes = {1, 1, 1};
    if (value->rank > 1)
        planes.channels = (size_t)value->shape[1];
    if (value->rank > 2)
        planes.height = (size_t)value->shape[2];
    for (uint32_t axis = 3; axis < value->rank; axis++)
        planes.width *= (size_t)value->shape[axis];
    return planes;
}

bool mc_operation_possible(const mc_request *request, char *reason, size_t capacity)
{
    const mcomp_graph *graph = request->graph;
    const mc_node *node = &graph->nodes[request->node_index];
    for (uint32_t i = 0; i < node->input_count; i++) {
        const mc_value *value = mc_node_input(graph, node, i);
        bool must_be_constant = is_weight_or_bias(graph, node, i);
        if (value && must_be_constant && !value->constant) {
            snprintf(reason, capacity, "input %s must be a constant; simplify the graph",
                     value->name);
            return false;
        }
        if (value && !must_be_constant && !value->constant && value->rank > 0 &&
            value->shape[0] != MCOMP_BATCH) {
            snprintf(reason, capacity, "input %s has no batch axis; simplify the graph",
                     value->name);
            return false;
        }
    }
    const mc_value *output = &graph->values[node->output];
    if (output->rank == 0 || output->shape[0] != MCOMP_BATCH) {
        snprintf(reason, capacity, "input %s is a constant; simplify the graph",
                 mc_node_input(graph, node, 0)->name);
        return false;
    }
    return true;
}

/* [K, O] to [O, K] */
static void transpose_floats(const float *from, size_t rows, size_t columns, float *to)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[c * rows + r] = from[r * columns + c];
}

static size_t weight_outputs(const mc_node *node, const mc_value *weight)
{
    return (size_t)weight->shape[mc_node_weight_is_inputs_first(node) ? 1 : 0];
}

static mcomp_status load_float_weights(mc_operation *operation)
{
    mcomp_context *context = operation->context;
    mc_weights *weights = &operation->weights;
    const mcomp_tensor *tensor = mc_node_input(operation->graph, operation->node, 1)->constant;
    const mc_value *bias = mc_node_input(operation->graph, operation->node, 2);
    size_t count = weights->outputs * weights->depth;
    weights->floats = mc_alloc_array(context, count, sizeof(float));
    weights->bias = mc_alloc_array(context, weights->outputs, sizeof(float));
    if (!weights->floats || !weights->bias)
        return mc_fail_memory(count * sizeof(float));
    if (bias)
        MC_TRY(mcomp_tensor_decode(bias->constant, weights->bias, weights->outputs));
    if (!mc_node_weight_is_inputs_first(operation->node))
        return mcomp_tensor_decode(tensor, weights->floats, count);
    float *decoded = mc_alloc_array(context, count, sizeof *decoded);
    if (!decoded)
        return mc_fail_memory(count * sizeof *decoded);
    mcomp_status status = mcomp_tensor_decode(tensor, decoded, count);
    if (status == MCOMP_OK)
        transpose_floats(decoded, weights->depth, weights->outputs, weights->floats);
    mc_free(context, decoded);
    return status;
}

static mcomp_status load_integer_bias(mc_operation *operation)
{
    const mc_value *bias = mc_node_input(operation->graph, operation->node, 2);
    mc_weights *weights = &operation->weights;
    if (!bias)
        return MCOMP_OK;
    const mcomp_tensor *tensor = bias->constant;
    MC_REQUIRE(!tensor->encoded && tensor->dtype == MCOMP_DTYPE_S32 &&
                   tensor->element_count == weights->outputs,
               MCOMP_ERR_SHAPE, "node %s: bias %s must be int32 of %zu elements",
               operation->node->name, bias->name, weights->outputs);
    MC_TRY(mc_tensor_touch(tensor));
    memcpy(weights->integer_bias, tensor->data, weights->outputs * sizeof(int32_t));
    return MCOMP_OK;
}

static mcomp_status load_integer_weights(mc_operation *operation)
{
    mcomp_context *context = operation->context;
    mc_weights *weights = &operation->weights;
    const mcomp_tensor *tensor = mc_node_input(operation->graph, operation->node, 1)->constant;
    size_t count = weights->outputs * weights->depth;
    weights->integers = mc_alloc_array(context, count, sizeof(int16_t));
    weights->integer_bias = mc_alloc_array(context, weights->outputs, sizeof(int32_t));
    weights->multipliers = mc_alloc_array(context, weights->outputs, sizeof(float));
    uint8_t *symbols = mc_alloc(context, count);
    if (!weights->integers || !weights->integer_bias || !weights->multipliers || !symbols) {
        mc_free(context, symbols);
        return mc_fail_memory(count * sizeof(int16_t));
    }
    mcomp_status status = mcomp_tensor_decode_symbols(tensor, symbols, count);
    if (status == MCOMP_OK)
        status = load_integer_bias(operation);
    const float *scales;
    const uint8_t *zeros;
    size_t scale_count, zero_count;
    mcomp_tensor_get_scales(tensor, &scales, &scale_count);
    mcomp_tensor_get_zero_points(tensor, &zeros, &zero_count);
    bool transposed = mc_node_weight_is_inputs_first(operation->node);
    int32_t implied_zero = 1 << (tensor->encoding.bits - 1);
    for (size_t o = 0; status == MCOMP_OK && o < weights->outputs; o++) {
        size_t channel = scale_count > 1 ? o : 0;
        int32_t zero = zero_count ? zeros[channel] : implied_zero;
        for (size_t k = 0; k < weights->depth; k++) {
            size_t from = transposed ? k * weights->outputs + o : o * weights->depth + k;
            weights->integers[o * weights->depth + k] = (int16_t)(symbols[from] - zero);
        }
        weights->multipliers[o] =
            (float)((double)operation->input->scale * (double)scales[channel] /
                    (double)operation->output->scale);
    }
    mc_free(context, symbols);
    return status;
}

static mcomp_status load_weights(mc_operation *operation)
{
    const mc_value *value = mc_node_input(operation->graph, operation->node, 1);
    operation->weights.outputs = weight_outputs(operation->node, value);
    operation->weights.depth = mc_value_element_count(value) / operation->weights.outputs;
    operation->weights.are_integers = mc_node_is_integer(operation->graph, operation->node);
    return operation->weights.are_integers ? load_integer_weights(operation)
                                           : load_float_weights(operation);
}

size_t mc_operation_extra_nbytes(const mc_request *request)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    if (mc_node_reads_weight(request->graph, node)) {
        size_t outputs = weight_outputs(node, mc_node_input(request->graph, node, 1));
        bool integer = mc_node_is_integer(request->graph, node);
        return outputs * (integer ? sizeof(int32_t) + sizeof(float) : sizeof(float));
    }
    size_t nbytes = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const mc_value *value = mc_node_input(request->graph, node, i);
        if (value && is_float_constant(value))
            nbytes += value->constant->element_count * sizeof(float);
    }
    return nbytes;
}

/* Constant inputs of the other operators, as floats. */
static mcomp_status load_constants(mc_operation *operation)
{
    const mc_node *node = operation->node;
    operation->constants =
        mc_alloc_array(operation->context, node->input_count, sizeof *operation->constants);
    if (!operation->constants)
        return mc_fail_memory(node->input_count * sizeof *operation->constants);
    for (uint32_t i = 0; i < node->input_count; i++) {
        const mc_value *value = mc_node_input(operation->graph, node, i);
        if (!value || is_weight_or_bias(operation->graph, node, i) || !is_float_constant(value))
            continue;
        size_t count = value->constant->element_count;
        operation->constants[i] = mc_alloc_array(operation->context, count, sizeof(float));
        if (!operation->constants[i])
            return mc_fail_memory(count * sizeof(float));
        MC_TRY(mcomp_tensor_decode(value->constant, operation->constants[i], count));
    }
    return MCOMP_OK;
}

mcomp_status mc_operation_create(mcomp_context *context, const mc_request *request,
                                 mc_operation **out)
{
    *out = NULL;
    mc_operation *operation = mc_alloc_zero(context, sizeof *operation);
    if (!operation)
        return mc_fail_memory(sizeof *operation);
    operation->context = context;
    operation->graph = request->graph;
    operation->node = &request->graph->nodes[request->node_index];
    operation->input = mc_node_input(request->graph, operation->node, 0);
    operation->output = &request->graph->values[operation->node->output];
    operation->batch = (size_t)request->batch;
    mcomp_status status = load_constants(operation);
    if (status == MCOMP_OK && mc_node_reads_weight(operation->graph, operation->node))
        status = load_weights(operation);
    if (status != MCOMP_OK) {
        mc_operation_destroy(operation);
        return status;
    }
    *out = operation;
    return MCOMP_OK;
}

void mc_operation_destroy(mc_operation *operation)
{
    if (!operation)
        return;
    mcomp_context *context = operation->context;
    for (uint32_t i = 0; operation->constants && i < operation->node->input_count; i++)
        mc_free(context, operation->constants[i]);
    mc_free(context, operation->constants);
    mc_free(context, operation->weights.floats);
    mc_free(context, operation->weights.bias);
    mc_free(context, operation->weights.integers);
    mc_free(context, operation->weights.integer_bias);
    mc_free(context, operation->weights.multipliers);
    mc_free(context, operation->packed);
    mc_free(context, operation);
}

void mc_operation_drop_weights(mc_operation *operation)
{
    mc_free(operation->context, operation->weights.floats);
    mc_free(operation->context, operation->weights.integers);
    operation->weights.floats = NULL;
    operation->weights.integers = NULL;
}

const void *mc_operation_input(const mc_operation *operation, const mc_run *run, uint32_t index)
{
    return run->inputs[index] ? run->inputs[index] : operation->constants[index];
}

mc_requantize mc_requantize_of(const mc_operation *operation)
{
    const mc_value *output = operation->output;
    const mc_activation *activation = &operation->node->params.activation;
    float zero = (float)output->zero_point;
    float least = output->dtype == MCOMP_DTYPE_S8 ? -128.0f : 0.0f;
    float most = output->dtype == MCOMP_DTYPE_S8 ? 127.0f : 255.0f;
    mc_requantize to = {.low = least - zero, .high = most - zero, .zero_point = output->zero_point};
    if (activation->clamp) {
        /* Narrowed in integers: low_q = clamp(rne(low / s) + z), high_q likewise. */
        float low = fminf(fmaxf(rintf(activation->low / output->scale), to.low), to.high);
        float high = fminf(fmaxf(rintf(activation->high / output->scale), to.low), to.high);
        to.low = low;
        to.high = high;
    }
    return to;
}
