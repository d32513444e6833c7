/* Values to stored parts. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "codec/bit_writer.h"
#include "codec/huffman.h"
#include "positions.h"

/* A tensor on its way to its parts. */
typedef struct encoding_work {
    mcomp_context *context;
    uint32_t rank;
    const int64_t *shape;
    const mcomp_encoding *encoding;
    const mc_weight_values *values;
    size_t element_count;
    size_t channel_count; /**< elements of one output channel */
    mc_buffer parts[MC_PART_COUNT];
    size_t *stored; /**< memory-order indices of what is stored, in the stored order; NULL: all */
    size_t stored_count;
    size_t gap_count;
} encoding_work;

static uint8_t zero_symbol(const mcomp_encoding *encoding, const uint8_t *zero_points,
                           size_t channel)
{
    if (encoding->numeric == MCOMP_NUMERIC_CODEBOOK)
        return 0;
    if (!encoding->zero_points)
        return (uint8_t)(1u << (encoding->bits - 1));
    return zero_points[encoding->per_channel ? channel : 0];
}

static bool is_zero(const encoding_work *work, size_t index)
{
    /* -0 has bits of its own to keep: it is stored like any other number. */
    if (work->values->floats)
        return work->values->floats[index] == 0 && !signbit(work->values->floats[index]);
    return work->values->symbols[index] ==
           zero_symbol(work->encoding, work->values->zero_points, index / work->channel_count);
}

static mcomp_status check_values(const encoding_work *work)
{
    const mcomp_encoding *encoding = work->encoding;
    const mc_weight_values *values = work->values;
    bool symbols = mc_encoding_has_symbols(encoding);
    bool codebook = encoding->numeric == MCOMP_NUMERIC_CODEBOOK;
    bool dense = encoding->occupancy == MCOMP_OCCUPANCY_DENSE;
    MC_REQUIRE((symbols ? values->symbols : (const void *)values->floats) || !work->element_count,
               MCOMP_ERR_INVALID_ARGUMENT, "no values to encode");
    MC_REQUIRE(!encoding->per_channel || work->rank >= 1, MCOMP_ERR_INVALID_ARGUMENT,
               "scales per channel of a tensor without axes");
    if (encoding->numeric == MCOMP_NUMERIC_UNIFORM)
        MC_REQUIRE(values->scales && (!encoding->zero_points || values->zero_points),
                   MCOMP_ERR_INVALID_ARGUMENT, "no scales or zero points");
    if (codebook)
        MC_REQUIRE(values->codebook && values->codebook_count >= 1 &&
                       values->codebook_count <= (size_t)1 << encoding->bits,
                   MCOMP_ERR_INVALID_ARGUMENT, "codebook of %zu entries for %u bits",
                   values->codebook_count, encoding->bits);
    if (codebook && !dense)
        MC_REQUIRE(values->codebook[0] == 0, MCOMP_ERR_INVALID_ARGUMENT,
                   "codebook entry 0 of a sparse tensor is %g, not 0", (double)values->codebook[0]);
    size_t limit = codebook ? values->codebook_count : (size_t)1 << encoding->bits;
    for (size_t i = 0; symbols && i < work->element_count; i++)
        MC_REQUIRE(values->symbols[i] < limit, MCOMP_ERR_INVALID_ARGUMENT,
                   "symbol %u of element %zu; %zu are possible", values->symbols[i], i, limit);
    return MCOMP_OK;
}

/* Memory-order index of what is stored at a place. */
static size_t stored_index(const encoding_work *work, size_t place)
{
    return work->stored ? work->stored[place] : place;
}

static mcomp_status make_indices(encoding_work *work, size_t count)
{
    work->stored = mc_alloc_array(work->context, count, sizeof *work->stored);
    return work->stored ? MCOMP_OK : mc_fail_memory(count * sizeof *work->stored);
}

/* 1 for each block with anything that is not zero. @return elements in those */
static size_t flag_blocks(const encoding_work *work, uint8_t *flags)
{
    mc_block_walk walk = mc_positions_walk(work->rank, work->shape, work->encoding);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count = 0, elements = 0;
    for (size_t block = 0; (count = mc_block_walk_next(&walk, indices)) > 0; block++) {
        for (size_t i = 0; i < count && !flags[block]; i++)
            flags[block] = !is_zero(work, indices[i]);
        elements += flags[block] ? count : 0;
    }
    return elements;
}

static mcomp_status choose_blocks(encoding_work *work)
{
    mc_block_walk walk = mc_positions_walk(work->rank, work->shape, work->encoding);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count = 0;
    uint8_t *flags = mc_alloc_zero(work->context, walk.block_count);
    if (!flags)
        return mc_fail_memory(walk.block_count);
    mcomp_status status = make_indices(work, flag_blocks(work, flags));
    for (size_t block = 0; status == MCOMP_OK && (count = mc_block_walk_next(&walk, indices)) > 0;
         block++)
        for (size_t i = 0; i < count && flags[block]; i++)
            work->stored[work->stored_count++] = indices[i];
    if (status == MCOMP_OK)
        status = mc_block_flags_write(work->context, work->encoding, flags, walk.block_count,
                                      &work->parts[MC_PART_POSITIONS],
                                      &work->parts[MC_PART_GAP_LENGTHS], &work->gap_count);
    mc_free(work->context, flags);
    return status;
}

static mcomp_status choose_group_members(encoding_work *work)
{
    mc_block_walk walk = mc_positions_walk(work->rank, work->shape, work->encoding);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count = 0;
    mc_bit_writer writer = mc_bit_writer_make(&work->parts[MC_PART_POSITIONS]);
    unsigned index_bits = mc_group_index_bits(work->encoding);
    const uint8_t *kept = work->values->kept;
    MC_REQUIRE(kept || !work->element_count, MCOMP_ERR_INVALID_ARGUMENT,
               "n:m without the mask of what is kept");
    MC_TRY(make_indices(work, work->element_count));
    while ((count = mc_block_walk_next(&walk, indices)) > 0) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++) {
            if (!kept[indices[i]]) {
                MC_REQUIRE(is_zero(work, indices[i]), MCOMP_ERR_INVALID_ARGUMENT,
                           "element %zu is left out and not 0", indices[i]);
                continue;
            }
            mc_bit_writer_put(&writer, (uint32_t)i, index_bits);
            work->stored[work->stored_count++] = indices[i];
            found++;
        }
        MC_REQUIRE(found == mc_group_kept(work->encoding, count), MCOMP_ERR_INVALID_ARGUMENT,
                   "a group of %zu keeps %zu, not %zu", count, found,
                   mc_group_kept(work->encoding, count));
    }
    mc_bit_writer_finish(&writer);
    return MCOMP_OK;
}

static void write_floats(encoding_work *work)
{
    mc_buffer *out = &work->parts[MC_PART_SYMBOLS];
    const float *floats = work->values->floats;
    if (work->encoding->numeric == MCOMP_NUMERIC_F32 &&
        work->encoding->occupancy == MCOMP_OCCUPANCY_DENSE) {
        mc_buffer_append(out, floats, work->element_count * sizeof *floats);
        return;
    }
    for (size_t i = 0; i < work->stored_count; i++) {
        float value = floats[stored_index(work, i)];
        uint16_t half = work->encoding->numeric == MCOMP_NUMERIC_F16 ? mc_f32_to_f16(value)
                                                                     : mc_f32_to_bf16(value);
        if (work->encoding->numeric == MCOMP_NUMERIC_F32)
            mc_buffer_append_f32(out, value);
        else
            mc_buffer_append(out, &half, sizeof half);
    }
}

static mcomp_status write_symbols(encoding_work *work)
{
    mc_buffer *out = &work->parts[MC_PART_SYMBOLS];
    const uint8_t *symbols = work->values->symbols;
    mc_bit_writer writer = mc_bit_writer_make(out);
    uint64_t counts[256] = {0};
    uint8_t lengths[256];
    uint16_t codes[256] = {0};
    for (int symbol = 0; symbol < 256; symbol++) {
        bool packed = work->encoding->storage == MCOMP_STORAGE_PACKED;
        lengths[symbol] = packed ? work->encoding->bits : 8;
        codes[symbol] = (uint16_t)symbol;
    }
    if (work->encoding->storage == MCOMP_STORAGE_HUFFMAN) {
        for (size_t i = 0; i < work->stored_count; i++)
            counts[symbols[stored_index(work, i)]]++;
        MC_TRY(mc_huffman_build(work->context, counts, 256, lengths));
        mc_huffman_codes(lengths, 256, codes);
        mc_huffman_lengths_write(lengths, 256, &work->parts[MC_PART_SYMBOL_LENGTHS]);
    }
    for (size_t i = 0; i < work->stored_count; i++) {
        uint8_t symbol = symbols[stored_index(work, i)];
        mc_bit_writer_put(&writer, codes[symbol], lengths[symbol]);
    }
    mc_bit_writer_finish(&writer);
    return MCOMP_OK;
}

static mcomp_status write_parts(encoding_work *work)
{
    const mcomp_encoding *encoding = work->encoding;
    const mc_weight_values *values = work->values;
    if (!mc_encoding_has_part(encoding, MC_PART_POSITIONS))
        work->stored_count = work->element_count;
    else if (encoding->occupancy == MCOMP_OCCUPANCY_N_M)
        MC_TRY(choose_group_members(work));
    else
        MC_TRY(choose_blocks(work));
    if (mc_encoding_has_symbols(encoding))
        MC_TRY(write_symbols(work));
    else
        write_floats(work);
    size_t scale_count = encoding->per_channel ? (size_t)work->shape[0] : 1;
    if (mc_encoding_has_part(encoding, MC_PART_SCALES))
        mc_buffer_append(&work->parts[MC_PART_SCALES], values->scales, scale_count * sizeof(float));
    if (mc_encoding_has_part(encoding, MC_PART_ZERO_POINTS))
        mc_buffer_append(&work->parts[MC_PART_ZERO_POINTS], values->zero_points, scale_count);
    if (mc_encoding_has_part(encoding, MC_PART_CODEBOOK))
        mc_buffer_append(&work->parts[MC_PART_CODEBOOK], values->codebook,
                         values->codebook_count * sizeof(float));
    return MCOMP_OK;
}

static void free_block(void *user)
{
    /* The block begins with the context that it came from. */
    mcomp_context *context = *(mcomp_context **)user;
    mc_free(context, user);
    mc_context_release(context);
}

/* All parts into one block that ends with the tensor. */
static mcomp_status make_tensor(encoding_work *work, mcomp_tensor **out)
{
    mc_bytes parts[MC_PART_COUNT];
    size_t nbytes = MC_ALIGNMENT;
    for (int part = 0; part < MC_PART_COUNT; part++) {
        if (work->parts[part].failed)
            return mc_fail_memory(work->parts[part].nbytes);
        nbytes += mc_round_up(work->parts[part].nbytes, MC_ALIGNMENT);
    }
    uint8_t *block = mc_alloc(work->context, nbytes);
    if (!block)
        return mc_fail_memory(nbytes);
    memcpy(block, &work->context, sizeof work->context);
    uint8_t *next = block + MC_ALIGNMENT;
    for (int part = 0; part < MC_PART_COUNT; part++) {
        const mc_buffer *buffer = &work->parts[part];
        parts[part] = (mc_bytes){.data = next, .nbytes = buffer->nbytes};
        if (buffer->nbytes)
            memcpy(next, buffer->data, buffer->nbytes);
        next += mc_round_up(buffer->nbytes, MC_ALIGNMENT);
    }
    mc_context_retain(work->context);
    mcomp_status status =
        mc_tensor_from_parts(work->context, work->rank, work->shape, work->encoding, parts,
                             work->stored_count, work->gap_count, free_block, block, out);
    if (status != MCOMP_OK)
        free_block(block);
    return status;
}

mcomp_status mc_tensor_encode(mcomp_context *context, uint32_t rank, const int64_t *shape,
                              const mcomp_encoding *encoding, const mc_weight_values *values,
                              mcomp_tensor **out)
{
    *out = NULL;
    MC_TRY(mcomp_encoding_check(encoding));
    encoding_work work = {
        .context = context, .rank = rank, .shape = shape, .encoding = encoding, .values = values};
    MC_TRY(mc_shape_count(rank, shape, &work.element_count));
    work.channel_count = work.element_count;
    if (rank > 0 && shape[0] > 0)
        work.channel_count /= (size_t)shape[0];
    MC_TRY(check_values(&work));
    for (int part = 0; part < MC_PART_COUNT; part++)
        mc_buffer_init(&work.parts[part], context);
    mcomp_status status = write_parts(&work);
    mc_free(context, work.stored);
    if (status == MCOMP_OK)
        status = make_tensor(&work, out);
    for (int part = 0; part < MC_PART_COUNT; part++)
        mc_buffer_clear(&work.parts[part]);
    return status;
}
