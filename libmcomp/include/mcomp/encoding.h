/** @file encoding.h
 *  The encoding of a weight tensor: what a number is, which elements are stored, how they become bytes.
 *
 *  Three parts that compose. Passes change encodings, files store them, kernels say which ones they
 *  execute, reports account for their bytes.
 */
#ifndef MCOMP_ENCODING_H
#define MCOMP_ENCODING_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a number is. */
typedef enum mcomp_numeric {
    MCOMP_NUMERIC_F32 = 1,
    MCOMP_NUMERIC_F16 = 2,     /**< IEEE half, rounded to nearest even */
    MCOMP_NUMERIC_BF16 = 3,    /**< upper half of a float32, rounded to nearest even */
    MCOMP_NUMERIC_UNIFORM = 4, /**< scale * (symbol - zero point), 2 to 8 bits */
    MCOMP_NUMERIC_CODEBOOK = 5 /**< codebook[symbol], at most 2^bits float32 entries, 1 to 8 bits */
} mcomp_numeric;

/** Which elements are stored. */
typedef enum mcomp_occupancy {
    MCOMP_OCCUPANCY_DENSE = 1,
    MCOMP_OCCUPANCY_SPARSE =
        2,                  /**< blocks of block_rows x block_columns, all-zero blocks left out */
    MCOMP_OCCUPANCY_N_M = 3 /**< n of every m consecutive input channels */
} mcomp_occupancy;

/** How symbols and positions become bytes. */
typedef enum mcomp_storage {
    MCOMP_STORAGE_RAW = 1,    /**< whole bytes an element; positions as a bitmap */
    MCOMP_STORAGE_PACKED = 2, /**< `bits` bits a symbol; positions as gaps of gap_bits */
    MCOMP_STORAGE_HUFFMAN = 3 /**< canonical Huffman code for symbols and for gaps */
} mcomp_storage;

/** The encoding of a weight tensor: three parts that compose. Which triples are legal:
 *  mcomp_encoding_check(). Unused fields are 0. */
typedef struct mcomp_encoding {
    mcomp_numeric numeric;
    uint8_t bits;        /**< uniform, codebook: bits a symbol */
    uint8_t per_channel; /**< uniform: 1 = one scale an output channel (axis 0), 0 = one a tensor */
    uint8_t zero_points; /**< uniform: 1 = zero points stored, as many as scales; 0 = 2^(bits-1) */
    mcomp_occupancy occupancy;
    uint8_t block_rows;    /**< sparse: consecutive output channels, 1 to 16 */
    uint8_t block_columns; /**< sparse: consecutive input channels, 1 to 16 */
    uint8_t n;             /**< n:m: kept ... */
    uint8_t m;             /**< ... of m, 1 <= n < m <= 16 */
    mcomp_storage storage;
    uint8_t
        gaps; /**< sparse: 1 = positions as gaps; 0 = bitmap (raw) or zeros among the symbols (huffman) */
    uint8_t
        gap_bits; /**< gaps: 2 to 12; a gap is at most 2^gap_bits - 1, longer runs take fillers */
} mcomp_encoding;

/** Is the triple legal?
 *  @retval MCOMP_OK
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  a field is out of its range
 *  @retval MCOMP_ERR_UNSUPPORTED       the parts do not compose; the message names them */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_encoding_check(const mcomp_encoding *encoding);

/** Write an encoding as text, e.g. "codebook5/sparse/huffman-gaps5", "uniform8-channel/dense/packed".
 *  @param[out] text      always ends in NUL where capacity > 0
 *  @param      capacity  bytes at text; 64 are always enough
 *  @return bytes needed without the NUL */
MCOMP_API size_t mcomp_encoding_format(const mcomp_encoding *encoding, char *text, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
