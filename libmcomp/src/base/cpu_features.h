/** @file cpu_features.h
 *  Instruction sets: what the processor and the operating system offer, and the cap on it. */
#ifndef MC_CPU_FEATURES_H
#define MC_CPU_FEATURES_H

#include "mcomp/base.h"

/** Bits a kernel may require. */
enum {
    MC_ISA_NONE = 0,
    MC_ISA_AVX2 = 1 << 0, /**< AVX2 and FMA and F16C */
    MC_ISA_AVXVNNI = 1 << 1,
    MC_ISA_AVX512F = 1 << 2, /**< F, BW, DQ, VL */
    MC_ISA_AVX512VNNI = 1 << 3,
    MC_ISA_NEON = 1 << 4,
    MC_ISA_NEONDOT = 1 << 5
};

/** What this machine can run, the operating system's support included. */
uint32_t mc_isa_detect(void);
/** Name of the best set among the bits: "scalar", "avx2", ... static text. */
const char *mc_isa_name(uint32_t isa_bits);
/** Bits that a cap allows.
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  unknown name; the message lists the known ones */
mcomp_status mc_isa_cap(const char *name, uint32_t *isa_bits);
/** The processor's own name, "" where unknown. */
void mc_cpu_name(char *text, size_t capacity);
/** Cores that this process may use (affinity and container limits), at least 1. */
uint32_t mc_core_count(void);

#endif
