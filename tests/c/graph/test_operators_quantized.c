/* Quantised values and integer nodes: what is accepted and what is refused. */
#include <math.h>

#include "graph_fixture.h"

#define SHAPE_ERROR  MCOMP_ERR_SHAPE
#define UNSUPPORTED  MCOMP_ERR_UNSUPPORTED
#define BAD_ARGUMENT MCOMP_ERR_INVALID_ARGUMENT

static mcomp_value zeros(mcomp_graph *graph, const char *name, uint32_t rank, const int64_t *shape)
{
    return add_constant(graph, name, MCOMP_DTYPE_F32, rank, shape, NULL);
}

static void test_quantize(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 2, 3, 3), s = add_scalar(graph, "s", 0.5f);
    mcomp_value q = add_node(graph, "QuantizeLinear", "q", INPUTS(x, s), NO_ATTRIBUTES);
    assert_int_equal(graph->values[q].dtype, MCOMP_DTYPE_U8);
    assert_int_equal(graph->values[q].zero_point, 0);
    q = add_quantize(graph, "signed", x, 0.25f, MCOMP_DTYPE_S8, -128);
    assert_int_equal(graph->values[q].dtype, MCOMP_DTYPE_S8);
    assert_int_equal(graph->values[q].zero_point, -128);
    assert_true(graph->values[q].scale == 0.25f);
    static const float bad[] = {0, -1, INFINITY, NAN, 1e-40f, 0x1p-126f};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[32];
        snprintf(name, sizeof name, "bad %zu", i);
        refuse(graph, BAD_ARGUMENT, "QuantizeLinear", INPUTS(x, add_scalar(graph, name, bad[i])),
               NO_ATTRIBUTES);
    }
    refuse(graph, SHAPE_ERROR, "QuantizeLinear",
           INPUTS(x, add_constant(graph, "per axis", MCOMP_DTYPE_F32, 1, SHAPE(2), VALUES(1, 2))),
           NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "QuantizeLinear", INPUTS(x, s, s), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "QuantizeLinear", INPUTS(q, s), NO_ATTRIBUTES);
    /* A quantised value says itself how it is meant. */
    mcomp_value quarter = add_scalar(graph, "quarter", 0.25f);
    mcomp_value zero = add_constant(graph, "z", MCOMP_DTYPE_S8, 0, NULL, (const int8_t[]){-128});
    add_node(graph, "DequantizeLinear", "dq", INPUTS(q, quarter, zero), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "DequantizeLinear", INPUTS(q, s, zero), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "DequantizeLinear", INPUTS(q, quarter), NO_ATTRIBUTES);
    assert_message("zero point 0 are not those of signed");
    refuse(graph, SHAPE_ERROR, "DequantizeLinear", INPUTS(x, s), NO_ATTRIBUTES);
    end_graph(graph);
}

static void test_dequantize_constants(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value w = add_constant(graph, "w", MCOMP_DTYPE_S8, 2, SHAPE(3, 2), NULL);
    mcomp_value one = add_scalar(graph, "one", 1), f = zeros(graph, "f", 1, SHAPE(3));
    mcomp_value three = add_constant(graph, "three", MCOMP_DTYPE_F32, 1, SHAPE(3), VALUES(1, 2, 3));
    mcomp_value z3 = add_constant(graph, "z3", MCOMP_DTYPE_S8, 1, SHAPE(3), NULL);
    mcomp_value u3 = add_constant(graph, "u3", MCOMP_DTYPE_U8, 1, SHAPE(3), NULL);
    mcomp_value z1 = add_constant(graph, "z1", MCOMP_DTYPE_S8, 0, NULL, NULL);
    mcomp_value wide = add_constant(graph, "wide", MCOMP_DTYPE_S64, 1, SHAPE(3), NULL);
    add_node(graph, "DequantizeLinear", "a", INPUTS(w, one), NO_ATTRIBUTES);
    add_node(graph, "DequantizeLinear", "b", INPUTS(w, three, z3), ATTRIBUTES(INTEGERS("axis", 0)));
    add_node(graph, "DequantizeLinear", "c", INPUTS(w, three, z3),
             ATTRIBUTES(INTEGERS("axis", -2)));
    refuse(graph, SHAPE_ERROR, "DequantizeLinear", INPUTS(w, three), NO_ATTRIBUTES); /* axis 1 */
    refuse(graph, SHAPE_ERROR, "DequantizeLinear", INPUTS(w), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "DequantizeLinear", INPUTS(w, three, z1),
           ATTRIBUTES(INTEGERS("axis", 0)));
    refuse(graph, SHAPE_ERROR, "DequantizeLinear", INPUTS(w, three, u3),
           ATTRIBUTES(INTEGERS("axis", 0)));
    refuse(graph, UNSUPPORTED, "DequantizeLinear", INPUTS(f, one), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "DequantizeLinear", INPUTS(wide, one), NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "DequantizeLinear", INPUTS(w, one),
           ATTRIBUTES(INTEGERS("axis", 99)));
    end_graph(graph);
}

/* Integer nodes say how their output is quantised; float nodes must not. */
static void test_quantized_outputs(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 1, 4, 4);
    mcomp_value q = add_quantize(graph, "q", x, 0.5f, MCOMP_DTYPE_U8, 10);
    const float scale = 1;
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4, SHAPE(1, 1, 2, 2),
                                            "\1\2\3\4", &scale, NULL, 1, &tensor));
    mcomp_value w = add_tensor(graph, "w", tensor), f = zeros(graph, "f", 4, SHAPE(1, 1, 2, 2));
    mcomp_value y = add_node(graph, "Conv", "y", INPUTS(q, w), ATTRIBUTES(QUANTIZED("s8", 2, -3)));
    assert_int_equal(graph->values[y].dtype, MCOMP_DTYPE_S8);
    assert_int_equal(graph->values[y].zero_point, -3);
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(q, w), NO_ATTRIBUTES);
    assert_message("output_dtype, output_scale and output_zero_point are needed");
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(q, w), ATTRIBUTES(FLOATS("output_scale", 1)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(q, w), ATTRIBUTES(QUANTIZED("u16", 1, 0)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(q, w), ATTRIBUTES(QUANTIZED("u8", 1, -1)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(q, w), ATTRIBUTES(QUANTIZED("s8", 1, 128)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(q, w), ATTRIBUTES(QUANTIZED("u8", 1e-39f, 0)));
    refuse(graph, UNSUPPORTED, "Conv", INPUTS(q, f), ATTRIBUTES(QUANTIZED("u8", 1, 0)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(x, w), ATTRIBUTES(QUANTIZED("u8", 1, 0)));
    refuse(graph, UNSUPPORTED, "Conv", INPUTS(q, w, MCOMP_NO_VALUE, x),
           ATTRIBUTES(QUANTIZED("u8", 1, 0)));
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(q, w, zeros(graph, "b", 1, SHAPE(1))),
           ATTRIBUTES(QUANTIZED("u8", 1, 0)));
    refuse(graph, SHAPE_ERROR, "Add", INPUTS(q, x), ATTRIBUTES(QUANTIZED("u8", 1, 0)));
    refuse(graph, SHAPE_ERROR, "Softmax", INPUTS(q), NO_ATTRIBUTES);
    /* What moves elements keeps their scale. */
    y = add_node(graph, "Flatten", "flat", INPUTS(q), NO_ATTRIBUTES);
    assert_true(graph->values[y].scale == 0.5f && graph->values[y].zero_point == 10);
    add_node(graph, "Flatten", "said", INPUTS(q), ATTRIBUTES(QUANTIZED("u8", 0.5f, 10)));
    refuse(graph, BAD_ARGUMENT, "Flatten", INPUTS(q), ATTRIBUTES(QUANTIZED("u8", 0.5f, 11)));
    refuse(graph, UNSUPPORTED, "Pad",
           INPUTS(q, add_integers(graph, "p", 8, SHAPE(0, 0, 0, 1, 0, 0, 0, 0)),
                  add_scalar(graph, "infinite", INFINITY)),
           NO_ATTRIBUTES);
    end_graph(graph);
}

/* Sums that an int32 cannot hold are refused. */
static void test_deep_integers(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    const int64_t most = INT32_MAX / (255 * 255);
    const float scale = 1;
    for (int64_t depth = most; depth <= most + 1; depth++) {
        char name[32];
        mcomp_value x;
        mcomp_tensor *tensor = NULL;
        uint8_t *bytes = calloc((size_t)depth, 1);
        assert_non_null(bytes);
        snprintf(name, sizeof name, "x%d", (int)depth);
        assert_ok(mcomp_graph_add_input(graph, name, 2, SHAPE(-1, depth), &x));
        assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_U8, 2, SHAPE(1, depth),
                                                bytes, &scale, NULL, 1, &tensor));
        free(bytes);
        snprintf(name, sizeof name, "w%d", (int)depth);
        mcomp_value w = add_tensor(graph, name, tensor);
        snprintf(name, sizeof name, "q%d", (int)depth);
        mcomp_value q = add_quantize(graph, name, x, 1, MCOMP_DTYPE_U8, 0);
        if (depth == most)
            add_node(graph, "Gemm", "fits", INPUTS(q, w),
                     ATTRIBUTES(INTEGERS("transB", 1), QUANTIZED("u8", 1, 0)));
        else
            refuse(graph, UNSUPPORTED, "Gemm", INPUTS(q, w),
                   ATTRIBUTES(INTEGERS("transB", 1), QUANTIZED("u8", 1, 0)));
    }
    assert_message("33026 products do not fit");
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_dequantize_constants),
        cmocka_unit_test(test_quantized_outputs),
        cmocka_unit_test(test_deep_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
