/* Eight output columns at a time: loads for stride 1, a load of every second for stride 2, gathers
 * beyond. */
#include <immintrin.h>

#include "depthwise.h"

void mc_f32_depthwise__avx2(const mc_depthwise_shape *shape, const float *padded,
                            const float *weights, float bias, float low, float high, float *output);

/* Lanes outside the mask may be read where the stride is 1 or 2: the slack is for them. */
static inline __m256 load_columns(const float *from, int32_t stride, __m256i mask)
{
    if (stride == 1)
        return _mm256_loadu_ps(from);
    if (stride == 2) {
        __m256 first = _mm256_loadu_ps(from), second = _mm256_loadu_ps(from + 8);
        __m256 mixed = _mm256_shuffle_ps(first, second, _MM_SHUFFLE(2, 0, 2, 0));
        return _mm256_castpd_ps(
            _mm256_permute4x64_pd(_mm256_castps_pd(mixed), _MM_SHUFFLE(3, 1, 2, 0)));
    }
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_mask_i32gather_ps(_mm256_setzero_ps(), from,
                                    _mm256_mullo_epi32(lanes, _mm256_set1_epi32(stride)),
                                    _mm256_castsi256_ps(mask), sizeof(float));
}

/* Up to eight output columns of one row; lanes outside the mask hold nothing of use. */
static inline __m256 window_sum(const mc_depthwise_shape *shape, const float *corner,
                                const float *weights, __m256i mask)
{
    __m256 sum = _mm256_setzero_ps();
    for (int32_t ky = 0; ky < shape->kernel_h; ky++) {
        const float *row = corner + (size_t)(ky * shape->dilation_h) * shape->padded_width;
        for (int32_t kx = 0; kx < shape->kernel_w; kx++)
            sum = _mm256_fmadd_ps(_mm256_broadcast_ss(weights++),
                                  load_columns(row + kx * shape->dilation_w, shape->stride_w, mask),
                                  sum);
    }
    return sum;
}

void mc_f32_depthwise__avx2(const mc_depthwise_shape *shape, const float *padded,
                            const float *weights, float bias, float low, float high, float *output)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (size_t y = 0; y < shape->output_height; y++) {
        const float *row = padded + y * (size_t)shape->stride_h * shape->padded_width;
        float *out = output + y * shape->output_width;
        for (size_t x = 0; x < shape->output_width; x += 8) {
            size_t left = shape->output_width - x;
            __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(left < 8 ? (int)left : 8), lanes);
            __m256 sum = window_sum(shape, row + x * (size_t)shape->stride_w, weights, mask);
            sum = _mm256_add_ps(sum, _mm256_set1_ps(bias));
            sum = _mm256_max_ps(_mm256_set1_ps(low), sum);
            sum = _mm256_min_ps(_mm256_set1_ps(high), sum);
            _mm256_maskstore_ps(out + x, mask, sum);
        }
    }
}
