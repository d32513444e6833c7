/* Writes a graph: sizes first, then header, table and sections in one go, so that the file is never
 * held in memory as a whole. */
#include "atomic_file.h"
#include "base/progress.h"
#include "base/status.h"
#include "deflate.h"
#include "graph_section.h"
#include "tensor_section.h"

/* Sections that are made in memory before the tensors' own. */
enum { DESCRIPTION_COUNT = 4 };

typedef struct container_plan {
    mcomp_graph *graph;
    mc_buffer descriptions[DESCRIPTION_COUNT]; /**< deflated */
    mc_section *sections;
    const mcomp_tensor **tensors; /**< NULL for a description */
    uint32_t section_count;
    uint64_t file_nbytes;
} container_plan;

static mcomp_status describe(container_plan *container)
{
    static const struct {
        mc_section_type type;
        uint32_t flags;
    } kinds[DESCRIPTION_COUNT] = {
        {MC_SECTION_GRAPH, MC_SECTION_REQUIRED | MC_SECTION_DEFLATED},
        {MC_SECTION_DIRECTORY, MC_SECTION_REQUIRED | MC_SECTION_DEFLATED},
        {MC_SECTION_METADATA, MC_SECTION_DEFLATED},
        {MC_SECTION_REPORT, MC_SECTION_DEFLATED},
    };
    const mcomp_graph *graph = container->graph;
    for (int i = 0; i < DESCRIPTION_COUNT; i++) {
        mc_buffer plain;
        mc_buffer_init(&plain, graph->context);
        if (kinds[i].type == MC_SECTION_GRAPH)
            mc_graph_section_write(graph, &plain);
        else if (kinds[i].type == MC_SECTION_METADATA)
            mc_metadata_section_write(graph, &plain);
        else if (kinds[i].type == MC_SECTION_REPORT)
            mc_report_section_write(graph, &plain);
        for (uint32_t v = 0; kinds[i].type == MC_SECTION_DIRECTORY && v < graph->value_count; v++)
            if (graph->values[v].constant)
                mc_directory_write(graph->values[v].constant, &plain);
        mcomp_status status = plain.failed ? mc_fail_memory(plain.nbytes)
                                           : mc_deflate(graph->context, plain.data, plain.nbytes,
                                                        &container->descriptions[i]);
        mc_buffer_clear(&plain);
        MC_TRY(status);
        container->sections[i] = (mc_section){.type = kinds[i].type,
                                              .flags = kinds[i].flags,
                                              .nbytes = container->descriptions[i].nbytes};
        container->sections[i].crc32 =
            mc_crc32(0, container->descriptions[i].data, container->descriptions[i].nbytes);
    }
    container->section_count = DESCRIPTION_COUNT;
    return MCOMP_OK;
}

/* One section a tensor, in the order of the constants. */
static mcomp_status list_tensors(container_plan *container)
{
    const mcomp_graph *graph = container->graph;
    uint32_t item = 0;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        const mcomp_tensor *tensor = graph->values[v].constant;
        if (!tensor)
            continue;
        MC_TRY(mc_tensor_touch(tensor));
        mc_section section = {
            .type = MC_SECTION_TENSOR, .flags = MC_SECTION_REQUIRED, .item = item++};
        mc_bytes parts[MC_PART_COUNT];
        size_t part_count = mc_tensor_section_parts(tensor, parts);
        for (size_t i = 0; i < part_count; i++) {
            section.crc32 = mc_crc32(section.crc32, parts[i].data, parts[i].nbytes);
            section.nbytes += parts[i].nbytes;
        }
        container->sections[container->section_count] = section;
        container->tensors[container->section_count++] = tensor;
    }
    return MCOMP_OK;
}

static void place_sections(container_plan *container)
{
    uint64_t offset =
        MC_FILE_HEADER_NBYTES + (uint64_t)container->section_count * MC_FILE_ENTRY_NBYTES;
    for (uint32_t i = 0; i < container->section_count; i++) {
        const mcomp_tensor *tensor = container->tensors[i];
        if (tensor && mc_tensor_section_aligned(tensor))
            offset = mc_round_up(offset, MC_ALIGNMENT);
        container->sections[i].offset = offset;
        offset += container->sections[i].nbytes;
    }
    container->file_nbytes = offset;
}

static mcomp_status write_sections(const container_plan *container, mc_atomic_file *file,
                                   mc_progress *progress)
{
    static const uint8_t zeros[MC_ALIGNMENT];
    mc_buffer head;
    mc_buffer_init(&head, container->graph->context);
    mc_section_table_write(container->sections, container->section_count, container->file_nbytes,
                           &head);
    mcomp_status status = head.failed ? mc_fail_memory(head.nbytes)
                                      : mc_atomic_file_write(file, head.data, head.nbytes);
    mc_buffer_clear(&head);
    for (uint32_t i = 0; i < container->section_count && status == MCOMP_OK; i++) {
        const mcomp_tensor *tensor = container->tensors[i];
        status = mc_progress_report(progress, container->graph->name, i, container->section_count);
        if (status != MCOMP_OK)
            return status;
        status = mc_atomic_file_write(file, zeros,
                                      (size_t)(container->sections[i].offset - file->nbytes));
        if (!tensor) {
            if (status == MCOMP_OK)
                status = mc_atomic_file_write(file, container->descriptions[i].data,
                                              container->descriptions[i].nbytes);
            continue;
        }
        mc_bytes parts[MC_PART_COUNT];
        size_t part_count = mc_tensor_section_parts(tensor, parts);
        for (size_t part = 0; part < part_count && status == MCOMP_OK; part++)
            status = mc_atomic_file_write(file, parts[part].data, parts[part].nbytes);
    }
    return status;
}

static mcomp_status write_file(const container_plan *container, const char *path,
                               mc_progress *progress)
{
    mc_atomic_file file;
    MC_TRY(mc_atomic_file_open(container->graph->context, path, &file));
    mcomp_status status = write_sections(container, &file, progress);
    if (status != MCOMP_OK) {
        mc_atomic_file_abandon(&file);
        return status;
    }
    return mc_atomic_file_commit(&file);
}

void mcomp_save_options_init(mcomp_save_options *options)
{
    *options = (mcomp_save_options){.struct_size = sizeof *options};
}

mcomp_status mcomp_save(mcomp_graph *graph, const char *path, const mcomp_save_options *options,
                        uint64_t *nbytes)
{
    mcomp_save_options own;
    mcomp_save_options_init(&own);
    MC_TRY(mc_options_copy(&own, sizeof own, options, "mcomp_save_options"));
    mc_progress progress = mc_progress_make(own.progress, own.progress_user);
    MC_REQUIRE(graph && path && path[0], MCOMP_ERR_INVALID_ARGUMENT, "no graph or no path");
    MC_REQUIRE(graph->verified, MCOMP_ERR_INVALID_ARGUMENT, "graph %s is not verified",
               graph->name);
    mcomp_context *context = graph->context;
    size_t capacity = DESCRIPTION_COUNT + (size_t)graph->value_count;
    MC_REQUIRE(capacity <= MC_FILE_MAX_SECTIONS, MCOMP_ERR_LIMIT,
               "%u values are too many for a file", graph->value_count);
    container_plan container = {.graph = graph};
    for (int i = 0; i < DESCRIPTION_COUNT; i++)
        mc_buffer_init(&container.descriptions[i], context);
    container.sections = mc_alloc_array(context, capacity, sizeof *container.sections);
    container.tensors = mc_alloc_array(context, capacity, sizeof *container.tensors);
    mcomp_status status = container.sections && container.tensors
                              ? describe(&container)
                              : mc_fail_memory(capacity * sizeof *container.sections);
    if (status == MCOMP_OK)
        status = list_tensors(&container);
    if (status == MCOMP_OK) {
        place_sections(&container);
        status = write_file(&container, path, &progress);
    }
    for (int i = 0; i < DESCRIPTION_COUNT; i++)
        mc_buffer_clear(&container.descriptions[i]);
    mc_free(context, container.sections);
    mc_free(context, container.tensors);
    if (status == MCOMP_OK && nbytes)
        *nbytes = container.file_nbytes;
    return status;
}
