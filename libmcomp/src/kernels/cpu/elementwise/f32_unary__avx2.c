#include "elementwise.h"
#include "kernels/cpu/exp_avx2.h"
#include "kernels/cpu/lanes_avx2.h"

mc_f32_unary_fn mc_f32_unary__avx2;

static inline __m256 leaky(__m256 x, __m256 slope)
{
    const __m256 negative = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ);
    return _mm256_blendv_ps(x, _mm256_mul_ps(slope, x), negative);
}

static inline __m256 sigmoid(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1);
    const __m256 minus_x = _mm256_xor_ps(x, _mm256_set1_ps(-0.0f));
    return _mm256_div_ps(one, _mm256_add_ps(one, mc_exp_lanes(minus_x)));
}

static inline __m256 hard_sigmoid(__m256 x, __m256 p, __m256 q)
{
    return mc_lanes_clamp(_mm256_fmadd_ps(p, x, q), _mm256_setzero_ps(), _mm256_set1_ps(1));
}

static inline __m256 hard_swish(__m256 x)
{
    const __m256 gate =
        mc_lanes_clamp(_mm256_add_ps(x, _mm256_set1_ps(3)), _mm256_setzero_ps(), _mm256_set1_ps(6));
    return _mm256_mul_ps(x, _mm256_div_ps(gate, _mm256_set1_ps(6)));
}

/* One loop a function, so that the choice is not made for every element. */
#define LOOP(result)                                                                               \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; i + 8 <= count; i += 8) {                                                           \
            const __m256 x = _mm256_loadu_ps(input + i);                                           \
            _mm256_storeu_ps(output + i, result);                                                  \
        }                                                                                          \
        if (i < count) {                                                                           \
            const __m256i mask = mc_lanes_below(count - i);                                        \
            const __m256 x = _mm256_maskload_ps(input + i, mask);                                  \
            _mm256_maskstore_ps(output + i, mask, result);                                         \
        }                                                                                          \
    } while (0)

void mc_f32_unary__avx2(mc_unary_function function, float p, float q, size_t count,
                        const float *input, float *output)
{
    const __m256 p_lanes = _mm256_set1_ps(p), q_lanes = _mm256_set1_ps(q);
    switch (function) {
    case MC_UNARY_CLAMP:
        LOOP(mc_lanes_clamp(x, p_lanes, q_lanes));
        break;
    case MC_UNARY_LEAKY:
        LOOP(leaky(x, p_lanes));
        break;
    case MC_UNARY_SIGMOID:
        LOOP(sigmoid(x));
        break;
    case MC_UNARY_HARD_SIGMOID:
        LOOP(hard_sigmoid(x, p_lanes, q_lanes));
        break;
    case MC_UNARY_HARD_SWISH:
        LOOP(hard_swish(x));
        break;
    }
}
