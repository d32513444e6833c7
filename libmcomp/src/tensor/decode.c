/* Stored parts to values: positions give places, symbols or floats fill them. */
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "codec/bit_reader.h"
#include "codec/huffman.h"
#include "positions.h"

/* Stored symbols in the stored order; each checked against what the tensor knows. */
static mcomp_status read_symbols(const mcomp_tensor *tensor, uint8_t *symbols)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    const mc_bytes *bytes = &tensor->parts[MC_PART_SYMBOLS];
    mc_bit_reader reader = mc_bit_reader_make(bytes->data, bytes->nbytes);
    size_t count = tensor->stored_count;
    if (encoding->storage == MCOMP_STORAGE_HUFFMAN) {
        uint8_t lengths[256];
        const mc_bytes *stored = &tensor->parts[MC_PART_SYMBOL_LENGTHS];
        mc_huffman_decoder decoder;
        MC_TRY(mc_huffman_lengths_read(stored->data, stored->nbytes, 256, lengths));
        MC_TRY(mc_huffman_decoder_init(tensor->context, lengths, 256, &decoder));
        for (size_t i = 0; i < count && !reader.failed; i++)
            symbols[i] = (uint8_t)mc_huffman_next(&decoder, &reader);
        mc_huffman_decoder_clear(&decoder);
    } else {
        unsigned bits = encoding->storage == MCOMP_STORAGE_PACKED ? encoding->bits : 8;
        for (size_t i = 0; i < count; i++)
            symbols[i] = (uint8_t)mc_bit_reader_take(&reader, bits);
    }
    MC_REQUIRE(mc_bit_reader_done(&reader), MCOMP_ERR_CORRUPT,
               "symbols: %zu of them do not use up their %zu bytes", count, bytes->nbytes);
    size_t limit = (size_t)1 << encoding->bits;
    if (encoding->numeric == MCOMP_NUMERIC_CODEBOOK)
        limit = tensor->parts[MC_PART_CODEBOOK].nbytes / sizeof(float);
    for (size_t i = 0; i < count; i++)
        MC_REQUIRE(symbols[i] < limit, MCOMP_ERR_CORRUPT, "symbol %u; %zu are possible", symbols[i],
                   limit);
    return MCOMP_OK;
}

/* What the n:m positions keep, as flags in memory order. */
static mcomp_status read_group_members(const mcomp_tensor *tensor, uint8_t *kept)
{
    mc_block_walk walk = mc_positions_walk(tensor->rank, tensor->shape, &tensor->encoding);
    const mc_bytes *bytes = &tensor->parts[MC_PART_POSITIONS];
    mc_bit_reader reader = mc_bit_reader_make(bytes->data, bytes->nbytes);
    unsigned index_bits = mc_group_index_bits(&tensor->encoding);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count = 0, total = 0;
    while ((count = mc_block_walk_next(&walk, indices)) > 0) {
        size_t kept_count = mc_group_kept(&tensor->encoding, count);
        int64_t last = -1;
        for (size_t i = 0; i < kept_count; i++) {
            uint32_t member = mc_bit_reader_take(&reader, index_bits);
            MC_REQUIRE(member < count && (int64_t)member > last, MCOMP_ERR_CORRUPT,
                       "positions: member %u in a group of %zu", member, count);
            last = member;
            kept[indices[member]] = 1;
        }
        total += kept_count;
    }
    MC_REQUIRE(mc_bit_reader_done(&reader) && total == tensor->stored_count, MCOMP_ERR_CORRUPT,
               "positions: %zu group members, %zu are stored", total, tensor->stored_count);
    return MCOMP_OK;
}

/* What the blocks keep, as flags in memory order. */
static mcomp_status read_blocks(const mcomp_tensor *tensor, uint8_t *kept)
{
    mc_block_walk walk = mc_positions_walk(tensor->rank, tensor->shape, &tensor->encoding);
    uint8_t *flags = mc_alloc(tensor->context, walk.block_count);
    if (!flags)
        return mc_fail_memory(walk.block_count);
    mcomp_status status = mc_block_flags_read(tensor, walk.block_count, flags);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count = 0, total = 0;
    for (size_t block = 0; status == MCOMP_OK && (count = mc_block_walk_next(&walk, indices)) > 0;
         block++) {
        for (size_t i = 0; i < count; i++)
            kept[indices[i]] = flags[block];
        total += flags[block] ? count : 0;
    }
    mc_free(tensor->context, flags);
    MC_TRY(status);
    MC_REQUIRE(total == tensor->stored_count, MCOMP_ERR_CORRUPT,
               "positions: %zu elements in blocks, %zu are stored", total, tensor->stored_count);
    return MCOMP_OK;
}

/* Call `place(user, memory index, stored index)` for every stored element. */
typedef void (*place_fn)(void *user, size_t index, size_t stored);

static mcomp_status place_stored(const mcomp_tensor *tensor, place_fn place, void *user)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    if (!mc_encoding_has_part(encoding, MC_PART_POSITIONS)) {
        for (size_t i = 0; i < tensor->element_count; i++)
            place(user, i, i);
        return MCOMP_OK;
    }
    uint8_t *kept = mc_alloc_zero(tensor->context, tensor->element_count);
    if (!kept)
        return mc_fail_memory(tensor->element_count);
    mcomp_status status = encoding->occupancy == MCOMP_OCCUPANCY_N_M
                              ? read_group_members(tensor, kept)
                              : read_blocks(tensor, kept);
    mc_block_walk walk = mc_positions_walk(tensor->rank, tensor->shape, encoding);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count = 0, stored = 0;
    while (status == MCOMP_OK && (count = mc_block_walk_next(&walk, indices)) > 0)
        for (size_t i = 0; i < count; i++)
            if (kept[indices[i]])
                place(user, indices[i], stored++);
    mc_free(tensor->context, kept);
    return status;
}

typedef struct float_target {
    const mcomp_tensor *tensor;
    float *values;
} float_target;

static void place_float(void *user, size_t index, size_t stored)
{
    const float_target *target = user;
    const uint8_t *bytes = target->tensor->parts[MC_PART_SYMBOLS].data;
    mcomp_numeric numeric = target->tensor->encoding.numeric;
    if (numeric == MCOMP_NUMERIC_F32) {
        memcpy(&target->values[index], bytes + 4 * stored, 4);
        return;
    }
    uint16_t half;
    memcpy(&half, bytes + 2 * stored, 2);
    target->values[index] =
        numeric == MCOMP_NUMERIC_F16 ? mc_f16_to_f32(half) : mc_bf16_to_f32(half);
}

typedef struct symbol_target {
    const uint8_t *stored_symbols;
    uint8_t *symbols;
} symbol_target;

static void place_symbol(void *user, size_t index, size_t stored)
{
    const symbol_target *target = user;
    target->symbols[index] = target->stored_symbols[stored];
}

static size_t elements_of_channel(const mcomp_tensor *tensor)
{
    return tensor->rank > 0 && tensor->shape[0] > 0
               ? tensor->element_count / (size_t)tensor->shape[0]
               : tensor->element_count;
}

/* The symbol of 0 everywhere: what stays where nothing is stored. */
static void fill_zero_symbols(const mcomp_tensor *tensor, uint8_t *symbols)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    const uint8_t *zeros = tensor->parts[MC_PART_ZERO_POINTS].data;
    size_t channel = encoding->per_channel ? elements_of_channel(tensor) : tensor->element_count;
    for (size_t i = 0, c = 0; i < tensor->element_count; i += channel, c++) {
        uint8_t zero = 0;
        if (encoding->numeric == MCOMP_NUMERIC_UNIFORM)
            zero = encoding->zero_points ? zeros[c] : (uint8_t)(1u << (encoding->bits - 1));
        memset(symbols + i, zero, channel);
    }
}

mcomp_status mcomp_tensor_decode_symbols(const mcomp_tensor *tensor, uint8_t *symbols,
                                         size_t capacity)
{
    MC_REQUIRE(tensor && (symbols || capacity == 0), MCOMP_ERR_INVALID_ARGUMENT,
               "no tensor or no place for the symbols");
    MC_REQUIRE(tensor->encoded && mc_encoding_has_symbols(&tensor->encoding), MCOMP_ERR_UNSUPPORTED,
               "the tensor has no symbols");
    MC_REQUIRE(capacity >= tensor->element_count, MCOMP_ERR_INVALID_ARGUMENT,
               "room for %zu symbols, the tensor has %zu", capacity, tensor->element_count);
    MC_TRY(mc_tensor_touch(tensor));
    if (!mc_encoding_has_part(&tensor->encoding, MC_PART_POSITIONS))
        return read_symbols(tensor, symbols);
    uint8_t *stored = mc_alloc(tensor->context, tensor->stored_count);
    if (!stored)
        return mc_fail_memory(tensor->stored_count);
    mcomp_status status = read_symbols(tensor, stored);
    if (status == MCOMP_OK) {
        symbol_target target = {.stored_symbols = stored, .symbols = symbols};
        fill_zero_symbols(tensor, symbols);
        status = place_stored(tensor, place_symbol, &target);
    }
    mc_free(tensor->context, stored);
    return status;
}

static void symbols_to_floats(const mcomp_tensor *tensor, const uint8_t *symbols, float *values)
{
    const mcomp_encoding *encoding = &tensor->encoding;
    float table[256] = {0};
    const float *codebook, *scales;
    size_t codebook_count, scale_count;
    mcomp_tensor_get_codebook(tensor, &codebook, &codebook_count);
    mcomp_tensor_get_scales(tensor, &scales, &scale_count);
    const uint8_t *zeros = tensor->parts[MC_PART_ZERO_POINTS].data;
    size_t channel = encoding->per_channel ? elements_of_channel(tensor) : tensor->element_count;
    for (size_t i = 0, c = 0; i < tensor->element_count; i += channel, c++) {
        for (size_t symbol = 0; symbol < codebook_count; symbol++)
            table[symbol] = codebook[symbol];
        int32_t zero = encoding->zero_points ? zeros[c] : 1 << (encoding->bits - 1);
        for (int32_t symbol = 0; scale_count && symbol < 1 << encoding->bits; symbol++)
            table[symbol] = scales[c] * (float)(symbol - zero);
        for (size_t k = 0; k < channel; k++)
            values[i + k] = table[symbols[i + k]];
    }
}

static mcomp_status decode_plain(const mcomp_tensor *tensor, float *values)
{
    const uint16_t *halves = tensor->data;
    MC_REQUIRE(tensor->dtype <= MCOMP_DTYPE_BF16, MCOMP_ERR_UNSUPPORTED,
               "%s elements are no floats", mc_dtype_name(tensor->dtype));
    if (tensor->dtype == MCOMP_DTYPE_F32 && tensor->element_count)
        memcpy(values, tensor->data, tensor->element_count * sizeof *values);
    for (size_t i = 0; tensor->dtype != MCOMP_DTYPE_F32 && i < tensor->element_count; i++)
        values[i] =
            tensor->dtype == MCOMP_DTYPE_F16 ? mc_f16_to_f32(halves[i]) : mc_bf16_to_f32(halves[i]);
    return MCOMP_OK;
}

mcomp_status mcomp_tensor_decode(const mcomp_tensor *tensor, float *values, size_t capacity)
{
    MC_REQUIRE(tensor && (values || capacity == 0), MCOMP_ERR_INVALID_ARGUMENT,
               "no tensor or no place for the values");
    size_t count = tensor->element_count;
    MC_REQUIRE(capacity >= count, MCOMP_ERR_INVALID_ARGUMENT,
               "room for %zu values, the tensor has %zu", capacity, count);
    MC_TRY(mc_tensor_touch(tensor));
    if (!tensor->encoded)
        return decode_plain(tensor, values);
    if (!mc_encoding_has_symbols(&tensor->encoding)) {
        float_target target = {.tensor = tensor, .values = values};
        if (count)
            memset(values, 0, count * sizeof *values);
        return place_stored(tensor, place_float, &target);
    }
    uint8_t *symbols = mc_alloc(tensor->context, count);
    if (!symbols)
        return mc_fail_memory(count);
    mcomp_status status = mcomp_tensor_decode_symbols(tensor, symbols, count);
    if (status == MCOMP_OK)
        symbols_to_floats(tensor, symbols, values);
    mc_free(tensor->context, symbols);
    return status;
}

static void place_kept(void *user, size_t index, size_t stored)
{
    (void)stored;
    ((uint8_t *)user)[index] = 1;
}

mcomp_status mc_tensor_decode_kept(const mcomp_tensor *tensor, uint8_t *kept, size_t capacity)
{
    MC_REQUIRE(capacity >= tensor->element_count, MCOMP_ERR_INVALID_ARGUMENT,
               "room for %zu flags, the tensor has %zu", capacity, tensor->element_count);
    if (tensor->element_count == 0)
        return MCOMP_OK;
    memset(kept, 1, tensor->element_count);
    if (!tensor->encoded || tensor->encoding.occupancy == MCOMP_OCCUPANCY_DENSE)
        return MCOMP_OK;
    MC_TRY(mc_tensor_touch(tensor));
    if (mc_encoding_has_part(&tensor->encoding, MC_PART_POSITIONS)) {
        memset(kept, 0, tensor->element_count);
        return place_stored(tensor, place_kept, kept);
    }
    /* Zeros among the symbols: what is not zero is kept. */
    float *values = mc_alloc_array(tensor->context, tensor->element_count, sizeof *values);
    if (!values)
        return mc_fail_memory(tensor->element_count * sizeof *values);
    mcomp_status status = mcomp_tensor_decode(tensor, values, tensor->element_count);
    for (size_t i = 0; status == MCOMP_OK && i < tensor->element_count; i++)
        kept[i] = values[i] != 0;
    mc_free(tensor->context, values);
    return status;
}
