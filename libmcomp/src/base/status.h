/** @file status.h
 *  How the library fails: one line for the thread, a status up the stack.
 *
 *  MC_FAIL sets the message; MC_TRY passes an inner failure on and never rewords it. Data from
 *  outside is checked with MC_REQUIRE, never with assert. */
#ifndef MC_STATUS_H
#define MC_STATUS_H

#include "mcomp/base.h"

/** Set the thread's message (printf's format, at most 1023 bytes, line breaks become spaces).
 *  @return status, so that it can be returned at once */
mcomp_status mc_fail(mcomp_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Out of memory: the one message that is made without formatting. */
mcomp_status mc_fail_memory(size_t nbytes);

#define MC_FAIL(status, ...) return mc_fail((status), __VA_ARGS__)

#define MC_REQUIRE(condition, status, ...)                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return mc_fail((status), __VA_ARGS__);                                                 \
    } while (0)

/* For functions that hold nothing; the others keep the status and end at `cleanup:`. */
#define MC_TRY(call)                                                                               \
    do {                                                                                           \
        mcomp_status mc_try_status_ = (call);                                                      \
        if (mc_try_status_ < 0)                                                                    \
            return mc_try_status_;                                                                 \
    } while (0)

/** Begin filling a caller's info struct: checks struct_size, zeroes what follows it.
 *  @param what  the struct's name, for the message
 *  A caller's struct may be smaller than ours (older) or larger, then the rest must be 0: fill a local
 *  of the library's own size and hand it to mc_info_copy(). */
mcomp_status mc_info_copy(void *caller_info, const void *own_info, size_t own_size,
                          const char *what);
/** Read a caller's options into own_options, which holds the defaults: copies the smaller of both
 *  sizes; MCOMP_ERR_VERSION where the caller's is larger and not zero beyond ours. NULL: defaults. */
mcomp_status mc_options_copy(void *own_options, size_t own_size, const void *caller_options,
                             const char *what);

#endif
