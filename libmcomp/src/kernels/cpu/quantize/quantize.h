/** @file quantize.h
 *  Between reals and bytes, and bytes at one scale to bytes at another: the arithmetic of
 *  docs/operators.md, to the bit. Bytes are uint8, or int8 in two's complement. */
#ifndef MC_QUANTIZE_H
#define MC_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a real becomes a byte: clamp, round to nearest even, add the zero point. What is not a number
 * becomes the lowest. */
typedef struct mc_quantize_range {
    float low, high; /**< integers, of a byte less its zero point */
    int32_t zero_point;
} mc_quantize_range;

/** A quantised operand: its real is (q - zero_point) * multiplier. */
typedef struct mc_quantize_operand {
    const uint8_t *elements;
    bool is_signed;
    int32_t zero_point;
    float multiplier;
} mc_quantize_operand;

/** to[input / scale] */
typedef void mc_f32_quantize_fn(size_t count, const float *input, float scale,
                                const mc_quantize_range *to, uint8_t *output);
/** The operand's reals. */
typedef void mc_f32_dequantize_fn(size_t count, const mc_quantize_operand *operand, float *output);
/** to[the operand's real] */
typedef void mc_u8_rescale_fn(size_t count, const mc_quantize_operand *operand,
                              const mc_quantize_range *to, uint8_t *output);
/** to[a's real + b's real] */
typedef void mc_u8_add_fn(size_t count, const mc_quantize_operand *a, const mc_quantize_operand *b,
                          const mc_quantize_range *to, uint8_t *output);
/** to[float(sum + bias) * multiplier], sum + bias exact.
 *  @param step  0: one bias and multiplier for all, 1: one for each */
typedef void mc_s32_requantize_fn(size_t count, const int32_t *sums, const int32_t *bias,
                                  const float *multipliers, size_t step,
                                  const mc_quantize_range *to, uint8_t *output);

typedef enum mc_quantize_kind {
    MC_QUANTIZE_F32,
    MC_QUANTIZE_DEQUANTIZE,
    MC_QUANTIZE_RESCALE,
    MC_QUANTIZE_ADD,
    MC_QUANTIZE_SUMS,
    MC_QUANTIZE_KIND_COUNT
} mc_quantize_kind;

typedef struct mc_quantize_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_quantize_kind kind;
    union {
        mc_f32_quantize_fn *f32_quantize;
        mc_f32_dequantize_fn *f32_dequantize;
        mc_u8_rescale_fn *u8_rescale;
        mc_u8_add_fn *u8_add;
        mc_s32_requantize_fn *s32_requantize;
    } run; /**< the member of the kind */
} mc_quantize_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_quantize_kernel *mc_quantize_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_quantize_kernel *mc_quantize_choose(mc_quantize_kind kind, uint32_t isa_bits);

/** One element. Adding and taking 1.5 x 2^23 rounds to nearest even. */
static inline uint8_t mc_quantize_one(const mc_quantize_range *to, float value)
{
    const float round = 0x1.8p23f;
    float clamped = value > to->low ? value : to->low;
    clamped = clamped < to->high ? clamped : to->high;
    return (uint8_t)((int32_t)((clamped + round) - round) + to->zero_point);
}

/** One element's real. */
static inline float mc_quantize_real(const mc_quantize_operand *operand, size_t index)
{
    uint8_t element = operand->elements[index];
    int32_t q = operand->is_signed ? (int8_t)element : element;
    return (float)(q - operand->zero_point) * operand->multiplier;
}

#endif
