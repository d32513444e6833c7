/* Plain tensors, reference counts, limits, and integers that were quantised elsewhere. */
#include <math.h>

#include "support/fail_alloc.h"
#include "support/near.h"
#include "tensor/tensor_struct.h"

#define SHAPE(...) ((const int64_t[]){__VA_ARGS__})

static mcomp_tensor_info info_of(const mcomp_tensor *tensor)
{
    mcomp_tensor_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_tensor_get_info(tensor, &info));
    return info;
}

static void test_create_copies_or_zeroes(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    float data[6] = {1, 2, 3, 4, 5, 6};
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_F32, 2, SHAPE(2, 3), data, &tensor));
    data[0] = 9;
    assert_true(*(float *)mcomp_tensor_data(tensor) == 1);
    mcomp_tensor_info info = info_of(tensor);
    assert_int_equal(info.rank, 2);
    assert_int_equal(info.shape[1], 3);
    assert_int_equal(info.shape[2], 0);
    assert_int_equal(info.dtype, MCOMP_DTYPE_F32);
    assert_int_equal(info.layout, MCOMP_LAYOUT_NCHW);
    assert_int_equal(info.encoded, 0);
    assert_int_equal(info.encoding.numeric, MCOMP_NUMERIC_F32);
    assert_int_equal(info.element_count, 6);
    assert_int_equal(info.stored_nbytes, 24);
    mcomp_tensor_release(tensor);

    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_S64, 1, SHAPE(3), NULL, &tensor));
    for (int i = 0; i < 3; i++)
        assert_int_equal(((const int64_t *)mcomp_tensor_data(tensor))[i], 0);
    assert_int_equal(info_of(tensor).stored_nbytes, 24);
    assert_int_equal(info_of(tensor).encoding.numeric, 0);
    mcomp_tensor_release(tensor);

    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_F16, 0, NULL, NULL, &tensor));
    assert_int_equal(info_of(tensor).element_count, 1);
    mcomp_tensor_release(tensor);
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_U8, 2, SHAPE(3, 0), NULL, &tensor));
    assert_int_equal(info_of(tensor).element_count, 0);
    mcomp_tensor_release(tensor);
    mcomp_tensor_release(NULL);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_limits(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    float data[1] = {0};
    mcomp_tensor *tensor = (mcomp_tensor *)data;
#define REFUSE(status, words, dtype, rank, ...)                                                    \
    tensor = (mcomp_tensor *)data;                                                                 \
    assert_status(mcomp_tensor_create(context, dtype, rank, SHAPE(__VA_ARGS__), NULL, &tensor),    \
                  status);                                                                         \
    assert_null(tensor);                                                                           \
    assert_message(words)
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "rank 7", MCOMP_DTYPE_F32, 7, 1, 1, 1, 1, 1, 1, 1);
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "-1", MCOMP_DTYPE_F32, 2, 3, -1);
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "dtype 8", (mcomp_dtype)8, 1, 3);
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "dtype 0", (mcomp_dtype)0, 1, 3);
    REFUSE(MCOMP_ERR_LIMIT, "2^40", MCOMP_DTYPE_U8, 1, ((int64_t)1 << 40) + 1);
    REFUSE(MCOMP_ERR_LIMIT, "2^40", MCOMP_DTYPE_U8, 2, (int64_t)1 << 32, (int64_t)1 << 32);
    REFUSE(MCOMP_ERR_LIMIT, "2^40", MCOMP_DTYPE_U8, 3, INT64_MAX, INT64_MAX, 1);
    /* No extent may be beyond counting, not even beside one of 0. */
    REFUSE(MCOMP_ERR_LIMIT, "2^40", MCOMP_DTYPE_U8, 2, INT64_MAX, 0);
    REFUSE(MCOMP_ERR_LIMIT, "2^40", MCOMP_DTYPE_U8, 3, 0, (int64_t)1 << 62, (int64_t)1 << 62);
    memory.limit_nbytes = 1 << 20;
    REFUSE(MCOMP_ERR_OUT_OF_MEMORY, "1099511627776 bytes", MCOMP_DTYPE_U8, 1, (int64_t)1 << 40);
#undef REFUSE
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void count_release(void *user)
{
    ++*(int *)user;
}

static void test_wrap_releases_once(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    float data[4] = {1, 2, 3, 4};
    int released = 0;
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 1, SHAPE(4), data, sizeof data,
                                count_release, &released, &tensor));
    assert_ptr_equal(mcomp_tensor_data(tensor), data);
    assert_ptr_equal(mcomp_tensor_retain(tensor), tensor);
    mcomp_tensor_release(tensor);
    assert_int_equal(released, 0);
    mcomp_tensor_release(tensor);
    assert_int_equal(released, 1);

    assert_status(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 1, SHAPE(4), data, 15, count_release,
                                    &released, &tensor),
                  MCOMP_ERR_SHAPE);
    assert_message("15 bytes given, the shape takes 16");
    assert_null(tensor);
    assert_status(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 1, SHAPE(4), NULL, 16, count_release,
                                    &released, &tensor),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 1, SHAPE(3), (char *)data + 2, 12,
                                    count_release, &released, &tensor),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("multiple of 4");
    fail_alloc_arm(&memory, 0);
    assert_status(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 1, SHAPE(4), data, 16, count_release,
                                    &released, &tensor),
                  MCOMP_ERR_OUT_OF_MEMORY);
    assert_int_equal(released, 1);
    assert_ok(
        mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 2, SHAPE(0, 4), NULL, 0, NULL, NULL, &tensor));
    mcomp_tensor_release(tensor);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* The context may go first: a tensor keeps it. */
static void test_any_order_of_ends(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_tensor *first = NULL, *second = NULL;
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_F32, 1, SHAPE(8), NULL, &first));
    assert_ok(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 1, SHAPE(2),
                                            (const int8_t[]){1, 2}, (const float[]){1}, NULL, 1,
                                            &second));
    mcomp_context_destroy(context);
    float values[8];
    assert_ok(mcomp_tensor_decode(second, values, 2));
    assert_true(values[1] == 2);
    mcomp_tensor_release(first);
    mcomp_tensor_release(second);
    assert_no_leak(&memory);
}

static void test_decode_plain(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_tensor *tensor = NULL;
    float values[3];
    const uint16_t halves[3] = {0x3c00, 0xc000, 0x7c00}, bfloats[3] = {0x3f80, 0xc000, 0x7f80};
    const float wanted[3] = {1, -2, INFINITY};
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_F16, 1, SHAPE(3), halves, &tensor));
    assert_ok(mcomp_tensor_decode(tensor, values, 3));
    assert_same_bits(values, wanted, 3);
    assert_status(mcomp_tensor_decode(tensor, values, 2), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("room for 2 values, the tensor has 3");
    uint8_t symbols[3];
    assert_status(mcomp_tensor_decode_symbols(tensor, symbols, 3), MCOMP_ERR_UNSUPPORTED);
    const float *floats = wanted;
    const uint8_t *bytes = symbols;
    size_t count = 9;
    mcomp_tensor_get_scales(tensor, &floats, &count);
    assert_null(floats);
    assert_int_equal(count, 0);
    mcomp_tensor_get_zero_points(tensor, &bytes, &count);
    assert_null(bytes);
    mcomp_tensor_release(tensor);
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_BF16, 1, SHAPE(3), bfloats, &tensor));
    assert_ok(mcomp_tensor_decode(tensor, values, 3));
    assert_same_bits(values, wanted, 3);
    mcomp_tensor_release(tensor);
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_S32, 1, SHAPE(3), NULL, &tensor));
    assert_status(mcomp_tensor_decode(tensor, values, 3), MCOMP_ERR_UNSUPPORTED);
    assert_message("int32");
    mcomp_tensor_release(tensor);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* value = scale[c] * (q - zero_point[c]) for both dtypes, per tensor and per channel. */
static void test_quantized(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    static const int8_t s8[6] = {-128, -1, 0, 1, 5, 127};
    static const uint8_t u8[6] = {0, 1, 127, 128, 200, 255};
    static const float scales[2] = {0.5f, 0.003f};
    static const int32_t s8_zeros[2] = {-128, 3}, u8_zeros[2] = {0, 255}, middle[2] = {128, 128};
    const struct {
        mcomp_dtype dtype;
        const int32_t *zeros;
        size_t scale_count;
        bool stored_zeros;
    } cases[] = {
        {MCOMP_DTYPE_S8, NULL, 1, false},    {MCOMP_DTYPE_S8, NULL, 2, false},
        {MCOMP_DTYPE_S8, s8_zeros, 2, true}, {MCOMP_DTYPE_U8, NULL, 1, true},
        {MCOMP_DTYPE_U8, u8_zeros, 2, true}, {MCOMP_DTYPE_U8, middle, 1, false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bool is_signed = cases[k].dtype == MCOMP_DTYPE_S8;
        mcomp_tensor *tensor = NULL;
        assert_ok(mcomp_tensor_create_quantized(context, cases[k].dtype, 2, SHAPE(2, 3),
                                                is_signed ? (const void *)s8 : u8, scales,
                                                cases[k].zeros, cases[k].scale_count, &tensor));
        float values[6];
        uint8_t symbols[6];
        assert_ok(mcomp_tensor_decode(tensor, values, 6));
        assert_ok(mcomp_tensor_decode_symbols(tensor, symbols, 6));
        for (size_t i = 0; i < 6; i++) {
            size_t c = cases[k].scale_count == 2 ? i / 3 : 0;
            int32_t q = is_signed ? s8[i] : u8[i];
            int32_t zero = cases[k].zeros ? cases[k].zeros[c] : 0;
            float wanted = scales[c] * (float)(q - zero);
            assert_same_bits(&values[i], &wanted, 1);
            assert_int_equal(symbols[i], is_signed ? q + 128 : q);
        }
        const uint8_t *zeros = NULL;
        const float *found = NULL;
        size_t count = 0;
        mcomp_tensor_get_zero_points(tensor, &zeros, &count);
        assert_int_equal(count, cases[k].stored_zeros ? cases[k].scale_count : 0);
        assert_int_equal(zeros != NULL, cases[k].stored_zeros);
        mcomp_tensor_get_scales(tensor, &found, &count);
        assert_int_equal(count, cases[k].scale_count);
        assert_same_bits(found, scales, count);
        assert_null(mcomp_tensor_data(tensor));
        mcomp_tensor_release(tensor);
    }
    mcomp_tensor *tensor = NULL;
    static const int32_t outside[1] = {128};
    static const float bad[4] = {0, -1, NAN, INFINITY};
    assert_status(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 1, SHAPE(6), s8, scales,
                                                outside, 1, &tensor),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("zero point 128 is no int8");
    for (int i = 0; i < 4; i++)
        assert_status(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 1, SHAPE(6), s8,
                                                    &bad[i], NULL, 1, &tensor),
                      MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 2, SHAPE(3, 2), s8, scales,
                                                NULL, 2, &tensor),
                  MCOMP_ERR_SHAPE);
    assert_status(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 2, SHAPE(0, 2), s8, scales,
                                                NULL, 0, &tensor),
                  MCOMP_ERR_SHAPE);
    assert_status(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S32, 1, SHAPE(1), s8, scales,
                                                NULL, 1, &tensor),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(tensor);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_shape_text(void **state)
{
    (void)state;
    char text[64];
    assert_string_equal(mc_shape_format(4, SHAPE(-1, 3, 224, 5), text, sizeof text),
                        "[N, 3, 224, 5]");
    assert_string_equal(mc_shape_format(0, NULL, text, sizeof text), "[]");
    assert_true(strlen(mc_shape_format(3, SHAPE(1000, 2000, 3000), text, 8)) < 8);
}

static mcomp_status make_tensors(mcomp_context *context, void *user)
{
    (void)user;
    mcomp_tensor *plain = NULL, *quantized = NULL;
    float values[2];
    mcomp_status status = mcomp_tensor_create(context, MCOMP_DTYPE_F32, 1, SHAPE(2), NULL, &plain);
    if (status == MCOMP_OK)
        status = mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 1, SHAPE(2),
                                               (const int8_t[]){1, 2}, (const float[]){1}, NULL, 1,
                                               &quantized);
    if (status == MCOMP_OK)
        status = mcomp_tensor_decode(quantized, values, 2);
    mcomp_tensor_release(plain);
    mcomp_tensor_release(quantized);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(fail_alloc_every(make_tensors, NULL) >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_copies_or_zeroes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_wrap_releases_once),
        cmocka_unit_test(test_any_order_of_ends),
        cmocka_unit_test(test_decode_plain),
        cmocka_unit_test(test_quantized),
        cmocka_unit_test(test_shape_text),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
