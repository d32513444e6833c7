/** @file network_fixture.h
 *  A small network that has a tensor of every kind, where files of it go, and what "equal" means. */
#ifndef NETWORK_FIXTURE_H
#define NETWORK_FIXTURE_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/graph_struct.h"
#include "mcomp/package.h"
#include "support/fail_alloc.h"
#include "support/test_random.h"
#include "tensor/tensor_struct.h"

#define SHAPE(...) ((const int64_t[]){__VA_ARGS__})
#define INTEGERS(words, ...)                                                                       \
    {                                                                                              \
        .name = words, .type = MCOMP_ATTRIBUTE_INTEGERS,                                           \
        .count = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                         \
        .integers = (const int64_t[])                                                              \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const mcomp_encoding codebook_gaps = {.numeric = MCOMP_NUMERIC_CODEBOOK,
                                             .bits = 3,
                                             .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                             .block_rows = 1,
                                             .block_columns = 1,
                                             .storage = MCOMP_STORAGE_HUFFMAN,
                                             .gaps = 1,
                                             .gap_bits = 3};
static const mcomp_encoding uniform_packed = {.numeric = MCOMP_NUMERIC_UNIFORM,
                                              .bits = 4,
                                              .per_channel = 1,
                                              .zero_points = 1,
                                              .occupancy = MCOMP_OCCUPANCY_DENSE,
                                              .storage = MCOMP_STORAGE_PACKED};
static const mcomp_encoding uniform_huffman = {.numeric = MCOMP_NUMERIC_UNIFORM,
                                               .bits = 8,
                                               .occupancy = MCOMP_OCCUPANCY_DENSE,
                                               .storage = MCOMP_STORAGE_HUFFMAN};
static const mcomp_encoding float_bitmap = {.numeric = MCOMP_NUMERIC_F32,
                                            .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                            .block_rows = 4,
                                            .block_columns = 1,
                                            .storage = MCOMP_STORAGE_RAW};
static const mcomp_encoding half_two_of_four = {.numeric = MCOMP_NUMERIC_F16,
                                                .occupancy = MCOMP_OCCUPANCY_N_M,
                                                .n = 2,
                                                .m = 4,
                                                .storage = MCOMP_STORAGE_RAW};

/** Weights of an encoding: two of three elements are zero, n:m keeps the first ones. */
static inline mcomp_status make_weights(mcomp_context *context, const mcomp_encoding *encoding,
                                        uint32_t rank, const int64_t *shape, mcomp_tensor **out)
{
    static const float codebook[8] = {0, 1, -1, 0.5f, 0.25f, -2, 3, -0.125f};
    float floats[8192], scales[64];
    uint8_t symbols[8192], kept[8192], zeros[64];
    size_t count = 1;
    for (uint32_t axis = 0; axis < rank; axis++)
        count *= (size_t)shape[axis];
    for (size_t i = 0; i < 64; i++) {
        scales[i] = 0.01f * (float)(i + 1);
        zeros[i] = (uint8_t)(i % 16);
    }
    size_t symbol_count = (size_t)1 << encoding->bits;
    for (size_t i = 0; i < count; i++) {
        bool nonzero = i * 7 % 9 < 3;
        kept[i] = i % 4 < 2;
        floats[i] = nonzero && kept[i] ? (float)(i % 17) - 7.5f : 0;
        symbols[i] = nonzero ? (uint8_t)(i % symbol_count) : 0;
    }
    bool is_float = encoding->bits == 0;
    const mc_weight_values values = {.floats = is_float ? floats : NULL,
                                     .symbols = is_float ? NULL : symbols,
                                     .kept =
                                         encoding->occupancy == MCOMP_OCCUPANCY_N_M ? kept : NULL,
                                     .scales = scales,
                                     .zero_points = encoding->zero_points ? zeros : NULL,
                                     .codebook = codebook,
                                     .codebook_count = 8};
    return mc_tensor_encode(context, rank, shape, encoding, &values, out);
}

/** Adds a constant and a node in turn; the first failure sticks. */
typedef struct network_builder {
    mcomp_graph *graph;
    mcomp_context *context;
    mcomp_status status;
} network_builder;

/** @param encoding  NULL: plain float32, ascending */
static inline mcomp_value build_constant(network_builder *build, const char *name,
                                         const mcomp_encoding *encoding, uint32_t rank,
                                         const int64_t *shape)
{
    mcomp_tensor *tensor = NULL;
    mcomp_value value = MCOMP_NO_VALUE;
    float floats[8192];
    for (int i = 0; i < 8192; i++)
        floats[i] = (float)i * 0.001f - 1;
    if (build->status == MCOMP_OK)
        build->status = encoding ? make_weights(build->context, encoding, rank, shape, &tensor)
                                 : mcomp_tensor_create(build->context, MCOMP_DTYPE_F32, rank, shape,
                                                       floats, &tensor);
    if (build->status == MCOMP_OK)
        build->status = mcomp_graph_add_constant(build->graph, name, tensor, &value);
    mcomp_tensor_release(tensor);
    return value;
}

static inline mcomp_value build_node(network_builder *build, const char *op, const char *name,
                                     const mcomp_value *inputs, size_t input_count,
                                     const mcomp_attribute *attributes, size_t attribute_count)
{
    mcomp_value value = MCOMP_NO_VALUE;
    if (build->status == MCOMP_OK)
        build->status = mcomp_graph_add_node(build->graph, op, name, inputs, input_count,
                                             attributes, attribute_count, &value);
    return value;
}

#define INPUTS(...)                                                                                \
    (const mcomp_value[]){__VA_ARGS__},                                                            \
        sizeof((const mcomp_value[]){__VA_ARGS__}) / sizeof(mcomp_value)

static inline mcomp_value build_gemm(network_builder *build, const char *name, const char *weight,
                                     const mcomp_encoding *encoding, mcomp_value input,
                                     const int64_t *shape)
{
    const mcomp_attribute transposed[] = {INTEGERS("transB", 1)};
    mcomp_value constant = build_constant(build, weight, encoding, 2, shape);
    return build_node(build, "Gemm", name, INPUTS(input, constant), transposed, 1);
}

static inline void build_layers(network_builder *build)
{
    const float low = 0;
    const mcomp_attribute same[] = {
        INTEGERS("kernel_shape", 3, 3),
        INTEGERS("pads", 1, 1, 1, 1),
        {.name = "activation_low", .type = MCOMP_ATTRIBUTE_FLOATS, .count = 1, .floats = &low}};
    const mcomp_attribute halved[] = {
        INTEGERS("kernel_shape", 2, 2),
        INTEGERS("strides", 2, 2),
        {.name = "auto_pad", .type = MCOMP_ATTRIBUTE_TEXT, .count = 5, .text = "VALID"}};
    mcomp_value image = MCOMP_NO_VALUE;
    if (build->status == MCOMP_OK)
        build->status =
            mcomp_graph_add_input(build->graph, "image", 4, SHAPE(MCOMP_BATCH, 1, 12, 12), &image);
    mcomp_value w1 = build_constant(build, "conv1.weight", &codebook_gaps, 4, SHAPE(4, 1, 3, 3));
    mcomp_value b1 = build_constant(build, "conv1.bias", NULL, 1, SHAPE(4));
    mcomp_value conv1 = build_node(build, "Conv", "conv1", INPUTS(image, w1, b1), same, 3);
    mcomp_value pool = build_node(build, "MaxPool", "pool", INPUTS(conv1), halved, 3);
    mcomp_value w2 = build_constant(build, "conv2.weight", &uniform_packed, 4, SHAPE(8, 4, 3, 3));
    mcomp_value conv2 = build_node(build, "Conv", "conv2", INPUTS(pool, w2), same, 1);
    mcomp_value relu = build_node(build, "Relu", "relu", INPUTS(conv2), NULL, 0);
    mcomp_value flat = build_node(build, "Flatten", "flat", INPUTS(relu), NULL, 0);
    mcomp_value fc1 = build_gemm(build, "fc1", "fc1.weight", NULL, flat, SHAPE(16, 128));
    mcomp_value fc2 = build_gemm(build, "fc2", "fc2.weight", &float_bitmap, fc1, SHAPE(12, 16));
    mcomp_value fc3 = build_gemm(build, "fc3", "fc3.weight", &uniform_huffman, fc2, SHAPE(12, 12));
    mcomp_value fc4 = build_gemm(build, "fc4", "fc4.weight", &half_two_of_four, fc3, SHAPE(10, 12));
    if (build->status == MCOMP_OK)
        build->status = mcomp_graph_mark_output(build->graph, fc4);
    if (build->status == MCOMP_OK)
        build->status = mcomp_graph_mark_output(build->graph, relu);
    if (build->status == MCOMP_OK) {
        mc_graph_set_sqnr(build->graph, w1, 12.5);
        mc_graph_set_sqnr(build->graph, w2, -1.0 / 3);
    }
}

/** The network, verified. On failure everything is ended and *out is NULL. */
static inline mcomp_status make_network(mcomp_context *context, mcomp_graph **out)
{
    network_builder build = {.context = context};
    *out = NULL;
    build.status = mcomp_graph_create(context, "small", &build.graph);
    build_layers(&build);
    static const char *const texts[][2] = {
        {"labels", "null\neins\ndr\xc3\xaa"}, {"layout", "NCHW L"}, {"empty", ""}};
    for (int i = 0; i < 3 && build.status == MCOMP_OK; i++)
        build.status = mcomp_graph_set_metadata(build.graph, texts[i][0], texts[i][1]);
    if (build.status == MCOMP_OK)
        build.status = mc_graph_set_recipe(build.graph, "prune.magnitude sparsity=0.5");
    if (build.status == MCOMP_OK)
        build.status = mc_graph_add_note(build.graph, "conv1: left as it was");
    if (build.status == MCOMP_OK)
        build.status = mcomp_graph_verify(build.graph);
    if (build.status == MCOMP_OK)
        *out = build.graph;
    else
        mcomp_graph_destroy(build.graph);
    return build.status;
}

/** The same bits in the same parts. Calls touch, as using the tensor would. */
static inline bool tensors_equal(const mcomp_tensor *a, const mcomp_tensor *b)
{
    bool equal = a->encoded == b->encoded && a->rank == b->rank && a->dtype == b->dtype &&
                 a->element_count == b->element_count &&
                 memcmp(a->shape, b->shape, sizeof a->shape) == 0;
    if (!equal || mc_tensor_touch(a) != MCOMP_OK || mc_tensor_touch(b) != MCOMP_OK)
        return false;
    if (!a->encoded)
        return memcmp(a->data, b->data, mc_tensor_stored_nbytes(a)) == 0;
    equal = mc_encoding_equal(&a->encoding, &b->encoding) && a->stored_count == b->stored_count &&
            a->gap_count == b->gap_count;
    for (int part = 0; part < MC_PART_COUNT && equal; part++)
        equal = a->parts[part].nbytes == b->parts[part].nbytes &&
                (a->parts[part].nbytes == 0 ||
                 memcmp(a->parts[part].data, b->parts[part].data, a->parts[part].nbytes) == 0);
    return equal;
}

static inline bool attributes_equal(const mcomp_attribute *a, const mcomp_attribute *b)
{
    if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->count != b->count)
        return false;
    if (a->type == MCOMP_ATTRIBUTE_TEXT)
        return strcmp(a->text, b->text) == 0;
    return a->type == MCOMP_ATTRIBUTE_INTEGERS
               ? memcmp(a->integers, b->integers, a->count * sizeof *a->integers) == 0
               : memcmp(a->floats, b->floats, a->count * sizeof *a->floats) == 0;
}

static inline bool nodes_equal(const mc_node *a, const mc_node *b)
{
    bool equal = a->op == b->op && strcmp(a->name, b->name) == 0 && a->macs == b->macs &&
                 a->input_count == b->input_count && a->output == b->output &&
                 a->attribute_count == b->attribute_count &&
                 memcmp(a->inputs, b->inputs, a->input_count * sizeof *a->inputs) == 0;
    for (uint32_t i = 0; equal && i < a->attribute_count; i++)
        equal = attributes_equal(&a->attributes[i], &b->attributes[i]);
    return equal;
}

/** Everything that a file keeps. */
static inline bool networks_equal(const mcomp_graph *a, const mcomp_graph *b)
{
    bool equal = strcmp(a->name, b->name) == 0 && strcmp(a->recipe, b->recipe) == 0 &&
                 a->verified == b->verified && a->value_count == b->value_count &&
                 a->node_count == b->node_count && a->output_count == b->output_count &&
                 a->metadata_count == b->metadata_count && a->note_count == b->note_count &&
                 a->parameters == b->parameters && a->float_nbytes == b->float_nbytes;
    for (uint32_t v = 0; equal && v < a->value_count; v++) {
        const mc_value *x = &a->values[v], *y = &b->values[v];
        equal = strcmp(x->name, y->name) == 0 && x->rank == y->rank && x->dtype == y->dtype &&
                x->producer == y->producer && memcmp(x->shape, y->shape, sizeof x->shape) == 0 &&
                memcmp(&x->sqnr_db, &y->sqnr_db, sizeof x->sqnr_db) == 0 &&
                !x->constant == !y->constant;
        if (equal && x->constant)
            equal = tensors_equal(x->constant, y->constant);
    }
    for (uint32_t n = 0; equal && n < a->node_count; n++)
        equal = nodes_equal(&a->nodes[n], &b->nodes[n]);
    for (uint32_t i = 0; equal && i < a->output_count; i++)
        equal = a->outputs[i] == b->outputs[i];
    for (uint32_t i = 0; equal && i < a->metadata_count; i++)
        equal = strcmp(a->metadata[i].key, b->metadata[i].key) == 0 &&
                strcmp(a->metadata[i].text, b->metadata[i].text) == 0;
    for (uint32_t i = 0; equal && i < a->note_count; i++)
        equal = strcmp(a->notes[i], b->notes[i]) == 0;
    return equal;
}

/** A new folder for files, and its end. */
static inline char *make_folder(char text[static 64])
{
    strcpy(text, "/tmp/mcomp_test_XXXXXX");
    assert_non_null(mkdtemp(text));
    return text;
}

/** Entries of a folder; with a name, only those that begin with it. */
static inline int count_files(const char *folder)
{
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(stream));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return count;
}

static inline void remove_folder(const char *folder)
{
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    for (const struct dirent *entry; (entry = readdir(stream));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(stream);
    assert_int_equal(rmdir(folder), 0);
}

/** A whole file. @return malloc'd */
static inline uint8_t *read_file(const char *path, size_t *nbytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *nbytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*nbytes + 1);
    assert_int_equal(fread(data, 1, *nbytes, file), *nbytes);
    fclose(file);
    return data;
}

static inline void write_file_bytes(const char *path, const void *data, size_t nbytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (nbytes > 0)
        assert_int_equal(fwrite(data, 1, nbytes, file), nbytes);
    assert_int_equal(fclose(file), 0);
}

/** The network's file as bytes. @return malloc'd */
static inline uint8_t *network_bytes(mcomp_context *context, size_t *nbytes)
{
    char folder[64], path[128];
    mcomp_graph *graph = NULL;
    snprintf(path, sizeof path, "%s/network.mcomp", make_folder(folder));
    assert_ok(make_network(context, &graph));
    assert_ok(mcomp_save(graph, path, NULL, NULL));
    mcomp_graph_destroy(graph);
    uint8_t *data = read_file(path, nbytes);
    remove_folder(folder);
    return data;
}

#endif
