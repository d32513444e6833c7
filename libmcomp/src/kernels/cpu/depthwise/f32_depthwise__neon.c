/* Eight output columns at a time, in two vectors: loads for stride 1, loads that take every second
 * for stride 2, one element after the other beyond. */
#include "depthwise.h"
#include "kernels/cpu/lanes_neon.h"

void mc_f32_depthwise__neon(const mc_depthwise_shape *shape, const float *padded,
                            const float *weights, float bias, float low, float high, float *output);

/* Four columns; those from count on may be read where the stride is 1 or 2: the slack is for them.
 */
static inline float32x4_t load_columns(const float *from, int32_t stride, size_t count)
{
    if (stride == 1)
        return vld1q_f32(from);
    if (stride == 2)
        return vld2q_f32(from).val[0];
    float lanes[MC_NEON_LANES] = {0};
    for (size_t lane = 0; lane < MC_NEON_LANES && lane < count; lane++)
        lanes[lane] = from[lane * (size_t)stride];
    return vld1q_f32(lanes);
}

static inline float32x4_t clamp(float32x4_t sum, float bias, float low, float high)
{
    sum = vmaxq_f32(vaddq_f32(sum, vdupq_n_f32(bias)), vdupq_n_f32(low));
    return vminq_f32(sum, vdupq_n_f32(high));
}

void mc_f32_depthwise__neon(const mc_depthwise_shape *shape, const float *padded,
                            const float *weights, float bias, float low, float high, float *output)
{
    const size_t stride = (size_t)shape->stride_w;
    for (size_t y = 0; y < shape->output_height; y++) {
        const float *line = padded + y * (size_t)shape->stride_h * shape->padded_width;
        float *out = output + y * shape->output_width;
        for (size_t x = 0; x < shape->output_width; x += 2 * MC_NEON_LANES) {
            const size_t count = shape->output_width - x;
            const size_t rest = count > MC_NEON_LANES ? count - MC_NEON_LANES : 0;
            float32x4_t left = vdupq_n_f32(0), right = left;
            const float *weight = weights;
            for (int32_t ky = 0; ky < shape->kernel_h; ky++) {
                const float *row =
                    line + (size_t)(ky * shape->dilation_h) * shape->padded_width + x * stride;
                for (int32_t kx = 0; kx < shape->kernel_w; kx++, weight++) {
                    const float *from = row + kx * shape->dilation_w;
                    left = vfmaq_n_f32(left, load_columns(from, shape->stride_w, count), *weight);
                    if (rest)
                        right = vfmaq_n_f32(
                            right,
                            load_columns(from + MC_NEON_LANES * stride, shape->stride_w, rest),
                            *weight);
                }
            }
            mc_neon_store(out + x, clamp(left, bias, low, high), count);
            if (rest)
                mc_neon_store(out + x + MC_NEON_LANES, clamp(right, bias, low, high), rest);
        }
    }
}
