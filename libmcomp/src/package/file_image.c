#define _POSIX_C_SOURCE 200809L

#include "file_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context_struct.h"
#include "base/status.h"

static mc_file_image *make_image(mcomp_context *context, const uint8_t *data, size_t nbytes,
                                 bool mapped)
{
    mc_file_image *image = mc_alloc_zero(context, sizeof *image);
    if (!image)
        return NULL;
    atomic_init(&image->references, 1);
    image->context = mc_context_retain(context);
    image->data = data;
    image->nbytes = nbytes;
    image->mapped = mapped;
    return image;
}

mcomp_status mc_file_image_open(mcomp_context *context, const char *path, mc_file_image **out)
{
    *out = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        MC_FAIL(errno == ENOENT ? MCOMP_ERR_NOT_FOUND : MCOMP_ERR_IO, "%s: %s", path,
                strerror(errno));
    struct stat facts;
    mcomp_status status = MCOMP_OK;
    void *data = MAP_FAILED;
    if (fstat(file, &facts) != 0)
        status = mc_fail(MCOMP_ERR_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(facts.st_mode))
        status = mc_fail(MCOMP_ERR_IO, "%s: not a regular file", path);
    else if (facts.st_size == 0)
        status = mc_fail(MCOMP_ERR_CORRUPT, "%s: the file is empty", path);
    if (status == MCOMP_OK) {
        data = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED)
            status = mc_fail(MCOMP_ERR_IO, "%s: %s", path, strerror(errno));
    }
    close(file);
    if (status != MCOMP_OK)
        return status;
    *out = make_image(context, data, (size_t)facts.st_size, true);
    if (!*out) {
        munmap(data, (size_t)facts.st_size);
        return mc_fail_memory(sizeof **out);
    }
    return MCOMP_OK;
}

mcomp_status mc_file_image_copy(mcomp_context *context, const void *data, size_t nbytes,
                                mc_file_image **out)
{
    *out = NULL;
    MC_REQUIRE(nbytes > 0, MCOMP_ERR_CORRUPT, "no bytes to load");
    uint8_t *copy = mc_alloc(context, nbytes);
    if (!copy)
        return mc_fail_memory(nbytes);
    memcpy(copy, data, nbytes);
    *out = make_image(context, copy, nbytes, false);
    if (!*out) {
        mc_free(context, copy);
        return mc_fail_memory(sizeof **out);
    }
    return MCOMP_OK;
}

mcomp_status mc_fail_about_file(mcomp_status status, const char *path)
{
    if (status < 0 && status != MCOMP_ERR_OUT_OF_MEMORY && status != MCOMP_ERR_CANCELLED)
        return mc_fail(status, "%.700s: %s", path, mcomp_last_error());
    return status;
}

mc_file_image *mc_file_image_retain(mc_file_image *image)
{
    atomic_fetch_add_explicit(&image->references, 1, memory_order_relaxed);
    return image;
}

void mc_file_image_release(mc_file_image *image)
{
    if (!image || atomic_fetch_sub_explicit(&image->references, 1, memory_order_acq_rel) != 1)
        return;
    mcomp_context *context = image->context;
    if (image->mapped)
        munmap((void *)(uintptr_t)image->data, image->nbytes);
    else
        mc_free(context, (void *)(uintptr_t)image->data);
    mc_free(context, image);
    mc_context_release(context);
}
