/** @file format.h
 *  Numbers of the .mcomp format; docs/format.md describes them. All integers are little-endian. */
#ifndef MC_FORMAT_H
#define MC_FORMAT_H

#include <stdint.h>

#define MC_FILE_MAGIC                                                                              \
    "MCOMP\r\n\x1a" /* the line break shows a transfer as text, 0x1a ends a listing */
#define MC_FILE_MAGIC_NBYTES  8u
#define MC_FILE_HEADER_NBYTES 32u
#define MC_FILE_ENTRY_NBYTES  32u
#define MC_FILE_MAX_SECTIONS  1000000u

/** Tensor sections of at least this many bytes whose values are stored raw begin at a multiple of
 * 64, so that they can be used where they are mapped. */
#define MC_FILE_ALIGNED_NBYTES 4096u

/** What a section holds. Values are pinned. */
typedef enum mc_section_type {
    MC_SECTION_GRAPH = 1,     /**< inputs, constants' names, nodes, outputs, source counts */
    MC_SECTION_DIRECTORY = 2, /**< shape, encoding and part sizes of every tensor */
    MC_SECTION_METADATA = 3,  /**< keys and texts */
    MC_SECTION_REPORT = 4,    /**< recipe, notes, signal-to-noise ratios */
    MC_SECTION_TENSOR = 5     /**< the parts of tensor `item`, one after the other */
} mc_section_type;

/** Flags of a section. */
enum {
    MC_SECTION_REQUIRED = 1, /**< a reader that does not know the type must refuse the file */
    MC_SECTION_DEFLATED = 2  /**< a uint64 with the size after inflating, then a zlib stream */
};

#endif
