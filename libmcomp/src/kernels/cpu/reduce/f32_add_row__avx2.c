#include "kernels/cpu/lanes_avx2.h"
#include "reduce.h"

mc_f32_add_row_fn mc_f32_add_row__avx2;

void mc_f32_add_row__avx2(size_t count, const float *row, double *sums)
{
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        _mm256_storeu_pd(sums + i, _mm256_add_pd(_mm256_loadu_pd(sums + i),
                                                 _mm256_cvtps_pd(_mm_loadu_ps(row + i))));
    for (; i < count; i++)
        sums[i] += (double)row[i];
}
