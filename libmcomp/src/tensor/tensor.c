/* Plain tensors, reference counts, and what callers may ask. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "tensor_struct.h"

static mcomp_tensor *make_tensor(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                                 const int64_t *shape, size_t element_count)
{
    mcomp_tensor *tensor = mc_alloc_zero(context, sizeof *tensor);
    if (!tensor)
        return NULL;
    atomic_init(&tensor->references, 1);
    atomic_init(&tensor->checked, false);
    tensor->context = mc_context_retain(context);
    tensor->dtype = dtype;
    tensor->layout = MCOMP_LAYOUT_NCHW;
    tensor->rank = rank;
    for (uint32_t axis = 0; axis < rank; axis++)
        tensor->shape[axis] = shape[axis];
    tensor->element_count = element_count;
    return tensor;
}

static mcomp_status check_plain(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                                const int64_t *shape, mcomp_tensor **out, size_t *count,
                                size_t *nbytes)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the tensor");
    *out = NULL;
    MC_REQUIRE(context && (shape || rank == 0), MCOMP_ERR_INVALID_ARGUMENT,
               "no context or no shape");
    size_t element_nbytes = mc_dtype_nbytes(dtype);
    MC_REQUIRE(element_nbytes > 0, MCOMP_ERR_INVALID_ARGUMENT, "dtype %d is unknown", (int)dtype);
    MC_TRY(mc_shape_count(rank, shape, count));
    *nbytes = *count * element_nbytes;
    return MCOMP_OK;
}

mcomp_status mcomp_tensor_create(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                                 const int64_t *shape, const void *data, mcomp_tensor **out)
{
    size_t count = 0, nbytes = 0;
    MC_TRY(check_plain(context, dtype, rank, shape, out, &count, &nbytes));
    mcomp_tensor *tensor = make_tensor(context, dtype, rank, shape, count);
    if (!tensor)
        return mc_fail_memory(sizeof *tensor);
    tensor->owned = mc_alloc(context, nbytes);
    if (!tensor->owned) {
        mcomp_tensor_release(tensor);
        return mc_fail_memory(nbytes);
    }
    tensor->data = tensor->owned;
    if (data && nbytes)
        memcpy(tensor->data, data, nbytes);
    else
        memset(tensor->data, 0, nbytes);
    *out = tensor;
    return MCOMP_OK;
}

mcomp_status mcomp_tensor_wrap(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                               const int64_t *shape, void *data, size_t nbytes,
                               mcomp_release_fn release, void *user, mcomp_tensor **out)
{
    size_t count = 0, needed_nbytes = 0;
    MC_TRY(check_plain(context, dtype, rank, shape, out, &count, &needed_nbytes));
    MC_REQUIRE(nbytes == needed_nbytes, MCOMP_ERR_SHAPE, "%zu bytes given, the shape takes %zu",
               nbytes, needed_nbytes);
    MC_REQUIRE(data || nbytes == 0, MCOMP_ERR_INVALID_ARGUMENT, "no data to wrap");
    MC_REQUIRE((uintptr_t)data % mc_dtype_nbytes(dtype) == 0, MCOMP_ERR_INVALID_ARGUMENT,
               "%s elements at an address that is no multiple of %zu", mc_dtype_name(dtype),
               mc_dtype_nbytes(dtype));
    mcomp_tensor *tensor = make_tensor(context, dtype, rank, shape, count);
    if (!tensor)
        return mc_fail_memory(sizeof *tensor);
    tensor->data = data;
    tensor->release = release;
    tensor->release_user = user;
    *out = tensor;
    return MCOMP_OK;
}

mcomp_tensor *mcomp_tensor_retain(mcomp_tensor *tensor)
{
    atomic_fetch_add_explicit(&tensor->references, 1, memory_order_relaxed);
    return tensor;
}

void mcomp_tensor_release(mcomp_tensor *tensor)
{
    if (!tensor || atomic_fetch_sub_explicit(&tensor->references, 1, memory_order_acq_rel) != 1)
        return;
    mcomp_context *context = tensor->context;
    mcomp_release_fn release = tensor->release;
    void *release_user = tensor->release_user;
    mc_free(context, tensor->owned);
    mc_free(context, tensor);
    if (release)
        release(release_user);
    mc_context_release(context);
}

void mc_tensor_check_at_touch(mcomp_tensor *tensor, mc_tensor_check_fn check)
{
    tensor->check = check;
}

mcomp_status mc_tensor_touch(const mcomp_tensor *tensor)
{
    if (!tensor->check || atomic_load_explicit(&tensor->checked, memory_order_acquire))
        return MCOMP_OK;
    MC_TRY(tensor->check(tensor->release_user));
    /* Checked twice by two threads at once does no harm. */
    atomic_store_explicit(&((mcomp_tensor *)(uintptr_t)tensor)->checked, true,
                          memory_order_release);
    return MCOMP_OK;
}

size_t mc_tensor_stored_nbytes(const mcomp_tensor *tensor)
{
    if (!tensor->encoded)
        return tensor->element_count * mc_dtype_nbytes(tensor->dtype);
    size_t nbytes = 0;
    for (int part = 0; part < MC_PART_COUNT; part++)
        nbytes += tensor->parts[part].nbytes;
    return nbytes;
}

mcomp_status mcomp_tensor_get_info(const mcomp_tensor *tensor, mcomp_tensor_info *info)
{
    MC_REQUIRE(tensor && info, MCOMP_ERR_INVALID_ARGUMENT, "no tensor or no place for the answer");
    mcomp_tensor_info own = {.struct_size = sizeof own,
                             .rank = tensor->rank,
                             .dtype = tensor->dtype,
                             .layout = tensor->layout,
                             .encoded = tensor->encoded,
                             .element_count = tensor->element_count,
                             .stored_nbytes = mc_tensor_stored_nbytes(tensor)};
    memcpy(own.shape, tensor->shape, sizeof own.shape);
    own.encoding = tensor->encoded ? tensor->encoding : mc_encoding_f32();
    if (!tensor->encoded)
        own.encoding.numeric =
            tensor->dtype <= MCOMP_DTYPE_BF16 ? (mcomp_numeric)tensor->dtype : (mcomp_numeric)0;
    return mc_info_copy(info, &own, sizeof own, "mcomp_tensor_info");
}

void *mcomp_tensor_data(mcomp_tensor *tensor)
{
    return tensor->encoded ? NULL : tensor->data;
}

static void get_floats(const mcomp_tensor *tensor, mc_part part, const float **values,
                       size_t *count)
{
    bool present = tensor->encoded && mc_encoding_has_part(&tensor->encoding, part);
    *values = present ? (const float *)(const void *)tensor->parts[part].data : NULL;
    *count = present ? tensor->parts[part].nbytes / sizeof(float) : 0;
}

void mcomp_tensor_get_scales(const mcomp_tensor *tensor, const float **values, size_t *count)
{
    get_floats(tensor, MC_PART_SCALES, values, count);
}

void mcomp_tensor_get_codebook(const mcomp_tensor *tensor, const float **values, size_t *count)
{
    get_floats(tensor, MC_PART_CODEBOOK, values, count);
}

void mcomp_tensor_get_zero_points(const mcomp_tensor *tensor, const uint8_t **values, size_t *count)
{
    bool present = tensor->encoded && mc_encoding_has_part(&tensor->encoding, MC_PART_ZERO_POINTS);
    *values = present ? tensor->parts[MC_PART_ZERO_POINTS].data : NULL;
    *count = present ? tensor->parts[MC_PART_ZERO_POINTS].nbytes : 0;
}

mcomp_status mcomp_tensor_create_quantized(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                                           const int64_t *shape, const void *data,
                                           const float *scales, const int32_t *zero_points,
                                           size_t scale_count, mcomp_tensor **out)
{
    size_t count = 0, nbytes = 0;
    MC_TRY(check_plain(context, dtype, rank, shape, out, &count, &nbytes));
    MC_REQUIRE(dtype == MCOMP_DTYPE_U8 || dtype == MCOMP_DTYPE_S8, MCOMP_ERR_INVALID_ARGUMENT,
               "quantised integers are uint8 or int8, not %s", mc_dtype_name(dtype));
    MC_REQUIRE(rank >= 1 && (data || count == 0) && scales, MCOMP_ERR_INVALID_ARGUMENT,
               "no data, no scales or no output channels");
    MC_REQUIRE(scale_count == 1 || (scale_count > 0 && (int64_t)scale_count == shape[0]),
               MCOMP_ERR_SHAPE, "%zu scales for %lld output channels", scale_count,
               (long long)shape[0]);
    for (size_t i = 0; i < scale_count; i++)
        MC_REQUIRE(isfinite(scales[i]) && scales[i] > 0, MCOMP_ERR_INVALID_ARGUMENT,
                   "scale %zu is %g", i, (double)scales[i]);
    /* A symbol is the integer moved into 0..255, and so is the zero point. */
    const int32_t offset = dtype == MCOMP_DTYPE_S8 ? 128 : 0;
    uint8_t *symbols = mc_alloc(context, count + scale_count);
    if (!symbols)
        return mc_fail_memory(count + scale_count);
    uint8_t *zero_symbols = symbols + count;
    mcomp_encoding encoding = {.numeric = MCOMP_NUMERIC_UNIFORM,
                               .bits = 8,
                               .per_channel = scale_count > 1,
                               .occupancy = MCOMP_OCCUPANCY_DENSE,
                               .storage = MCOMP_STORAGE_RAW};
    mcomp_status status = MCOMP_OK;
    for (size_t i = 0; i < scale_count && status == MCOMP_OK; i++) {
        int64_t zero = (zero_points ? (int64_t)zero_points[i] : 0) + offset;
        if (zero < 0 || zero > 255)
            status = mc_fail(MCOMP_ERR_INVALID_ARGUMENT, "zero point %d is no %s", zero_points[i],
                             mc_dtype_name(dtype));
        zero_symbols[i] = (uint8_t)zero;
        encoding.zero_points |= zero != 128;
    }
    for (size_t i = 0; i < count; i++)
        symbols[i] = (uint8_t)(((const uint8_t *)data)[i] + offset);
    mc_weight_values values = {.symbols = symbols,
                               .scales = scales,
                               .zero_points = encoding.zero_points ? zero_symbols : NULL};
    if (status == MCOMP_OK)
        status = mc_tensor_encode(context, rank, shape, &encoding, &values, out);
    mc_free(context, symbols);
    return status;
}
