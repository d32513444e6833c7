#define _POSIX_C_SOURCE 200809L

#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
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

/* A new file beside the target, with the rights that any new file would get. */
static int create_temporary(mc_atomic_file *file, size_t capacity)
{
    static atomic_uint number;
    const int tries = 100; /* a name may be left from a process that was killed */
    int descriptor = -1;
    for (int i = 0; i < tries && descriptor < 0; i++) {
        snprintf(file->temporary_path, capacity, "%s.%ld-%u.tmp", file->path, (long)getpid(),
                 atomic_fetch_add_explicit(&number, 1, memory_order_relaxed));
        descriptor =
            open(file->temporary_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    return descriptor;
}

mcomp_status mc_atomic_file_open(mcomp_context *context, const char *path, mc_atomic_file *file)
{
    const size_t suffix_nbytes = 40; /* two numbers and their signs */
    size_t capacity = strlen(path) + suffix_nbytes;
    struct stat facts;
    *file = (mc_atomic_file){.context = context, .path = path, .descriptor = -1};
    /* Renaming would put a file in the place of a device or a pipe. */
    MC_REQUIRE(stat(path, &facts) != 0 || S_ISREG(facts.st_mode), MCOMP_ERR_IO,
               "%s: is there and not a regular file", path);
    file->temporary_path = mc_alloc(context, capacity);
    if (!file->temporary_path)
        return mc_fail_memory(capacity);
    file->descriptor = create_temporary(file, capacity);
    if (file->descriptor < 0) {
        mcomp_status status = fail_io(file);
        mc_free(context, file->temporary_path);
        file->temporary_path = NULL;
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
