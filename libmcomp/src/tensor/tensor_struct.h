/** @file tensor_struct.h
 *  What a tensor holds, and how encoded ones are made. */
#ifndef MC_TENSOR_STRUCT_H
#define MC_TENSOR_STRUCT_H

#include <stdatomic.h>

#include "encoding/encoding.h"
#include "mcomp/tensor.h"

/** Bytes that somebody else owns. */
typedef struct mc_bytes {
    const uint8_t *data;
    size_t nbytes;
} mc_bytes;

/** Says whether a tensor's bytes may be used; MCOMP_ERR_CORRUPT where not. */
typedef mcomp_status (*mc_tensor_check_fn)(void *release_user);

struct mcomp_tensor {
    atomic_size_t references;
    mcomp_context *context;
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
    mcomp_dtype dtype;
    mcomp_layout layout;
    size_t element_count;
    bool encoded;
    void *data;                    /**< plain: elements; encoded: NULL */
    mcomp_encoding encoding;       /**< encoded */
    mc_bytes parts[MC_PART_COUNT]; /**< encoded: the stored bytes, exactly as in a file */
    size_t stored_count;           /**< encoded: symbols (floats) stored in MC_PART_SYMBOLS */
    size_t gap_count;         /**< encoded, gaps: entries in MC_PART_POSITIONS, fillers included */
    void *owned;              /**< memory of ours that ends with the tensor, or NULL */
    mcomp_release_fn release; /**< called with release_user at the end, or NULL */
    void *release_user;
    mc_tensor_check_fn check; /**< called with release_user at the first touch, or NULL */
    _Atomic(bool) checked;
};

/** Have the bytes checked when they are first decoded or written: package does so with checksums.
 */
void mc_tensor_check_at_touch(mcomp_tensor *tensor, mc_tensor_check_fn check);
/** Called by whatever is about to read a tensor's stored bytes; cheap after the first success. */
mcomp_status mc_tensor_touch(const mcomp_tensor *tensor);

/** Bytes of one element of a dtype, 0 for an unknown one. */
size_t mc_dtype_nbytes(mcomp_dtype dtype);
/** "float32", "uint8", ... */
const char *mc_dtype_name(mcomp_dtype dtype);
/** Product of a shape.
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  rank or an extent out of range
 *  @retval MCOMP_ERR_LIMIT             more than 2^40 elements */
mcomp_status mc_shape_count(uint32_t rank, const int64_t *shape, size_t *count);
/** "[1, 3, 224, 224]", -1 as "N". @return text */
char *mc_shape_format(uint32_t rank, const int64_t *shape, char *text, size_t capacity);

/** What is to be stored. Arrays hold element_count entries in memory order and are borrowed. */
typedef struct mc_weight_values {
    const float *floats;    /**< float numerics: the values; else NULL */
    const uint8_t *symbols; /**< uniform, codebook */
    const uint8_t *kept; /**< n:m: 1 = stored, exactly min(n, group) a group; others NULL: what is
                              not zero is stored */
    const float *scales; /**< uniform: 1 or shape[0] */
    const uint8_t *zero_points; /**< uniform with zero_points */
    const float *codebook;
    size_t codebook_count;
} mc_weight_values;

/** Make an encoded tensor. Deterministic: the same values give the same bytes.
 *  @retval MCOMP_ERR_UNSUPPORTED       illegal triple
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  values contradict the encoding (a symbol out of range, a
 * codebook whose entry 0 is not 0 in a sparse tensor, ...) */
mcomp_status mc_tensor_encode(mcomp_context *context, uint32_t rank, const int64_t *shape,
                              const mcomp_encoding *encoding, const mc_weight_values *values,
                              mcomp_tensor **out);

/** Make an encoded tensor from stored parts (a file's); nothing is copied.
 *  Checks sizes against encoding and shape; decoding checks the streams themselves.
 *  @param release  called with user when the tensor ends; on failure it is not called
 *  @retval MCOMP_ERR_CORRUPT, MCOMP_ERR_UNSUPPORTED */
mcomp_status mc_tensor_from_parts(mcomp_context *context, uint32_t rank, const int64_t *shape,
                                  const mcomp_encoding *encoding,
                                  const mc_bytes parts[MC_PART_COUNT], size_t stored_count,
                                  size_t gap_count, mcomp_release_fn release, void *user,
                                  mcomp_tensor **out);

/** Sum of all parts, or the plain elements' bytes. */
size_t mc_tensor_stored_nbytes(const mcomp_tensor *tensor);

/** 1 where an element is stored, 0 where it is left out; dense: all 1. */
mcomp_status mc_tensor_decode_kept(const mcomp_tensor *tensor, uint8_t *kept, size_t capacity);

/** float32 to half and back, bfloat16 and back: round to nearest even, infinities and NaN kept. */
uint16_t mc_f32_to_f16(float value);
float mc_f16_to_f32(uint16_t bits);
uint16_t mc_f32_to_bf16(float value);
float mc_bf16_to_f32(uint16_t bits);

#endif
