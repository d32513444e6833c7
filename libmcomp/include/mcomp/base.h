/** @file base.h
 *  Status codes, messages, version, and the conventions that every other header follows.
 *
 *  Conventions
 *  - A function that can fail returns mcomp_status; 0 is success, negative is an error. The failing
 *    call leaves one line for its thread in mcomp_last_error(): what is wrong, with names and numbers.
 *  - What comes through an `out` handle is the caller's; end it with the matching destroy or release,
 *    which accept NULL, cannot fail and may be called in any order. On failure `*out` is NULL.
 *  - Pointers inside info structs are borrowed: valid until the object they came from ends.
 *  - Options and info structs begin with `struct_size`. Options: call the `_init` function, then set
 *    fields. Info: set `struct_size = sizeof(info)`, zero the rest. Fields are only ever
 *    appended. A struct of another size is served where what only one side knows is 0, up to 4,096
 *    bytes; else the call fails with MCOMP_ERR_VERSION.
 *  - The library prints nothing, never exits, installs no handlers, and reads the environment only
 *    in mcomp_context_create().
 */
#ifndef MCOMP_BASE_H
#define MCOMP_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MCOMP_API       __attribute__((visibility("default")))
#define MCOMP_NODISCARD __attribute__((warn_unused_result))
#else
#define MCOMP_API
#define MCOMP_NODISCARD
#endif

/** The version of this header; mcomp_version() is that of the library. */
#define MCOMP_VERSION_MAJOR 0
#define MCOMP_VERSION_MINOR 1
#define MCOMP_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/** Result of a call. Values are pinned: they never change their meaning. */
typedef enum mcomp_status {
    MCOMP_OK = 0,  /**< done */
    MCOMP_END = 1, /**< index past the last item; not an error, leaves no message */
    MCOMP_ERR_INVALID_ARGUMENT = -1, /**< an argument, option or recipe word is out of its range */
    MCOMP_ERR_OUT_OF_MEMORY = -2,    /**< an allocation failed; the objects given stay usable */
    MCOMP_ERR_CORRUPT = -3,     /**< a file or byte stream contradicts itself or its checksum */
    MCOMP_ERR_UNSUPPORTED = -4, /**< well-formed, but nothing here can serve it; names the reason */
    MCOMP_ERR_IO = -5,          /**< the operating system refused a file operation */
    MCOMP_ERR_SHAPE = -6,       /**< shapes or dtypes do not fit together */
    MCOMP_ERR_NOT_FOUND = -7,   /**< no such name, device, file or item */
    MCOMP_ERR_LIMIT = -8,       /**< a size is above what the library or the caller allows */
    MCOMP_ERR_DEVICE = -9,      /**< a device failed while opening or running */
    MCOMP_ERR_CANCELLED = -10,  /**< a progress callback asked to stop */
    MCOMP_ERR_VERSION = -11,    /**< made by a newer library, or a struct with more than is known */
    MCOMP_ERR_INTERNAL = -12    /**< a caught mistake of the library's own */
} mcomp_status;

/** Version of the library as text.
 *  @return static text "MAJOR.MINOR.PATCH" */
MCOMP_API const char *mcomp_version(void);

/** Name of a status.
 *  @param status  any value
 *  @return static text such as "out of memory"; "unknown status" for a value not listed above */
MCOMP_API const char *mcomp_status_name(mcomp_status status);

/** Message of the last call that failed on this thread.
 *  Meaningful only right after a failure: a call that succeeds leaves it alone.
 *  @return one line without a line break, at most 1023 bytes, "" before the first failure; borrowed
 *          until the thread's next failing call */
MCOMP_API const char *mcomp_last_error(void);

/** Fail as the library does: for code that is built on it and follows its conventions.
 *  @param status   negative
 *  @param message  becomes mcomp_last_error(); cut after 1023 bytes, line breaks become spaces
 *  @return status */
MCOMP_API mcomp_status mcomp_fail(mcomp_status status, const char *message);

/** Reports progress of a long call on the thread that made it, about every 0.1 s or more often.
 *  @param user   the pointer given with the callback
 *  @param stage  what is being done, e.g. a tensor's name; borrowed for the call
 *  @param done   work finished, in [0, total]
 *  @param total  work in all, > 0
 *  @return 0 to go on; anything else cancels: the call then returns MCOMP_ERR_CANCELLED and leaves
 *          nothing behind */
typedef int (*mcomp_progress_fn)(void *user, const char *stage, uint64_t done, uint64_t total);

#ifdef __cplusplus
}
#endif
#endif
