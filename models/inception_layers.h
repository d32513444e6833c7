/** @file inception_layers.h
 *  What Inception v2, v3 and v4 are made of. */
#ifndef MC_INCEPTION_LAYERS_H
#define MC_INCEPTION_LAYERS_H

#include "network.h"

/** A convolution of height x width without bias, BatchNorm (epsilon 0.001) and Relu; padded so that
 *  sizes stay (stride 1) or are halved and rounded up (stride 2). */
mcomp_value mc_inception_same(mc_network *network, const char *name, mcomp_value input,
                              int64_t filters, int64_t height, int64_t width, int64_t stride);
/** As mc_inception_same(), square and without padding. */
mcomp_value mc_inception_valid(mc_network *network, const char *name, mcomp_value input,
                               int64_t filters, int64_t kernel, int64_t stride);
/** 3x3 maximum, stride 2, no padding. */
mcomp_value mc_inception_halve(mc_network *network, mcomp_value input);
/** 1x1 after a 3x3 average of stride 1. */
mcomp_value mc_inception_pool_projection(mc_network *network, mcomp_value input, int64_t filters,
                                         int count_padding);
/** Global average and the classifier of 1000 classes. */
void mc_inception_classifier(mc_network *network, mcomp_value input);

#endif
