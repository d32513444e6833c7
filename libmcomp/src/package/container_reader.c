#include "container_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "deflate.h"
#include "graph_section.h"
#include "tensor_section.h"

void mcomp_load_options_init(mcomp_load_options *options)
{
    *options = (mcomp_load_options){.struct_size = sizeof *options};
}

static void section_label(const mc_section *section, char *text, size_t capacity)
{
    if (section->type == MC_SECTION_TENSOR)
        snprintf(text, capacity, "tensor %u", section->item);
    else
        snprintf(text, capacity, "%s", mc_section_type_name(section->type));
}

static bool is_known(uint32_t type)
{
    return type >= MC_SECTION_GRAPH && type <= MC_SECTION_TENSOR;
}

static mcomp_status check_flags(const mc_section *section, uint32_t index)
{
    const uint32_t known = MC_SECTION_REQUIRED | MC_SECTION_DEFLATED;
    if (!is_known(section->type))
        return MCOMP_OK;
    MC_REQUIRE(!(section->flags & ~known), MCOMP_ERR_VERSION,
               "section %u (%s) has flags %#x, some of which are not known here", index,
               mc_section_type_name(section->type), section->flags);
    bool tensor = section->type == MC_SECTION_TENSOR;
    MC_REQUIRE(tensor == !(section->flags & MC_SECTION_DEFLATED), MCOMP_ERR_CORRUPT,
               "section %u (%s) is %s", index, mc_section_type_name(section->type),
               tensor ? "deflated" : "not deflated");
    return MCOMP_OK;
}

static mcomp_status check_sections(const mcomp_package *package, mc_checking checking,
                                   mc_progress *progress)
{
    char label[32];
    for (uint32_t i = 0; i < package->section_count; i++) {
        const mc_section *section = &package->sections[i];
        MC_REQUIRE(
            is_known(section->type) || !(section->flags & MC_SECTION_REQUIRED), MCOMP_ERR_VERSION,
            "section %u is required and of type %u, which is not known here", i, section->type);
        MC_TRY(check_flags(section, i));
        if (checking != MC_CHECK_ALL)
            continue;
        section_label(section, label, sizeof label);
        MC_TRY(mc_progress_report(progress, label, i, package->section_count));
        MC_TRY(mc_section_check(package->image, section, label));
    }
    return MCOMP_OK;
}

/* The inflated bytes of the one section of a type; *data stays NULL where there is none. */
static mcomp_status read_description(const mcomp_package *package, mc_section_type type,
                                     mc_checking checking, uint8_t **data, size_t *nbytes)
{
    *data = NULL;
    *nbytes = 0;
    const mc_section *found = NULL;
    for (uint32_t i = 0; i < package->section_count; i++) {
        if (package->sections[i].type != (uint32_t)type)
            continue;
        MC_REQUIRE(!found, MCOMP_ERR_CORRUPT, "section %s is there twice",
                   mc_section_type_name(type));
        found = &package->sections[i];
    }
    if (!found)
        return MCOMP_OK;
    const char *what = mc_section_type_name(type);
    if (checking == MC_CHECK_TOUCH)
        MC_TRY(mc_section_check(package->image, found, what));
    return mc_inflate(package->context, package->image->data + found->offset, (size_t)found->nbytes,
                      what, data, nbytes);
}

static mcomp_status read_graph(const mcomp_package *package, mc_checking checking,
                               mcomp_graph **out)
{
    uint8_t *directory = NULL, *description = NULL;
    size_t directory_nbytes = 0, description_nbytes = 0, tensor_count = 0;
    mcomp_tensor **tensors = NULL;
    mcomp_status status =
        read_description(package, MC_SECTION_DIRECTORY, checking, &directory, &directory_nbytes);
    if (status == MCOMP_OK)
        status = read_description(package, MC_SECTION_GRAPH, checking, &description,
                                  &description_nbytes);
    if (status == MCOMP_OK && !(directory && description))
        status =
            mc_fail(MCOMP_ERR_CORRUPT, "section %s is missing", directory ? "graph" : "directory");
    if (status == MCOMP_OK)
        status = mc_tensors_read(package, directory, directory_nbytes, checking, &tensors,
                                 &tensor_count);
    if (status == MCOMP_OK)
        status = mc_graph_section_read(description, description_nbytes, tensors, tensor_count, out,
                                       package->context);
    mc_tensors_release(package->context, tensors, tensor_count);
    mc_free(package->context, directory);
    mc_free(package->context, description);
    return status;
}

/* Metadata and report: optional sections that add to a graph. */
static mcomp_status read_additions(const mcomp_package *package, mc_checking checking,
                                   mcomp_graph *graph)
{
    static const struct {
        mc_section_type type;
        mcomp_status (*read)(const uint8_t *, size_t, mcomp_graph *);
    } additions[] = {{MC_SECTION_METADATA, mc_metadata_section_read},
                     {MC_SECTION_REPORT, mc_report_section_read}};
    for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++) {
        uint8_t *data = NULL;
        size_t nbytes = 0;
        MC_TRY(read_description(package, additions[i].type, checking, &data, &nbytes));
        if (!data)
            continue;
        mcomp_status status = additions[i].read(data, nbytes, graph);
        mc_free(package->context, data);
        MC_TRY(status);
    }
    return MCOMP_OK;
}

mcomp_status mc_container_read(mc_file_image *image, mc_checking checking, mc_progress *progress,
                               mcomp_graph **out)
{
    *out = NULL;
    mcomp_package package;
    MC_TRY(mc_section_table_read(image, checking, &package));
    mcomp_graph *graph = NULL;
    mcomp_status status = check_sections(&package, checking, progress);
    if (status == MCOMP_OK)
        status = read_graph(&package, checking, &graph);
    if (status == MCOMP_OK)
        status = read_additions(&package, checking, graph);
    if (status == MCOMP_OK)
        status = mcomp_graph_verify(graph);
    mc_section_table_clear(&package);
    if (status != MCOMP_OK) {
        mcomp_graph_destroy(graph);
        /* What a builder refuses as an argument or a shape is a contradiction within the file. */
        bool contradiction = status == MCOMP_ERR_INVALID_ARGUMENT || status == MCOMP_ERR_SHAPE;
        return contradiction ? MCOMP_ERR_CORRUPT : status;
    }
    *out = graph;
    return MCOMP_OK;
}

/* Takes the caller's hold on the image. */
/* Takes the image. @param path  of the file, NULL for bytes in memory */
static mcomp_status load_image(mc_file_image *image, const char *path,
                               const mcomp_load_options *options, mcomp_graph **out)
{
    mcomp_load_options own;
    mcomp_load_options_init(&own);
    mcomp_status status = mc_options_copy(&own, sizeof own, options, "mcomp_load_options");
    mc_progress progress = mc_progress_make(own.progress, own.progress_user);
    if (status == MCOMP_OK)
        status =
            mc_container_read(image, own.verify ? MC_CHECK_ALL : MC_CHECK_TOUCH, &progress, out);
    mc_file_image_release(image);
    return path ? mc_fail_about_file(status, path) : status;
}

mcomp_status mcomp_load(mcomp_context *context, const char *path, const mcomp_load_options *options,
                        mcomp_graph **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    MC_REQUIRE(context && path, MCOMP_ERR_INVALID_ARGUMENT, "no context or no path");
    mc_file_image *image = NULL;
    MC_TRY(mc_file_image_open(context, path, &image));
    return load_image(image, path, options, out);
}

mcomp_status mcomp_load_memory(mcomp_context *context, const void *data, size_t nbytes,
                               const mcomp_load_options *options, mcomp_graph **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    MC_REQUIRE(context && (data || nbytes == 0), MCOMP_ERR_INVALID_ARGUMENT,
               "no context or no data");
    mc_file_image *image = NULL;
    MC_TRY(mc_file_image_copy(context, data, nbytes, &image));
    return load_image(image, NULL, options, out);
}
