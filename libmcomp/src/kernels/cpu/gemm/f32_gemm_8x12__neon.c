/* Twenty-four accumulators, two vectors of A, three of B: 29 of the 32 registers, 24 FMA for five
 * loads. */
#include "gemm.h"
#include "kernels/cpu/lanes_neon.h"

enum { ROWS = 8, COLUMNS = 12 };

void mc_f32_gemm_8x12__neon(size_t depth, const float *a, const float *b, float *c, size_t c_stride,
                            size_t rows, size_t columns, const mc_gemm_tail *tail);

/* Rows are written out: an array that only constants index stays in registers. */
#define EACH_ROW(DO)                                                                               \
    do {                                                                                           \
        DO(0);                                                                                     \
        DO(1);                                                                                     \
        DO(2);                                                                                     \
        DO(3);                                                                                     \
        DO(4);                                                                                     \
        DO(5);                                                                                     \
        DO(6);                                                                                     \
        DO(7);                                                                                     \
    } while (0)

#define BEGIN(row) sums[row][0] = sums[row][1] = sums[row][2] = vdupq_n_f32(0)

/* A lane of A times the three vectors of B. */
#define STEP(row)                                                                                  \
    do {                                                                                           \
        const float32x4_t factors = row < 4 ? top : bottom;                                        \
        sums[row][0] = vfmaq_laneq_f32(sums[row][0], b_0, factors, row % 4);                       \
        sums[row][1] = vfmaq_laneq_f32(sums[row][1], b_1, factors, row % 4);                       \
        sums[row][2] = vfmaq_laneq_f32(sums[row][2], b_2, factors, row % 4);                       \
    } while (0)

#define END(row)                                                                                   \
    do {                                                                                           \
        vst1q_f32(tile + row * COLUMNS, sums[row][0]);                                             \
        vst1q_f32(tile + row * COLUMNS + 4, sums[row][1]);                                         \
        vst1q_f32(tile + row * COLUMNS + 8, sums[row][2]);                                         \
    } while (0)

/* The sums of the whole tile, [row][column]. */
static inline void multiply(size_t depth, const float *a, const float *b, float *tile)
{
    float32x4_t sums[ROWS][COLUMNS / 4];
    EACH_ROW(BEGIN);
    for (size_t k = 0; k < depth; k++, a += ROWS, b += COLUMNS) {
        const float32x4_t top = vld1q_f32(a), bottom = vld1q_f32(a + 4);
        const float32x4_t b_0 = vld1q_f32(b), b_1 = vld1q_f32(b + 4), b_2 = vld1q_f32(b + 8);
        EACH_ROW(STEP);
    }
    EACH_ROW(END);
}

void mc_f32_gemm_8x12__neon(size_t depth, const float *a, const float *b, float *c, size_t c_stride,
                            size_t rows, size_t columns, const mc_gemm_tail *tail)
{
    float tile[ROWS * COLUMNS];
    multiply(depth, a, b, tile);
    const float32x4_t low = vdupq_n_f32(tail->low), high = vdupq_n_f32(tail->high);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column += MC_NEON_LANES) {
            size_t at = row * c_stride + column, count = columns - column;
            float32x4_t sum =
                vaddq_f32(vld1q_f32(tile + row * COLUMNS + column), vdupq_n_f32(tail->bias[row]));
            if (tail->residual)
                sum = vaddq_f32(sum, mc_neon_load(tail->residual + at, count));
            mc_neon_store(c + at, vminq_f32(vmaxq_f32(sum, low), high), count);
        }
}
