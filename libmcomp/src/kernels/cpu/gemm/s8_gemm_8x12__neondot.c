/* Adds four products of int8 to an int32 (sdot): exact, nothing saturates. Twenty-four accumulators, two
 * vectors of A, three of B: 29 of the 32 registers. */
#include <arm_neon.h>

#include "gemm.h"

enum { ROWS = 8, COLUMNS = 12 };

void mc_s8_gemm_8x12__neondot(size_t depth_quads, const int8_t *a, const int8_t *b, int32_t *sums);

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

#define BEGIN(row) tile[row][0] = tile[row][1] = tile[row][2] = vdupq_n_s32(0)

/* A quad of A times the twelve of B. */
#define STEP(row)                                                                                  \
    do {                                                                                           \
        const int8x16_t factors = row < 4 ? top : bottom;                                          \
        tile[row][0] = vdotq_laneq_s32(tile[row][0], b_0, factors, row % 4);                       \
        tile[row][1] = vdotq_laneq_s32(tile[row][1], b_1, factors, row % 4);                       \
        tile[row][2] = vdotq_laneq_s32(tile[row][2], b_2, factors, row % 4);                       \
    } while (0)

#define END(row)                                                                                   \
    do {                                                                                           \
        vst1q_s32(sums + row * COLUMNS, tile[row][0]);                                             \
        vst1q_s32(sums + row * COLUMNS + 4, tile[row][1]);                                         \
        vst1q_s32(sums + row * COLUMNS + 8, tile[row][2]);                                         \
    } while (0)

void mc_s8_gemm_8x12__neondot(size_t depth_quads, const int8_t *a, const int8_t *b, int32_t *sums)
{
    int32x4_t tile[ROWS][COLUMNS / 4];
    EACH_ROW(BEGIN);
    for (size_t k = 0; k < depth_quads; k++, a += 4 * ROWS, b += 4 * COLUMNS) {
        const int8x16_t top = vld1q_s8(a), bottom = vld1q_s8(a + 16);
        const int8x16_t b_0 = vld1q_s8(b), b_1 = vld1q_s8(b + 16), b_2 = vld1q_s8(b + 32);
        EACH_ROW(STEP);
    }
    EACH_ROW(END);
}
