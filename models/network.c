#include "network.h"

#include <stdio.h>

#define NAME_CAPACITY 64

static void keep(mc_network *network, mcomp_status status)
{
    if (network->status == MCOMP_OK)
        network->status = status;
}

static mcomp_value add_node(mc_network *network, const char *op, const char *name,
                            const mcomp_value *inputs, size_t input_count,
                            const mcomp_attribute *attributes, size_t attribute_count)
{
    mcomp_value value = MCOMP_NO_VALUE;
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_add_node(network->graph, op, name, inputs, input_count,
                                           attributes, attribute_count, &value));
    return value;
}

static mcomp_attribute integers(const char *name, size_t count, const int64_t *values)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_INTEGERS, .count = count, .integers = values};
}

/* Shape of a value; zeros after a failure. */
static mcomp_value_info get_shape(mc_network *network, mcomp_value value)
{
    mcomp_value_info info = {.struct_size = sizeof info};
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_get_value(network->graph, value, &info));
    return info;
}

/* The next weights as the constant NAME + suffix. */
static mcomp_value take_weights(mc_network *network, const char *name, const char *suffix,
                                uint32_t rank, const int64_t *shape)
{
    size_t count = 1;
    for (uint32_t axis = 0; axis < rank; axis++)
        count *= (size_t)shape[axis];
    if (network->status == MCOMP_OK && count > network->weight_count)
        keep(network, mcomp_fail(MCOMP_ERR_INTERNAL, "the trained weights are too few"));
    mcomp_value value = MCOMP_NO_VALUE;
    mcomp_tensor *tensor = NULL;
    char full_name[NAME_CAPACITY];
    snprintf(full_name, sizeof full_name, "%s%s", name, suffix);
    if (network->status == MCOMP_OK)
        keep(network, mcomp_tensor_create(network->context, MCOMP_DTYPE_F32, rank, shape,
                                          network->weights, &tensor));
    if (network->status == MCOMP_OK) {
        network->weights += count;
        network->weight_count -= count;
        keep(network, mcomp_graph_add_constant(network->graph, full_name, tensor, &value));
    }
    mcomp_tensor_release(tensor);
    return value;
}

mcomp_value mc_network_input(mc_network *network, const char *name, int64_t channels,
                             int64_t height, int64_t width)
{
    const int64_t shape[4] = {MCOMP_BATCH, channels, height, width};
    mcomp_value value = MCOMP_NO_VALUE;
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_add_input(network->graph, name, 4, shape, &value));
    return value;
}

mcomp_value mc_network_convolution(mc_network *network, const char *name, mcomp_value input,
                                   int64_t filters, int64_t kernel)
{
    const int64_t shape[4] = {filters, get_shape(network, input).shape[1], kernel, kernel};
    mcomp_value weight = take_weights(network, name, "_weight", 4, shape);
    mcomp_value bias = take_weights(network, name, "_bias", 1, shape);
    const mcomp_value inputs[3] = {input, weight, bias};
    return add_node(network, "Conv", name, inputs, 3, NULL, 0);
}

mcomp_value mc_network_max_pool(mc_network *network, const char *name, mcomp_value input,
                                int64_t kernel, int64_t stride)
{
    const int64_t kernels[2] = {kernel, kernel}, strides[2] = {stride, stride};
    const mcomp_attribute attributes[2] = {integers("kernel_shape", 2, kernels),
                                           integers("strides", 2, strides)};
    return add_node(network, "MaxPool", name, &input, 1, attributes, 2);
}

mcomp_value mc_network_relu(mc_network *network, const char *name, mcomp_value input)
{
    return add_node(network, "Relu", name, &input, 1, NULL, 0);
}

mcomp_value mc_network_fully_connected(mc_network *network, const char *name, mcomp_value input,
                                       int64_t neurons)
{
    char flat_name[NAME_CAPACITY];
    snprintf(flat_name, sizeof flat_name, "%s_flatten", name);
    if (get_shape(network, input).rank != 2)
        input = add_node(network, "Flatten", flat_name, &input, 1, NULL, 0);
    const int64_t shape[2] = {neurons, get_shape(network, input).shape[1]}, transposed = 1;
    mcomp_value weight = take_weights(network, name, "_weight", 2, shape);
    mcomp_value bias = take_weights(network, name, "_bias", 1, shape);
    const mcomp_value inputs[3] = {input, weight, bias};
    const mcomp_attribute attribute = integers("transB", 1, &transposed);
    return add_node(network, "Gemm", name, inputs, 3, &attribute, 1);
}

void mc_network_metadata(mc_network *network, const char *key, const char *text)
{
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_set_metadata(network->graph, key, text));
}

void mc_network_output(mc_network *network, mcomp_value value)
{
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_mark_output(network->graph, value));
}
