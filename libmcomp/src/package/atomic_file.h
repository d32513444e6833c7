/** @file atomic_file.h
 *  A file that appears whole or not at all: written under a temporary name in the same folder,
 *  flushed, then renamed. Where the path is a link, what it leads to is replaced, not the link. */
#ifndef MC_ATOMIC_FILE_H
#define MC_ATOMIC_FILE_H

#include "base/alloc.h"

typedef struct mc_atomic_file {
    mcomp_context *context;
    const char *path;     /**< borrowed */
    char *target_path;    /**< what path is a link to, or path itself */
    char *temporary_path; /**< in the same allocation */
    int descriptor;
    uint64_t nbytes; /**< written so far */
} mc_atomic_file;

/** @retval MCOMP_ERR_IO  names the path and the system's reason */
mcomp_status mc_atomic_file_open(mcomp_context *context, const char *path, mc_atomic_file *file);
mcomp_status mc_atomic_file_write(mc_atomic_file *file, const void *data, size_t nbytes);
/** Flush and rename; on failure the temporary file is gone too. Ends the file either way. */
mcomp_status mc_atomic_file_commit(mc_atomic_file *file);
/** Remove the temporary file. Ends the file. */
void mc_atomic_file_abandon(mc_atomic_file *file);

#endif
