/* A tensor over stored bytes. Sizes are checked here, the streams when they are decoded. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "codec/huffman.h"
#include "positions.h"

static size_t bits_to_bytes(size_t count, size_t bits)
{
    return count / 8 * bits + (count % 8 * bits + 7) / 8;
}

/* Elements that n of every m keep. */
static size_t count_group_members(const mcomp_tensor *tensor)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    size_t inputs = tensor->rank > 1 ? (size_t)tensor->shape[1] : 1;
    size_t kept =
        inputs / encoding->m * encoding->n + mc_group_kept(encoding, inputs % encoding->m);
    return tensor->element_count ? tensor->element_count / inputs * kept : 0;
}

/* Elements and gaps that the encoding allows to be stored. */
static mcomp_status check_counts(const mcomp_tensor *tensor, size_t block_count)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    size_t elements = tensor->element_count, stored = tensor->stored_count;
    bool good = stored <= elements; /* sparse: decoding compares with the positions */
    if (!mc_encoding_has_part(encoding, MC_PART_POSITIONS))
        good = stored == elements;
    else if (encoding->occupancy == MCOMP_OCCUPANCY_N_M)
        good = stored == count_group_members(tensor);
    MC_REQUIRE(good, MCOMP_ERR_CORRUPT, "%zu stored of %zu elements", stored, elements);
    /* A gap is a block or skips at least three, so gaps never outnumber blocks. */
    MC_REQUIRE(encoding->gaps ? tensor->gap_count <= block_count : tensor->gap_count == 0,
               MCOMP_ERR_CORRUPT, "%zu gaps for %zu blocks", tensor->gap_count, block_count);
    return MCOMP_OK;
}

static mcomp_status check_symbols_nbytes(const mcomp_tensor *tensor)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    size_t have = tensor->parts[MC_PART_SYMBOLS].nbytes, stored = tensor->stored_count;
    size_t need;
    if (mc_encoding_has_symbols(encoding) && encoding->storage == MCOMP_STORAGE_HUFFMAN) {
        /* a code is at least one bit */
        MC_REQUIRE(have >= bits_to_bytes(stored, 1) &&
                       have <= bits_to_bytes(stored, MC_HUFFMAN_MAX_LENGTH),
                   MCOMP_ERR_CORRUPT, "symbols: %zu coded ones in %zu bytes", stored, have);
        return MCOMP_OK;
    }
    if (encoding->numeric == MCOMP_NUMERIC_F32)
        need = stored * 4;
    else if (!mc_encoding_has_symbols(encoding))
        need = stored * 2;
    else if (encoding->storage == MCOMP_STORAGE_RAW)
        need = stored;
    else
        need = bits_to_bytes(stored, encoding->bits);
    MC_REQUIRE(have == need, MCOMP_ERR_CORRUPT, "symbols: %zu bytes, %zu are needed", have, need);
    return MCOMP_OK;
}

static mcomp_status check_positions_nbytes(const mcomp_tensor *tensor, size_t block_count)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    size_t have = tensor->parts[MC_PART_POSITIONS].nbytes;
    if (!mc_encoding_has_part(encoding, MC_PART_POSITIONS))
        return MCOMP_OK;
    if (encoding->gaps && encoding->storage == MCOMP_STORAGE_HUFFMAN) {
        MC_REQUIRE(have >= bits_to_bytes(tensor->gap_count, 1) &&
                       have <= bits_to_bytes(tensor->gap_count, MC_HUFFMAN_MAX_LENGTH),
                   MCOMP_ERR_CORRUPT, "positions: %zu coded gaps in %zu bytes", tensor->gap_count,
                   have);
        return MCOMP_OK;
    }
    size_t need = bits_to_bytes(block_count, 1);
    if (encoding->occupancy == MCOMP_OCCUPANCY_N_M)
        need = bits_to_bytes(tensor->stored_count, mc_group_index_bits(encoding));
    else if (encoding->gaps)
        need = bits_to_bytes(tensor->gap_count, encoding->gap_bits);
    MC_REQUIRE(have == need, MCOMP_ERR_CORRUPT, "positions: %zu bytes, %zu are needed", have, need);
    return MCOMP_OK;
}

static mcomp_status check_tables(const mcomp_tensor *tensor)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    size_t scale_count = encoding->per_channel ? (size_t)tensor->shape[0] : 1;
    size_t codebook_nbytes = tensor->parts[MC_PART_CODEBOOK].nbytes;
    for (int part = 0; part < MC_PART_COUNT; part++)
        MC_REQUIRE(mc_encoding_has_part(encoding, (mc_part)part) || !tensor->parts[part].nbytes,
                   MCOMP_ERR_CORRUPT, "%s: %zu bytes where there should be none",
                   mc_part_name((mc_part)part), tensor->parts[part].nbytes);
    if (mc_encoding_has_part(encoding, MC_PART_SCALES))
        MC_REQUIRE(tensor->parts[MC_PART_SCALES].nbytes == scale_count * sizeof(float),
                   MCOMP_ERR_CORRUPT, "scales: %zu bytes for %zu of them",
                   tensor->parts[MC_PART_SCALES].nbytes, scale_count);
    if (mc_encoding_has_part(encoding, MC_PART_ZERO_POINTS))
        MC_REQUIRE(tensor->parts[MC_PART_ZERO_POINTS].nbytes == scale_count, MCOMP_ERR_CORRUPT,
                   "zero points: %zu bytes for %zu of them",
                   tensor->parts[MC_PART_ZERO_POINTS].nbytes, scale_count);
    if (mc_encoding_has_part(encoding, MC_PART_CODEBOOK))
        MC_REQUIRE(codebook_nbytes % sizeof(float) == 0 && codebook_nbytes > 0 &&
                       codebook_nbytes / sizeof(float) <= (size_t)1 << encoding->bits,
                   MCOMP_ERR_CORRUPT, "codebook: %zu bytes for %u bits", codebook_nbytes,
                   encoding->bits);
    return MCOMP_OK;
}

/* Tables of floats are used in place; where they lie misaligned (packed in a file) they are copied.
 */
static mcomp_status align_tables(mcomp_tensor *tensor)
{
    static const mc_part tables[] = {MC_PART_SCALES, MC_PART_CODEBOOK};
    size_t nbytes = 0;
    for (size_t i = 0; i < 2; i++)
        if ((uintptr_t)tensor->parts[tables[i]].data % sizeof(float))
            nbytes += tensor->parts[tables[i]].nbytes;
    if (nbytes == 0)
        return MCOMP_OK;
    uint8_t *copy = tensor->owned = mc_alloc(tensor->context, nbytes);
    if (!copy)
        return mc_fail_memory(nbytes);
    for (size_t i = 0; i < 2; i++) {
        mc_bytes *part = &tensor->parts[tables[i]];
        if ((uintptr_t)part->data % sizeof(float) == 0 || part->nbytes == 0)
            continue;
        memcpy(copy, part->data, part->nbytes);
        part->data = copy;
        copy += part->nbytes;
    }
    return MCOMP_OK;
}

/* Values of tables that would make nonsense of every element. */
static mcomp_status check_table_values(const mcomp_tensor *tensor)
{
    const float *floats;
    const uint8_t *zeros;
    size_t count;
    mcomp_tensor_get_scales(tensor, &floats, &count);
    for (size_t i = 0; i < count; i++)
        MC_REQUIRE(isfinite(floats[i]), MCOMP_ERR_CORRUPT, "scale %zu is not finite", i);
    mcomp_tensor_get_zero_points(tensor, &zeros, &count);
    for (size_t i = 0; i < count; i++)
        MC_REQUIRE(zeros[i] >> tensor->encoding.bits == 0, MCOMP_ERR_CORRUPT,
                   "zero point %zu is %u", i, zeros[i]);
    mcomp_tensor_get_codebook(tensor, &floats, &count);
    MC_REQUIRE(!count || tensor->encoding.occupancy == MCOMP_OCCUPANCY_DENSE || floats[0] == 0,
               MCOMP_ERR_CORRUPT, "codebook entry 0 of a sparse tensor is not 0");
    return MCOMP_OK;
}

static mcomp_status fill(mcomp_tensor *tensor)
{
    mc_block_walk walk = mc_positions_walk(tensor->rank, tensor->shape, &tensor->encoding);
    MC_TRY(check_counts(tensor, walk.block_count));
    MC_TRY(check_symbols_nbytes(tensor));
    MC_TRY(check_positions_nbytes(tensor, walk.block_count));
    MC_TRY(check_tables(tensor));
    MC_TRY(align_tables(tensor));
    return check_table_values(tensor);
}

mcomp_status mc_tensor_from_parts(mcomp_context *context, uint32_t rank, const int64_t *shape,
                                  const mcomp_encoding *encoding,
                                  const mc_bytes parts[MC_PART_COUNT], size_t stored_count,
                                  size_t gap_count, mcomp_release_fn release, void *user,
                                  mcomp_tensor **out)
{
    *out = NULL;
    MC_TRY(mcomp_encoding_check(encoding));
    size_t element_count = 0;
    MC_TRY(mc_shape_count(rank, shape, &element_count));
    MC_REQUIRE(!encoding->per_channel || rank >= 1, MCOMP_ERR_CORRUPT,
               "scales per channel of a tensor without axes");
    mcomp_tensor *tensor = mc_alloc_zero(context, sizeof *tensor);
    if (!tensor)
        return mc_fail_memory(sizeof *tensor);
    atomic_init(&tensor->references, 1);
    tensor->context = mc_context_retain(context);
    tensor->rank = rank;
    for (uint32_t axis = 0; axis < rank; axis++)
        tensor->shape[axis] = shape[axis];
    tensor->dtype = MCOMP_DTYPE_F32;
    tensor->layout = MCOMP_LAYOUT_NCHW;
    tensor->element_count = element_count;
    tensor->encoded = true;
    tensor->encoding = *encoding;
    memcpy(tensor->parts, parts, sizeof tensor->parts);
    tensor->stored_count = stored_count;
    tensor->gap_count = gap_count;
    mcomp_status status = fill(tensor);
    if (status != MCOMP_OK) {
        mcomp_tensor_release(tensor);
        return status;
    }
    tensor->release = release;
    tensor->release_user = user;
    *out = tensor;
    return MCOMP_OK;
}
