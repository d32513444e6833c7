/* Eight outputs at a time for strides 1 and 2; the last eight of a row overlap those before them. */
#include <math.h>

#include "kernels/cpu/lanes_avx2.h"
#include "pool.h"

mc_f32_max_pool_fn mc_f32_max_pool__avx2;

static inline __m256 load(const float *from, size_t stride)
{
    return stride == 1 ? _mm256_loadu_ps(from) : mc_lanes_every_second(from);
}

/* max gives its second operand where one is not a number: such lanes are noted and put in last. */
static inline void eight(const mc_pool_taps *taps, const float *input, size_t stride, float *output)
{
    __m256 greatest = _mm256_set1_ps(-INFINITY), no_number = _mm256_setzero_ps();
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            const __m256 element = load(input + y * taps->row_step + x * taps->column_step, stride);
            greatest = _mm256_max_ps(greatest, element);
            no_number = _mm256_or_ps(no_number, _mm256_cmp_ps(element, element, _CMP_UNORD_Q));
        }
    _mm256_storeu_ps(output, _mm256_blendv_ps(greatest, _mm256_set1_ps(NAN), no_number));
}

static float one(const mc_pool_taps *taps, const float *input)
{
    float greatest = -INFINITY;
    bool no_number = false;
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            float element = input[y * taps->row_step + x * taps->column_step];
            greatest = element > greatest ? element : greatest;
            no_number |= isnan(element) != 0;
        }
    return no_number ? NAN : greatest;
}

static inline void row(const mc_pool_taps *taps, const float *input, size_t stride, size_t count,
                       float *output)
{
    for (size_t i = 0; i < count; i += 8) {
        size_t first = i + 8 <= count ? i : count - 8;
        eight(taps, input + first * stride, stride, output + first);
    }
}

void mc_f32_max_pool__avx2(const mc_pool_taps *taps, const float *input, size_t count,
                           float *output)
{
    if (count >= 8 && taps->stride == 1)
        row(taps, input, 1, count, output);
    else if (count >= 8 && taps->stride == 2)
        row(taps, input, 2, count, output);
    else
        for (size_t i = 0; i < count; i++)
            output[i] = one(taps, input + i * taps->stride);
}
