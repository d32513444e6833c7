#include "section_table.h"

#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "byte_reader.h"
#include "deflate.h"

const char *mc_section_type_name(uint32_t type)
{
    switch (type) {
    case MC_SECTION_GRAPH:
        return "graph";
    case MC_SECTION_DIRECTORY:
        return "directory";
    case MC_SECTION_METADATA:
        return "metadata";
    case MC_SECTION_REPORT:
        return "report";
    case MC_SECTION_TENSOR:
        return "tensor";
    default:
        return "unknown";
    }
}

mcomp_status mc_section_check(const mc_file_image *image, const mc_section *section,
                              const char *what)
{
    uint32_t crc = mc_crc32(0, image->data + section->offset, (size_t)section->nbytes);
    MC_REQUIRE(crc == section->crc32, MCOMP_ERR_CORRUPT,
               "section %s: checksum is %08x, the file says %08x", what, crc, section->crc32);
    return MCOMP_OK;
}

/* Magic, version, section count, file size, table checksum, header checksum. */
static mcomp_status read_header(const mc_file_image *image, mc_checking checking,
                                mcomp_package *package, uint32_t *table_crc)
{
    MC_REQUIRE(image->nbytes >= MC_FILE_MAGIC_NBYTES &&
                   memcmp(image->data, MC_FILE_MAGIC, MC_FILE_MAGIC_NBYTES) == 0,
               MCOMP_ERR_CORRUPT, "not an .mcomp file: it does not begin with its signature");
    mc_byte_reader reader = mc_byte_reader_make(image->data + MC_FILE_MAGIC_NBYTES,
                                                image->nbytes - MC_FILE_MAGIC_NBYTES);
    package->format_version = mc_read_u32(&reader);
    package->section_count = mc_read_u32(&reader);
    uint64_t file_nbytes = mc_read_u64(&reader);
    *table_crc = mc_read_u32(&reader);
    uint32_t header_crc = mc_read_u32(&reader);
    MC_REQUIRE(!reader.failed, MCOMP_ERR_CORRUPT, "the header is cut off after %zu bytes",
               image->nbytes);
    MC_REQUIRE(checking == MC_CHECK_NONE ||
                   header_crc == mc_crc32(0, image->data, MC_FILE_HEADER_NBYTES - 4),
               MCOMP_ERR_CORRUPT, "header: its checksum does not fit");
    MC_REQUIRE(package->format_version == MCOMP_FORMAT_VERSION, MCOMP_ERR_VERSION,
               "format version %u; this library reads version %d", package->format_version,
               MCOMP_FORMAT_VERSION);
    MC_REQUIRE(file_nbytes == image->nbytes, MCOMP_ERR_CORRUPT,
               "the file has %zu bytes, its header says %llu", image->nbytes,
               (unsigned long long)file_nbytes);
    return MCOMP_OK;
}

/* Bytes of no section are 0: then the checksums and this cover every bit of a file. */
static bool is_padding(const mc_file_image *image, uint64_t begin, uint64_t end)
{
    while (begin < end && image->data[begin] == 0)
        begin++;
    return begin == end;
}

/* The table's entries: every section inside the file, in order, none overlapping. */
static mcomp_status read_entries(const mc_file_image *image, mc_checking checking,
                                 mcomp_package *package)
{
    uint64_t table_nbytes = (uint64_t)package->section_count * MC_FILE_ENTRY_NBYTES;
    mc_byte_reader reader =
        mc_byte_reader_make(image->data + MC_FILE_HEADER_NBYTES, (size_t)table_nbytes);
    uint64_t end = MC_FILE_HEADER_NBYTES + table_nbytes;
    bool good_padding = true;
    for (uint32_t i = 0; i < package->section_count; i++) {
        mc_section *section = &package->sections[i];
        section->type = mc_read_u32(&reader);
        section->flags = mc_read_u32(&reader);
        section->offset = mc_read_u64(&reader);
        section->nbytes = mc_read_u64(&reader);
        section->crc32 = mc_read_u32(&reader);
        section->item = mc_read_u32(&reader);
        MC_REQUIRE(section->offset >= end && section->offset <= image->nbytes &&
                       section->nbytes <= image->nbytes - section->offset,
                   MCOMP_ERR_CORRUPT,
                   "section %u (%s): bytes %llu + %llu overlap or leave the file", i,
                   mc_section_type_name(section->type), (unsigned long long)section->offset,
                   (unsigned long long)section->nbytes);
        good_padding &= checking != MC_CHECK_ALL || is_padding(image, end, section->offset);
        package->padding_nbytes += section->offset - end;
        end = section->offset + section->nbytes;
    }
    good_padding &= checking != MC_CHECK_ALL || is_padding(image, end, image->nbytes);
    package->padding_nbytes += image->nbytes - end;
    MC_REQUIRE(good_padding, MCOMP_ERR_CORRUPT, "padding: bytes between sections are not 0");
    return MCOMP_OK;
}

mcomp_status mc_section_table_read(mc_file_image *image, mc_checking checking, mcomp_package *out)
{
    memset(out, 0, sizeof *out);
    uint32_t table_crc = 0;
    MC_TRY(read_header(image, checking, out, &table_crc));
    size_t count = out->section_count, table_nbytes = count * MC_FILE_ENTRY_NBYTES;
    MC_REQUIRE(count <= MC_FILE_MAX_SECTIONS &&
                   table_nbytes <= image->nbytes - MC_FILE_HEADER_NBYTES,
               MCOMP_ERR_CORRUPT, "%zu sections do not fit into the file's %zu bytes", count,
               image->nbytes);
    const uint8_t *table = image->data + MC_FILE_HEADER_NBYTES;
    MC_REQUIRE(checking == MC_CHECK_NONE || table_crc == mc_crc32(0, table, table_nbytes),
               MCOMP_ERR_CORRUPT, "section table: its checksum does not fit");
    out->sections = mc_alloc_array(image->context, count, sizeof *out->sections);
    if (!out->sections)
        return mc_fail_memory(count * sizeof *out->sections);
    mcomp_status status = read_entries(image, checking, out);
    if (status != MCOMP_OK) {
        mc_free(image->context, out->sections);
        out->sections = NULL;
        return status;
    }
    out->context = mc_context_retain(image->context);
    out->image = mc_file_image_retain(image);
    return MCOMP_OK;
}

void mc_section_table_clear(mcomp_package *package)
{
    mcomp_context *context = package->context;
    if (!context)
        return;
    mc_free(context, package->sections);
    mc_file_image_release(package->image);
    memset(package, 0, sizeof *package);
    mc_context_release(context);
}

void mc_section_table_write(const mc_section *sections, uint32_t count, uint64_t file_nbytes,
                            mc_buffer *out)
{
    size_t start = out->nbytes;
    mc_buffer_append(out, MC_FILE_MAGIC, MC_FILE_MAGIC_NBYTES);
    mc_buffer_append_u32(out, MCOMP_FORMAT_VERSION);
    mc_buffer_append_u32(out, count);
    mc_buffer_append_u64(out, file_nbytes);
    mc_buffer_append_u32(out, 0); /* both checksums are filled in below, when the table is there */
    mc_buffer_append_u32(out, 0);
    for (uint32_t i = 0; i < count; i++) {
        mc_buffer_append_u32(out, sections[i].type);
        mc_buffer_append_u32(out, sections[i].flags);
        mc_buffer_append_u64(out, sections[i].offset);
        mc_buffer_append_u64(out, sections[i].nbytes);
        mc_buffer_append_u32(out, sections[i].crc32);
        mc_buffer_append_u32(out, sections[i].item);
    }
    if (out->failed)
        return;
    uint8_t *header = out->data + start;
    uint32_t crc =
        mc_crc32(0, header + MC_FILE_HEADER_NBYTES, (size_t)count * MC_FILE_ENTRY_NBYTES);
    for (unsigned i = 0; i < 4; i++)
        header[MC_FILE_HEADER_NBYTES - 8 + i] = (uint8_t)(crc >> (8 * i));
    crc = mc_crc32(0, header, MC_FILE_HEADER_NBYTES - 4);
    for (unsigned i = 0; i < 4; i++)
        header[MC_FILE_HEADER_NBYTES - 4 + i] = (uint8_t)(crc >> (8 * i));
}
