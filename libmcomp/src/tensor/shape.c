#include <stdio.h>

#include "base/status.h"
#include "tensor_struct.h"

#define MAX_ELEMENTS ((int64_t)1 << 40)

size_t mc_dtype_nbytes(mcomp_dtype dtype)
{
    switch (dtype) {
    case MCOMP_DTYPE_F32:
    case MCOMP_DTYPE_S32:
        return 4;
    case MCOMP_DTYPE_F16:
    case MCOMP_DTYPE_BF16:
        return 2;
    case MCOMP_DTYPE_U8:
    case MCOMP_DTYPE_S8:
        return 1;
    case MCOMP_DTYPE_S64:
        return 8;
    }
    return 0;
}

const char *mc_dtype_name(mcomp_dtype dtype)
{
    static const char *const names[] = {"unknown", "float32", "float16", "bfloat16",
                                        "uint8",   "int8",    "int32",   "int64"};
    return (unsigned)dtype <= MCOMP_DTYPE_S64 ? names[dtype] : names[0];
}

mcomp_status mc_shape_count(uint32_t rank, const int64_t *shape, size_t *count)
{
    MC_REQUIRE(rank <= MCOMP_MAX_RANK, MCOMP_ERR_INVALID_ARGUMENT,
               "rank %u; at most %d axes are possible", rank, MCOMP_MAX_RANK);
    bool empty = false;
    for (uint32_t axis = 0; axis < rank; axis++) {
        MC_REQUIRE(shape[axis] >= 0, MCOMP_ERR_INVALID_ARGUMENT, "extent %lld of axis %u",
                   (long long)shape[axis], axis);
        MC_REQUIRE(shape[axis] <= MAX_ELEMENTS, MCOMP_ERR_LIMIT,
                   "more than 2^40 elements (axis %u has %lld)", axis, (long long)shape[axis]);
        empty |= shape[axis] == 0;
    }
    int64_t product = empty ? 0 : 1;
    for (uint32_t axis = 0; axis < rank && !empty; axis++) {
        MC_REQUIRE(shape[axis] <= MAX_ELEMENTS / product, MCOMP_ERR_LIMIT,
                   "more than 2^40 elements (axis %u has %lld)", axis, (long long)shape[axis]);
        product *= shape[axis];
    }
    *count = (size_t)product;
    return MCOMP_OK;
}

char *mc_shape_format(uint32_t rank, const int64_t *shape, char *text, size_t capacity)
{
    size_t length = (size_t)snprintf(text, capacity, "[");
    for (uint32_t axis = 0; axis < rank && length < capacity; axis++) {
        const char *comma = axis ? ", " : "";
        length +=
            (size_t)(shape[axis] < 0 ? snprintf(text + length, capacity - length, "%sN", comma)
                                     : snprintf(text + length, capacity - length, "%s%lld", comma,
                                                (long long)shape[axis]));
    }
    if (length < capacity)
        snprintf(text + length, capacity - length, "]");
    return text;
}
