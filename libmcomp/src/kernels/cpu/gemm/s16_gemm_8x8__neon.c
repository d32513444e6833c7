/* Multiplies int16 into int32 and adds (smlal): exact, nothing saturates. Loads take the pairs of B
 * apart, so that a vector holds one k. */
#include <arm_neon.h>

#include "gemm.h"

enum { ROWS = 8, COLUMNS = 8 };

void mc_s16_gemm_8x8__neon(size_t depth_pairs, const int16_t *a, const int16_t *b, int32_t *sums);

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

#define BEGIN(row) left[row] = right[row] = vdupq_n_s32(0)

/* Columns times the row's element of one k, a lane of A. */
#define ADD(row, columns, lane)                                                                    \
    do {                                                                                           \
        const int16x8_t factors = row < 4 ? top : bottom;                                          \
        left[row] = vmlal_laneq_s16(left[row], vget_low_s16(columns), factors, lane);              \
        right[row] = vmlal_high_laneq_s16(right[row], columns, factors, lane);                     \
    } while (0)

#define ADD_EVEN(row) ADD(row, pairs.val[0], 2 * (row % 4))
#define ADD_ODD(row)  ADD(row, pairs.val[1], 2 * (row % 4) + 1)

#define END(row)                                                                                   \
    do {                                                                                           \
        vst1q_s32(sums + COLUMNS * row, left[row]);                                                \
        vst1q_s32(sums + COLUMNS * row + 4, right[row]);                                           \
    } while (0)

void mc_s16_gemm_8x8__neon(size_t depth_pairs, const int16_t *a, const int16_t *b, int32_t *sums)
{
    int32x4_t left[ROWS], right[ROWS];
    EACH_ROW(BEGIN);
    for (size_t k = 0; k < depth_pairs; k++, a += 2 * ROWS, b += 2 * COLUMNS) {
        const int16x8_t top = vld1q_s16(a), bottom = vld1q_s16(a + 8);
        const int16x8x2_t pairs = vld2q_s16(b);
        EACH_ROW(ADD_EVEN);
        EACH_ROW(ADD_ODD);
    }
    EACH_ROW(END);
}
