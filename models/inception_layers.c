#include "inception_layers.h"

static mcomp_value normalized(mc_network *network, const char *name, mcomp_value x,
                              mc_convolution convolution)
{
    mc_network_enter(network, "%s", name);
    x = mc_network_convolution(network, "conv", x, convolution);
    x = mc_network_batch_norm(network, "bn", x, 1e-3f, 1);
    x = mc_network_relu(network, "relu", x);
    mc_network_leave(network);
    return x;
}

mcomp_value mc_inception_same(mc_network *network, const char *name, mcomp_value input,
                              int64_t filters, int64_t height, int64_t width, int64_t stride)
{
    const mc_convolution convolution = {.filters = filters,
                                        .height = height,
                                        .width = width,
                                        .stride = stride,
                                        .pad_height = height / 2,
                                        .pad_width = width / 2};
    return normalized(network, name, input, convolution);
}

mcomp_value mc_inception_valid(mc_network *network, const char *name, mcomp_value input,
                               int64_t filters, int64_t kernel, int64_t stride)
{
    const mc_convolution convolution = {
        .filters = filters, .height = kernel, .width = kernel, .stride = stride};
    return normalized(network, name, input, convolution);
}

mcomp_value mc_inception_halve(mc_network *network, mcomp_value input)
{
    return mc_network_max_pool(network, "pool", input, (mc_pool){.kernel = 3, .stride = 2});
}

mcomp_value mc_inception_pool_projection(mc_network *network, mcomp_value input, int64_t filters,
                                         int count_padding)
{
    const mc_pool pool = {.kernel = 3, .stride = 1, .pad = 1, .count_padding = count_padding};
    mcomp_value x = mc_network_average_pool(network, "pool", input, pool);
    return mc_inception_same(network, "pool_projection", x, filters, 1, 1, 1);
}

void mc_inception_classifier(mc_network *network, mcomp_value input)
{
    mcomp_value x = mc_network_global_average_pool(network, "pool", input);
    x = mc_network_fully_connected(network, "fc", x, 1000, 4);
    mc_network_output(network, x);
}
