/** @file energy.h
 *  Energy from the kernel's powercap files (RAPL: Intel SDM vol. 3, "Platform specific power
 * management support"; AMD exposes the same files). */
#ifndef MC_ENERGY_H
#define MC_ENERGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mc_energy_counter {
    char path[256];  /**< of energy_uj */
    char source[64]; /**< e.g. "powercap package-0", "" where there is none */
    uint64_t start_uj;
    uint64_t range_uj; /**< the counter begins again from 0 after this */
} mc_energy_counter;

/** Find the first package counter that can be read.
 *  @param root  "/sys/class/powercap", or a copy of it for tests
 *  @return false where there is none: source is then "" */
bool mc_energy_find(const char *root, mc_energy_counter *counter);
/** Remember where the counter stands. @return false where it cannot be read */
bool mc_energy_start(mc_energy_counter *counter);
/** Joules since the start, negative where the counter cannot be read. */
double mc_energy_joules(const mc_energy_counter *counter);

#endif
