/* Lists the sections of a file. Header, table and padding come first; together they sum to it. */
#include <stdio.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "container_reader.h"
#include "deflate.h"

enum { HEADER_INDEX, TABLE_INDEX, PADDING_INDEX, FIRST_SECTION_INDEX };

/* "tensor 4294967295" and its NUL */
#define NAME_CAPACITY 24u

static mcomp_status name_sections(mcomp_package *package)
{
    size_t count = package->section_count;
    package->name_text = mc_alloc_array(package->context, count, NAME_CAPACITY);
    if (!package->name_text)
        return mc_fail_memory(count * NAME_CAPACITY);
    for (size_t i = 0; i < count; i++) {
        const mc_section *section = &package->sections[i];
        char *name = package->name_text + i * NAME_CAPACITY;
        if (section->type == MC_SECTION_TENSOR)
            snprintf(name, NAME_CAPACITY, "tensor %u", section->item);
        else
            snprintf(name, NAME_CAPACITY, "%s", mc_section_type_name(section->type));
    }
    return MCOMP_OK;
}

mcomp_status mcomp_package_open(mcomp_context *context, const char *path, mcomp_package **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the package");
    *out = NULL;
    MC_REQUIRE(context && path, MCOMP_ERR_INVALID_ARGUMENT, "no context or no path");
    mc_file_image *image = NULL;
    MC_TRY(mc_file_image_open(context, path, &image));
    mcomp_package found;
    mcomp_status status = mc_section_table_read(image, MC_CHECK_TOUCH, &found);
    mc_file_image_release(image);
    MC_TRY(mc_fail_about_file(status, path));
    status = name_sections(&found);
    mcomp_package *package = status == MCOMP_OK ? mc_alloc(context, sizeof *package) : NULL;
    if (!package) {
        mc_free(context, found.name_text);
        mc_section_table_clear(&found);
        return status == MCOMP_OK ? mc_fail_memory(sizeof *package) : status;
    }
    *package = found;
    *out = package;
    return MCOMP_OK;
}

void mcomp_package_close(mcomp_package *package)
{
    if (!package)
        return;
    mcomp_context *context = mc_context_retain(package->context);
    mc_free(context, package->name_text);
    mc_section_table_clear(package);
    mc_free(context, package);
    mc_context_release(context);
}

mcomp_status mcomp_package_get_section(const mcomp_package *package, uint32_t index,
                                       mcomp_section_info *info)
{
    MC_REQUIRE(package && info, MCOMP_ERR_INVALID_ARGUMENT,
               "no package or no place for the answer");
    mcomp_section_info own = {.struct_size = sizeof own, .required = 1};
    if (index == HEADER_INDEX) {
        own.name = "header";
        own.nbytes = MC_FILE_HEADER_NBYTES;
        own.crc32 = mc_crc32(0, package->image->data, MC_FILE_HEADER_NBYTES);
    } else if (index == TABLE_INDEX) {
        own.name = "table";
        own.offset = MC_FILE_HEADER_NBYTES;
        own.nbytes = (uint64_t)package->section_count * MC_FILE_ENTRY_NBYTES;
        own.crc32 = mc_crc32(0, package->image->data + own.offset, (size_t)own.nbytes);
    } else if (index == PADDING_INDEX) {
        own.name = "padding";
        own.nbytes = package->padding_nbytes;
    } else {
        if (index - FIRST_SECTION_INDEX >= package->section_count)
            return MCOMP_END;
        const mc_section *section = &package->sections[index - FIRST_SECTION_INDEX];
        own.name = package->name_text + (index - FIRST_SECTION_INDEX) * (size_t)NAME_CAPACITY;
        own.required = (section->flags & MC_SECTION_REQUIRED) != 0;
        own.offset = section->offset;
        own.nbytes = section->nbytes;
        own.crc32 = section->crc32;
    }
    return mc_info_copy(info, &own, sizeof own, "mcomp_section_info");
}

uint64_t mcomp_package_nbytes(const mcomp_package *package)
{
    return package->image->nbytes;
}

uint32_t mcomp_package_format_version(const mcomp_package *package)
{
    return package->format_version;
}
