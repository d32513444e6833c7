/* ResNet: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1,
 * with the stride in the 3x3 convolution of a block that halves its maps (the variant that Facebook's
 * fb.resnet.torch introduced and torchvision has). */
#include "families.h"

#define EPSILON 1e-5f

/* A square convolution without bias, and its BatchNorm. */
static mcomp_value normalized(mc_network *network, const char *name, mcomp_value x, int64_t filters,
                              int64_t kernel, int64_t stride, double gain)
{
    char batch_norm[32];
    const mc_convolution convolution = {.filters = filters,
                                        .height = kernel,
                                        .width = kernel,
                                        .stride = stride,
                                        .pad_height = kernel / 2,
                                        .pad_width = kernel / 2};
    snprintf(batch_norm, sizeof batch_norm, "%s_bn", name);
    x = mc_network_convolution(network, name, x, convolution);
    return mc_network_batch_norm(network, batch_norm, x, EPSILON, gain);
}

/* 1x1 to `width` maps, 3x3, 1x1 to four times as many; beside it the input, projected where its shape
 * changes. The branch starts small, so that the sum of many does not grow. */
static mcomp_value bottleneck(mc_network *network, mcomp_value x, int64_t width, int64_t stride,
                              int projected)
{
    mcomp_value branch = normalized(network, "conv1", x, width, 1, 1, 1);
    branch = mc_network_relu(network, "relu1", branch);
    branch = normalized(network, "conv2", branch, width, 3, stride, 1);
    branch = mc_network_relu(network, "relu2", branch);
    branch = normalized(network, "conv3", branch, 4 * width, 1, 1, 0.25);
    if (projected)
        x = normalized(network, "projection", x, 4 * width, 1, stride, 0.5);
    x = mc_network_add(network, "add", branch, x);
    return mc_network_relu(network, "relu3", x);
}

static void build(mc_network *network, const int blocks[4])
{
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    x = normalized(network, "conv1", x, 64, 7, 2, 1);
    x = mc_network_relu(network, "relu1", x);
    x = mc_network_max_pool(network, "pool1", x, (mc_pool){.kernel = 3, .stride = 2, .pad = 1});
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < blocks[stage]; block++) {
            const int first = block == 0;
            mc_network_enter(network, "conv%d_%d", stage + 2, block + 1);
            x = bottleneck(network, x, 64 << stage, first && stage > 0 ? 2 : 1, first);
            mc_network_leave(network);
        }
    x = mc_network_global_average_pool(network, "pool5", x);
    x = mc_network_fully_connected(network, "fc", x, 1000, 32);
    mc_network_output(network, x);
}

void mc_model_resnet50(mc_network *network)
{
    build(network, (const int[4]){3, 4, 6, 3});
}

void mc_model_resnet101(mc_network *network)
{
    build(network, (const int[4]){3, 4, 23, 3});
}

void mc_model_resnet152(mc_network *network)
{
    build(network, (const int[4]){3, 8, 36, 3});
}
