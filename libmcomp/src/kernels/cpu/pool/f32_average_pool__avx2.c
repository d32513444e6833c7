/* Eight outputs at a time for strides 1 and 2, as doubles; the last eight of a row overlap those
 * before them. */
#include "kernels/cpu/lanes_avx2.h"
#include "pool.h"

mc_f32_average_pool_fn mc_f32_average_pool__avx2;

static inline __m256 load(const float *from, size_t stride)
{
    return stride == 1 ? _mm256_loadu_ps(from) : mc_lanes_every_second(from);
}

static inline void eight(const mc_pool_taps *taps, const float *input, size_t stride,
                         double divisor, float *output)
{
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            const __m256 element = load(input + y * taps->row_step + x * taps->column_step, stride);
            low = _mm256_add_pd(low, mc_lanes_low_double(element));
            high = _mm256_add_pd(high, mc_lanes_high_double(element));
        }
    const __m256d by = _mm256_set1_pd(divisor);
    _mm256_storeu_ps(output,
                     mc_lanes_from_doubles(_mm256_div_pd(low, by), _mm256_div_pd(high, by)));
}

static float one(const mc_pool_taps *taps, const float *input, double divisor)
{
    double sum = 0;
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++)
            sum += (double)input[y * taps->row_step + x * taps->column_step];
    return (float)(sum / divisor);
}

static inline void row(const mc_pool_taps *taps, const float *input, size_t stride, double divisor,
                       size_t count, float *output)
{
    for (size_t i = 0; i < count; i += 8) {
        size_t first = i + 8 <= count ? i : count - 8;
        eight(taps, input + first * stride, stride, divisor, output + first);
    }
}

void mc_f32_average_pool__avx2(const mc_pool_taps *taps, const float *input, double divisor,
                               size_t count, float *output)
{
    if (count >= 8 && taps->stride == 1)
        row(taps, input, 1, divisor, count, output);
    else if (count >= 8 && taps->stride == 2)
        row(taps, input, 2, divisor, count, output);
    else
        for (size_t i = 0; i < count; i++)
            output[i] = one(taps, input + i * taps->stride, divisor);
}
