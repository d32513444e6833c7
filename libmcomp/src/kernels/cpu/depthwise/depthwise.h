/** @file depthwise.h
 *  One plane of a depth-wise convolution, from a plane that is padded already. */
#ifndef MC_DEPTHWISE_H
#define MC_DEPTHWISE_H

#include <stddef.h>
#include <stdint.h>

/** Vectors may read this many floats past the padded plane; the buffer has them. */
#define MC_DEPTHWISE_SLACK 16

typedef struct mc_depthwise_shape {
    size_t padded_width; /**< floats from one padded row to the next */
    size_t output_height, output_width;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
} mc_depthwise_shape;

/** output = min(max(sum over the window + bias, low), high).
 *  @param padded   the padded plane and MC_DEPTHWISE_SLACK more floats
 *  @param weights  kernel_h x kernel_w
 *  @param output   output_height x output_width */
typedef void (*mc_f32_depthwise_fn)(const mc_depthwise_shape *shape, const float *padded,
                                    const float *weights, float bias, float low, float high,
                                    float *output);

typedef struct mc_f32_depthwise_kernel {
    const char *name;
    uint32_t isa_bits;
    mc_f32_depthwise_fn run;
} mc_f32_depthwise_kernel;

const mc_f32_depthwise_kernel *mc_f32_depthwise_kernels(size_t *count);
const mc_f32_depthwise_kernel *mc_f32_depthwise_choose(uint32_t isa_bits);

#endif
