#define _POSIX_C_SOURCE 200809L

#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

/* One call writes at most this much: some systems cut longer ones. */
#define LARGEST_WRITE_NBYTES ((size_t)1 << 30)

static mcomp_status fail_io(const mc_atomic_file *file)
{
    return mc_fail(MCOMP_ERR_IO, "%s: %s", file->path, strerror(errno));
}

mcomp_status mc_atomic_file_open(mcomp_context *context, const char *path, mc_atomic_file *file)
{
    static const char suffix[] = ".XXXXXX";
    size_t length = strlen(path);
    *file = (mc_atomic_file){.context = context, .path = path, .descriptor = -1};
    file->temporary_path = mc_alloc(context, length + sizeof suffix);
    if (!file->temporary_path)
        return mc_fail_memory(length + sizeof suffix);
    memcpy(file->temporary_path, path, length);
    memcpy(file->temporary_path + length, suffix, sizeof suffix);
    file->descriptor = mkstemp(file->temporary_path);
    if (file->descriptor < 0) {
        mcomp_status status = fail_io(file);
        mc_free(context, file->temporary_path);
        return status;
    }
    /* mkstemp makes it private; the result gets the rights any new file would get. */
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(file->descriptor, 0666 & ~mask) != 0) {
        mcomp_status status = fail_io(file);
        mc_atomic_file_abandon(file);
        return status;
    }
    return MCOMP_OK;
}

mcomp_status mc_atomic_file_write(mc_atomic_file *file, const void *data, size_t nbytes)
{
    const char *next = data;
    while (nbytes > 0) {
        size_t piece = nbytes < LARGEST_WRITE_NBYTES ? nbytes : LARGEST_WRITE_NBYTES;
        ssize_t written = write(file->descriptor, next, piece);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail_io(file);
        next += written;
        nbytes -= (size_t)written;
        file->nbytes += (uint64_t)written;
    }
    return MCOMP_OK;
}

mcomp_status mc_atomic_file_commit(mc_atomic_file *file)
{
    bool done = fsync(file->descriptor) == 0;
    mcomp_status status = done ? MCOMP_OK : fail_io(file);
    if (close(file->descriptor) != 0 && done)
        status = fail_io(file);
    file->descriptor = -1;
    if (status == MCOMP_OK && rename(file->temporary_path, file->path) != 0)
        status = fail_io(file);
    if (status != MCOMP_OK) {
        mc_atomic_file_abandon(file);
        return status;
    }
    mc_free(file->context, file->temporary_path);
    file->temporary_path = NULL;
    return MCOMP_OK;
}

void mc_atomic_file_abandon(mc_atomic_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
    if (file->temporary_path)
        unlink(file->temporary_path);
    mc_free(file->context, file->temporary_path);
    file->temporary_path = NULL;
}
