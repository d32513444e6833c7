/* Half precision and bfloat16 against their definition: the nearest value, the even one at a tie. */
#include <math.h>

#include "support/cmocka_all.h"
#include "support/test_random.h"
#include "tensor/tensor_struct.h"

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* What the fields of an IEEE number say: 1 sign, exponent_bits, mantissa_bits. */
static double value_of(uint32_t bits, int exponent_bits, int mantissa_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> mantissa_bits & ((1u << exponent_bits) - 1));
    double mantissa = bits & ((1u << mantissa_bits) - 1);
    double sign = bits >> (exponent_bits + mantissa_bits) & 1 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
        return mantissa != 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0)
        return sign * ldexp(mantissa, 1 - bias - mantissa_bits);
    return sign * ldexp(ldexp(1, mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
}

typedef struct format {
    int exponent_bits, mantissa_bits;
    uint16_t (*from)(float);
    float (*to)(uint16_t);
} format;

static const format half = {5, 10, mc_f32_to_f16, mc_f16_to_f32};
static const format bfloat = {8, 7, mc_f32_to_bf16, mc_bf16_to_f32};

static void test_all_values_widen(void **state)
{
    const format *f = *state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        double wanted = value_of(bits, f->exponent_bits, f->mantissa_bits);
        float found = f->to((uint16_t)bits);
        if (isnan(wanted)) {
            assert_true(isnan(found));
            assert_true(isnan(f->to(f->from(found))));
            continue;
        }
        assert_true((double)found == wanted);
        assert_int_equal(signbit(found) != 0, bits >> 15);
        assert_int_equal(f->from(found), bits);
    }
}

/* Between every two neighbours: the tie goes to the even one, everything else to the nearer one.
 * Rounding is monotonic, so with its turning points right it is right everywhere. */
static void test_all_turning_points(void **state)
{
    const format *f = *state;
    uint32_t infinity = ((1u << f->exponent_bits) - 1) << f->mantissa_bits;
    for (uint32_t sign = 0; sign < 2; sign++)
        for (uint32_t bits = 0; bits < infinity; bits++) {
            double low = value_of(bits, f->exponent_bits, f->mantissa_bits);
            /* Above the greatest number, the next one that more exponents would give. */
            double high = value_of(bits + 1, f->exponent_bits, f->mantissa_bits);
            if (bits + 1 == infinity)
                high = low + (low - value_of(bits - 1, f->exponent_bits, f->mantissa_bits));
            float middle = (float)((low + high) / 2);
            assert_true((double)middle == (low + high) / 2);
            uint32_t at = bits_of(middle);
            uint32_t even = bits & 1 ? bits + 1 : bits, top = sign << 15;
            assert_int_equal(f->from(float_of(at | sign << 31)), even | top);
            assert_int_equal(f->from(float_of((at + 1) | sign << 31)), (bits + 1) | top);
            assert_int_equal(f->from(float_of((at - 1) | sign << 31)), bits | top);
        }
}

static void test_extremes(void **state)
{
    const format *f = *state;
    uint32_t infinity = ((1u << f->exponent_bits) - 1) << f->mantissa_bits;
    assert_int_equal(f->from(INFINITY), infinity);
    assert_int_equal(f->from(-INFINITY), infinity | 0x8000);
    assert_int_equal(f->from(3.402823466e38f), infinity);
    assert_int_equal(f->from(float_of(1)), 0);
    assert_int_equal(f->from(float_of(0x80000001)), 0x8000);
    assert_int_equal(f->from(-0.0f), 0x8000);
    /* A NaN whose payload lies in bits that are cut stays a NaN. */
    assert_true(isnan(f->to(f->from(float_of(0x7f800001)))));
    assert_true(isnan(f->to(f->from(float_of(0xffffffff)))));
}

static void test_random_values_go_to_the_nearest(void **state)
{
    const format *f = *state;
    test_random random = test_random_begin("float16");
    for (int i = 0; i < 300000; i++) {
        float value = float_of((uint32_t)test_random_bits(&random));
        uint16_t found = f->from(value);
        if (isnan(value)) {
            assert_true(isnan(f->to(found)));
            continue;
        }
        if (isinf(f->to(found)))
            continue; /* the turning points have shown where infinity begins */
        double error = fabs((double)f->to(found) - (double)value);
        for (int step = -1; step <= 1; step += 2) {
            float neighbour = f->to((uint16_t)(found + step));
            if (isfinite(neighbour) && signbit(neighbour) == signbit(value))
                assert_true(fabs((double)neighbour - (double)value) >= error);
        }
    }
}

#define FORMAT_TEST(name, test, format)                                                            \
    {                                                                                              \
        name, test, NULL, NULL, (void *)(uintptr_t)&format                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FORMAT_TEST("half widens", test_all_values_widen, half),
        FORMAT_TEST("half turning points", test_all_turning_points, half),
        FORMAT_TEST("half extremes", test_extremes, half),
        FORMAT_TEST("half nearest", test_random_values_go_to_the_nearest, half),
        FORMAT_TEST("bfloat16 widens", test_all_values_widen, bfloat),
        FORMAT_TEST("bfloat16 turning points", test_all_turning_points, bfloat),
        FORMAT_TEST("bfloat16 extremes", test_extremes, bfloat),
        FORMAT_TEST("bfloat16 nearest", test_random_values_go_to_the_nearest, bfloat),
    };
    return cmocka_run_group_tests_name("float16", tests, NULL, NULL);
}
