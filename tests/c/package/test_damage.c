/* Six hundred damaged files in one process: an error, or a network that can be used; where all
 * checksums are looked at, an error or the very same network. Never a crash, never much memory. */
#define _DEFAULT_SOURCE

#include "container_edit.h"
#include "container_make.h"
#include "network_fixture.h"
#include "package/format.h"

typedef struct damage_fixture {
    fail_alloc memory;
    mcomp_context *context;
    mcomp_graph *graph;
    uint8_t *whole;
    size_t whole_nbytes;
} damage_fixture;

/* Everything that using a network's weights would read. */
static mcomp_status use_weights(const mcomp_graph *graph)
{
    mcomp_status status = MCOMP_OK;
    for (uint32_t v = 0; v < graph->value_count && status == MCOMP_OK; v++) {
        const mcomp_tensor *tensor = graph->values[v].constant;
        if (!tensor || tensor->element_count > 100000)
            continue;
        float *values = malloc(tensor->element_count * sizeof *values + 1);
        status = mcomp_tensor_decode(tensor, values, tensor->element_count);
        if (status == MCOMP_OK)
            status = mc_tensor_decode_kept(tensor, (uint8_t *)values, tensor->element_count);
        free(values);
        if (status == MCOMP_ERR_UNSUPPORTED) /* integers have no floats */
            status = MCOMP_OK;
    }
    return status;
}

/* What may be asked for in all: copies of the file, its descriptions grown, tables of Huffman codes. */
static size_t allowed_nbytes(size_t file_nbytes)
{
    return 200 * file_nbytes + 2000000;
}

/* Load, use, end. @return whether an error came or the network differs from the whole one */
static bool try_file(damage_fixture *f, const uint8_t *data, size_t nbytes, bool verify,
                     bool *is_error)
{
    mcomp_load_options options;
    mcomp_load_options_init(&options);
    options.verify = verify;
    mcomp_graph *loaded = NULL;
    size_t live_nbytes = atomic_load(&f->memory.live_nbytes);
    long live = atomic_load(&f->memory.live);
    fail_alloc_arm(&f->memory, -1);
    /* In a block of exactly this size, so that reading past the end is seen. */
    uint8_t *copy = malloc(nbytes + !nbytes);
    memcpy(copy, data, nbytes);
    mcomp_status status = mcomp_load_memory(f->context, copy, nbytes, &options, &loaded);
    free(copy);
    bool equal = status == MCOMP_OK && networks_equal(f->graph, loaded);
    if (status == MCOMP_OK)
        status = use_weights(loaded);
    mcomp_graph_destroy(loaded);
    *is_error = status != MCOMP_OK;
    if (*is_error)
        assert_true(mcomp_last_error()[0] != 0 && status != MCOMP_ERR_INTERNAL);
    assert_true(atomic_load(&f->memory.peak_nbytes) - live_nbytes < allowed_nbytes(nbytes));
    assert_int_equal(atomic_load(&f->memory.live), live);
    return *is_error || !equal;
}

/* @return new length */
static size_t damage(uint8_t *data, size_t nbytes, test_random *random)
{
    size_t at = test_random_below(random, nbytes), length = 1 + test_random_below(random, 64);
    length = length < nbytes - at ? length : nbytes - at;
    switch (test_random_below(random, 6)) {
    case 0: /* cut off */
        return at;
    case 1: /* flipped bits */
        for (size_t i = 1 + test_random_below(random, 8); i > 0; i--)
            data[test_random_below(random, nbytes)] ^=
                (uint8_t)(1u << test_random_below(random, 8));
        break;
    case 2: /* overwritten at random */
        for (size_t i = 0; i < length; i++)
            data[at + i] = (uint8_t)test_random_bits(random);
        break;
    case 3: /* all zero or all one */
        memset(data + at, test_random_below(random, 2) ? 0xff : 0, length);
        break;
    case 4: /* bytes from elsewhere */
        memmove(data + at, data + test_random_below(random, nbytes - length + 1), length);
        break;
    default: /* a field of the header or the table */
        at = test_random_below(random, (HEADER_NBYTES + 11 * ENTRY_NBYTES) / 4) * 4;
        put_number(data + at, 4,
                   test_random_below(random, 2) ? test_random_bits(random)
                                                : test_random_below(random, 9000));
        break;
    }
    return nbytes;
}

static void test_damaged_files(void **state)
{
    damage_fixture *f = *state;
    test_random random = test_random_begin("damage");
    uint8_t *data = malloc(f->whole_nbytes);
    int errors = 0, changed = 0;
    for (int round = 0; round < 600; round++) {
        memcpy(data, f->whole, f->whole_nbytes);
        size_t nbytes = damage(data, f->whole_nbytes, &random);
        bool is_error = false;
        bool touched = nbytes != f->whole_nbytes || memcmp(data, f->whole, nbytes) != 0;
        bool differs = try_file(f, data, nbytes, true, &is_error);
        assert_int_equal(differs, is_error); /* every checksum looked at: no other network */
        assert_int_equal(is_error, touched);
        errors += is_error;
        try_file(f, data, nbytes, false, &is_error);
        fix_checksums(data, nbytes);
        changed += try_file(f, data, nbytes, round % 2, &is_error);
    }
    assert_true(errors > 500 && changed > 300);
    free(data);
}

/* Damage behind zlib: a description is inflated, damaged, deflated again, all checksums good. */
static void test_damaged_descriptions(void **state)
{
    damage_fixture *f = *state;
    test_random random = test_random_begin("damage");
    int errors = 0, used = 0;
    for (int round = 0; round < 2000; round++) {
        container whole = container_parse(f->whole);
        container_section *section = &whole.sections[test_random_below(&random, 4)];
        for (size_t k = 1 + test_random_below(&random, 3); k > 0; k--) {
            size_t at = test_random_below(&random, section->nbytes);
            static const uint8_t telling[] = {0, 1, 2, 0x7f, 0x80, 0xff};
            section->data[at] = test_random_below(&random, 2)
                                    ? telling[test_random_below(&random, sizeof telling)]
                                    : (uint8_t)test_random_bits(&random);
            if (test_random_below(&random, 8) == 0)
                section->nbytes = at;
            if (section->nbytes == 0)
                break;
        }
        size_t nbytes;
        uint8_t *data = container_build(&whole, &nbytes);
        bool is_error = false;
        try_file(f, data, nbytes, round % 2, &is_error);
        errors += is_error;
        used += !is_error;
        free(data);
        container_free(&whole);
    }
    assert_true(errors > 1000 && used > 50);
}

/* The editing itself: taken apart and put together, nothing is lost. */
static void test_undamaged(void **state)
{
    damage_fixture *f = *state;
    container whole = container_parse(f->whole);
    size_t nbytes;
    uint8_t *data = container_build(&whole, &nbytes);
    bool is_error = true;
    assert_false(try_file(f, data, nbytes, true, &is_error));
    assert_false(is_error);
    free(data);
    container_free(&whole);
}

static int set_up(void **state)
{
    damage_fixture *f = calloc(1, sizeof *f);
    f->context = fail_alloc_context(&f->memory);
    assert_ok(make_network(f->context, &f->graph));
    f->whole = network_bytes(f->context, &f->whole_nbytes);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    damage_fixture *f = *state;
    mcomp_graph_destroy(f->graph);
    mcomp_context_destroy(f->context);
    assert_no_leak(&f->memory);
    free(f->whole);
    free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undamaged),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_damaged_descriptions),
    };
    return cmocka_run_group_tests_name("damage", tests, set_up, tear_down);
}
