/* MobileNet v1: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
 * Applications", 2017, table 1, with the padding (SAME) and the ReLU6 of TensorFlow's implementation. */
#include "families.h"

#define EPSILON 1e-3f

static mcomp_value normalized_relu6(mc_network *network, mcomp_value x)
{
    x = mc_network_batch_norm(network, "bn", x, EPSILON, 1);
    return mc_network_relu6(network, "relu6", x);
}

/* 3x3 on each channel by itself, then 1x1 across them. */
static mcomp_value separable(mc_network *network, int number, mcomp_value x, int64_t channels,
                             int64_t filters, int64_t stride)
{
    const mc_convolution depthwise = {.filters = channels,
                                      .height = 3,
                                      .width = 3,
                                      .stride = stride,
                                      .same = 1,
                                      .groups = channels};
    const mc_convolution pointwise = {.filters = filters, .height = 1, .width = 1};
    mc_network_enter(network, "conv%d_depthwise", number);
    x = mc_network_convolution(network, "conv", x, depthwise);
    x = normalized_relu6(network, x);
    mc_network_leave(network);
    mc_network_enter(network, "conv%d_pointwise", number);
    x = mc_network_convolution(network, "conv", x, pointwise);
    x = normalized_relu6(network, x);
    mc_network_leave(network);
    return x;
}

void mc_model_mobilenet_v1(mc_network *network)
{
    static const struct {
        int filters, stride;
    } blocks[13] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                    {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
    int64_t channels = (int64_t)(32 * network->width);
    const mc_convolution first = {
        .filters = channels, .height = 3, .width = 3, .stride = 2, .same = 1};
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    mc_network_enter(network, "conv0");
    x = mc_network_convolution(network, "conv", x, first);
    x = normalized_relu6(network, x);
    mc_network_leave(network);
    for (int i = 0; i < 13; i++) {
        const int64_t filters = (int64_t)(blocks[i].filters * network->width);
        x = separable(network, i + 1, x, channels, filters, blocks[i].stride);
        channels = filters;
    }
    x = mc_network_global_average_pool(network, "pool", x);
    x = mc_network_fully_connected(network, "fc", x, 1000, 4);
    mc_network_output(network, x);
}
