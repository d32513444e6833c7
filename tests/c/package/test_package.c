/* Saving, loading, listing: what is written comes back, and only from a file that is whole. */
#define _DEFAULT_SOURCE

#include "container_edit.h"
#include "network_fixture.h"
#include "package/format.h"

typedef struct package_fixture {
    fail_alloc memory;
    mcomp_context *context;
    mcomp_graph *graph;
    char folder[64];
    char path[128];
    uint8_t *file; /**< the saved network */
    size_t nbytes;
} package_fixture;

static int set_up(void **state)
{
    package_fixture *f = calloc(1, sizeof *f);
    f->context = fail_alloc_context(&f->memory);
    assert_ok(make_network(f->context, &f->graph));
    snprintf(f->path, sizeof f->path, "%s/a.mcomp", make_folder(f->folder));
    uint64_t nbytes = 0;
    assert_ok(mcomp_save(f->graph, f->path, NULL, &nbytes));
    f->file = read_file(f->path, &f->nbytes);
    assert_int_equal(nbytes, f->nbytes);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    package_fixture *f = *state;
    mcomp_graph_destroy(f->graph);
    remove_folder(f->folder);
    free(f->file);
    mcomp_context_destroy(f->context);
    assert_no_leak(&f->memory);
    free(f);
    return 0;
}

static mcomp_load_options verify_all(void)
{
    mcomp_load_options options;
    mcomp_load_options_init(&options);
    assert_int_equal(options.verify, 0);
    options.verify = 1;
    return options;
}

/* From the changed bytes, checking everything, or only what is touched. */
static mcomp_status load(package_fixture *f, int verify, mcomp_graph **out)
{
    mcomp_load_options options = verify_all();
    options.verify = verify;
    return mcomp_load_memory(f->context, f->file, f->nbytes, &options, out);
}

#define REFUSE(f, status, words)                                                                   \
    do {                                                                                           \
        for (int verify = 0; verify < 2; verify++) {                                               \
            mcomp_graph *refused = (f)->graph;                                                     \
            assert_status(load(f, verify, &refused), status);                                      \
            assert_null(refused);                                                                  \
            assert_message(words);                                                                 \
        }                                                                                          \
    } while (0)

static void test_round_trip(void **state)
{
    package_fixture *f = *state;
    mcomp_load_options all = verify_all();
    mcomp_graph *loaded = NULL;
    assert_ok(mcomp_load(f->context, f->path, NULL, &loaded));
    assert_true(networks_equal(f->graph, loaded));
    /* Saved again, over the file that it is mapped from: the same bytes. */
    assert_ok(mcomp_save(loaded, f->path, NULL, NULL));
    mcomp_graph_destroy(loaded);
    size_t nbytes;
    uint8_t *again = read_file(f->path, &nbytes);
    assert_int_equal(nbytes, f->nbytes);
    assert_memory_equal(again, f->file, nbytes);
    free(again);
    assert_ok(mcomp_load(f->context, f->path, &all, &loaded));
    assert_true(networks_equal(f->graph, loaded));
    mcomp_graph_destroy(loaded);
    for (int verify = 0; verify < 2; verify++) {
        assert_ok(load(f, verify, &loaded));
        assert_true(networks_equal(f->graph, loaded));
        mcomp_graph_destroy(loaded);
    }
}

/* No constants, no metadata, no recipe: every description at its shortest. */
static void test_least_network(void **state)
{
    package_fixture *f = *state;
    mcomp_graph *graph = NULL, *loaded = NULL;
    mcomp_value input, output;
    assert_ok(mcomp_graph_create(f->context, NULL, &graph));
    assert_status(mcomp_save(graph, f->path, NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("not verified");
    assert_ok(mcomp_graph_add_input(graph, "x", 2, SHAPE(MCOMP_BATCH, 3), &input));
    assert_ok(mcomp_graph_add_node(graph, "Relu", "y", INPUTS(input), NULL, 0, &output));
    assert_ok(mcomp_graph_mark_output(graph, output));
    assert_ok(mcomp_graph_verify(graph));
    assert_ok(mcomp_save(graph, f->path, NULL, NULL));
    assert_ok(mcomp_load(f->context, f->path, NULL, &loaded));
    assert_true(networks_equal(graph, loaded));
    assert_false(networks_equal(f->graph, loaded));
    mcomp_graph_destroy(loaded);
    mcomp_graph_destroy(graph);
}

static void test_ends_in_any_order(void **state)
{
    package_fixture *f = *state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_graph *loaded = NULL;
    assert_ok(mcomp_load(context, f->path, NULL, &loaded));
    mcomp_context_destroy(context);
    assert_int_equal(unlink(f->path), 0);
    assert_true(networks_equal(f->graph, loaded));
    mcomp_tensor *tensor = NULL;
    for (uint32_t v = 0; v < loaded->value_count; v++)
        if (strcmp(loaded->values[v].name, "fc1.weight") == 0)
            tensor = mcomp_tensor_retain(loaded->values[v].constant);
    mcomp_graph_destroy(loaded);
    assert_non_null(tensor);
    /* Large raw values are used where the file is mapped, aligned. */
    assert_null(tensor->owned);
    assert_int_equal((uintptr_t)tensor->data % 64, 0);
    float values[16 * 128];
    assert_ok(mcomp_tensor_decode(tensor, values, 16 * 128));
    assert_true(values[1000] == 1000 * 0.001f - 1);
    mcomp_tensor_release(tensor);
    assert_no_leak(&memory);
    write_file_bytes(f->path, "x", 1);
}

static mcomp_section_info section_at(const mcomp_package *package, uint32_t index)
{
    mcomp_section_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_package_get_section(package, index, &info));
    return info;
}

static void test_sections_sum_to_the_file(void **state)
{
    package_fixture *f = *state;
    mcomp_package *package = NULL;
    assert_ok(mcomp_package_open(f->context, f->path, &package));
    assert_int_equal(mcomp_package_nbytes(package), f->nbytes);
    assert_int_equal(mcomp_package_format_version(package), MCOMP_FORMAT_VERSION);
    assert_string_equal(section_at(package, 0).name, "header");
    assert_string_equal(section_at(package, 1).name, "table");
    assert_string_equal(section_at(package, 2).name, "padding");
    assert_int_equal(section_at(package, 2).crc32, 0);
    static const char *const names[] = {"graph",    "directory", "metadata", "report",
                                        "tensor 0", "tensor 1",  "tensor 2", "tensor 3",
                                        "tensor 4", "tensor 5",  "tensor 6"};
    uint64_t sum = section_at(package, 2).nbytes;
    uint32_t index = 0;
    mcomp_section_info info = {.struct_size = sizeof info};
    for (; mcomp_package_get_section(package, index, &info) != MCOMP_END; index++) {
        if (index == 2)
            continue;
        sum += info.nbytes;
        assert_true(info.offset + info.nbytes <= f->nbytes);
        assert_int_equal(info.crc32, crc32_z(0, f->file + info.offset, info.nbytes));
        if (index > 2) {
            assert_string_equal(info.name, names[index - 3]);
            assert_int_equal(info.required, index != 5 && index != 6);
        }
    }
    assert_int_equal(index, 3 + 11);
    assert_int_equal(sum, f->nbytes);
    assert_int_equal(mcomp_package_get_section(package, UINT32_MAX, &info), MCOMP_END);
    info.struct_size = 0;
    assert_status(mcomp_package_get_section(package, 0, &info), MCOMP_ERR_VERSION);
    mcomp_package_close(package);
    mcomp_package_close(NULL);
    assert_status(mcomp_package_open(f->context, "/nonexistent", &package), MCOMP_ERR_NOT_FOUND);
    assert_null(package);
    write_file_bytes(f->path, f->file, f->nbytes - 1);
    assert_status(mcomp_package_open(f->context, f->path, &package), MCOMP_ERR_CORRUPT);
    assert_null(package);
}

/* A damaged weight is found before anything is used, or when that weight is, and not written on. */
static void test_damaged_weight(void **state)
{
    package_fixture *f = *state;
    const uint32_t item = 2; /* conv2.weight */
    const uint8_t *entry = entry_of(f->file, find_section(f->file, MC_SECTION_TENSOR, item));
    f->file[get_number(entry + ENTRY_OFFSET, 8)] ^= 0x10;
    mcomp_graph *loaded = NULL;
    assert_status(load(f, 1, &loaded), MCOMP_ERR_CORRUPT);
    assert_message("tensor 2: checksum is ");
    assert_ok(load(f, 0, &loaded));
    uint32_t constants = 0;
    float values[16 * 128];
    uint8_t symbols[16 * 128];
    for (uint32_t v = 0; v < loaded->value_count; v++) {
        const mcomp_tensor *tensor = loaded->values[v].constant;
        if (!tensor)
            continue;
        bool damaged = constants++ == item;
        for (int again = 0; again < 2; again++)
            assert_status(mcomp_tensor_decode(tensor, values, 16 * 128),
                          damaged ? MCOMP_ERR_CORRUPT : MCOMP_OK);
        if (damaged) {
            assert_message("tensor 2");
            assert_status(mcomp_tensor_decode_symbols(tensor, symbols, 16 * 128),
                          MCOMP_ERR_CORRUPT);
        }
    }
    assert_int_equal(constants, 7);
    int files = count_files(f->folder);
    char path[128];
    snprintf(path, sizeof path, "%s/b.mcomp", f->folder);
    assert_status(mcomp_save(loaded, path, NULL, NULL), MCOMP_ERR_CORRUPT);
    assert_int_equal(count_files(f->folder), files);
    mcomp_graph_destroy(loaded);
}

static void test_version(void **state)
{
    package_fixture *f = *state;
    put_number(f->file + AT_VERSION, 4, MCOMP_FORMAT_VERSION + 1);
    fix_checksums(f->file, f->nbytes);
    REFUSE(f, MCOMP_ERR_VERSION, "format version 1; this library reads version 0");
}

static void test_sections_of_a_newer_library(void **state)
{
    package_fixture *f = *state;
    uint8_t *entry = entry_of(f->file, find_section(f->file, MC_SECTION_METADATA, 0));
    put_number(entry + ENTRY_TYPE, 4, 77);
    put_number(entry + ENTRY_FLAGS, 4, MC_SECTION_DEFLATED | 64);
    fix_checksums(f->file, f->nbytes);
    mcomp_graph *loaded = NULL;
    assert_ok(load(f, 1, &loaded)); /* unknown and optional: left out */
    assert_int_equal(loaded->metadata_count, 0);
    assert_int_equal(loaded->node_count, f->graph->node_count);
    mcomp_graph_destroy(loaded);
    put_number(entry + ENTRY_FLAGS, 4, MC_SECTION_REQUIRED);
    fix_checksums(f->file, f->nbytes);
    REFUSE(f, MCOMP_ERR_VERSION, "required and of type 77");
    put_number(entry + ENTRY_TYPE, 4, MC_SECTION_METADATA);
    put_number(entry + ENTRY_FLAGS, 4, MC_SECTION_DEFLATED | 4);
    fix_checksums(f->file, f->nbytes);
    REFUSE(f, MCOMP_ERR_VERSION, "(metadata) has flags 0x6");
}

static void test_sections_that_contradict(void **state)
{
    package_fixture *f = *state;
    uint8_t *report = entry_of(f->file, find_section(f->file, MC_SECTION_REPORT, 0));
    uint8_t *tensor = entry_of(f->file, find_section(f->file, MC_SECTION_TENSOR, 1));
    uint8_t *graph = entry_of(f->file, find_section(f->file, MC_SECTION_GRAPH, 0));
    const struct {
        uint8_t *field;
        size_t nbytes;
        uint64_t value;
        const char *words;
    } changes[] = {
        {report + ENTRY_TYPE, 4, MC_SECTION_METADATA, "metadata is there twice"},
        {report + ENTRY_TYPE, 4, MC_SECTION_GRAPH, "graph is there twice"},
        {graph + ENTRY_TYPE, 4, 77, ""},
        {graph + ENTRY_FLAGS, 4, 1, "(graph) is not deflated"},
        {tensor + ENTRY_FLAGS, 4, 3, "(tensor) is deflated"},
        {tensor + ENTRY_ITEM, 4, 2, "damaged at tensor 1"},
        {tensor + ENTRY_TYPE, 4, MC_SECTION_REPORT, ""},
        {tensor + ENTRY_OFFSET, 8, 40, "overlap or leave the file"},
        {tensor + ENTRY_OFFSET, 8, f->nbytes + 1, "overlap or leave the file"},
        {tensor + ENTRY_OFFSET, 8, UINT64_MAX, "overlap or leave the file"},
        {tensor + ENTRY_OFFSET, 8, UINT64_MAX - 15, "overlap or leave the file"},
        {tensor + ENTRY_SIZE, 8, UINT64_MAX, "overlap or leave the file"},
        {tensor + ENTRY_SIZE, 8, UINT64_MAX - 200, "overlap or leave the file"},
        {tensor + ENTRY_SIZE, 8, (uint64_t)1 << 63, "overlap or leave the file"},
        {tensor + ENTRY_SIZE, 8, 17, "overlap or leave the file"},
        {tensor + ENTRY_SIZE, 8, 12, "bytes"},
        {tensor + ENTRY_SIZE, 8, 0, "bytes"},
        {f->file + AT_COUNT, 4, 12, ""},
        {f->file + AT_COUNT, 4, 10, "more than 6 tensors"},
        {f->file + AT_COUNT, 4, 0, "missing"},
        {f->file + AT_COUNT, 4, 999999, "sections do not fit"},
        {f->file + AT_COUNT, 4, UINT32_MAX, "sections do not fit"},
        {f->file + AT_FILE_NBYTES, 8, f->nbytes + 1, "its header says"},
        {f->file + AT_FILE_NBYTES, 8, UINT64_MAX, "its header says"},
    };
    uint8_t *whole = malloc(f->nbytes);
    memcpy(whole, f->file, f->nbytes);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        put_number(changes[i].field, changes[i].nbytes, changes[i].value);
        fix_checksums(f->file, f->nbytes);
        mcomp_graph *loaded = NULL;
        mcomp_status status = load(f, 0, &loaded);
        bool good = status == MCOMP_ERR_CORRUPT || (i == 2 && status == MCOMP_ERR_VERSION);
        if (!good || !strstr(mcomp_last_error(), changes[i].words))
            fail_msg("change %zu: status %d, %s", i, status, mcomp_last_error());
        assert_null(loaded);
        memcpy(f->file, whole, f->nbytes);
    }
    free(whole);
}

static void test_padding_and_trailing_bytes(void **state)
{
    package_fixture *f = *state;
    const uint8_t *entry = entry_of(f->file, find_section(f->file, MC_SECTION_TENSOR, 3));
    size_t aligned = get_number(entry + ENTRY_OFFSET, 8);
    assert_int_equal(aligned % 64, 0);
    assert_int_equal(f->file[aligned - 1], 0); /* padding stands before it in this file */
    f->file[aligned - 1] = 1;
    mcomp_graph *loaded = NULL;
    assert_status(load(f, 1, &loaded), MCOMP_ERR_CORRUPT);
    assert_message("padding");
    assert_ok(load(f, 0, &loaded)); /* nobody touches it */
    mcomp_graph_destroy(loaded);
    f->file[aligned - 1] = 0;

    f->file = realloc(f->file, f->nbytes + 5);
    memset(f->file + f->nbytes, 0, 5);
    f->nbytes += 5;
    REFUSE(f, MCOMP_ERR_CORRUPT, "its header says");
    put_number(f->file + AT_FILE_NBYTES, 8, f->nbytes);
    fix_checksums(f->file, f->nbytes);
    assert_ok(load(f, 1, &loaded));
    assert_true(networks_equal(f->graph, loaded));
    mcomp_graph_destroy(loaded);
    f->file[f->nbytes - 1] = 1;
    assert_status(load(f, 1, &loaded), MCOMP_ERR_CORRUPT);
}

static void test_cut_off_anywhere(void **state)
{
    package_fixture *f = *state;
    size_t whole = f->nbytes;
    for (f->nbytes = 0; f->nbytes < whole; f->nbytes += f->nbytes < 400 ? 1 : 53) {
        mcomp_graph *loaded = f->graph;
        assert_status(load(f, 0, &loaded), MCOMP_ERR_CORRUPT);
        assert_null(loaded);
    }
}

/* With all checksums looked at, no bit of a file can change unseen. */
static void test_every_bit_is_covered(void **state)
{
    package_fixture *f = *state;
    for (size_t bit = 0; bit < 8 * f->nbytes; bit += bit < 8 * 400 ? 1 : 37) {
        f->file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mcomp_graph *loaded = f->graph;
        mcomp_status status = load(f, 1, &loaded);
        if (status != MCOMP_ERR_CORRUPT)
            fail_msg("bit %zu of byte %zu: status %d", bit % 8, bit / 8, status);
        assert_null(loaded);
        f->file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_paths_that_are_no_file(void **state)
{
    package_fixture *f = *state;
    mcomp_graph *loaded = f->graph;
    char path[128];
    snprintf(path, sizeof path, "%s/fifo", f->folder);
    assert_status(mcomp_load(f->context, path, NULL, &loaded), MCOMP_ERR_NOT_FOUND);
    assert_message(path);
    assert_null(loaded);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status(mcomp_load(f->context, path, NULL, &loaded), MCOMP_ERR_IO); /* without waiting */
    assert_message("not a regular file");
    assert_status(mcomp_load(f->context, f->folder, NULL, &loaded), MCOMP_ERR_IO);
    write_file_bytes(f->path, NULL, 0);
    assert_status(mcomp_load(f->context, f->path, NULL, &loaded), MCOMP_ERR_CORRUPT);
    assert_message("empty");
    assert_status(mcomp_load_memory(f->context, f->file, 0, NULL, &loaded), MCOMP_ERR_CORRUPT);
    write_file_bytes(f->path, "PK\3\4 is something else entirely", 32);
    assert_status(mcomp_load(f->context, f->path, NULL, &loaded), MCOMP_ERR_CORRUPT);
    assert_message("not an .mcomp file");
    assert_message(f->path);
    mcomp_package *package = NULL;
    assert_status(mcomp_package_open(f->context, f->path, &package), MCOMP_ERR_CORRUPT);
    assert_message(f->path);
    assert_status(mcomp_load(f->context, NULL, NULL, &loaded), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_load(f->context, f->path, NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_save(f->graph, "", NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
}

static int stop_at(void *user, const char *stage, uint64_t done, uint64_t total)
{
    assert_non_null(stage);
    assert_true(total > 0 && done <= total);
    return --*(int *)user < 0;
}

static void test_cancelling(void **state)
{
    package_fixture *f = *state;
    int left = 0;
    mcomp_load_options load_options = verify_all();
    load_options.progress = stop_at;
    load_options.progress_user = &left;
    mcomp_graph *loaded = f->graph;
    assert_status(mcomp_load(f->context, f->path, &load_options, &loaded), MCOMP_ERR_CANCELLED);
    assert_null(loaded);
    mcomp_save_options save_options;
    mcomp_save_options_init(&save_options);
    save_options.progress = stop_at;
    save_options.progress_user = &left;
    left = 0;
    char path[128];
    snprintf(path, sizeof path, "%s/b.mcomp", f->folder);
    assert_status(mcomp_save(f->graph, path, &save_options, NULL), MCOMP_ERR_CANCELLED);
    assert_int_equal(count_files(f->folder), 1);
    left = 1000;
    assert_ok(mcomp_save(f->graph, path, &save_options, NULL));
    assert_ok(mcomp_load(f->context, path, &load_options, &loaded));
    mcomp_graph_destroy(loaded);
}

/* Text that deflates a thousandfold still makes a file that can be read. */
static void test_repetitive_metadata(void **state)
{
    package_fixture *f = *state;
    mcomp_graph *graph = NULL, *loaded = NULL;
    mcomp_value input, output;
    size_t nbytes = (size_t)3 << 20;
    char *text = malloc(nbytes + 1);
    memset(text, 'a', nbytes);
    text[nbytes] = 0;
    assert_ok(mcomp_graph_create(f->context, "x", &graph));
    assert_ok(mcomp_graph_add_input(graph, "x", 2, SHAPE(MCOMP_BATCH, 3), &input));
    assert_ok(mcomp_graph_add_node(graph, "Relu", "y", INPUTS(input), NULL, 0, &output));
    assert_ok(mcomp_graph_mark_output(graph, output));
    assert_ok(mcomp_graph_set_metadata(graph, "key", text));
    assert_ok(mcomp_graph_verify(graph));
    assert_ok(mcomp_save(graph, f->path, NULL, NULL));
    assert_ok(mcomp_load(f->context, f->path, NULL, &loaded));
    assert_true(networks_equal(graph, loaded));
    mcomp_graph_destroy(loaded);
    mcomp_graph_destroy(graph);
    free(text);
}

static mcomp_status make_and_save(mcomp_context *context, void *user)
{
    package_fixture *f = user;
    mcomp_graph *graph = NULL;
    int files = count_files(f->folder);
    char path[128];
    snprintf(path, sizeof path, "%s/b.mcomp", f->folder);
    mcomp_status status = make_network(context, &graph);
    if (status == MCOMP_OK)
        status = mcomp_save(graph, path, NULL, NULL);
    mcomp_graph_destroy(graph);
    assert_int_equal(count_files(f->folder), files + (status == MCOMP_OK));
    unlink(path);
    return status;
}

static mcomp_status load_both_ways(mcomp_context *context, void *user)
{
    package_fixture *f = user;
    mcomp_load_options options = verify_all();
    mcomp_graph *mapped = NULL, *copied = NULL;
    mcomp_status status = mcomp_load(context, f->path, &options, &mapped);
    if (status == MCOMP_OK)
        status = mcomp_load_memory(context, f->file, f->nbytes, NULL, &copied);
    if (status == MCOMP_OK)
        assert_true(networks_equal(mapped, copied));
    mcomp_graph_destroy(mapped);
    mcomp_graph_destroy(copied);
    return status;
}

static mcomp_status open_and_list(mcomp_context *context, void *user)
{
    package_fixture *f = user;
    mcomp_package *package = NULL;
    mcomp_status status = mcomp_package_open(context, f->path, &package);
    mcomp_package_close(package);
    return status;
}

static void test_out_of_memory(void **state)
{
    assert_true(fail_alloc_every(make_and_save, *state) > 50);
    assert_true(fail_alloc_every(load_both_ways, *state) > 50);
    assert_true(fail_alloc_every(open_and_list, *state) >= 4);
}

#define PACKAGE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PACKAGE_TEST(test_round_trip),
        PACKAGE_TEST(test_least_network),
        PACKAGE_TEST(test_ends_in_any_order),
        PACKAGE_TEST(test_sections_sum_to_the_file),
        PACKAGE_TEST(test_damaged_weight),
        PACKAGE_TEST(test_version),
        PACKAGE_TEST(test_sections_of_a_newer_library),
        PACKAGE_TEST(test_sections_that_contradict),
        PACKAGE_TEST(test_padding_and_trailing_bytes),
        PACKAGE_TEST(test_cut_off_anywhere),
        PACKAGE_TEST(test_every_bit_is_covered),
        PACKAGE_TEST(test_paths_that_are_no_file),
        PACKAGE_TEST(test_cancelling),
        PACKAGE_TEST(test_repetitive_metadata),
        PACKAGE_TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("package", tests, NULL, NULL);
}
