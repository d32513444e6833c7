/** @file network.h
 *  Layers as papers name them. A failure is remembered: build on, ask once at the end. */
#ifndef MC_NETWORK_H
#define MC_NETWORK_H

#include "mcomp_models.h"

typedef struct mc_network {
    mcomp_context *context;
    mcomp_graph *graph;
    mcomp_status status;  /**< of the first call that failed */
    const float *weights; /**< trained weights that are not used up yet, in the order of layers */
    size_t weight_count;
} mc_network;

mcomp_value mc_network_input(mc_network *network, const char *name, int64_t channels,
                             int64_t height, int64_t width);
/** Square kernel, stride 1, no padding, with bias: NAME_weight [filters, channels, kernel, kernel],
 *  then NAME_bias [filters]. */
mcomp_value mc_network_convolution(mc_network *network, const char *name, mcomp_value input,
                                   int64_t filters, int64_t kernel);
mcomp_value mc_network_max_pool(mc_network *network, const char *name, mcomp_value input,
                                int64_t kernel, int64_t stride);
mcomp_value mc_network_relu(mc_network *network, const char *name, mcomp_value input);
/** Flattens what it is given. NAME_weight [neurons, inputs], then NAME_bias [neurons]. */
mcomp_value mc_network_fully_connected(mc_network *network, const char *name, mcomp_value input,
                                       int64_t neurons);
void mc_network_metadata(mc_network *network, const char *key, const char *text);
void mc_network_output(mc_network *network, mcomp_value value);

#endif
