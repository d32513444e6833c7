/* Two accumulators a row hide the latency of the FMA. */
#include "dot.h"
#include "kernels/cpu/lanes_neon.h"

enum { ROWS = 4 };

void mc_f32_dot_4__neon(size_t depth, const float *rows, size_t row_count, const float *vector,
                        float *sums);

void mc_f32_dot_4__neon(size_t depth, const float *rows, size_t row_count, const float *vector,
                        float *sums)
{
    float32x4_t even[ROWS], odd[ROWS];
    const float *row[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        even[r] = odd[r] = vdupq_n_f32(0);
        row[r] =
            rows + (r < row_count ? r : 0) * depth; /* unused ones read row 0 and are dropped */
    }
    size_t k = 0;
    for (; k + 8 <= depth; k += 8) {
        const float32x4_t first = vld1q_f32(vector + k), second = vld1q_f32(vector + k + 4);
        for (size_t r = 0; r < ROWS; r++) {
            even[r] = vfmaq_f32(even[r], vld1q_f32(row[r] + k), first);
            odd[r] = vfmaq_f32(odd[r], vld1q_f32(row[r] + k + 4), second);
        }
    }
    for (; k < depth; k += MC_NEON_LANES) {
        const float32x4_t rest = mc_neon_load(vector + k, depth - k);
        for (size_t r = 0; r < ROWS; r++)
            even[r] = vfmaq_f32(even[r], mc_neon_load(row[r] + k, depth - k), rest);
    }
    for (size_t r = 0; r < ROWS; r++) {
        const float sum = vaddvq_f32(vaddq_f32(even[r], odd[r]));
        if (r < row_count)
            sums[r] = sum;
    }
}
