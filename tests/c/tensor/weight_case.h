/** @file weight_case.h
 *  Weights to be encoded, made from an encoding, a shape and a fill; and what must come back, worked
 *  out from the definitions in encoding/encoding.h alone. */
#ifndef WEIGHT_CASE_H
#define WEIGHT_CASE_H

#include "support/cmocka_all.h"
#include "support/test_random.h"
#include "tensor/tensor_struct.h"

typedef enum weight_fill { FILL_ZERO, FILL_NONZERO, FILL_SPARSE, FILL_ONE, FILL_COUNT } weight_fill;

typedef struct weight_case {
    mcomp_encoding encoding;
    uint32_t rank;
    const int64_t *shape;
    size_t count;
    float *floats;
    uint8_t *symbols;
    uint8_t *mask;  /**< n:m: what is given as kept */
    uint8_t *kept;  /**< what must be reported as kept */
    float *decoded; /**< what must come back, bit for bit */
    size_t channels;
    float *scales;
    uint8_t *zeros;
    float codebook[256];
    size_t codebook_count;
} weight_case;

static inline size_t weight_channel(const weight_case *weights, size_t index)
{
    return weights->encoding.per_channel ? index / (weights->count / weights->channels) : 0;
}

/* Block or group number of an element: (o / rows, i / columns, tap), numbered in any way. */
static inline size_t weight_block(const weight_case *weights, size_t index, size_t rows,
                                  size_t columns)
{
    size_t inputs = weights->rank > 1 ? (size_t)weights->shape[1] : 1, taps = 1;
    for (uint32_t axis = 2; axis < weights->rank; axis++)
        taps *= (size_t)weights->shape[axis];
    size_t tap = index % taps, input = index / taps % inputs, output = index / taps / inputs;
    return ((output / rows) * inputs + input / columns) * taps + tap;
}

static inline uint8_t weight_zero_symbol(const weight_case *weights, size_t index)
{
    if (weights->encoding.numeric == MCOMP_NUMERIC_CODEBOOK)
        return 0;
    if (!weights->encoding.zero_points)
        return (uint8_t)(1u << (weights->encoding.bits - 1));
    return weights->zeros[weight_channel(weights, index)];
}

/* n:m: exactly min(n, size) of every group, at random. */
static inline void weight_choose_members(weight_case *weights, test_random *random)
{
    enum { NEW = 0, KEPT = 1, LEFT_OUT = 2 };
    size_t m = weights->encoding.m, n = weights->encoding.n;
    for (size_t first = 0; first < weights->count; first++) {
        if (weights->mask[first] != NEW)
            continue;
        size_t members[16], size = 0;
        for (size_t i = first; i < weights->count; i++)
            if (weight_block(weights, i, 1, m) == weight_block(weights, first, 1, m)) {
                weights->mask[i] = LEFT_OUT;
                members[size++] = i;
            }
        for (size_t left = size < n ? size : n; left > 0;) {
            uint8_t *member = &weights->mask[members[test_random_below(random, size)]];
            left -= *member == LEFT_OUT;
            *member = KEPT;
        }
    }
    for (size_t i = 0; i < weights->count; i++)
        weights->mask[i] = weights->mask[i] == KEPT;
}

static inline void weight_fill_tables(weight_case *weights, test_random *random)
{
    weights->channels =
        weights->encoding.per_channel && weights->rank ? (size_t)weights->shape[0] : 1;
    weights->scales = calloc(weights->channels + 1, sizeof(float));
    weights->zeros = calloc(weights->channels + 1, 1);
    for (size_t c = 0; c < weights->channels; c++) {
        weights->scales[c] = test_random_float(random, 0.001f, 2);
        weights->zeros[c] = (uint8_t)test_random_below(random, (size_t)1 << weights->encoding.bits);
    }
    bool codebook = weights->encoding.numeric == MCOMP_NUMERIC_CODEBOOK;
    weights->codebook_count = codebook ? (size_t)1 << weights->encoding.bits : 0;
    if (weights->codebook_count > 2)
        weights->codebook_count -= test_random_below(random, 2); /* not always a whole power of 2 */
    for (size_t i = 0; i < weights->codebook_count; i++)
        weights->codebook[i] = test_random_float(random, -3, 3);
    if (weights->encoding.occupancy != MCOMP_OCCUPANCY_DENSE)
        weights->codebook[0] = 0;
}

static inline bool weight_is_nonzero(weight_fill fill, size_t index, size_t count,
                                     test_random *random)
{
    switch (fill) {
    case FILL_NONZERO:
        return true;
    case FILL_SPARSE:
        return test_random_below(random, 6) == 0;
    case FILL_ONE:
        return index == count - 1;
    default:
        return false;
    }
}

static inline void weight_set_value(weight_case *weights, size_t i, bool nonzero,
                                    test_random *random)
{
    const mcomp_encoding *encoding = &weights->encoding;
    float value = 0;
    if (!mc_encoding_has_symbols(encoding)) {
        value = nonzero ? test_random_float(random, 0.25f, 4) : 0;
        if (nonzero && test_random_below(random, 2))
            value = -value;
        if (nonzero && test_random_below(random, 16) == 0)
            value = -0.0f; /* not the zero that is left out: its bits come back */
        weights->floats[i] = value;
        weights->decoded[i] =
            encoding->numeric == MCOMP_NUMERIC_F16    ? mc_f16_to_f32(mc_f32_to_f16(value))
            : encoding->numeric == MCOMP_NUMERIC_BF16 ? mc_bf16_to_f32(mc_f32_to_bf16(value))
                                                      : value;
        return;
    }
    bool codebook = encoding->numeric == MCOMP_NUMERIC_CODEBOOK;
    size_t symbols = codebook ? weights->codebook_count : (size_t)1 << encoding->bits;
    uint8_t zero = weight_zero_symbol(weights, i), symbol = zero;
    while (nonzero && symbol == zero)
        symbol = (uint8_t)test_random_below(random, symbols);
    weights->symbols[i] = symbol;
    weights->decoded[i] =
        codebook ? weights->codebook[symbol]
                 : weights->scales[weight_channel(weights, i)] * (float)((int)symbol - (int)zero);
}

/* What is kept: given by the mask, by blocks that hold something, or by the values. */
static inline void weight_expect_kept(weight_case *weights, const uint8_t *nonzero)
{
    const mcomp_encoding *encoding = &weights->encoding;
    bool positions = mc_encoding_has_part(encoding, MC_PART_POSITIONS);
    size_t rows = encoding->block_rows, columns = encoding->block_columns;
    uint8_t *blocks = calloc(weights->count + 1, 1);
    for (size_t i = 0;
         positions && encoding->occupancy == MCOMP_OCCUPANCY_SPARSE && i < weights->count; i++)
        blocks[weight_block(weights, i, rows, columns)] |= nonzero[i];
    for (size_t i = 0; i < weights->count; i++)
        weights->kept[i] = encoding->occupancy == MCOMP_OCCUPANCY_DENSE ? 1
                           : encoding->occupancy == MCOMP_OCCUPANCY_N_M ? weights->mask[i]
                           : positions ? blocks[weight_block(weights, i, rows, columns)]
                                       : weights->decoded[i] != 0;
    free(blocks);
}

static inline weight_case weight_case_make(const mcomp_encoding *encoding, uint32_t rank,
                                           const int64_t *shape, weight_fill fill,
                                           test_random *random)
{
    weight_case weights = {.encoding = *encoding, .rank = rank, .shape = shape, .count = 1};
    for (uint32_t axis = 0; axis < rank; axis++)
        weights.count *= (size_t)shape[axis];
    weights.floats = calloc(weights.count + 1, sizeof(float));
    weights.decoded = calloc(weights.count + 1, sizeof(float));
    weights.symbols = calloc(weights.count + 1, 1);
    weights.mask = calloc(weights.count + 1, 1);
    weights.kept = calloc(weights.count + 1, 1);
    uint8_t *nonzero = calloc(weights.count + 1, 1);
    weight_fill_tables(&weights, random);
    bool members = encoding->occupancy == MCOMP_OCCUPANCY_N_M;
    if (members)
        weight_choose_members(&weights, random);
    for (size_t i = 0; i < weights.count; i++) {
        nonzero[i] =
            weight_is_nonzero(fill, i, weights.count, random) && (!members || weights.mask[i]);
        weight_set_value(&weights, i, nonzero[i], random);
    }
    weight_expect_kept(&weights, nonzero);
    free(nonzero);
    return weights;
}

static inline mc_weight_values weight_case_values(const weight_case *weights)
{
    bool symbols = mc_encoding_has_symbols(&weights->encoding);
    return (mc_weight_values){
        .floats = symbols ? NULL : weights->floats,
        .symbols = symbols ? weights->symbols : NULL,
        .kept = weights->encoding.occupancy == MCOMP_OCCUPANCY_N_M ? weights->mask : NULL,
        .scales = weights->scales,
        .zero_points = weights->encoding.zero_points ? weights->zeros : NULL,
        .codebook = weights->codebook,
        .codebook_count = weights->codebook_count};
}

static inline void weight_case_free(weight_case *weights)
{
    free(weights->floats);
    free(weights->decoded);
    free(weights->symbols);
    free(weights->mask);
    free(weights->kept);
    free(weights->scales);
    free(weights->zeros);
}

#endif
