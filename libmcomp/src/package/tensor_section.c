#include "tensor_section.h"

#include <stdio.h>

#include "base/status.h"
#include "byte_reader.h"
#include "byte_writer.h"

/* Fields of an encoding in the file, one byte each, in this order. */
#define ENCODING_FIELDS(X)                                                                         \
    X(numeric)                                                                                     \
    X(bits)                                                                                        \
    X(per_channel)                                                                                 \
    X(zero_points)                                                                                 \
    X(occupancy) X(block_rows) X(block_columns) X(n) X(m) X(storage) X(gaps) X(gap_bits)

/* A tensor that uses a section in place: holds the image, knows what to check. */
typedef struct section_hold {
    mc_file_image *image;
    mc_section section;
} section_hold;

void mc_directory_write(const mcomp_tensor *tensor, mc_buffer *out)
{
    mc_buffer_append_u8(out, tensor->encoded ? 1 : 0);
    mc_write_varint(out, tensor->rank);
    for (uint32_t axis = 0; axis < tensor->rank; axis++)
        mc_write_varint(out, (uint64_t)tensor->shape[axis]);
    if (!tensor->encoded) {
        mc_buffer_append_u8(out, (uint8_t)tensor->dtype);
        return;
    }
#define WRITE_FIELD(field) mc_buffer_append_u8(out, (uint8_t)tensor->encoding.field);
    ENCODING_FIELDS(WRITE_FIELD)
#undef WRITE_FIELD
    mc_write_varint(out, tensor->stored_count);
    mc_write_varint(out, tensor->gap_count);
    for (int part = 0; part < MC_PART_COUNT; part++)
        mc_write_varint(out, tensor->parts[part].nbytes);
}

size_t mc_tensor_section_parts(const mcomp_tensor *tensor, mc_bytes parts[MC_PART_COUNT])
{
    if (!tensor->encoded) {
        parts[0] = (mc_bytes){.data = tensor->data, .nbytes = mc_tensor_stored_nbytes(tensor)};
        return 1;
    }
    for (int part = 0; part < MC_PART_COUNT; part++)
        parts[part] = tensor->parts[part];
    return MC_PART_COUNT;
}

bool mc_tensor_section_aligned(const mcomp_tensor *tensor)
{
    bool raw = !tensor->encoded || tensor->encoding.storage == MCOMP_STORAGE_RAW;
    return raw && mc_tensor_stored_nbytes(tensor) >= MC_FILE_ALIGNED_NBYTES;
}

static void release_hold(void *user)
{
    section_hold *hold = user;
    mcomp_context *context = hold->image->context;
    mc_file_image *image = hold->image;
    mc_free(context, hold);
    mc_file_image_release(image);
}

static mcomp_status check_hold(void *user)
{
    const section_hold *hold = user;
    char what[32];
    snprintf(what, sizeof what, "tensor %u", hold->section.item);
    return mc_section_check(hold->image, &hold->section, what);
}

/* What the directory says of one tensor. */
typedef struct directory_line {
    bool encoded;
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
    mcomp_dtype dtype;
    mcomp_encoding encoding;
    uint64_t stored_count;
    uint64_t gap_count;
    uint64_t part_nbytes[MC_PART_COUNT];
} directory_line;

static void read_line(mc_byte_reader *reader, directory_line *line)
{
    *line = (directory_line){0};
    uint8_t kind = mc_read_u8(reader);
    uint64_t rank = mc_read_varint(reader);
    if (kind > 1 || rank > MCOMP_MAX_RANK) {
        reader->failed = true;
        return;
    }
    line->encoded = kind == 1;
    line->rank = (uint32_t)rank;
    for (uint32_t axis = 0; axis < line->rank; axis++)
        line->shape[axis] = (int64_t)mc_read_varint(reader);
    if (!line->encoded) {
        line->dtype = (mcomp_dtype)mc_read_u8(reader);
        return;
    }
#define READ_FIELD(field) line->encoding.field = mc_read_u8(reader);
    ENCODING_FIELDS(READ_FIELD)
#undef READ_FIELD
    line->stored_count = mc_read_varint(reader);
    line->gap_count = mc_read_varint(reader);
    for (int part = 0; part < MC_PART_COUNT; part++)
        line->part_nbytes[part] = mc_read_varint(reader);
}

/* Where misaligned, the elements are copied and checked at once; else the tensor takes the hold. */
static mcomp_status make_plain(const directory_line *line, section_hold *hold, bool *hold_used,
                               mcomp_tensor **out)
{
    const mc_section *section = &hold->section;
    const uint8_t *data = hold->image->data + section->offset;
    mcomp_context *context = hold->image->context;
    size_t count = 0;
    MC_TRY(mc_shape_count(line->rank, line->shape, &count));
    size_t element_nbytes = mc_dtype_nbytes(line->dtype);
    size_t nbytes = 0;
    MC_REQUIRE(element_nbytes > 0 && mc_multiply(count, element_nbytes, &nbytes) &&
                   nbytes == section->nbytes,
               MCOMP_ERR_CORRUPT, "tensor %u: its shape does not fit its %llu bytes", section->item,
               (unsigned long long)section->nbytes);
    if (nbytes == 0 || (uintptr_t)data % MC_ALIGNMENT != 0) {
        MC_TRY(check_hold(hold));
        return mcomp_tensor_create(context, line->dtype, line->rank, line->shape,
                                   nbytes ? data : NULL, out);
    }
    MC_TRY(mcomp_tensor_wrap(context, line->dtype, line->rank, line->shape, (void *)(uintptr_t)data,
                             nbytes, release_hold, hold, out));
    *hold_used = true;
    return MCOMP_OK;
}

static mcomp_status make_encoded(const directory_line *line, section_hold *hold, bool *hold_used,
                                 mcomp_tensor **out)
{
    const mc_section *section = &hold->section;
    mc_byte_reader reader =
        mc_byte_reader_make(hold->image->data + section->offset, (size_t)section->nbytes);
    mc_bytes parts[MC_PART_COUNT];
    for (int part = 0; part < MC_PART_COUNT; part++) {
        size_t nbytes = (size_t)line->part_nbytes[part];
        parts[part] = (mc_bytes){.data = mc_read_bytes(&reader, nbytes), .nbytes = nbytes};
    }
    MC_REQUIRE(!reader.failed && mc_byte_reader_left(&reader) == 0, MCOMP_ERR_CORRUPT,
               "tensor %u: its parts do not sum to its %llu bytes", section->item,
               (unsigned long long)section->nbytes);
    MC_TRY(mc_tensor_from_parts(hold->image->context, line->rank, line->shape, &line->encoding,
                                parts, (size_t)line->stored_count, (size_t)line->gap_count,
                                release_hold, hold, out));
    *hold_used = true;
    return MCOMP_OK;
}

static mcomp_status make_tensor(const directory_line *line, mc_file_image *image,
                                const mc_section *section, mc_checking checking, mcomp_tensor **out)
{
    section_hold *hold = mc_alloc_zero(image->context, sizeof *hold);
    if (!hold)
        return mc_fail_memory(sizeof *hold);
    hold->image = mc_file_image_retain(image);
    hold->section = *section;
    bool hold_used = false;
    mcomp_status status = line->encoded ? make_encoded(line, hold, &hold_used, out)
                                        : make_plain(line, hold, &hold_used, out);
    if (hold_used && status == MCOMP_OK && checking == MC_CHECK_TOUCH)
        mc_tensor_check_at_touch(*out, check_hold);
    if (!hold_used)
        release_hold(hold);
    return status;
}

void mc_tensors_release(mcomp_context *context, mcomp_tensor **tensors, size_t count)
{
    for (size_t i = 0; tensors && i < count; i++)
        mcomp_tensor_release(tensors[i]);
    mc_free(context, tensors);
}

mcomp_status mc_tensors_read(const mcomp_package *package, const uint8_t *directory, size_t nbytes,
                             mc_checking checking, mcomp_tensor ***out, size_t *count)
{
    *out = NULL;
    *count = 0;
    mcomp_tensor **tensors =
        mc_alloc_array(package->context, package->section_count, sizeof *tensors);
    if (!tensors)
        return mc_fail_memory(package->section_count * sizeof *tensors);
    mc_byte_reader reader = mc_byte_reader_make(directory, nbytes);
    size_t made = 0;
    mcomp_status status = MCOMP_OK;
    for (uint32_t i = 0; i < package->section_count && status == MCOMP_OK; i++) {
        const mc_section *section = &package->sections[i];
        if (section->type != MC_SECTION_TENSOR)
            continue;
        directory_line line;
        read_line(&reader, &line);
        if (reader.failed || section->item != made)
            status = mc_fail(MCOMP_ERR_CORRUPT, "section directory: damaged at tensor %zu", made);
        else
            status = make_tensor(&line, package->image, section, checking, &tensors[made]);
        if (status == MCOMP_OK)
            made++;
    }
    if (status == MCOMP_OK && mc_byte_reader_left(&reader) > 0)
        status = mc_fail(MCOMP_ERR_CORRUPT, "section directory: more than %zu tensors", made);
    if (status != MCOMP_OK) {
        mc_tensors_release(package->context, tensors, made);
        return status;
    }
    *out = tensors;
    *count = made;
    return MCOMP_OK;
}
