/* max gives its second operand where one is not a number: such lanes are noted apart. */
#include <math.h>

#include "kernels/cpu/lanes_avx2.h"
#include "reduce.h"

mc_f32_greatest_fn mc_f32_greatest__avx2;

typedef struct greatest_lanes {
    __m256 greatest, no_number;
} greatest_lanes;

static inline void take(greatest_lanes *lanes, __m256 element)
{
    lanes->greatest = _mm256_max_ps(lanes->greatest, element);
    lanes->no_number =
        _mm256_or_ps(lanes->no_number, _mm256_cmp_ps(element, element, _CMP_UNORD_Q));
}

float mc_f32_greatest__avx2(size_t count, const float *input)
{
    const __m256 least = _mm256_set1_ps(-INFINITY);
    greatest_lanes lanes = {least, _mm256_setzero_ps()};
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        take(&lanes, _mm256_loadu_ps(input + i));
    if (i < count) {
        const __m256i mask = mc_lanes_below(count - i);
        take(&lanes, _mm256_blendv_ps(least, _mm256_maskload_ps(input + i, mask),
                                      _mm256_castsi256_ps(mask)));
    }
    if (_mm256_movemask_ps(lanes.no_number))
        return NAN;
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(lanes.greatest),
                             _mm256_extractf128_ps(lanes.greatest, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}
