#include "network.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How a constant's values are drawn where there are no trained ones. */
typedef struct distribution {
    enum { DISTRIBUTION_NORMAL, DISTRIBUTION_UNIFORM, DISTRIBUTION_FILTERS } kind;
    double a; /**< mean or low */
    double b; /**< deviation or high */
} distribution;

static void keep(mc_network *network, mcomp_status status)
{
    if (network->status == MCOMP_OK)
        network->status = status;
}

void mc_network_enter(mc_network *network, const char *format, ...)
{
    size_t used = strlen(network->prefix);
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(network->prefix + used, sizeof network->prefix - used, format, arguments);
    va_end(arguments);
    if (length < 0 || used + (size_t)length + 2 > sizeof network->prefix) {
        network->prefix[used] = 0;
        keep(network, mcomp_fail(MCOMP_ERR_INTERNAL, "a block's name is too long"));
        return;
    }
    strcat(network->prefix, "/");
}

void mc_network_leave(mc_network *network)
{
    size_t length = strlen(network->prefix);
    if (length > 0)
        network->prefix[length - 1] = 0;
    char *slash = strrchr(network->prefix, '/');
    if (slash)
        slash[1] = 0;
    else
        network->prefix[0] = 0;
}

typedef struct full_name {
    char text[2 * MC_NETWORK_NAME_CAPACITY];
} full_name;

static full_name name_of(const mc_network *network, const char *name, const char *suffix)
{
    full_name result;
    snprintf(result.text, sizeof result.text, "%s%s%s", network->prefix, name, suffix);
    return result;
}

static mcomp_value add_node(mc_network *network, const char *op, const char *name,
                            const mcomp_value *inputs, size_t input_count,
                            const mcomp_attribute *attributes, size_t attribute_count)
{
    mcomp_value value = MCOMP_NO_VALUE;
    if (network->status == MCOMP_OK)
        keep(network,
             mcomp_graph_add_node(network->graph, op, name_of(network, name, "").text, inputs,
                                  input_count, attributes, attribute_count, &value));
    return value;
}

static mcomp_attribute integers(const char *name, size_t count, const int64_t *values)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_INTEGERS, .count = count, .integers = values};
}

static mcomp_attribute number(const char *name, const float *value)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_FLOATS, .count = 1, .floats = value};
}

static mcomp_attribute text(const char *name, const char *value)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_TEXT, .count = strlen(value), .text = value};
}

/* Shape of a value; zeros after a failure. */
static mcomp_value_info get_shape(mc_network *network, mcomp_value value)
{
    mcomp_value_info info = {.struct_size = sizeof info};
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_get_value(network->graph, value, &info));
    return info;
}

static void take_trained(mc_network *network, float *values, size_t count)
{
    if (count > network->weight_count) {
        keep(network, mcomp_fail(MCOMP_ERR_INTERNAL, "the trained weights are too few"));
        return;
    }
    memcpy(values, network->weights, count * sizeof *values);
    network->weights += count;
    network->weight_count -= count;
}

/* Hands the caller's reference to the graph. */
static mcomp_value add_constant(mc_network *network, const char *name, const char *suffix,
                                mcomp_tensor *tensor)
{
    mcomp_value value = MCOMP_NO_VALUE;
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_add_constant(network->graph, name_of(network, name, suffix).text,
                                               tensor, &value));
    mcomp_tensor_release(tensor);
    return value;
}

/* The constant NAME + suffix, from the trained weights or drawn. */
static mcomp_value make_constant(mc_network *network, const char *name, const char *suffix,
                                 uint32_t rank, const int64_t *shape, distribution drawn)
{
    mcomp_tensor *tensor = NULL;
    if (network->status == MCOMP_OK)
        keep(network,
             mcomp_tensor_create(network->context, MCOMP_DTYPE_F32, rank, shape, NULL, &tensor));
    if (network->status == MCOMP_OK) {
        size_t count = 1;
        for (uint32_t axis = 0; axis < rank; axis++)
            count *= (size_t)shape[axis];
        float *values = mcomp_tensor_data(tensor);
        if (network->weights)
            take_trained(network, values, count);
        else if (drawn.kind == DISTRIBUTION_UNIFORM)
            mc_random_uniform(&network->random, drawn.a, drawn.b, values, count);
        else
            mc_random_normal(&network->random, drawn.a, drawn.b, values, count);
        if (!network->weights && drawn.kind == DISTRIBUTION_FILTERS)
            mc_random_center(values, (size_t)shape[0], count / (size_t)shape[0]);
    }
    return add_constant(network, name, suffix, tensor);
}

static mcomp_value make_scalar(mc_network *network, const char *name, const char *suffix,
                               float value)
{
    mcomp_tensor *tensor = NULL;
    if (network->status == MCOMP_OK)
        keep(network,
             mcomp_tensor_create(network->context, MCOMP_DTYPE_F32, 0, NULL, &value, &tensor));
    return add_constant(network, name, suffix, tensor);
}

static distribution normal(double mean, double deviation)
{
    return (distribution){DISTRIBUTION_NORMAL, mean, deviation};
}

static distribution uniform(double low, double high)
{
    return (distribution){DISTRIBUTION_UNIFORM, low, high};
}

/* Weights of neurons that sum up `fan_in` products: variance `gain` of the outputs for inputs whose
 * second moment is 1. Behind a Relu the squared mean of a normal variable is 1 / pi of its second
 * moment; of this, what centring takes away is made up for. */
static distribution balanced(mc_network *network, mcomp_value input, double gain, int64_t fan_in)
{
    const double pi = 3.14159265358979323846, left = 1 - MC_RANDOM_CENTERING;
    distribution drawn = normal(0, sqrt(gain / (double)fan_in));
    if (get_shape(network, input).producer < 0)
        return drawn;
    drawn.kind = DISTRIBUTION_FILTERS;
    drawn.b *= sqrt(1 / (1 - (1 - left * left) / pi));
    return drawn;
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
                                   mc_convolution convolution)
{
    const int64_t stride = convolution.stride ? convolution.stride : 1;
    const int64_t groups = convolution.groups ? convolution.groups : 1;
    const int64_t h = convolution.pad_height, w = convolution.pad_width;
    const int64_t strides[2] = {stride, stride}, pads[4] = {h, w, h, w};
    const int64_t shape[4] = {convolution.filters, get_shape(network, input).shape[1] / groups,
                              convolution.height, convolution.width};
    const int64_t fan_in = shape[1] * shape[2] * shape[3];
    const distribution drawn =
        groups == 1 ? balanced(network, input, 2, fan_in) : normal(0, sqrt(2 / (double)fan_in));
    const mcomp_value weight = make_constant(network, name, "_weight", 4, shape, drawn);
    const mcomp_value bias = convolution.bias
                                 ? make_constant(network, name, "_bias", 1, shape, normal(0, 0.05))
                                 : MCOMP_NO_VALUE;
    const mcomp_value inputs[3] = {input, weight, bias};
    const mcomp_attribute attributes[3] = {
        integers("strides", 2, strides), integers("group", 1, &groups),
        convolution.same ? text("auto_pad", "SAME_UPPER") : integers("pads", 4, pads)};
    return add_node(network, "Conv", name, inputs, convolution.bias ? 3 : 2, attributes, 3);
}

mcomp_value mc_network_batch_norm(mc_network *network, const char *name, mcomp_value input,
                                  float epsilon, double gain)
{
    const int64_t channels = get_shape(network, input).shape[1];
    const mcomp_value scale =
        make_constant(network, name, "_scale", 1, &channels, uniform(0.9 * gain, 1.1 * gain));
    const mcomp_value shift =
        make_constant(network, name, "_shift", 1, &channels, normal(0, 0.1 * gain));
    const mcomp_value mean = make_constant(network, name, "_mean", 1, &channels, normal(0, 0.1));
    const mcomp_value variance =
        make_constant(network, name, "_variance", 1, &channels, uniform(0.8, 1.25));
    const mcomp_value inputs[5] = {input, scale, shift, mean, variance};
    const mcomp_attribute attribute = number("epsilon", &epsilon);
    return add_node(network, "BatchNormalization", name, inputs, 5, &attribute, 1);
}

mcomp_value mc_network_relu(mc_network *network, const char *name, mcomp_value input)
{
    return add_node(network, "Relu", name, &input, 1, NULL, 0);
}

mcomp_value mc_network_relu6(mc_network *network, const char *name, mcomp_value input)
{
    const mcomp_value low = make_scalar(network, name, "_low", 0);
    const mcomp_value high = make_scalar(network, name, "_high", 6);
    const mcomp_value inputs[3] = {input, low, high};
    return add_node(network, "Clip", name, inputs, 3, NULL, 0);
}

static mcomp_value add_pool(mc_network *network, const char *op, const char *name,
                            mcomp_value input, mc_pool pool, size_t attribute_count)
{
    const int64_t kernels[2] = {pool.kernel, pool.kernel}, strides[2] = {pool.stride, pool.stride};
    const int64_t pads[4] = {pool.pad, pool.pad, pool.pad, pool.pad};
    const int64_t ceil_mode = pool.ceil, count_padding = pool.count_padding;
    const mcomp_attribute attributes[5] = {
        integers("kernel_shape", 2, kernels), integers("strides", 2, strides),
        integers("pads", 4, pads), integers("ceil_mode", 1, &ceil_mode),
        integers("count_include_pad", 1, &count_padding)};
    return add_node(network, op, name, &input, 1, attributes, attribute_count);
}

mcomp_value mc_network_max_pool(mc_network *network, const char *name, mcomp_value input,
                                mc_pool pool)
{
    return add_pool(network, "MaxPool", name, input, pool, 4);
}

mcomp_value mc_network_average_pool(mc_network *network, const char *name, mcomp_value input,
                                    mc_pool pool)
{
    return add_pool(network, "AveragePool", name, input, pool, 5);
}

mcomp_value mc_network_global_average_pool(mc_network *network, const char *name, mcomp_value input)
{
    return add_node(network, "GlobalAveragePool", name, &input, 1, NULL, 0);
}

mcomp_value mc_network_local_response_norm(mc_network *network, const char *name, mcomp_value input,
                                           int64_t size, float alpha, float beta)
{
    const mcomp_attribute attributes[3] = {integers("size", 1, &size), number("alpha", &alpha),
                                           number("beta", &beta)};
    return add_node(network, "LRN", name, &input, 1, attributes, 3);
}

mcomp_value mc_network_add(mc_network *network, const char *name, mcomp_value a, mcomp_value b)
{
    const mcomp_value inputs[2] = {a, b};
    return add_node(network, "Add", name, inputs, 2, NULL, 0);
}

mcomp_value mc_network_concat(mc_network *network, const char *name, const mcomp_value *inputs,
                              size_t count)
{
    const int64_t channels = 1;
    const mcomp_attribute axis = integers("axis", 1, &channels);
    return add_node(network, "Concat", name, inputs, count, &axis, 1);
}

mcomp_value mc_network_fully_connected(mc_network *network, const char *name, mcomp_value input,
                                       int64_t neurons, double gain)
{
    char flat_name[MC_NETWORK_NAME_CAPACITY];
    snprintf(flat_name, sizeof flat_name, "%s_flatten", name);
    if (get_shape(network, input).rank != 2)
        input = add_node(network, "Flatten", flat_name, &input, 1, NULL, 0);
    const int64_t shape[2] = {neurons, get_shape(network, input).shape[1]}, transposed = 1;
    const mcomp_value weight =
        make_constant(network, name, "_weight", 2, shape, balanced(network, input, gain, shape[1]));
    const mcomp_value bias = make_constant(network, name, "_bias", 1, shape, normal(0, 0.05));
    const mcomp_value inputs[3] = {input, weight, bias};
    const mcomp_attribute attribute = integers("transB", 1, &transposed);
    return add_node(network, "Gemm", name, inputs, 3, &attribute, 1);
}

void mc_network_metadata(mc_network *network, const char *key, const char *value)
{
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_set_metadata(network->graph, key, value));
}

void mc_network_output(mc_network *network, mcomp_value value)
{
    if (network->status == MCOMP_OK)
        keep(network, mcomp_graph_mark_output(network->graph, value));
}
