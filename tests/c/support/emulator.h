/** @file emulator.h
 *  Tests that an emulator of another processor cannot run. */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <stdlib.h>

#include "cmocka_all.h"

/** Skips the calling test, by name and with the reason, where tests/CMakeLists.txt says that the
 *  build runs under an emulator. */
static inline void skip_under_emulator(const char *test, const char *reason)
{
    const char *emulator = getenv("MCOMP_TEST_EMULATOR");
    if (!emulator || !*emulator)
        return;
    print_message("not run under %s: %s: %s\n", emulator, test, reason);
    skip();
}

#endif
