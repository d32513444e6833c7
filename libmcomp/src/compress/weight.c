#include "weight.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

static mcomp_status load_values(mc_weight *weight)
{
    MC_TRY(mc_tensor_touch(weight->tensor));
    if (!weight->tensor->encoded) {
        weight->original = weight->tensor->data;
        return MCOMP_OK;
    }
    size_t nbytes = weight->element_count * sizeof *weight->decoded;
    weight->decoded = mc_alloc(weight->context, nbytes);
    if (!weight->decoded)
        return mc_fail_memory(nbytes);
    weight->original = weight->decoded;
    return mcomp_tensor_decode(weight->tensor, weight->decoded, weight->element_count);
}

static mcomp_status load_mask(mc_weight *weight)
{
    const mcomp_encoding *encoding = &weight->tensor->encoding;
    if (encoding->occupancy == MCOMP_OCCUPANCY_DENSE)
        return MCOMP_OK;
    mc_block block = {.rows = encoding->block_rows,
                      .columns = encoding->block_columns,
                      .n = encoding->n,
                      .m = encoding->m};
    MC_TRY(mc_weight_begin_mask(weight, block));
    return mc_tensor_decode_kept(weight->tensor, weight->kept, weight->element_count);
}

static mcomp_status load_numeric(mc_weight *weight)
{
    const mcomp_encoding *encoding = &weight->tensor->encoding;
    if (!mc_encoding_has_symbols(encoding)) {
        weight->numeric = encoding->numeric;
        return MCOMP_OK;
    }
    const float *floats;
    const uint8_t *zero_points;
    size_t count, zero_point_count;
    if (encoding->numeric == MCOMP_NUMERIC_UNIFORM)
        mcomp_tensor_get_scales(weight->tensor, &floats, &count);
    else
        mcomp_tensor_get_codebook(weight->tensor, &floats, &count);
    MC_TRY(mc_weight_begin_numeric(weight, encoding->numeric, encoding->bits, count));
    memcpy(weight->scales ? weight->scales : weight->codebook, floats, count * sizeof *floats);
    mcomp_tensor_get_zero_points(weight->tensor, &zero_points, &zero_point_count);
    if (zero_point_count > 0) {
        weight->zero_points = mc_alloc(weight->context, zero_point_count);
        if (!weight->zero_points)
            return mc_fail_memory(zero_point_count);
        memcpy(weight->zero_points, zero_points, zero_point_count);
    }
    return mcomp_tensor_decode_symbols(weight->tensor, weight->symbols, weight->element_count);
}

mcomp_status mc_weight_load(mc_weight *weight)
{
    if (weight->loaded)
        return MCOMP_OK;
    weight->block = (mc_block){.rows = 1, .columns = 1};
    weight->numeric = MCOMP_NUMERIC_F32;
    MC_TRY(load_values(weight));
    if (weight->tensor->encoded) {
        MC_TRY(load_mask(weight));
        MC_TRY(load_numeric(weight));
    }
    weight->loaded = true;
    return MCOMP_OK;
}

void mc_weight_clear_numeric(mc_weight *weight)
{
    mc_free(weight->context, weight->symbols);
    mc_free(weight->context, weight->scales);
    mc_free(weight->context, weight->zero_points);
    mc_free(weight->context, weight->codebook);
    weight->symbols = NULL;
    weight->scales = NULL;
    weight->zero_points = NULL;
    weight->codebook = NULL;
    weight->scale_count = weight->codebook_count = 0;
    weight->numeric = MCOMP_NUMERIC_F32;
    weight->bits = 0;
}

void mc_weight_unload(mc_weight *weight)
{
    mc_weight_clear_numeric(weight);
    mc_free(weight->context, weight->kept);
    mc_free(weight->context, weight->decoded);
    weight->kept = NULL;
    weight->decoded = NULL;
    weight->original = NULL;
    weight->loaded = false;
}

size_t mc_weight_channel_elements(const mc_weight *weight)
{
    return weight->rank > 0 && weight->shape[0] > 0
               ? weight->element_count / (size_t)weight->shape[0]
               : weight->element_count;
}

float mc_weight_float(const mc_weight *weight, size_t index)
{
    float value = weight->kept && !weight->kept[index] ? 0 : weight->original[index];
    if (weight->numeric == MCOMP_NUMERIC_F16)
        return mc_f16_to_f32(mc_f32_to_f16(value));
    return weight->numeric == MCOMP_NUMERIC_BF16 ? mc_bf16_to_f32(mc_f32_to_bf16(value)) : value;
}

uint8_t mc_weight_zero_symbol(const mc_weight *weight, size_t index)
{
    if (weight->numeric == MCOMP_NUMERIC_CODEBOOK)
        return 0;
    if (!weight->zero_points)
        return (uint8_t)(1u << (weight->bits - 1));
    size_t channel = weight->scale_count > 1 ? index / mc_weight_channel_elements(weight) : 0;
    return weight->zero_points[channel];
}

mcomp_status mc_weight_begin_mask(mc_weight *weight, mc_block block)
{
    if (weight->kept) {
        const mc_block *old = &weight->block;
        if (old->rows != block.rows || old->columns != block.columns || old->n != block.n ||
            old->m != block.m)
            weight->block = (mc_block){.rows = 1, .columns = 1};
        return MCOMP_OK;
    }
    weight->block = block;
    weight->kept = mc_alloc(weight->context, weight->element_count);
    if (!weight->kept)
        return mc_fail_memory(weight->element_count);
    memset(weight->kept, 1, weight->element_count);
    return MCOMP_OK;
}

/* Entry 0 becomes 0.0: an entry that is moves there, or one is added. */
static mcomp_status give_codebook_zero(mc_weight *weight)
{
    size_t found = 0;
    while (found < weight->codebook_count && weight->codebook[found] != 0)
        found++;
    if (found < weight->codebook_count) {
        weight->codebook[found] = weight->codebook[0];
        weight->codebook[0] = 0;
        for (size_t i = 0; found > 0 && i < weight->element_count; i++) {
            uint8_t symbol = weight->symbols[i];
            weight->symbols[i] = symbol == 0 ? (uint8_t)found : symbol == found ? 0 : symbol;
        }
        return MCOMP_OK;
    }
    MC_REQUIRE(
        weight->codebook_count < 256, MCOMP_ERR_UNSUPPORTED,
        "weight %s: its codebook has 256 entries and none of them is 0, so nothing of it can "
        "be pruned",
        weight->name);
    size_t count = weight->codebook_count + 1;
    float *grown = mc_alloc(weight->context, count * sizeof *grown);
    if (!grown)
        return mc_fail_memory(count * sizeof *grown);
    grown[0] = 0;
    memcpy(grown + 1, weight->codebook, weight->codebook_count * sizeof *grown);
    mc_free(weight->context, weight->codebook);
    weight->codebook = grown;
    weight->codebook_count = count;
    if (count > (size_t)1 << weight->bits)
        weight->bits++;
    for (size_t i = 0; i < weight->element_count; i++)
        weight->symbols[i]++;
    return MCOMP_OK;
}

mcomp_status mc_weight_apply_mask(mc_weight *weight)
{
    if (!weight->symbols)
        return MCOMP_OK;
    if (weight->numeric == MCOMP_NUMERIC_CODEBOOK)
        MC_TRY(give_codebook_zero(weight));
    for (size_t i = 0; i < weight->element_count; i++)
        if (!weight->kept[i])
            weight->symbols[i] = mc_weight_zero_symbol(weight, i);
    return MCOMP_OK;
}

mcomp_status mc_weight_begin_numeric(mc_weight *weight, mcomp_numeric numeric, unsigned bits,
                                     size_t count)
{
    mc_weight_clear_numeric(weight);
    weight->symbols = mc_alloc_zero(weight->context, weight->element_count);
    float *floats = mc_alloc_array(weight->context, count, sizeof *floats);
    weight->numeric = numeric;
    weight->bits = (uint8_t)bits;
    if (numeric == MCOMP_NUMERIC_UNIFORM) {
        weight->scales = floats;
        weight->scale_count = count;
    } else {
        weight->codebook = floats;
        weight->codebook_count = count;
    }
    if (!weight->symbols || !floats)
        return mc_fail_memory(weight->element_count + count * sizeof *floats);
    return MCOMP_OK;
}
