/* VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
 * ICLR 2015, table 1: stacks of 3x3 convolutions, a pool after each, three fully connected layers. */
#include "families.h"

/* Convolutions in each of the five stacks. */
static void build(mc_network *network, const int convolutions[5])
{
    static const int64_t filters[5] = {64, 128, 256, 512, 512};
    char name[32];
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    for (int stack = 0; stack < 5; stack++) {
        for (int layer = 0; layer < convolutions[stack]; layer++) {
            const mc_convolution convolution = {.filters = filters[stack],
                                                .height = 3,
                                                .width = 3,
                                                .pad_height = 1,
                                                .pad_width = 1,
                                                .bias = 1};
            snprintf(name, sizeof name, "conv%d_%d", stack + 1, layer + 1);
            x = mc_network_convolution(network, name, x, convolution);
            snprintf(name, sizeof name, "relu%d_%d", stack + 1, layer + 1);
            x = mc_network_relu(network, name, x);
        }
        snprintf(name, sizeof name, "pool%d", stack + 1);
        x = mc_network_max_pool(network, name, x, (mc_pool){.kernel = 2, .stride = 2});
    }
    x = mc_network_fully_connected(network, "fc6", x, 4096, 2);
    x = mc_network_relu(network, "relu6", x);
    x = mc_network_fully_connected(network, "fc7", x, 4096, 2);
    x = mc_network_relu(network, "relu7", x);
    x = mc_network_fully_connected(network, "fc8", x, 1000, 1);
    mc_network_output(network, x);
}

void mc_model_vgg16(mc_network *network)
{
    build(network, (const int[5]){2, 2, 3, 3, 3});
}

void mc_model_vgg19(mc_network *network)
{
    build(network, (const int[5]){2, 2, 4, 4, 4});
}
