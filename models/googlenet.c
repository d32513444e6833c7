/* Inception v1: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, table 1, as Caffe ships it
 * (bvlc_googlenet): local response normalisation, pools that round up, no auxiliary classifiers. */
#include "families.h"

static mcomp_value rectified(mc_network *network, const char *name, mcomp_value x, int64_t filters,
                             int64_t kernel, int64_t stride)
{
    char relu[32];
    const mc_convolution convolution = {.filters = filters,
                                        .height = kernel,
                                        .width = kernel,
                                        .stride = stride,
                                        .pad_height = kernel / 2,
                                        .pad_width = kernel / 2,
                                        .bias = 1};
    snprintf(relu, sizeof relu, "%s_relu", name);
    return mc_network_relu(network, relu, mc_network_convolution(network, name, x, convolution));
}

static mcomp_value halve(mc_network *network, const char *name, mcomp_value x)
{
    return mc_network_max_pool(network, name, x, (mc_pool){.kernel = 3, .stride = 2, .ceil = 1});
}

static mcomp_value normalize(mc_network *network, const char *name, mcomp_value x)
{
    return mc_network_local_response_norm(network, name, x, 5, 1e-4f, 0.75f);
}

/* Maps of each branch, in the columns of table 1. */
typedef struct widths {
    int one, three_reduce, three, five_reduce, five, pool;
} widths;

static mcomp_value inception(mc_network *network, const char *name, mcomp_value x, widths width)
{
    mc_network_enter(network, "inception_%s", name);
    mcomp_value one = rectified(network, "1x1", x, width.one, 1, 1);
    mcomp_value three = rectified(network, "3x3_reduce", x, width.three_reduce, 1, 1);
    three = rectified(network, "3x3", three, width.three, 3, 1);
    mcomp_value five = rectified(network, "5x5_reduce", x, width.five_reduce, 1, 1);
    five = rectified(network, "5x5", five, width.five, 5, 1);
    mcomp_value pool =
        mc_network_max_pool(network, "pool", x, (mc_pool){.kernel = 3, .stride = 1, .pad = 1});
    pool = rectified(network, "pool_proj", pool, width.pool, 1, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, three, five, pool}, 4);
    mc_network_leave(network);
    return x;
}

void mc_model_inception_v1(mc_network *network)
{
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    x = rectified(network, "conv1_7x7", x, 64, 7, 2);
    x = halve(network, "pool1", x);
    x = normalize(network, "norm1", x);
    x = rectified(network, "conv2_3x3_reduce", x, 64, 1, 1);
    x = rectified(network, "conv2_3x3", x, 192, 3, 1);
    x = normalize(network, "norm2", x);
    x = halve(network, "pool2", x);
    x = inception(network, "3a", x, (widths){64, 96, 128, 16, 32, 32});
    x = inception(network, "3b", x, (widths){128, 128, 192, 32, 96, 64});
    x = halve(network, "pool3", x);
    x = inception(network, "4a", x, (widths){192, 96, 208, 16, 48, 64});
    x = inception(network, "4b", x, (widths){160, 112, 224, 24, 64, 64});
    x = inception(network, "4c", x, (widths){128, 128, 256, 24, 64, 64});
    x = inception(network, "4d", x, (widths){112, 144, 288, 32, 64, 64});
    x = inception(network, "4e", x, (widths){256, 160, 320, 32, 128, 128});
    x = halve(network, "pool4", x);
    x = inception(network, "5a", x, (widths){256, 160, 320, 32, 128, 128});
    x = inception(network, "5b", x, (widths){384, 192, 384, 48, 128, 128});
    x = mc_network_global_average_pool(network, "pool5", x);
    x = mc_network_fully_connected(network, "classifier", x, 1000, 0.25);
    mc_network_output(network, x);
}
