/* What a measurement was made on. Gathered once a context, kept until it ends. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "mcomp/measure.h"

enum { ENTRY_COUNT = 12, TEXT_CAPACITY = 192 };

typedef struct environment {
    const char *keys[ENTRY_COUNT];
    char texts[ENTRY_COUNT][TEXT_CAPACITY];
    uint32_t count;
} environment;

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static char *add(environment *into, const char *key)
{
    into->keys[into->count] = key;
    char *text = into->texts[into->count++];
    snprintf(text, TEXT_CAPACITY, "unknown");
    return text;
}

static void add_text(environment *into, const char *key, const char *value)
{
    char *text = add(into, key);
    if (value && value[0])
        snprintf(text, TEXT_CAPACITY, "%s", value);
}

static void add_number(environment *into, const char *key, uint64_t value)
{
    snprintf(add(into, key), TEXT_CAPACITY, "%llu", (unsigned long long)value);
}

static void read_line(const char *path, char *text, size_t capacity)
{
    FILE *file = fopen(path, "re");
    text[0] = 0;
    if (!file)
        return;
    if (fgets(text, (int)capacity, file))
        text[strcspn(text, "\n")] = 0;
    fclose(file);
}

static void gather(const mcomp_context *context, environment *into)
{
    char governor[64];
    struct utsname system;
    long pages = sysconf(_SC_PHYS_PAGES), page_nbytes = sysconf(_SC_PAGESIZE);
    add_text(into, "cpu", context->cpu_name);
    add_text(into, "isa", mc_isa_name(context->isa_bits));
    add_text(into, "isa_detected", mc_isa_name(context->isa_bits_detected));
    add_number(into, "cores", mc_core_count());
    add_number(into, "threads", context->threads);
    add_number(into, "memory_nbytes", pages > 0 ? (uint64_t)pages * (uint64_t)page_nbytes : 0);
    char *kernel = add(into, "kernel");
    if (uname(&system) == 0)
        snprintf(kernel, TEXT_CAPACITY, "%.60s %.60s %.60s", system.sysname, system.release,
                 system.machine);
    add_text(into, "compiler", COMPILER);
    add_text(into, "flags", MC_BUILD_FLAGS);
    add_text(into, "library", mcomp_version());
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof governor);
    add_text(into, "governor", governor);
    add_number(into, "timer_resolution_ns", mc_clock_resolution_ns());
}

mcomp_status mcomp_environment_get(mcomp_context *context, uint32_t index, const char **key,
                                   const char **text)
{
    MC_REQUIRE(context && key && text, MCOMP_ERR_INVALID_ARGUMENT,
               "no context or no place for the answer");
    environment *known = atomic_load(&context->environment);
    if (!known) {
        environment *gathered = mc_alloc_zero(context, sizeof *gathered);
        if (!gathered)
            return mc_fail_memory(sizeof *gathered);
        gather(context, gathered);
        void *expected = NULL;
        /* Another thread may have been first: its text may be in use already. */
        if (atomic_compare_exchange_strong(&context->environment, &expected, gathered)) {
            known = gathered;
        } else {
            mc_free(context, gathered);
            known = expected;
        }
    }
    if (index >= known->count)
        return MCOMP_END;
    *key = known->keys[index];
    *text = known->texts[index];
    return MCOMP_OK;
}
