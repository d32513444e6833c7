/** @file cmocka_all.h
 *  cmocka with the headers that it wants before itself, and checks that show the library's message.
 */
#ifndef CMOCKA_ALL_H
#define CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mcomp/base.h"

/** A call's status is `expected`; where not, the message says why. */
#define assert_status(expression, expected)                                                        \
    do {                                                                                           \
        mcomp_status found_status = (expression);                                                  \
        if (found_status != (expected))                                                            \
            fail_msg("%s: %s instead of %s (%s)", #expression, mcomp_status_name(found_status),    \
                     mcomp_status_name(expected), mcomp_last_error());                             \
    } while (0)

#define assert_ok(expression) assert_status(expression, MCOMP_OK)

/** The last error's message contains `words`. */
#define assert_message(words)                                                                      \
    do {                                                                                           \
        if (!strstr(mcomp_last_error(), (words)))                                                  \
            fail_msg("'%s' is not in the message '%s'", (words), mcomp_last_error());              \
    } while (0)

#endif
