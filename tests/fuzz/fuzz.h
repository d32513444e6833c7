/** @file fuzz.h
 *  What all harnesses share: libFuzzer's entry, a context, a check that ends the process. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcomp/mcomp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes);

/** The property does not hold. */
static inline void fuzz_require(bool holds)
{
    if (!holds)
        abort();
}

/** One context for the whole run. */
static inline mcomp_context *fuzz_context(void)
{
    static mcomp_context *context;
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = 1;
    if (!context)
        fuzz_require(mcomp_context_create(&options, &context) == MCOMP_OK);
    return context;
}

#endif
