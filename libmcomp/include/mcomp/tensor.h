/** @file tensor.h
 *  Tensors: a shape, a dtype, a layout, and values in an encoding.
 *
 *  A tensor is either *plain* (dense elements of its dtype, as callers and activations have them) or
 *  *encoded* (a weight: numeric x occupancy x storage, see mcomp_encoding). Encoded tensors are
 *  immutable; their logical dtype is float32 and mcomp_tensor_decode() gives those floats, the same
 *  bits wherever and whenever they are decoded.
 */
#ifndef MCOMP_TENSOR_H
#define MCOMP_TENSOR_H

#include "context.h"
#include "encoding.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque, reference counted, thread-safe counts. */
typedef struct mcomp_tensor mcomp_tensor;

/** Axes a tensor can have at most. */
#define MCOMP_MAX_RANK 6

/** Element types. Values are pinned. */
typedef enum mcomp_dtype {
    MCOMP_DTYPE_F32 = 1,
    MCOMP_DTYPE_F16 = 2,
    MCOMP_DTYPE_BF16 = 3,
    MCOMP_DTYPE_U8 = 4,
    MCOMP_DTYPE_S8 = 5,
    MCOMP_DTYPE_S32 = 6,
    MCOMP_DTYPE_S64 = 7
} mcomp_dtype;

/** How elements lie in memory. Callers see NCHW (row-major) only; NHWC is reserved for camera input. */
typedef enum mcomp_layout { MCOMP_LAYOUT_NCHW = 1, MCOMP_LAYOUT_NHWC = 2 } mcomp_layout;

/** Called once when the last reference to a wrapped tensor goes, on the thread that drops it. */
typedef void (*mcomp_release_fn)(void *user);

/** What is known of a tensor. */
typedef struct mcomp_tensor_info {
    uint32_t struct_size;          /**< set by the caller */
    uint32_t rank;                 /**< 0 to MCOMP_MAX_RANK */
    int64_t shape[MCOMP_MAX_RANK]; /**< extents, >= 0; unused ones 0 */
    mcomp_dtype dtype;             /**< logical element type */
    mcomp_layout layout;
    int32_t encoded;         /**< 1: encoding holds */
    mcomp_encoding encoding; /**< for a plain tensor: dense, raw, numeric of the dtype or 0 */
    uint64_t element_count;  /**< product of the shape */
    uint64_t stored_nbytes;  /**< bytes of all stored parts: symbols, positions, scales, zero
                                          points, codebook, code lengths */
} mcomp_tensor_info;

/** Make a plain tensor, its elements copied or zero.
 *  @param[in]  shape  rank extents, each >= 0, at most 2^40 elements
 *  @param[in]  data   NULL: zeros; else element_count elements, row-major
 *  @param[out] out    end with mcomp_tensor_release()
 *  @retval MCOMP_ERR_INVALID_ARGUMENT, MCOMP_ERR_LIMIT, MCOMP_ERR_OUT_OF_MEMORY */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_tensor_create(mcomp_context *context,
                                                           mcomp_dtype dtype, uint32_t rank,
                                                           const int64_t *shape, const void *data,
                                                           mcomp_tensor **out);

/** Use the caller's memory as a plain tensor, without a copy.
 *  @param[in] data     element_count elements, row-major, at a multiple of their size, valid until
 *                      release is called
 *  @param[in] nbytes   bytes at data; must be element_count x element size
 *  @param[in] release  may be NULL; called exactly once; on failure of this call it is not called
 *  @retval MCOMP_ERR_INVALID_ARGUMENT, MCOMP_ERR_SHAPE, MCOMP_ERR_LIMIT, MCOMP_ERR_OUT_OF_MEMORY */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_tensor_wrap(mcomp_context *context, mcomp_dtype dtype,
                                                         uint32_t rank, const int64_t *shape,
                                                         void *data, size_t nbytes,
                                                         mcomp_release_fn release, void *user,
                                                         mcomp_tensor **out);

/** Make an 8-bit uniform weight from integers that were quantised elsewhere (an imported network):
 *  value = scale[c] * (data - zero_point[c]).
 *  @param[in] dtype        MCOMP_DTYPE_U8 or MCOMP_DTYPE_S8
 *  @param[in] shape        rank >= 1; axis 0 is the output channel
 *  @param[in] data         element_count integers, copied
 *  @param[in] scales       scale_count positive finite float32
 *  @param[in] zero_points  scale_count values in the dtype's range, NULL: all 0
 *  @param[in] scale_count  1 or shape[0]
 *  @retval MCOMP_ERR_INVALID_ARGUMENT, MCOMP_ERR_SHAPE, MCOMP_ERR_OUT_OF_MEMORY */
MCOMP_API MCOMP_NODISCARD mcomp_status
mcomp_tensor_create_quantized(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                              const int64_t *shape, const void *data, const float *scales,
                              const int32_t *zero_points, size_t scale_count, mcomp_tensor **out);

/** Add a reference. @return tensor itself */
MCOMP_API mcomp_tensor *mcomp_tensor_retain(mcomp_tensor *tensor);

/** Drop a reference. @param tensor  may be NULL */
MCOMP_API void mcomp_tensor_release(mcomp_tensor *tensor);

/** @retval MCOMP_ERR_VERSION  info has more than this library knows */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_tensor_get_info(const mcomp_tensor *tensor,
                                                             mcomp_tensor_info *info);

/** Elements of a plain tensor.
 *  @return borrowed, row-major; NULL for an encoded tensor */
MCOMP_API void *mcomp_tensor_data(mcomp_tensor *tensor);

/** Values as float32, whatever the encoding. Plain tensors: f32, f16, bf16 only.
 *  @param[out] values    element_count floats, row-major
 *  @param      capacity  floats at values, >= element_count
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  capacity too small
 *  @retval MCOMP_ERR_CORRUPT           the stored bytes contradict themselves
 *  @retval MCOMP_ERR_UNSUPPORTED       an integer plain tensor */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_tensor_decode(const mcomp_tensor *tensor,
                                                           float *values, size_t capacity);

/** Symbols of a uniform or codebook tensor, 0 to 2^bits - 1; left-out elements have the symbol
 *  of zero.
 *  @param[out] symbols   element_count bytes, row-major
 *  @retval MCOMP_ERR_UNSUPPORTED  the tensor has no symbols */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_tensor_decode_symbols(const mcomp_tensor *tensor,
                                                                   uint8_t *symbols,
                                                                   size_t capacity);

/** Scales of a uniform tensor, or the codebook.
 *  @param[out] values  borrowed, *count floats; NULL and 0 where the encoding has none */
MCOMP_API void mcomp_tensor_get_scales(const mcomp_tensor *tensor, const float **values,
                                       size_t *count);
/** As mcomp_tensor_get_scales(), for the codebook. */
MCOMP_API void mcomp_tensor_get_codebook(const mcomp_tensor *tensor, const float **values,
                                         size_t *count);
/** Zero points of a uniform tensor as symbols, 0 to 2^bits - 1; NULL and 0 where they are implied. */
MCOMP_API void mcomp_tensor_get_zero_points(const mcomp_tensor *tensor, const uint8_t **values,
                                            size_t *count);

#ifdef __cplusplus
}
#endif
#endif
