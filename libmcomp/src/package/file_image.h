/** @file file_image.h
 *  The bytes of a file: mapped, or a copy in memory. Tensors keep it alive while they use it. */
#ifndef MC_FILE_IMAGE_H
#define MC_FILE_IMAGE_H

#include <stdatomic.h>

#include "base/alloc.h"

typedef struct mc_file_image {
    atomic_size_t references;
    mcomp_context *context;
    const uint8_t *data;
    size_t nbytes;
    bool mapped;
} mc_file_image;

/** Map a file read-only.
 *  @retval MCOMP_ERR_NOT_FOUND  there is no such file
 *  @retval MCOMP_ERR_IO         cannot be opened, is no regular file, or cannot be mapped
 *  @retval MCOMP_ERR_CORRUPT    it is empty */
mcomp_status mc_file_image_open(mcomp_context *context, const char *path, mc_file_image **out);
/** Copy bytes. */
mcomp_status mc_file_image_copy(mcomp_context *context, const void *data, size_t nbytes,
                                mc_file_image **out);
/** Put a file's name before the message of a failure in reading its bytes.
 *  @return status */
mcomp_status mc_fail_about_file(mcomp_status status, const char *path);
mc_file_image *mc_file_image_retain(mc_file_image *image);
/** NULL allowed. */
void mc_file_image_release(mc_file_image *image);

#endif
