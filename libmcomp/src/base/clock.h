/** @file clock.h
 *  The one clock that is used for durations. */
#ifndef MC_CLOCK_H
#define MC_CLOCK_H

#include <stdint.h>

/** Nanoseconds of the monotonic clock. */
uint64_t mc_clock_ns(void);
/** Its resolution. */
uint64_t mc_clock_resolution_ns(void);

#endif
