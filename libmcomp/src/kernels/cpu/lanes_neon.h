/** @file lanes_neon.h
 *  The first lanes of a vector, where a row of floats ends within it. */
#ifndef MC_LANES_NEON_H
#define MC_LANES_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

/** Floats in a vector. */
#define MC_NEON_LANES ((size_t)4)

/** from[0 .. count - 1], at most a vector of them, and zeros; nothing else is read. */
static inline float32x4_t mc_neon_load(const float *from, size_t count)
{
    if (count >= MC_NEON_LANES)
        return vld1q_f32(from);
    float lanes[MC_NEON_LANES] = {0};
    memcpy(lanes, from, count * sizeof *from);
    return vld1q_f32(lanes);
}

/** The first count lanes, at most a vector of them; nothing else is written. */
static inline void mc_neon_store(float *to, float32x4_t vector, size_t count)
{
    if (count >= MC_NEON_LANES) {
        vst1q_f32(to, vector);
        return;
    }
    float lanes[MC_NEON_LANES];
    vst1q_f32(lanes, vector);
    memcpy(to, lanes, count * sizeof *to);
}

#endif
