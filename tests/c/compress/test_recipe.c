/* Recipe text: what is accepted, how it is written back, what is refused and with which words. */
#include <locale.h>

#include "compress_fixture.h"

/* Parses, and is written as wanted; and what is written is read as the same. */
static void assert_canonical(mcomp_context *context, const char *text, const char *wanted)
{
    mcomp_recipe *recipe = NULL, *again = NULL;
    if (mcomp_recipe_create(context, text, &recipe) != MCOMP_OK)
        fail_msg("%s: %s", text, mcomp_last_error());
    assert_string_equal(mcomp_recipe_text(recipe), wanted);
    assert_ok(mcomp_recipe_create(context, mcomp_recipe_text(recipe), &again));
    assert_string_equal(mcomp_recipe_text(again), wanted);
    mcomp_recipe_destroy(recipe);
    mcomp_recipe_destroy(again);
}

static void assert_refused(mcomp_context *context, const char *text, const char *words)
{
    mcomp_recipe *recipe = (mcomp_recipe *)context;
    mcomp_status status = mcomp_recipe_create(context, text, &recipe);
    if (status != MCOMP_ERR_INVALID_ARGUMENT)
        fail_msg("'%s' gives %s", text, mcomp_status_name(status));
    assert_null(recipe);
    assert_message(words);
}

static void canonical_text(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    assert_canonical(context, "store.dense", "store.dense");
    assert_canonical(context, " \t store.dense ;;\n\n ; ", "store.dense");
    assert_canonical(context,
                     "prune.magnitude sparsity=0.80 scope=global\nshare.kmeans bits=5;"
                     "encode.huffman layout=auto gap_bits=auto\r\n",
                     "prune.magnitude sparsity=0.8 scope=global; share.kmeans; encode.huffman");
    assert_canonical(context, "prune.magnitude block=4x1 scope=layer sparsity=5e-1",
                     "prune.magnitude sparsity=0.5 block=4x1");
    assert_canonical(context, "prune.magnitude block=2:4", "prune.magnitude block=2:4");
    assert_canonical(context, "prune.magnitude block=01x16 sparsity=-0",
                     "prune.magnitude sparsity=0 block=1x16");
    assert_canonical(context, "quantize.weights scale=mse bits=04 granularity=tensor",
                     "quantize.weights bits=4 granularity=tensor scale=mse");
    assert_canonical(context, "share.kmeans only=conv?,ip* seed=7 init=random skip=[!a-c]*=x",
                     "share.kmeans init=random seed=7 skip=[!a-c]*=x only=conv?,ip*");
    assert_canonical(context, "encode.huffman gap_bits=12 layout=gaps",
                     "encode.huffman layout=gaps gap_bits=12");
    assert_canonical(context, "store.float dtype=bfloat16; store.dense only=x",
                     "store.float dtype=bfloat16; store.dense only=x");
    end_test(context);
}

/* Reals are written with the fewest digits that are read as the same number. */
static void shortest_reals(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"0.1", "0.1"},
        {"0.1000000000000000055511151231257827", "0.1"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1", "1"},
        {"1.0", "1"},
        {".5", "0.5"},
        {"0.", "0"},
        {"1E-5", "1e-05"},
        {"0.333333333333333314829616256247390992939472198486328125", "0.3333333333333333"},
        {"2e-320", "2e-320"},
    };
    mcomp_context *context = begin_test();
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char text[256], wanted[256];
        snprintf(text, sizeof text, "prune.magnitude sparsity=%s", texts[i][0]);
        snprintf(wanted, sizeof wanted, "prune.magnitude sparsity=%s", texts[i][1]);
        assert_canonical(context, text, wanted);
    }
    end_test(context);
}

static void any_real_comes_back(void **state)
{
    (void)state;
    test_random random = test_random_begin("any_real_comes_back");
    mcomp_context *context = begin_test();
    for (int i = 0; i < 2000; i++) {
        double value = (double)(test_random_bits(&random) >> 11) * 0x1p-53;
        char text[256];
        snprintf(text, sizeof text, "prune.magnitude sparsity=%.17g", value);
        mcomp_recipe *recipe = NULL;
        assert_ok(mcomp_recipe_create(context, text, &recipe));
        const char *written = strchr(mcomp_recipe_text(recipe), '=') + 1;
        assert_true(strtod(written, NULL) == value);
        assert_true(strlen(written) <= strlen(strchr(text, '=') + 1));
        mcomp_recipe_destroy(recipe);
    }
    end_test(context);
}

/* A program that writes numbers with a comma reads and writes recipes with a point. */
static void other_locales(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "fr_FR.UTF-8",
                                        "fr_FR.utf8",  "ps_AF.UTF-8", "nl_NL.UTF-8"};
    size_t found = 0;
    while (found < COUNT_OF(names) && !setlocale(LC_NUMERIC, names[found]))
        found++;
    if (found == COUNT_OF(names)) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    mcomp_context *context = begin_test();
    assert_canonical(context, "prune.magnitude sparsity=0.25", "prune.magnitude sparsity=0.25");
    assert_refused(context, "prune.magnitude sparsity=0,25", "sparsity=0,25");
    assert_refused(context, "prune.magnitude sparsity=1.5", "from 0 to 1");
    end_test(context);
    setlocale(LC_NUMERIC, "C");
}

static void refusals_name_what_is_known(void **state)
{
    (void)state;
    static const char *const refused[][2] = {
        {"", "no pass"},
        {" ; \n\r\t;", "no pass"},
        {"prune.magnitud sparsity=0.5", "'prune.magnitud'; passes are prune.magnitude, "},
        {"Store.dense", "'Store.dense'"},
        {"prune.magnitude", "sparsity must be given"},
        {"prune.magnitude sparsty=0.5",
         "'sparsty'; its parameters are sparsity, scope, block, skip"},
        {"prune.magnitude 0.5", "'0.5' is not parameter=value"},
        {"prune.magnitude sparsity=", "sparsity has no value"},
        {"prune.magnitude sparsity=0.5 sparsity=0.5", "sparsity is given twice"},
        {"store.dense skip=a skip=b", "skip is given twice"},
        {"prune.magnitude sparsity=1.01", "sparsity=1.01 is no number from 0 to 1"},
        {"prune.magnitude sparsity=-0.01", "from 0 to 1"},
        {"prune.magnitude sparsity=nan", "sparsity=nan"},
        {"prune.magnitude sparsity=inf", "sparsity=inf"},
        {"prune.magnitude sparsity=1e999", "sparsity=1e999"},
        {"prune.magnitude sparsity=0x1p-1", "sparsity=0x1p-1"},
        {"prune.magnitude sparsity=0.5x", "sparsity=0.5x"},
        {"prune.magnitude sparsity=.", "sparsity=."},
        {"prune.magnitude sparsity=1e", "sparsity=1e"},
        {"prune.magnitude sparsity=+0.5", "sparsity=+0.5"},
        {"prune.magnitude sparsity=0.5 scope=all", "scope=all is none of layer|global"},
        {"prune.magnitude sparsity=0.5 scope=", "scope has no value"},
        {"prune.magnitude sparsity=0.5 scope=layer|global", "is none of"},
        {"prune.magnitude sparsity=0.5 block=0x1", "block=0x1"},
        {"prune.magnitude sparsity=0.5 block=17x1", "from 1x1 to 16x16"},
        {"prune.magnitude sparsity=0.5 block=4", "block=4"},
        {"prune.magnitude sparsity=0.5 block=4x", "block=4x"},
        {"prune.magnitude block=4:4", "1 <= N < M <= 16"},
        {"prune.magnitude block=0:4", "block=0:4"},
        {"prune.magnitude block=2:17", "block=2:17"},
        {"prune.magnitude block=2:4 sparsity=0.5", "leave out sparsity"},
        {"prune.magnitude block=2:4 scope=global", "leave out sparsity and scope"},
        {"share.kmeans bits=0", "bits=0 is no integer from 1 to 8"},
        {"share.kmeans bits=9", "from 1 to 8"},
        {"share.kmeans bits=4.0", "bits=4.0"},
        {"share.kmeans bits=99999999999999999999", "bits=9999"},
        {"share.kmeans seed=-2", "seed=-2"},
        {"quantize.weights bits=1", "bits=1 is no integer from 2 to 8"},
        {"encode.huffman gap_bits=1", "auto|2|3"},
        {"encode.huffman gap_bits=13", "auto|2|3"},
        {"encode.huffman layout=dense gap_bits=4", "leave out gap_bits"},
        {"store.dense skip=a,,b", "an empty pattern"},
        {"store.dense skip=a[b", "a '[' that is not closed"},
        {"store.dense only=,", "an empty pattern"},
        {"store.dense; nothing", "'nothing'"},
        {"\xff", "UTF-8"},
    };
    mcomp_context *context = begin_test();
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_refused(context, refused[i][0], refused[i][1]);
    end_test(context);
}

static void order_is_checked(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    assert_refused(context, "encode.huffman; share.kmeans",
                   "share.kmeans cannot come after encode.huffman");
    assert_refused(context, "store.dense; prune.magnitude sparsity=0.5",
                   "prune.magnitude cannot come after store.dense");
    assert_refused(context, "quantize.weights; prune.magnitude sparsity=0.5",
                   "prune.magnitude cannot come after quantize.weights");
    assert_refused(context, "share.kmeans; quantize.weights",
                   "quantize.weights after share.kmeans");
    assert_refused(context, "share.kmeans; share.kmeans bits=4", "share.kmeans after share.kmeans");
    assert_refused(context, "store.dense; encode.huffman", "encode.huffman after store.dense");
    assert_refused(context, "share.kmeans; quantize.weights only=a; share.kmeans", "after");
    assert_canonical(context, "share.kmeans skip=ip1; share.kmeans bits=4 only=ip1",
                     "share.kmeans skip=ip1; share.kmeans bits=4 only=ip1");
    assert_canonical(context, "prune.magnitude sparsity=0.5; prune.magnitude sparsity=0.9 only=ip1",
                     "prune.magnitude sparsity=0.5; prune.magnitude sparsity=0.9 only=ip1");
    end_test(context);
}

static void length_is_limited(void **state)
{
    (void)state;
    const size_t limit = (size_t)1 << 20;
    mcomp_context *context = begin_test();
    char *text = malloc(limit + 2);
    assert_non_null(text);
    memset(text, ' ', limit + 1);
    memcpy(text, "store.dense", 11);
    text[limit] = 0;
    assert_canonical(context, text, "store.dense");
    text[limit] = ' ';
    text[limit + 1] = 0;
    mcomp_recipe *recipe = NULL;
    assert_status(mcomp_recipe_create(context, text, &recipe), MCOMP_ERR_LIMIT);
    assert_null(recipe);
    assert_message("1048576");
    /* One long glob comes back whole. */
    memset(text, '*', limit);
    memcpy(text, "store.dense only=", 17);
    text[limit] = 0;
    assert_ok(mcomp_recipe_create(context, text, &recipe));
    assert_string_equal(mcomp_recipe_text(recipe), text);
    mcomp_recipe_destroy(recipe);
    assert_status(mcomp_recipe_create(NULL, "store.dense", &recipe), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_recipe_create(context, NULL, &recipe), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_recipe_create(context, "store.dense", NULL), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_recipe_destroy(NULL);
    free(text);
    end_test(context);
}

/* Every default that a pass lists is accepted, and written as nothing. */
static void passes_say_what_they_take(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    mcomp_pass_info pass = {.struct_size = sizeof pass};
    uint32_t index = 0;
    for (; mcomp_pass_get_info(index, &pass) == MCOMP_OK; index++) {
        assert_true(strlen(pass.summary) > 10 && strlen(pass.source) > 10);
        char text[512];
        snprintf(text, sizeof text, "%s%s", pass.name,
                 strcmp(pass.name, "prune.magnitude") == 0 ? " sparsity=0.5" : "");
        char wanted[512];
        memcpy(wanted, text, sizeof wanted);
        for (uint32_t p = 0; p < pass.parameter_count; p++) {
            mcomp_parameter_info parameter = {.struct_size = sizeof parameter};
            assert_ok(mcomp_pass_get_parameter(index, p, &parameter));
            assert_true(strlen(parameter.summary) > 10);
            assert_true((strcmp(parameter.type, "choice") == 0) == (parameter.choices[0] != 0));
            if (parameter.default_value[0])
                snprintf(text + strlen(text), sizeof text - strlen(text), " %s=%s", parameter.name,
                         parameter.default_value);
        }
        mcomp_parameter_info past = {.struct_size = sizeof past};
        assert_int_equal(mcomp_pass_get_parameter(index, pass.parameter_count, &past), MCOMP_END);
        assert_ok(mcomp_pass_get_parameter(index, pass.parameter_count - 1, &past));
        assert_string_equal(past.name, "only");
        assert_string_equal(past.type, "globs");
        assert_canonical(context, text, wanted);
    }
    assert_true(index >= 6);
    assert_int_equal(mcomp_pass_get_info(index, &pass), MCOMP_END);
    mcomp_parameter_info none = {.struct_size = sizeof none};
    assert_int_equal(mcomp_pass_get_parameter(index, 0, &none), MCOMP_END);
    end_test(context);
}

static mcomp_status make_recipe(mcomp_context *context, void *user)
{
    mcomp_recipe *recipe = NULL;
    mcomp_status status = mcomp_recipe_create(context, user, &recipe);
    mcomp_recipe_destroy(recipe);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char text[] = "prune.magnitude sparsity=0.8 skip=a*; prune.magnitude sparsity=0.9 only=b;"
                  "share.kmeans only=b; share.kmeans bits=4 skip=b,c; quantize.weights only=c;"
                  "encode.huffman";
    assert_true(fail_alloc_every(make_recipe, text) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text),
        cmocka_unit_test(shortest_reals),
        cmocka_unit_test(any_real_comes_back),
        cmocka_unit_test(other_locales),
        cmocka_unit_test(refusals_name_what_is_known),
        cmocka_unit_test(order_is_checked),
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(passes_say_what_they_take),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
