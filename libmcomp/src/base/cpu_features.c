#define _GNU_SOURCE

#include "cpu_features.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "status.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

/* Files and packed weights are read as they lie. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libmcomp needs a little-endian processor"
#endif

/* Sets by name, each with the sets it builds on; the best last. */
static const struct {
    const char *name;
    uint32_t bits;
} isa_sets[] = {
    {"scalar", MC_ISA_NONE},
    {"neon", MC_ISA_NEON},
    {"neondot", MC_ISA_NEON | MC_ISA_NEONDOT},
    {"avx2", MC_ISA_AVX2},
    {"avxvnni", MC_ISA_AVX2 | MC_ISA_AVXVNNI},
    {"avx512f", MC_ISA_AVX2 | MC_ISA_AVXVNNI | MC_ISA_AVX512F},
    {"avx512vnni", MC_ISA_AVX2 | MC_ISA_AVXVNNI | MC_ISA_AVX512F | MC_ISA_AVX512VNNI},
};

enum { ISA_SET_COUNT = sizeof isa_sets / sizeof isa_sets[0] };

uint32_t mc_isa_detect(void)
{
    uint32_t bits = MC_ISA_NONE;
#if defined(__x86_64__)
    unsigned a, b, c, d;
    /* These ask the operating system too (XGETBV). clang does not know F16C here; whether its
     * registers are saved, AVX2 has answered. */
    __builtin_cpu_init();
    bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && f16c) {
        bits |= MC_ISA_AVX2;
        if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4)))
            bits |= MC_ISA_AVXVNNI;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            bits |= MC_ISA_AVX512F;
            if (__builtin_cpu_supports("avx512vnni"))
                bits |= MC_ISA_AVX512VNNI;
        }
    }
#elif defined(__aarch64__)
    const unsigned long hardware_asimd = 1ul << 1, hardware_asimddp = 1ul << 20;
    unsigned long hardware = getauxval(AT_HWCAP);
    if (hardware & hardware_asimd)
        bits |= MC_ISA_NEON;
    if (hardware & hardware_asimddp)
        bits |= MC_ISA_NEONDOT;
#endif
    return bits;
}

const char *mc_isa_name(uint32_t isa_bits)
{
    const char *name = isa_sets[0].name;
    for (int i = 0; i < ISA_SET_COUNT; i++) {
        /* The set's own feature is what the set before it lacks: its highest bit. */
        uint32_t own = isa_sets[i].bits;
        while (own & (own - 1))
            own &= own - 1;
        if (own && (isa_bits & own))
            name = isa_sets[i].name;
    }
    return name;
}

mcomp_status mc_isa_cap(const char *name, uint32_t *isa_bits)
{
    char known[128] = "";
    for (int i = 0; i < ISA_SET_COUNT; i++) {
        if (strcmp(name, isa_sets[i].name) == 0) {
            *isa_bits = isa_sets[i].bits;
            return MCOMP_OK;
        }
        size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, " %s", isa_sets[i].name);
    }
    MC_FAIL(MCOMP_ERR_INVALID_ARGUMENT, "unknown instruction set '%.64s'; known are:%s", name,
            known);
}

/* Cores' worth of time that the control group allows, 0 where it sets no limit. */
static double quota_cores(void)
{
    double quota = 0, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return 0;
    int found = fscanf(file, "%lf %lf", &quota, &period);
    fclose(file);
    return found == 2 && quota > 0 && period > 0 ? quota / period : 0;
}

uint32_t mc_core_count(void)
{
    cpu_set_t set;
    uint32_t cores = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        cores = (uint32_t)CPU_COUNT(&set);
    double quota = quota_cores();
    if (quota > 0 && quota < cores)
        cores = quota < 1 ? 1 : (uint32_t)quota;
    return cores < 256 ? cores : 256;
}
