#include "random.h"

static uint64_t next(mc_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void mc_random_normal(mc_random *random, double mean, double deviation, float *values, size_t count)
{
    /* Four 16-bit integers have the mean 2 (2^16 - 1) and the variance 4 (2^32 - 1) / 12. */
    const double centre = 131070, unit = 1 / 37837.22720648236, scale = deviation * unit;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = next(random);
        uint64_t sum =
            (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        values[i] = (float)(mean + ((double)sum - centre) * scale);
    }
}

void mc_random_uniform(mc_random *random, double low, double high, float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(low + (high - low) * ((double)(next(random) >> 11) * 0x1p-53));
}

void mc_random_center(float *values, size_t rows, size_t columns)
{
    for (size_t row = 0; row < rows; row++, values += columns) {
        double sum = 0;
        for (size_t i = 0; i < columns; i++)
            sum += (double)values[i];
        const float shift = (float)(MC_RANDOM_CENTERING * sum / (double)columns);
        for (size_t i = 0; i < columns; i++)
            values[i] -= shift;
    }
}
