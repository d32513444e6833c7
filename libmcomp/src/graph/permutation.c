#include "permutation.h"

#include <string.h>

mc_permutation mc_permutation_identity(void)
{
    mc_permutation identity;
    for (uint8_t axis = 0; axis < MCOMP_MAX_RANK; axis++)
        identity.axes[axis] = axis;
    return identity;
}

bool mc_permutation_equal(mc_permutation a, mc_permutation b)
{
    return memcmp(a.axes, b.axes, sizeof a.axes) == 0;
}

bool mc_permutation_is_identity(mc_permutation a)
{
    return mc_permutation_equal(a, mc_permutation_identity());
}

mc_permutation mc_permutation_then(mc_permutation first, mc_permutation second)
{
    mc_permutation result;
    for (uint32_t axis = 0; axis < MCOMP_MAX_RANK; axis++)
        result.axes[axis] = first.axes[second.axes[axis]];
    return result;
}

mc_permutation mc_permutation_inverse(mc_permutation a)
{
    mc_permutation result;
    for (uint8_t axis = 0; axis < MCOMP_MAX_RANK; axis++)
        result.axes[a.axes[axis]] = axis;
    return result;
}

uint32_t mc_permutation_position(mc_permutation a, uint32_t axis)
{
    return mc_permutation_inverse(a).axes[axis];
}

bool mc_permutation_keeps_order(mc_permutation a, uint32_t rank, const int64_t *shape)
{
    uint32_t last = 0;
    for (uint32_t axis = 0; axis < rank; axis++) {
        if (shape[a.axes[axis]] == 1)
            continue;
        if (a.axes[axis] < last)
            return false;
        last = a.axes[axis];
    }
    return true;
}

mc_permutation mc_permutation_normalize(mc_permutation a, uint32_t rank, const int64_t *shape)
{
    uint8_t one = 0;
    mc_permutation result = a;
    for (uint32_t axis = 0; axis < rank; axis++) {
        if (shape[a.axes[axis]] != 1)
            continue;
        while (shape[one] != 1)
            one++;
        result.axes[axis] = one++;
    }
    return result;
}

void mc_permutation_shape(mc_permutation a, uint32_t rank, const int64_t *shape, int64_t *out)
{
    for (uint32_t axis = 0; axis < rank; axis++)
        out[axis] = shape[a.axes[axis]];
}

void mc_permutation_move(mc_permutation a, uint32_t rank, const int64_t *shape, const float *from,
                         float *to)
{
    int64_t strides[MCOMP_MAX_RANK]; /* of the operand */
    int64_t extents[MCOMP_MAX_RANK]; /* of the result, and where it stands in it */
    int64_t index[MCOMP_MAX_RANK] = {0};
    int64_t count = 1;
    for (uint32_t axis = rank; axis-- > 0;) {
        strides[axis] = count;
        count *= shape[axis];
    }
    mc_permutation_shape(a, rank, shape, extents);
    int64_t offset = 0;
    for (int64_t i = 0; i < count; i++) {
        to[i] = from[offset];
        for (uint32_t axis = rank; axis-- > 0;) {
            offset += strides[a.axes[axis]];
            if (++index[axis] < extents[axis])
                break;
            offset -= extents[axis] * strides[a.axes[axis]];
            index[axis] = 0;
        }
    }
}
