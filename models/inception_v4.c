/* Inception v4: Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of
 * Residual Connections on Learning", AAAI 2017, figures 3 to 9, with the filter counts that TensorFlow
 * published; BatchNorm with scale and shift. */
#include "families.h"
#include "inception_layers.h"

#define same  mc_inception_same
#define valid mc_inception_valid

/* Figure 3. */
static mcomp_value stem(mc_network *network, mcomp_value x)
{
    x = valid(network, "conv1", x, 32, 3, 2);
    x = valid(network, "conv2", x, 32, 3, 1);
    x = same(network, "conv3", x, 64, 3, 3, 1);
    mc_network_enter(network, "mixed_3a");
    mcomp_value pool = mc_inception_halve(network, x);
    mcomp_value three = valid(network, "3x3", x, 96, 3, 2);
    x = mc_network_concat(network, "output", (mcomp_value[]){pool, three}, 2);
    mc_network_leave(network);
    mc_network_enter(network, "mixed_4a");
    three = same(network, "3x3_1", x, 64, 1, 1, 1);
    three = valid(network, "3x3_2", three, 96, 3, 1);
    mcomp_value seven = same(network, "7x7_1", x, 64, 1, 1, 1);
    seven = same(network, "7x7_2", seven, 64, 1, 7, 1);
    seven = same(network, "7x7_3", seven, 64, 7, 1, 1);
    seven = valid(network, "7x7_4", seven, 96, 3, 1);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, seven}, 2);
    mc_network_leave(network);
    mc_network_enter(network, "mixed_5a");
    three = valid(network, "3x3", x, 192, 3, 2);
    pool = mc_inception_halve(network, x);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, pool}, 2);
    mc_network_leave(network);
    return x;
}

/* Figure 4. */
static mcomp_value inception_a(mc_network *network, int number, mcomp_value x)
{
    mc_network_enter(network, "inception_a%d", number);
    mcomp_value one = same(network, "1x1", x, 96, 1, 1, 1);
    mcomp_value three = same(network, "3x3_1", x, 64, 1, 1, 1);
    three = same(network, "3x3_2", three, 96, 3, 3, 1);
    mcomp_value twice = same(network, "3x3_double_1", x, 64, 1, 1, 1);
    twice = same(network, "3x3_double_2", twice, 96, 3, 3, 1);
    twice = same(network, "3x3_double_3", twice, 96, 3, 3, 1);
    mcomp_value pool = mc_inception_pool_projection(network, x, 96, 0);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, three, twice, pool}, 4);
    mc_network_leave(network);
    return x;
}

/* Figure 7, k = 192, l = 224, m = 256, n = 384. */
static mcomp_value reduction_a(mc_network *network, mcomp_value x)
{
    mc_network_enter(network, "reduction_a");
    mcomp_value three = valid(network, "3x3", x, 384, 3, 2);
    mcomp_value twice = same(network, "3x3_double_1", x, 192, 1, 1, 1);
    twice = same(network, "3x3_double_2", twice, 224, 3, 3, 1);
    twice = valid(network, "3x3_double_3", twice, 256, 3, 2);
    mcomp_value pool = mc_inception_halve(network, x);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, twice, pool}, 3);
    mc_network_leave(network);
    return x;
}

/* Figure 5. */
static mcomp_value inception_b(mc_network *network, int number, mcomp_value x)
{
    mc_network_enter(network, "inception_b%d", number);
    mcomp_value one = same(network, "1x1", x, 384, 1, 1, 1);
    mcomp_value seven = same(network, "7x7_1", x, 192, 1, 1, 1);
    seven = same(network, "7x7_2", seven, 224, 1, 7, 1);
    seven = same(network, "7x7_3", seven, 256, 7, 1, 1);
    mcomp_value twice = same(network, "7x7_double_1", x, 192, 1, 1, 1);
    twice = same(network, "7x7_double_2", twice, 192, 7, 1, 1);
    twice = same(network, "7x7_double_3", twice, 224, 1, 7, 1);
    twice = same(network, "7x7_double_4", twice, 224, 7, 1, 1);
    twice = same(network, "7x7_double_5", twice, 256, 1, 7, 1);
    mcomp_value pool = mc_inception_pool_projection(network, x, 128, 0);
    x = mc_network_concat(network, "output", (mcomp_value[]){one, seven, twice, pool}, 4);
    mc_network_leave(network);
    return x;
}

/* Figure 8. */
static mcomp_value reduction_b(mc_network *network, mcomp_value x)
{
    mc_network_enter(network, "reduction_b");
    mcomp_value three = same(network, "3x3_1", x, 192, 1, 1, 1);
    three = valid(network, "3x3_2", three, 192, 3, 2);
    mcomp_value seven = same(network, "7x7x3_1", x, 256, 1, 1, 1);
    seven = same(network, "7x7x3_2", seven, 256, 1, 7, 1);
    seven = same(network, "7x7x3_3", seven, 320, 7, 1, 1);
    seven = valid(network, "7x7x3_4", seven, 320, 3, 2);
    mcomp_value pool = mc_inception_halve(network, x);
    x = mc_network_concat(network, "output", (mcomp_value[]){three, seven, pool}, 3);
    mc_network_leave(network);
    return x;
}

/* Figure 6. */
static mcomp_value inception_c(mc_network *network, int number, mcomp_value x)
{
    mc_network_enter(network, "inception_c%d", number);
    mcomp_value one = same(network, "1x1", x, 256, 1, 1, 1);
    mcomp_value three = same(network, "3x3_1", x, 384, 1, 1, 1);
    mcomp_value three_row = same(network, "3x3_1x3", three, 256, 1, 3, 1);
    mcomp_value three_column = same(network, "3x3_3x1", three, 256, 3, 1, 1);
    mcomp_value twice = same(network, "3x3_double_1", x, 384, 1, 1, 1);
    twice = same(network, "3x3_double_2", twice, 448, 3, 1, 1);
    twice = same(network, "3x3_double_3", twice, 512, 1, 3, 1);
    mcomp_value twice_row = same(network, "3x3_double_1x3", twice, 256, 1, 3, 1);
    mcomp_value twice_column = same(network, "3x3_double_3x1", twice, 256, 3, 1, 1);
    mcomp_value pool = mc_inception_pool_projection(network, x, 256, 0);
    const mcomp_value branches[6] = {one, three_row, three_column, twice_row, twice_column, pool};
    x = mc_network_concat(network, "output", branches, 6);
    mc_network_leave(network);
    return x;
}

void mc_model_inception_v4(mc_network *network)
{
    mcomp_value x = mc_network_input(network, "input", 3, network->size, network->size);
    x = stem(network, x);
    for (int i = 1; i <= 4; i++)
        x = inception_a(network, i, x);
    x = reduction_a(network, x);
    for (int i = 1; i <= 7; i++)
        x = inception_b(network, i, x);
    x = reduction_b(network, x);
    for (int i = 1; i <= 3; i++)
        x = inception_c(network, i, x);
    mc_inception_classifier(network, x);
}
