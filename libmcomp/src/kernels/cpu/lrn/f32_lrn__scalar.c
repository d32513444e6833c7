#include <math.h>

#include "lrn.h"

mc_f32_lrn_fn mc_f32_lrn__scalar;

/* base ^ beta is taken apart for the exponents that networks have. */
void mc_f32_lrn__scalar(const mc_lrn_window *window, const mc_lrn_factors *factors, size_t count,
                        float *output)
{
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (size_t c = 0; c < window->channels; c++) {
            float element = window->first[c * window->stride + i];
            sum += element * element;
        }
        float base = factors->bias + factors->factor * sum;
        float power = factors->beta == 0.75f  ? sqrtf(base) * sqrtf(sqrtf(base))
                      : factors->beta == 0.5f ? sqrtf(base)
                                              : powf(base, factors->beta);
        output[i] = window->centre[i] / power;
    }
}
