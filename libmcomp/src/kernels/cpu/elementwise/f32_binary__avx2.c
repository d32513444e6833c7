#include "elementwise.h"
#include "kernels/cpu/lanes_avx2.h"

mc_f32_binary_fn mc_f32_binary__avx2;

/* Eight elements of an operand, or its one number in all lanes. */
static inline __m256 load(const mc_binary_operand *operand, size_t i)
{
    return operand->step ? _mm256_loadu_ps(operand->elements + i)
                         : _mm256_broadcast_ss(operand->elements);
}

static inline __m256 load_some(const mc_binary_operand *operand, size_t i, __m256i mask)
{
    return operand->step ? _mm256_maskload_ps(operand->elements + i, mask)
                         : _mm256_broadcast_ss(operand->elements);
}

static inline __m256 prelu(__m256 x, __m256 slope)
{
    const __m256 negative = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ);
    return _mm256_blendv_ps(x, _mm256_mul_ps(slope, x), negative);
}

/* One loop a function, so that the choice is not made for every element. */
#define LOOP(result)                                                                               \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; i + 8 <= count; i += 8) {                                                           \
            const __m256 x = load(&left, i), y = load(&right, i);                                  \
            _mm256_storeu_ps(output + i, mc_lanes_clamp(result, low_lanes, high_lanes));           \
        }                                                                                          \
        if (i < count) {                                                                           \
            const __m256i mask = mc_lanes_below(count - i);                                        \
            const __m256 x = load_some(&left, i, mask), y = load_some(&right, i, mask);            \
            _mm256_maskstore_ps(output + i, mask, mc_lanes_clamp(result, low_lanes, high_lanes));  \
        }                                                                                          \
    } while (0)

void mc_f32_binary__avx2(mc_binary_function function, size_t count, const mc_binary_operand *a,
                         const mc_binary_operand *b, float low, float high, float *output)
{
    const __m256 low_lanes = _mm256_set1_ps(low), high_lanes = _mm256_set1_ps(high);
    const mc_binary_operand left = *a, right = *b;
    switch (function) {
    case MC_BINARY_ADD:
        LOOP(_mm256_add_ps(x, y));
        break;
    case MC_BINARY_SUB:
        LOOP(_mm256_sub_ps(x, y));
        break;
    case MC_BINARY_MUL:
        LOOP(_mm256_mul_ps(x, y));
        break;
    case MC_BINARY_DIV:
        LOOP(_mm256_div_ps(x, y));
        break;
    case MC_BINARY_PRELU:
        LOOP(prelu(x, y));
        break;
    }
}
