/* Inception v3: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
 * as TensorFlow published it and torchvision has it: without the auxiliary classifier. */
#include "families.h"
#include "inception_layers.h"

#define same  mc_inception_same
#define valid mc_inception_valid

/* Figure 5: a 5x5 branch and two 3x3 in place of a second. */
static mcomp_value block_a(mc_network *network, const char *name, mcomp_value x, int64_t pool_width)
{
    mc_network_enter(network, "%s", name);
    mcomp_value one = same(network, "1x1", x, 64, 1, 1, 1);
    mcomp_value five = same(network, "5x5_1", x, 48, 1, 1, 1);
    five = same(network, "5x5_2", five, 64, 5, 5, 1);
    mcomp_value twice = same(network, "3x3_double_1", x, 64, 1, 1, 1);
    twice = same(network, "3x3_double_2", twice, 96, 3, 3, 1);
    twice = same(network, "3x3_double_3", twice, 96, 3, 3, 1);
    mcomp_value pool = mc_inception_pool_projection(network, x, pool_width, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, five, twice, pool}, 4);
    mc_network_leave(network);
    return x;
}

static mcomp_value reduction_a(mc_network *network, const char *name, mcomp_value x)
{
    mc_network_enter(network, "%s", name);
    mcomp_value three = valid(network, "3x3", x, 384, 3, 2);
    mcomp_value twice = same(network, "3x3_double_1", x, 64, 1, 1, 1);
    twice = same(network, "3x3_double_2", twice, 96, 3, 3, 1);
    twice = valid(network, "3x3_double_3", twice, 96, 3, 2);
    mcomp_value pool = mc_inception_halve(network, x);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, twice, pool}, 3);
    mc_network_leave(network);
    return x;
}

/* Figure 6: 7x7 convolutions as 1x7 and 7x1. */
static mcomp_value block_b(mc_network *network, const char *name, mcomp_value x, int64_t width)
{
    mc_network_enter(network, "%s", name);
    mcomp_value one = same(network, "1x1", x, 192, 1, 1, 1);
    mcomp_value seven = same(network, "7x7_1", x, width, 1, 1, 1);
    seven = same(network, "7x7_2", seven, width, 1, 7, 1);
    seven = same(network, "7x7_3", seven, 192, 7, 1, 1);
    mcomp_value twice = same(network, "7x7_double_1", x, width, 1, 1, 1);
    twice = same(network, "7x7_double_2", twice, width, 7, 1, 1);
    twice = same(network, "7x7_double_3", twice, width, 1, 7, 1);
    twice = same(network, "7x7_double_4", twice, width, 7, 1, 1);
    twice = same(network, "7x7_double_5", twice, 192, 1, 7, 1);
    mcomp_value pool = mc_inception_pool_projection(network, x, 192, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, seven, twice, pool}, 4);
    mc_network_leave(network);
    return x;
}

static mcomp_value reduction_b(mc_network *network, const char *name, mcomp_value x)
{
    mc_network_enter(network, "%s", name);
    mcomp_value three = same(network, "3x3_1", x, 192, 1, 1, 1);
    three = valid(network, "3x3_2", three, 320, 3, 2);
    mcomp_value seven = same(network, "7x7x3_1", x, 192, 1, 1, 1);
    seven = same(network, "7x7x3_2", seven, 192, 1, 7, 1);
    seven = same(network, "7x7x3_3", seven, 192, 7, 1, 1);
    seven = valid(network, "7x7x3_4", seven, 192, 3, 2);
    mcomp_value pool = mc_inception_halve(network, x);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, seven, pool}, 3);
    mc_network_leave(network);
    return x;
}

/* 1x3 and 3x1 side by side. */
static mcomp_value fork(mc_network *network, const char *name, mcomp_value x, int64_t width)
{
    mc_network_enter(network, "%s", name);
    mcomp_value row = same(network, "1x3", x, width, 1, 3, 1);
    mcomp_value column = same(network, "3x1", x, width, 3, 1, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){row, column}, 2);
    mc_network_leave(network);
    return x;
}

/* Figure 7: the filter bank is widened. */
static mcomp_value block_c(mc_network *network, const char *name, mcomp_value x)
{
    mc_network_enter(network, "%s", name);
    mcomp_value one = same(network, "1x1", x, 320, 1, 1, 1);
    mcomp_value three = same(network, "3x3_1", x, 384, 1, 1, 1);
    three = fork(network, "3x3_2", three, 384);
    mcomp_value twice = same(network, "3x3_double_1", x, 448, 1, 1, 1);
    twice = same(network, "3x3_double_2", twice, 384, 3, 3, 1);
    twice = fork(network, "3x3_double_3", twice, 384);
    mcomp_value pool = mc_inception_pool_projection(network, x, 192, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, three, twice, pool}, 4);
    mc_network_leave(network);
    return x;
}

static mcomp_value stem(mc_network *network, mcomp_value x)
{
    mc_network_enter(network, "stem");
    x = valid(network, "conv1", x, 32, 3, 2);
    x = valid(network, "conv2", x, 32, 3, 1);
    x = same(network, "conv3", x, 64, 3, 3, 1);
    x = mc_network_max_pool(network, "pool1", x, (mc_pool){.kernel = 3, .stride = 2});
    x = same(network, "conv4", x, 80, 1, 1, 1);
    x = valid(network, "conv5", x, 192, 3, 1);
    x = mc_network_max_pool(network, "pool2", x, (mc_pool){.kernel = 3, .stride = 2});
    mc_network_leave(network);
    return x;
}

void mc_model_inception_v3(mc_network *network)
{
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    x = stem(network, x);
    x = block_a(network, "mixed_5b", x, 32);
    x = block_a(network, "mixed_5c", x, 64);
    x = block_a(network, "mixed_5d", x, 64);
    x = reduction_a(network, "mixed_6a", x);
    x = block_b(network, "mixed_6b", x, 128);
    x = block_b(network, "mixed_6c", x, 160);
    x = block_b(network, "mixed_6d", x, 160);
    x = block_b(network, "mixed_6e", x, 192);
    x = reduction_b(network, "mixed_7a", x);
    x = block_c(network, "mixed_7b", x);
    x = block_c(network, "mixed_7c", x);
    mc_inception_classifier(network, x);
}
