#include "depthwise.h"

void mc_f32_depthwise__scalar(const mc_depthwise_shape *shape, const float *padded,
                              const float *weights, float bias, float low, float high,
                              float *output);

void mc_f32_depthwise__scalar(const mc_depthwise_shape *shape, const float *padded,
                              const float *weights, float bias, float low, float high,
                              float *output)
{
    for (size_t y = 0; y < shape->output_height; y++)
        for (size_t x = 0; x < shape->output_width; x++) {
            const float *corner = padded + y * (size_t)shape->stride_h * shape->padded_width +
                                  x * (size_t)shape->stride_w;
            float sum = 0;
            for (int32_t ky = 0; ky < shape->kernel_h; ky++)
                for (int32_t kx = 0; kx < shape->kernel_w; kx++)
                    sum += weights[ky * shape->kernel_w + kx] *
                           corner[(size_t)(ky * shape->dilation_h) * shape->padded_width +
                                  (size_t)(kx * shape->dilation_w)];
            sum += bias;
            sum = sum < low ? low : sum;
            output[y * shape->output_width + x] = sum > high ? high : sum;
        }
}
