/** @file section_table.h
 *  A file's header and section table, checked: every section inside the file, in order, none
 * overlapping. */
#ifndef MC_SECTION_TABLE_H
#define MC_SECTION_TABLE_H

#include "base/buffer.h"
#include "file_image.h"
#include "format.h"
#include "mcomp/package.h"

typedef struct mc_section {
    uint32_t type; /**< mc_section_type, or one of a newer library */
    uint32_t flags;
    uint64_t offset;
    uint64_t nbytes;
    uint32_t crc32;
    uint32_t item; /**< MC_SECTION_TENSOR: the tensor's index; else 0 */
} mc_section;

struct mcomp_package {
    mcomp_context *context;
    mc_file_image *image;
    uint32_t format_version;
    uint32_t section_count;
    mc_section *sections;
    uint64_t padding_nbytes; /**< bytes that belong to no section */
    char *name_text;         /**< made by mcomp_package_open(): fixed-width names of the sections */
};

/** How much of a file's checksums is believed. */
typedef enum mc_checking {
    MC_CHECK_ALL,   /**< every section before anything is used */
    MC_CHECK_TOUCH, /**< sections as they are read; tensors when they are first decoded */
    MC_CHECK_NONE   /**< for fuzzing only: bytes reach the parsers whatever their checksum */
} mc_checking;

/** Parse header and table; takes a hold on the image.
 *  @retval MCOMP_ERR_CORRUPT, MCOMP_ERR_VERSION */
mcomp_status mc_section_table_read(mc_file_image *image, mc_checking checking, mcomp_package *out);
void mc_section_table_clear(mcomp_package *package);

/** Header and table as bytes: 32 + 32 * count. */
void mc_section_table_write(const mc_section *sections, uint32_t count, uint64_t file_nbytes,
                            mc_buffer *out);

/** Name of a section's type, "unknown" for one of a newer library. */
const char *mc_section_type_name(uint32_t type);
/** @retval MCOMP_ERR_CORRUPT  the bytes do not have the stated checksum; `what` is for the message
 */
mcomp_status mc_section_check(const mc_file_image *image, const mc_section *section,
                              const char *what);

#endif
