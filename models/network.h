/** @file network.h
 *  Layers as papers name them. A failure is remembered: build on, ask once at the end.
 *
 *  Layers of a block carry the block's name before theirs ("inception_3a/3x3"): mc_network_enter()
 *  and mc_network_leave() bracket a block. Weights are the network's trained ones where it has some;
 *  else they are drawn: He et al., "Delving Deep into Rectifiers", 2015, and BatchNorm statistics that
 *  keep activations near a mean of 0 and a deviation of 1. */
#ifndef MC_NETWORK_H
#define MC_NETWORK_H

#include "mcomp_models.h"
#include "random.h"

#define MC_NETWORK_NAME_CAPACITY 128

typedef struct mc_network {
    mcomp_context *context;
    mcomp_graph *graph;
    mcomp_status status; /**< of the first call that failed */
    const float
        *weights; /**< trained weights that are not used up yet, in the order of layers; or NULL */
    size_t weight_count;
    mc_random random; /**< draws the others */
    double width;     /**< factor on the channels, for families that have one */
    int64_t size;     /**< height and width of the input */
    char prefix[MC_NETWORK_NAME_CAPACITY]; /**< of the names in the current block, with its '/' */
} mc_network;

/** A convolution. Left-out strides are 1, left-out groups 1, left-out padding 0. */
typedef struct mc_convolution {
    int64_t filters;
    int64_t height, width; /**< of the kernel */
    int64_t stride;
    int64_t pad_height, pad_width; /**< before and after */
    int64_t groups;
    int same; /**< 1: padding as TensorFlow's SAME (outputs = inputs / stride, rounded up), pads are 0 */
    int bias; /**< 1: NAME_bias [filters] */
} mc_convolution;

/** A square pooling window. */
typedef struct mc_pool {
    int64_t kernel, stride, pad;
    int ceil;          /**< 1: sizes are rounded up, as Caffe does */
    int count_padding; /**< average: 1 = padding counts */
} mc_pool;

/** Begin a block; its name is formatted as printf does. */
void mc_network_enter(mc_network *network, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** End the innermost block. */
void mc_network_leave(mc_network *network);

mcomp_value mc_network_input(mc_network *network, const char *name, int64_t channels,
                             int64_t height, int64_t width);
/** NAME_weight [filters, channels / groups, height, width]. */
mcomp_value mc_network_convolution(mc_network *network, const char *name, mcomp_value input,
                                   mc_convolution convolution);
/** NAME_scale, NAME_shift, NAME_mean, NAME_variance, each [channels].
 *  @param gain  size of the scales that are drawn: 1, smaller at the end of a residual branch */
mcomp_value mc_network_batch_norm(mc_network *network, const char *name, mcomp_value input,
                                  float epsilon, double gain);
mcomp_value mc_network_relu(mc_network *network, const char *name, mcomp_value input);
/** min(max(x, 0), 6). */
mcomp_value mc_network_relu6(mc_network *network, const char *name, mcomp_value input);
mcomp_value mc_network_max_pool(mc_network *network, const char *name, mcomp_value input,
                                mc_pool pool);
mcomp_value mc_network_average_pool(mc_network *network, const char *name, mcomp_value input,
                                    mc_pool pool);
mcomp_value mc_network_global_average_pool(mc_network *network, const char *name,
                                           mcomp_value input);
/** Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
 *  2012: across `size` channels, bias 1. */
mcomp_value mc_network_local_response_norm(mc_network *network, const char *name, mcomp_value input,
                                           int64_t size, float alpha, float beta);
mcomp_value mc_network_add(mc_network *network, const char *name, mcomp_value a, mcomp_value b);
/** Along the channels. */
mcomp_value mc_network_concat(mc_network *network, const char *name, const mcomp_value *inputs,
                              size_t count);
/** Flattens what it is given. NAME_weight [neurons, inputs], then NAME_bias [neurons].
 *  @param gain  1 for logits, 2 before a Relu: variance of the outputs over that of the inputs */
mcomp_value mc_network_fully_connected(mc_network *network, const char *name, mcomp_value input,
                                       int64_t neurons, double gain);
void mc_network_metadata(mc_network *network, const char *key, const char *text);
void mc_network_output(mc_network *network, mcomp_value value);

#endif
