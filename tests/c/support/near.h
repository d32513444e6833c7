/** @file near.h
 *  Comparing arrays of floats: bit for bit, or by normalised mean square error. */
#ifndef NEAR_H
#define NEAR_H

#include <math.h>
#include <string.h>

#include "cmocka_all.h"

/** sum (found - wanted)^2 / sum wanted^2, in double; infinite where wanted is all 0 and found is
 *  not, or where something is not finite. */
static inline double nmse(const float *found, const float *wanted, size_t count)
{
    double error = 0, power = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)found[i] - (double)wanted[i];
        error += difference * difference;
        power += (double)wanted[i] * (double)wanted[i];
    }
    if (error == 0)
        return 0;
    return power > 0 && isfinite(error / power) ? error / power : (double)INFINITY;
}

static inline void assert_near(const float *found, const float *wanted, size_t count, double bound)
{
    double error = nmse(found, wanted, count);
    if (!(error <= bound))
        fail_msg("NMSE %g over %zu values is above %g", error, count, bound);
}

/** The same bits, the sign of zero and the payload of a NaN included. */
static inline void assert_same_bits(const float *found, const float *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&found[i], &wanted[i], sizeof *found) != 0)
            fail_msg("value %zu of %zu is %a, not %a", i, count, (double)found[i],
                     (double)wanted[i]);
}

#endif
