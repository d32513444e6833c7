/* Any bytes as the stored parts of a tensor: refused, or the same values however they are asked for.
 * Input: 12 bytes of encoding, rank, 4 extents, 2 bytes each of stored and gap counts and of the
 * first six parts' sizes; the rest are the parts. */
#include "fuzz.h"
#include "tensor/tensor_struct.h"

enum { HEAD_NBYTES = 12 + 1 + 4 + 4 + 12 };

static size_t two_bytes(const uint8_t *bytes)
{
    return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

static void use(const mcomp_tensor *tensor)
{
    size_t count = tensor->element_count;
    float *values = malloc(count * sizeof *values + 1);
    uint8_t *bytes = malloc(count + 1);
    fuzz_require(values && bytes);
    mcomp_status decoded = mcomp_tensor_decode(tensor, values, count);
    mcomp_status symbols = mcomp_tensor_decode_symbols(tensor, bytes, count);
    mcomp_status kept = mc_tensor_decode_kept(tensor, bytes, count);
    fuzz_require(decoded == MCOMP_OK || decoded == MCOMP_ERR_CORRUPT);
    fuzz_require(symbols == decoded || symbols == MCOMP_ERR_UNSUPPORTED);
    fuzz_require(decoded != MCOMP_OK || kept == MCOMP_OK);
    free(values);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    if (nbytes < HEAD_NBYTES)
        return 0;
    const mcomp_encoding encoding = {.numeric = (mcomp_numeric)data[0],
                                     .bits = data[1],
                                     .per_channel = data[2],
                                     .zero_points = data[3],
                                     .occupancy = (mcomp_occupancy)data[4],
                                     .block_rows = data[5],
                                     .block_columns = data[6],
                                     .n = data[7],
                                     .m = data[8],
                                     .storage = (mcomp_storage)data[9],
                                     .gaps = data[10],
                                     .gap_bits = data[11]};
    int64_t shape[4];
    for (int axis = 0; axis < 4; axis++)
        shape[axis] = data[13 + axis] % 32;
    const uint8_t *next = data + HEAD_NBYTES;
    size_t left = nbytes - HEAD_NBYTES;
    mc_bytes parts[MC_PART_COUNT];
    for (int part = 0; part < MC_PART_COUNT; part++) {
        size_t wanted = part + 1 < MC_PART_COUNT ? two_bytes(data + 21 + 2 * part) : left;
        size_t size = wanted < left ? wanted : left;
        parts[part] = (mc_bytes){next, size};
        next += size;
        left -= size;
    }
    mcomp_tensor *tensor = NULL;
    if (mc_tensor_from_parts(fuzz_context(), data[12] % 5, shape, &encoding, parts,
                             two_bytes(data + 17), two_bytes(data + 19), NULL, NULL,
                             &tensor) == MCOMP_OK)
        use(tensor);
    mcomp_tensor_release(tensor);
    return 0;
}
