/* Inception v2 (BN-Inception): Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network
 * Training by Reducing Internal Covariate Shift", ICML 2015, figure 5, as the trained networks have it
 * that Caffe and the ONNX zoo published: an ordinary first convolution (the figure's is depth-wise
 * separable), 96 maps after the pools of 4c and 4d (the figure has 128), pools that round up, averages
 * without their padding, and no biases before BatchNorm. */
#include "families.h"
#include "inception_layers.h"

/* Maps of each branch, in the columns of figure 5. */
typedef struct widths {
    int one, three_reduce, three, double_reduce, double_three, pool;
} widths;

static mcomp_value three_by_three(mc_network *network, mcomp_value x, widths width, int64_t stride)
{
    x = mc_inception_same(network, "3x3_reduce", x, width.three_reduce, 1, 1, 1);
    return mc_inception_same(network, "3x3", x, width.three, 3, 3, stride);
}

static mcomp_value double_three_by_three(mc_network *network, mcomp_value x, widths width,
                                         int64_t stride)
{
    x = mc_inception_same(network, "double_3x3_reduce", x, width.double_reduce, 1, 1, 1);
    x = mc_inception_same(network, "double_3x3_1", x, width.double_three, 3, 3, 1);
    return mc_inception_same(network, "double_3x3_2", x, width.double_three, 3, 3, stride);
}

static mcomp_value inception(mc_network *network, const char *name, mcomp_value x, widths width,
                             int max_pool)
{
    mc_network_enter(network, "inception_%s", name);
    const mc_pool window = {.kernel = 3, .stride = 1, .pad = 1};
    mcomp_value one = mc_inception_same(network, "1x1", x, width.one, 1, 1, 1);
    mcomp_value three = three_by_three(network, x, width, 1);
    mcomp_value twice = double_three_by_three(network, x, width, 1);
    mcomp_value pool = max_pool ? mc_network_max_pool(network, "pool", x, window)
                                : mc_network_average_pool(network, "pool", x, window);
    pool = mc_inception_same(network, "pool_projection", pool, width.pool, 1, 1, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, three, twice, pool}, 4);
    mc_network_leave(network);
    return x;
}

/* 3x3 maximum of stride 2, rounded up. */
static mcomp_value halve(mc_network *network, const char *name, mcomp_value x)
{
    return mc_network_max_pool(network, name, x, (mc_pool){.kernel = 3, .stride = 2, .ceil = 1});
}

/* Stride 2: no 1x1 branch, the pool is passed through. */
static mcomp_value reduction(mc_network *network, const char *name, mcomp_value x, widths width)
{
    mc_network_enter(network, "inception_%s", name);
    mcomp_value three = three_by_three(network, x, width, 2);
    mcomp_value twice = double_three_by_three(network, x, width, 2);
    mcomp_value pool = halve(network, "pool", x);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, twice, pool}, 3);
    mc_network_leave(network);
    return x;
}

void mc_model_inception_v2(mc_network *network)
{
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    x = mc_inception_same(network, "conv1", x, 64, 7, 7, 2);
    x = halve(network, "pool1", x);
    x = mc_inception_same(network, "conv2_reduce", x, 64, 1, 1, 1);
    x = mc_inception_same(network, "conv2", x, 192, 3, 3, 1);
    x = halve(network, "pool2", x);
    x = inception(network, "3a", x, (widths){64, 64, 64, 64, 96, 32}, 0);
    x = inception(network, "3b", x, (widths){64, 64, 96, 64, 96, 64}, 0);
    x = reduction(network, "3c", x, (widths){0, 128, 160, 64, 96, 0});
    x = inception(network, "4a", x, (widths){224, 64, 96, 96, 128, 128}, 0);
    x = inception(network, "4b", x, (widths){192, 96, 128, 96, 128, 128}, 0);
    x = inception(network, "4c", x, (widths){160, 128, 160, 128, 160, 96}, 0);
    x = inception(network, "4d", x, (widths){96, 128, 192, 160, 192, 96}, 0);
    x = reduction(network, "4e", x, (widths){0, 128, 192, 192, 256, 0});
    x = inception(network, "5a", x, (widths){352, 192, 320, 160, 224, 128}, 0);
    x = inception(network, "5b", x, (widths){352, 192, 320, 192, 224, 128}, 1);
    mc_inception_classifier(network, x);
}
