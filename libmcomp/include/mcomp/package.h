/** @file package.h
 *  The .mcomp file: a network with its encoded weights, metadata, recipe and report.
 *  docs/format.md (installed as share/doc/mcomp/format.md) describes it byte by byte.
 */
#ifndef MCOMP_PACKAGE_H
#define MCOMP_PACKAGE_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Format version that this library writes; it reads this one. Version 0 until it is frozen as 1. */
#define MCOMP_FORMAT_VERSION 0

/** Opaque: an opened file's list of sections. */
typedef struct mcomp_package mcomp_package;

/** Options of mcomp_load(). */
typedef struct mcomp_load_options {
    uint32_t struct_size; /**< set by mcomp_load_options_init() */
    int32_t verify;       /**< 1: check every section's checksum before anything is used; 0: on
                                     first touch. Default 0 */
    mcomp_progress_fn progress; /**< called while checksums are checked; may be NULL */
    void *progress_user;
} mcomp_load_options;

/** Options of mcomp_save(). */
typedef struct mcomp_save_options {
    uint32_t struct_size;       /**< set by mcomp_save_options_init() */
    mcomp_progress_fn progress; /**< called between sections; may be NULL */
    void *progress_user;
} mcomp_save_options;

/** One section of a file. Header, table and padding are sections too: all of them sum to the file. */
typedef struct mcomp_section_info {
    uint32_t struct_size; /**< set by the caller */
    int32_t required;     /**< 1: a reader that does not know it must refuse the file */
    uint64_t offset;      /**< from the start of the file, bytes */
    uint64_t nbytes;      /**< bytes in the file, for "padding" the sum of all gaps */
    uint32_t crc32;       /**< zlib's CRC-32; 0 for padding */
    const char *name;
} mcomp_section_info;

/** Fill with defaults. */
MCOMP_API void mcomp_load_options_init(mcomp_load_options *options);
/** Fill with defaults. */
MCOMP_API void mcomp_save_options_init(mcomp_save_options *options);

/** Write a verified graph. The file appears whole or not at all: it is written under a temporary
 *  name in the same folder, flushed and renamed.
 *  @param path          UTF-8
 *  @param options       NULL for defaults
 *  @param[out] nbytes   bytes written, may be NULL
 *  @retval MCOMP_ERR_IO  names the path and the system's reason (full disk, read-only folder, ...)
 *  @retval MCOMP_ERR_CANCELLED  progress asked to stop; no file is left */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_save(mcomp_graph *graph, const char *path,
                                                  const mcomp_save_options *options,
                                                  uint64_t *nbytes);

/** Read a graph, verified. Raw blobs stay mapped from the file while a tensor uses them.
 *  @param options  NULL for defaults
 *  The file must not be changed in place while it is mapped; mcomp_save() never does so.
 *  @retval MCOMP_ERR_NOT_FOUND    no such file
 *  @retval MCOMP_ERR_IO           cannot be opened or read
 *  @retval MCOMP_ERR_CORRUPT      truncated, checksum wrong, or contradicts itself; names section or
 *                                 tensor
 *  @retval MCOMP_ERR_VERSION      a format version, required section or flag that this library does
 *                                 not know
 *  @retval MCOMP_ERR_UNSUPPORTED  an operator or encoding that this library does not know
 *  @retval MCOMP_ERR_CANCELLED    progress asked to stop
 *  @retval MCOMP_ERR_LIMIT, MCOMP_ERR_OUT_OF_MEMORY */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_load(mcomp_context *context, const char *path,
                                                  const mcomp_load_options *options,
                                                  mcomp_graph **out);

/** As mcomp_load(), from memory, which is copied where it is kept. */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_load_memory(mcomp_context *context, const void *data,
                                                         size_t nbytes,
                                                         const mcomp_load_options *options,
                                                         mcomp_graph **out);

/** Open a file to list its sections; checks header and table. */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_package_open(mcomp_context *context, const char *path,
                                                          mcomp_package **out);
/** @param package  may be NULL */
MCOMP_API void mcomp_package_close(mcomp_package *package);
/** @retval MCOMP_END  index is past the last section */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_package_get_section(const mcomp_package *package,
                                                                 uint32_t index,
                                                                 mcomp_section_info *info);
/** @return bytes of the file */
MCOMP_API uint64_t mcomp_package_nbytes(const mcomp_package *package);
/** @return the file's format version */
MCOMP_API uint32_t mcomp_package_format_version(const mcomp_package *package);

#ifdef __cplusplus
}
#endif
#endif
