/* Half precision and bfloat16, rounded to nearest even; a NaN stays a NaN. */
#include <string.h>

#include "tensor_struct.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* value >> shift, rounded to nearest even; shift 1 to 31 */
static uint32_t shift_rounding(uint32_t value, unsigned shift)
{
    uint32_t half = 1u << (shift - 1);
    uint32_t rest = value & ((1u << shift) - 1);
    uint32_t result = value >> shift;
    return result + (rest > half || (rest == half && (result & 1)));
}

uint16_t mc_f32_to_f16(float value)
{
    uint32_t bits = bits_of(value);
    uint32_t sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x47800000u) /* 65536 and more */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude >=
        0x38800000u) /* normal halves: a carry into the exponent is right, up to infinity */
        return (uint16_t)(sign | shift_rounding(magnitude - 0x38000000u, 13));
    unsigned exponent = magnitude >> 23;
    if (exponent < 102) /* below half of the least denormal */
        return (uint16_t)sign;
    return (uint16_t)(sign | shift_rounding((magnitude & 0x7fffffu) | 0x800000u, 126 - exponent));
}

float mc_f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = half >> 10 & 0x1fu;
    uint32_t mantissa = half & 0x3ffu;
    if (exponent == 31)
        return float_of(sign | 0x7f800000u | mantissa << 13);
    if (exponent > 0)
        return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
    float magnitude = (float)mantissa * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

uint16_t mc_f32_to_bf16(float value)
{
    uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)(((uint64_t)bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

float mc_bf16_to_f32(uint16_t bits)
{
    return float_of((uint32_t)bits << 16);
}
