#define _POSIX_C_SOURCE 200809L

#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static void free_paths(mc_atomic_file *file)
{
    mc_free(file->context, file->target_path);
    file->target_path = file->temporary_path = NULL;
}

/* Where the last part of the path leads, if it is a link; what it leads to need not exist. */
static mcomp_status follow_links(const mc_atomic_file *file, char target[PATH_MAX])
{
    const int most_links = 40;
    char link[PATH_MAX];
    size_t folder_length = 0;
    const char *next = file->path;
    for (int i = 0; i <= most_links; i++) {
        errno = ENAMETOOLONG;
        if (folder_length + strlen(next) >= PATH_MAX)
            return fail_io(file);
        memcpy(target + folder_length, next, strlen(next) + 1);
        ssize_t length = readlink(target, link, sizeof link - 1);
        if (length < 0)
            return MCOMP_OK;
        link[length] = 0;
        next = link;
        const char *slash = link[0] == '/' ? NULL : strrchr(target, '/');
        folder_length = slash ? (size_t)(slash - target) + 1 : 0;
    }
    errno = ELOOP;
    return fail_io(file);
}

/* A new file in the target's folder, with the rights that any new file would get. Its name is
 * short, however long the target's is. */
static int create_temporary(mc_atomic_file *file, size_t capacity)
{
    static atomic_uint number;
    const int tries = 100; /* a name may be left from a process that was killed */
    const char *slash = strrchr(file->target_path, '/');
    int folder_length = slash ? (int)(slash - file->target_path) + 1 : 0;
    int descriptor = -1;
    for (int i = 0; i < tries && descriptor < 0; i++) {
        snprintf(file->temporary_path, capacity, "%.*s.mcomp-%ld-%u.tmp", folder_length,
                 file->target_path, (long)getpid(),
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
    const size_t name_nbytes = 48; /* of the temporary file: two numbers and the rest */
    char target[PATH_MAX];
    struct stat facts;
    *file = (mc_atomic_file){.context = context, .path = path, .descriptor = -1};
    bool exists = stat(path, &facts) == 0;
    if (!exists && errno != ENOENT)
        return fail_io(file);
    /* Renaming would put a file in the place of a device or a pipe. */
    MC_REQUIRE(!exists || S_ISREG(facts.st_mode), MCOMP_ERR_IO,
               "%s: is there and not a regular file", path);
    MC_TRY(follow_links(file, target));
    size_t target_nbytes = strlen(target) + 1;
    file->target_path = mc_alloc(context, 2 * target_nbytes + name_nbytes);
    if (!file->target_path)
        return mc_fail_memory(2 * target_nbytes + name_nbytes);
    memcpy(file->target_path, target, target_nbytes);
    file->temporary_path = file->target_path + target_nbytes;
    file->descriptor = create_temporary(file, target_nbytes + name_nbytes);
    if (file->descriptor < 0) {
        mcomp_status status = fail_io(file);
        free_paths(file);
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
    if (status == MCOMP_OK && rename(file->temporary_path, file->target_path) != 0)
        status = fail_io(file);
    if (status != MCOMP_OK) {
        mc_atomic_file_abandon(file);
        return status;
    }
    free_paths(file);
    return MCOMP_OK;
}

void mc_atomic_file_abandon(mc_atomic_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
    if (file->temporary_path)
        unlink(file->temporary_path);
    free_paths(file);
}
