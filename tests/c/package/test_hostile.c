/* Containers made to do harm, every checksum good: counts that promise more than there is, numbers
 * near 2^64, values that name themselves, tensors of a trillion elements, text that grows. */
#define _DEFAULT_SOURCE

#include "container_make.h"
#include "network_fixture.h"
#include "package/byte_writer.h"
#include "package/format.h"

enum { INPUT = 1, CONSTANT = 2, NODE = 3 };

/* Descriptions under construction; what stands in one comes from the test. */
typedef struct hostile {
    fail_alloc memory;
    mcomp_context *context;
    mc_buffer graph, directory, report, metadata;
    container container;
} hostile;

static void begin(hostile *h)
{
    h->context = fail_alloc_context(&h->memory);
    h->container = (container){.count = 0};
    mc_buffer *buffers[] = {&h->graph, &h->directory, &h->report, &h->metadata};
    for (int i = 0; i < 4; i++)
        mc_buffer_init(buffers[i], h->context);
}

static void end(hostile *h)
{
    mc_buffer *buffers[] = {&h->graph, &h->directory, &h->report, &h->metadata};
    for (int i = 0; i < 4; i++)
        mc_buffer_clear(buffers[i]);
    container_free(&h->container);
    mcomp_context_destroy(h->context);
    assert_no_leak(&h->memory);
}

static void add_tensor(hostile *h, const void *data, size_t nbytes)
{
    uint32_t item = (uint32_t)h->container.count;
    container_add(&h->container, MC_SECTION_TENSOR, MC_SECTION_REQUIRED, item, data, nbytes);
}

/* Load from the descriptions and the tensors added so far, with at most limit_nbytes a block. */
static mcomp_status load(hostile *h, size_t limit_nbytes, mcomp_graph **out)
{
    container whole = {.count = 0};
    const uint32_t required = MC_SECTION_REQUIRED | MC_SECTION_DEFLATED;
    container_add(&whole, MC_SECTION_GRAPH, required, 0, h->graph.data, h->graph.nbytes);
    container_add(&whole, MC_SECTION_DIRECTORY, required, 0, h->directory.data,
                  h->directory.nbytes);
    if (h->report.nbytes)
        container_add(&whole, MC_SECTION_REPORT, MC_SECTION_DEFLATED, 0, h->report.data,
                      h->report.nbytes);
    if (h->metadata.nbytes)
        container_add(&whole, MC_SECTION_METADATA, MC_SECTION_DEFLATED, 0, h->metadata.data,
                      h->metadata.nbytes);
    for (size_t i = 0; i < h->container.count; i++)
        container_add(&whole, MC_SECTION_TENSOR, MC_SECTION_REQUIRED, (uint32_t)i,
                      h->container.sections[i].data, h->container.sections[i].nbytes);
    size_t nbytes;
    uint8_t *file = container_build(&whole, &nbytes);
    mcomp_load_options options;
    mcomp_load_options_init(&options);
    options.verify = 1;
    h->memory.limit_nbytes = limit_nbytes;
    mcomp_status status = mcomp_load_memory(h->context, file, nbytes, &options, out);
    h->memory.limit_nbytes = 0;
    assert_int_equal(*out == NULL, status != MCOMP_OK);
    free(file);
    container_free(&whole);
    return status;
}

/* The same, refused; a block of more than 1 MiB is never asked for. */
static void refuse(hostile *h, mcomp_status wanted, const char *words)
{
    mcomp_graph *graph = NULL;
    mcomp_status status = load(h, 1 << 20, &graph);
    if (status != wanted || !strstr(mcomp_last_error(), words))
        fail_msg("'%s': status %d, %s", words, status, mcomp_last_error());
    h->graph.nbytes = h->directory.nbytes = h->report.nbytes = h->metadata.nbytes = 0;
    container_free(&h->container);
}

static void write_head(mc_buffer *out, uint64_t value_count)
{
    mc_write_text(out, "net");
    mc_write_varint(out, 0);
    mc_write_varint(out, 0);
    mc_write_varint(out, value_count);
}

static void write_input(mc_buffer *out, const char *name, int64_t width)
{
    mc_buffer_append_u8(out, INPUT);
    mc_write_text(out, name);
    mc_write_varint(out, 2);
    mc_write_signed(out, -1);
    mc_write_signed(out, width);
}

static void write_node(mc_buffer *out, const char *op, const char *name, int64_t input)
{
    mc_buffer_append_u8(out, NODE);
    mc_write_text(out, op);
    mc_write_text(out, name);
    mc_write_varint(out, 1);
    mc_write_signed(out, input);
    mc_write_varint(out, 0);
}

static void write_outputs(mc_buffer *out, uint64_t count, int64_t value)
{
    mc_write_varint(out, count);
    mc_write_signed(out, value);
}

/* x -> Relu -> y, whole. */
static void write_least(hostile *h)
{
    write_head(&h->graph, 2);
    write_input(&h->graph, "x", 3);
    write_node(&h->graph, "Relu", "y", 0);
    write_outputs(&h->graph, 1, 1);
}

static void test_least_is_good(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    write_least(&h);
    mcomp_graph *graph = NULL;
    assert_ok(load(&h, 1 << 20, &graph));
    assert_int_equal(graph->node_count, 1);
    mcomp_graph_destroy(graph);
    end(&h);
}

static void test_counts_of_what_is_not_there(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    static const uint64_t counts[] = {
        3, 1000, UINT32_MAX, (uint64_t)1 << 40, UINT64_MAX / 56 + 1, (uint64_t)1 << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint64_t count = counts[i];
        write_head(&h.graph, count);
        write_input(&h.graph, "x", 3);
        write_node(&h.graph, "Relu", "y", 0);
        refuse(&h, MCOMP_ERR_CORRUPT, "section graph: cut off after 2 values");

        write_head(&h.graph, 2);
        write_input(&h.graph, "x", 3);
        write_node(&h.graph, "Relu", "y", 0);
        write_outputs(&h.graph, count, 1);
        refuse(&h, MCOMP_ERR_CORRUPT, "section graph: damaged in output 1");

        write_head(&h.graph, 2);
        write_input(&h.graph, "x", 3);
        mc_buffer_append_u8(&h.graph, NODE);
        mc_write_text(&h.graph, "Relu");
        mc_write_text(&h.graph, "y");
        mc_write_varint(&h.graph, count); /* inputs */
        refuse(&h, MCOMP_ERR_CORRUPT, "section graph: cut off in a node");

        write_head(&h.graph, 2);
        write_input(&h.graph, "x", 3);
        mc_buffer_append_u8(&h.graph, NODE);
        mc_write_text(&h.graph, "Relu");
        mc_write_text(&h.graph, "y");
        mc_write_varint(&h.graph, 1);
        mc_write_signed(&h.graph, 0);
        mc_write_varint(&h.graph, count); /* attributes */
        refuse(&h, MCOMP_ERR_CORRUPT, "section graph: cut off in node y");

        write_head(&h.graph, 2);
        write_input(&h.graph, "x", 3);
        mc_buffer_append_u8(&h.graph, NODE);
        mc_write_text(&h.graph, "Relu");
        mc_write_text(&h.graph, "y");
        mc_write_varint(&h.graph, 1);
        mc_write_signed(&h.graph, 0);
        mc_write_varint(&h.graph, 1);
        mc_write_text(&h.graph, "axis");
        mc_buffer_append_u8(&h.graph, MCOMP_ATTRIBUTE_INTEGERS);
        mc_write_varint(&h.graph, count); /* elements */
        refuse(&h, MCOMP_ERR_CORRUPT, "section graph: damaged in node y");

        mc_write_varint(&h.graph, count); /* bytes of the name */
        refuse(&h, MCOMP_ERR_CORRUPT, "section graph: cut off at its beginning");

        write_least(&h);
        mc_write_text(&h.report, "");
        mc_write_varint(&h.report, count); /* notes */
        refuse(&h, MCOMP_ERR_CORRUPT, "section report: damaged in note 0");

        write_least(&h);
        mc_write_varint(&h.metadata, count);
        refuse(&h, MCOMP_ERR_CORRUPT, "section metadata: damaged after 0 entries");
    }
    end(&h);
}

static void test_values_that_name_themselves(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    static const int64_t inputs[] = {1,  2,         1000,      INT32_MAX,       -1,
                                     -2, INT64_MIN, INT64_MAX, (int64_t)1 << 32};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        write_head(&h.graph, 3);
        write_input(&h.graph, "x", 3);
        write_node(&h.graph, "Relu", "y", inputs[i]); /* itself, a later one, none */
        write_node(&h.graph, "Relu", "z", 1);
        write_outputs(&h.graph, 1, 2);
        refuse(&h, MCOMP_ERR_CORRUPT, "y");
    }
    write_head(&h.graph, 2);
    write_input(&h.graph, "x", 3);
    write_node(&h.graph, "Relu", "x", 0);
    write_outputs(&h.graph, 1, 1);
    refuse(&h, MCOMP_ERR_CORRUPT, "the name x is taken already");
    write_head(&h.graph, 1);
    write_input(&h.graph, "x", 3);
    write_outputs(&h.graph, 1, 0);
    refuse(&h, MCOMP_ERR_CORRUPT, "output x");
    write_head(&h.graph, 1);
    write_input(&h.graph, "\xff\xfe", 3);
    refuse(&h, MCOMP_ERR_CORRUPT, "UTF-8");
    write_head(&h.graph, 2);
    write_input(&h.graph, "x", 3);
    write_node(&h.graph, "Explode", "y", 0);
    write_outputs(&h.graph, 1, 1);
    refuse(&h, MCOMP_ERR_UNSUPPORTED, "unknown operator Explode");
    write_head(&h.graph, 1);
    mc_buffer_append_u8(&h.graph, 4);
    refuse(&h, MCOMP_ERR_CORRUPT, "value 0 is of unknown kind 4");
    write_least(&h);
    mc_buffer_append_u8(&h.graph, 0);
    refuse(&h, MCOMP_ERR_CORRUPT, "1 bytes too long");
    write_head(&h.graph, 1);
    write_input(&h.graph, "x", INT64_MAX);
    refuse(&h, MCOMP_ERR_LIMIT, "x: extent");
    write_head(&h.graph, 0);
    mc_write_varint(&h.graph, 0);
    refuse(&h, MCOMP_ERR_CORRUPT, "no value is marked as an output");
    end(&h);
}

static void write_plain(mc_buffer *out, uint64_t rank, const uint64_t *shape, uint8_t dtype)
{
    mc_buffer_append_u8(out, 0);
    mc_write_varint(out, rank);
    for (uint64_t axis = 0; axis < rank && axis < 8; axis++)
        mc_write_varint(out, shape[axis]);
    mc_buffer_append_u8(out, dtype);
}

static void test_tensors_that_contradict(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    const uint64_t two[8] = {2, 1, 1, 1, 1, 1, 1, 1}, huge[2] = {(uint64_t)1 << 63, 2};
    const uint64_t wrapping[2] = {(uint64_t)1 << 62, 4}, beside[2] = {(uint64_t)1 << 63, 0};
    float data[3] = {1, 2, 3};
    const struct {
        uint64_t rank;
        const uint64_t *shape;
        uint8_t dtype;
        size_t nbytes;
        mcomp_status status;
        const char *words;
    } cases[] = {
        {1, two, MCOMP_DTYPE_F32, 7, MCOMP_ERR_CORRUPT, "tensor 0: its shape does not fit"},
        {1, two, MCOMP_DTYPE_F32, 9, MCOMP_ERR_CORRUPT, "tensor 0: its shape does not fit"},
        {1, two, 8, 8, MCOMP_ERR_CORRUPT, "tensor 0: its shape does not fit"},
        {1, two, 0, 8, MCOMP_ERR_CORRUPT, "tensor 0: its shape does not fit"},
        {7, two, MCOMP_DTYPE_F32, 8, MCOMP_ERR_CORRUPT, "damaged at tensor 0"},
        {UINT64_MAX, two, MCOMP_DTYPE_F32, 8, MCOMP_ERR_CORRUPT, "damaged at tensor 0"},
        {2, huge, MCOMP_DTYPE_F32, 0, MCOMP_ERR_CORRUPT, "extent -9223372036854775808"},
        {2, wrapping, MCOMP_DTYPE_F32, 0, MCOMP_ERR_LIMIT, "2^40"},
        {2, beside, MCOMP_DTYPE_F32, 0, MCOMP_ERR_CORRUPT, "extent"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_least(&h);
        write_plain(&h.directory, cases[i].rank, cases[i].shape, cases[i].dtype);
        add_tensor(&h, data, cases[i].nbytes);
        refuse(&h, cases[i].status, cases[i].words);
    }
    write_least(&h);
    mc_buffer_append_u8(&h.directory, 2);
    add_tensor(&h, data, 8);
    refuse(&h, MCOMP_ERR_CORRUPT, "damaged at tensor 0");
    write_least(&h);
    write_plain(&h.directory, 1, two, MCOMP_DTYPE_F32);
    refuse(&h, MCOMP_ERR_CORRUPT, "more than 0 tensors");
    write_least(&h);
    write_plain(&h.directory, 1, two, MCOMP_DTYPE_F32);
    add_tensor(&h, data, 8);
    refuse(&h, MCOMP_ERR_CORRUPT, "0 of 1 tensors are used");
    write_head(&h.graph, 1);
    mc_buffer_append_u8(&h.graph, CONSTANT);
    mc_write_text(&h.graph, "w");
    refuse(&h, MCOMP_ERR_CORRUPT, "constant 0 has no tensor");
    end(&h);
}

static void write_encoded(mc_buffer *out, const uint64_t shape[2], const uint8_t encoding[12],
                          const uint64_t counts[2], const uint64_t nbytes[7])
{
    mc_buffer_append_u8(out, 1);
    mc_write_varint(out, 2);
    mc_write_varint(out, shape[0]);
    mc_write_varint(out, shape[1]);
    mc_buffer_append(out, encoding, 12);
    mc_write_varint(out, counts[0]);
    mc_write_varint(out, counts[1]);
    for (int part = 0; part < 7; part++)
        mc_write_varint(out, nbytes[part]);
}

/* numeric bits per_channel zero_points occupancy rows columns n m storage gaps gap_bits */
static const uint8_t sparse_codebook[12] = {5, 1, 0, 0, 2, 1, 1, 0, 0, 3, 1, 2};

static void test_parts_that_contradict(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    const uint64_t shape[2] = {2, 2};
    const float zero = 0;
    const struct {
        uint64_t counts[2], nbytes[7];
        const char *words;
    } cases[] = {
        {{0, 0}, {0, 0, 0, 0, 5, 0, 0}, "do not sum to its 4 bytes"},
        {{0, 0}, {UINT64_MAX, 0, 0, 0, 5, 0, 0}, "do not sum to its 4 bytes"},
        {{0, 0}, {UINT64_MAX - 3, 8, 0, 0, 0, 0, 0}, "do not sum to its 4 bytes"},
        {{0, 0}, {4, 0, 0, 0, 0, 0, 0}, "symbols"},
        {{0, 0}, {0, 4, 0, 0, 0, 0, 0}, "positions"},
        {{0, 0}, {0, 0, 4, 0, 0, 0, 0}, "scales"},
        {{UINT64_MAX, 0}, {0, 0, 0, 0, 4, 0, 0}, "stored of 4 elements"},
        {{0, UINT64_MAX}, {0, 0, 0, 0, 4, 0, 0}, "gaps for 4 blocks"},
        {{(uint64_t)1 << 61, 0}, {0, 0, 0, 0, 4, 0, 0}, "stored of 4 elements"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_least(&h);
        write_encoded(&h.directory, shape, sparse_codebook, cases[i].counts, cases[i].nbytes);
        add_tensor(&h, &zero, sizeof zero);
        refuse(&h, MCOMP_ERR_CORRUPT, cases[i].words);
    }
    uint8_t encoding[12];
    static const uint64_t none[2] = {0, 0}, codebook[7] = {0, 0, 0, 0, 4, 0, 0};
    for (int field = 0; field < 12; field++) {
        memcpy(encoding, sparse_codebook, sizeof encoding);
        encoding[field] = 200;
        write_least(&h);
        write_encoded(&h.directory, shape, encoding, none, codebook);
        add_tensor(&h, &zero, sizeof zero);
        refuse(&h, MCOMP_ERR_CORRUPT, "");
    }
    end(&h);
}

/* A weight of 2^40 elements, all left out, in four bytes: it loads, for its price is the caller's
 * when it is decoded, and loading takes next to nothing. */
static void test_a_trillion_of_nothing(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    const uint64_t shape[2] = {(uint64_t)1 << 20, (uint64_t)1 << 20};
    static const uint64_t none[2] = {0, 0}, codebook[7] = {0, 0, 0, 0, 4, 0, 0};
    const float zero = 0;
    write_head(&h.graph, 3);
    write_input(&h.graph, "x", (int64_t)1 << 20);
    mc_buffer_append_u8(&h.graph, CONSTANT);
    mc_write_text(&h.graph, "w");
    mc_buffer_append_u8(&h.graph, NODE);
    mc_write_text(&h.graph, "Gemm");
    mc_write_text(&h.graph, "y");
    mc_write_varint(&h.graph, 2);
    mc_write_signed(&h.graph, 0);
    mc_write_signed(&h.graph, 1);
    mc_write_varint(&h.graph, 0);
    write_outputs(&h.graph, 1, 2);
    write_encoded(&h.directory, shape, sparse_codebook, none, codebook);
    add_tensor(&h, &zero, sizeof zero);
    mcomp_graph *graph = NULL;
    fail_alloc_arm(&h.memory, -1);
    size_t live_nbytes = atomic_load(&h.memory.live_nbytes);
    assert_ok(load(&h, 1 << 17, &graph));
    assert_true(atomic_load(&h.memory.peak_nbytes) - live_nbytes < 1 << 18);
    float value;
    assert_status(mcomp_tensor_decode(mcomp_graph_get_constant(graph, 1), &value, 1),
                  MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_graph_destroy(graph);
    end(&h);
}

/* Entries that cost little in the file and much in memory: what loading takes stays in proportion. */
static void test_many_small_things(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    write_least(&h);
    char key[16];
    for (int i = 0; i < 20000; i++) { /* each is compared with all before it */
        snprintf(key, sizeof key, "%d", i);
        mc_write_text(&h.metadata, key);
        mc_write_text(&h.metadata, "");
    }
    refuse(&h, MCOMP_ERR_LIMIT, "4096 entries");

    enum { INPUTS = 5000 };
    write_head(&h.graph, INPUTS + 1);
    for (int i = 0; i < INPUTS; i++) {
        snprintf(key, sizeof key, "%d", i);
        write_input(&h.graph, key, 3);
    }
    write_node(&h.graph, "Relu", "y", 0);
    write_outputs(&h.graph, 1, INPUTS);
    mcomp_graph *graph = NULL;
    fail_alloc_arm(&h.memory, -1);
    size_t live_nbytes = atomic_load(&h.memory.live_nbytes);
    assert_ok(load(&h, 0, &graph));
    assert_true(atomic_load(&h.memory.peak_nbytes) - live_nbytes < 100 * h.graph.nbytes);
    mcomp_graph_destroy(graph);
    end(&h);
}

/* A note may hold much text; a description that grows more than its bytes explain is refused. */
static void test_description_that_grows(void **state)
{
    (void)state;
    hostile h;
    begin(&h);
    write_least(&h);
    enum { NBYTES = 4000000 };
    char *text = malloc(NBYTES);
    memset(text, 'a', NBYTES - 1);
    text[NBYTES - 1] = 0;
    mc_write_text(&h.report, "");
    mc_write_varint(&h.report, 1);
    mc_write_text(&h.report, text);
    free(text);
    refuse(&h, MCOMP_ERR_CORRUPT, "section report: its stated size does not fit");
    end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_is_good),
        cmocka_unit_test(test_counts_of_what_is_not_there),
        cmocka_unit_test(test_values_that_name_themselves),
        cmocka_unit_test(test_tensors_that_contradict),
        cmocka_unit_test(test_parts_that_contradict),
        cmocka_unit_test(test_a_trillion_of_nothing),
        cmocka_unit_test(test_many_small_things),
        cmocka_unit_test(test_description_that_grows),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
