#include "storage.h"

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

#define MIN_GAP_BITS 2u
#define MAX_GAP_BITS 12u

/* Encodings that were tried, and the best so far. */
typedef struct storage_search {
    const mc_weight *weight;
    const mc_storage_counts *counts;
    mcomp_encoding best;
    uint64_t best_nbytes;
    bool found;
} storage_search;

static mcomp_status try_encoding(storage_search *search, const mcomp_encoding *encoding)
{
    uint64_t nbytes;
    MC_TRY(mc_storage_nbytes(search->weight, search->counts, encoding, &nbytes));
    if (search->found && nbytes >= search->best_nbytes)
        return MCOMP_OK;
    search->best = *encoding;
    search->best_nbytes = nbytes;
    search->found = true;
    return MCOMP_OK;
}

/* The numbers of a weight, dense, as bits or bytes. */
static mcomp_encoding dense_encoding(const mc_weight *weight)
{
    bool symbols = weight->symbols != NULL;
    return (mcomp_encoding){.numeric = weight->numeric,
                            .bits = weight->bits,
                            .per_channel = weight->scale_count > 1,
                            .zero_points = weight->zero_points != NULL,
                            .occupancy = MCOMP_OCCUPANCY_DENSE,
                            .storage = symbols ? MCOMP_STORAGE_PACKED : MCOMP_STORAGE_RAW};
}

static mcomp_encoding sparse_encoding(const mc_weight *weight, mcomp_storage storage,
                                      unsigned gap_bits)
{
    mcomp_encoding encoding = dense_encoding(weight);
    encoding.occupancy = MCOMP_OCCUPANCY_SPARSE;
    encoding.block_rows = weight->block.m ? 1 : weight->block.rows;
    encoding.block_columns = weight->block.m ? 1 : weight->block.columns;
    encoding.storage = storage;
    encoding.gaps = gap_bits > 0;
    encoding.gap_bits = (uint8_t)gap_bits;
    return encoding;
}

static mcomp_status try_gaps(storage_search *search, mcomp_storage storage)
{
    unsigned wished = search->weight->gap_bits;
    for (unsigned gap_bits = MIN_GAP_BITS; gap_bits <= MAX_GAP_BITS; gap_bits++) {
        mcomp_encoding encoding = sparse_encoding(search->weight, storage, gap_bits);
        if (wished == 0 || wished == gap_bits)
            MC_TRY(try_encoding(search, &encoding));
    }
    return MCOMP_OK;
}

/* Can elements be left out? A codebook must have 0 as its entry 0 for that. */
static bool has_zeros(const storage_search *search)
{
    const mc_weight *weight = search->weight;
    return search->counts->kept_blocks < search->counts->block_count &&
           (weight->numeric != MCOMP_NUMERIC_CODEBOOK || weight->codebook[0] == 0);
}

static mcomp_encoding group_encoding(const mc_weight *weight, mcomp_storage storage)
{
    mcomp_encoding encoding = dense_encoding(weight);
    encoding.occupancy = MCOMP_OCCUPANCY_N_M;
    encoding.n = weight->block.n;
    encoding.m = weight->block.m;
    encoding.storage = storage;
    return encoding;
}

/* An n:m mask is stored as such unless a layout is wished for: it was asked for because something can
 * compute with it. */
static mcomp_status search_huffman(storage_search *search)
{
    const mc_weight *weight = search->weight;
    bool automatic = weight->layout == MC_LAYOUT_AUTO;
    mcomp_encoding encoding = dense_encoding(weight);
    if (automatic && weight->block.m) {
        encoding = group_encoding(weight, MCOMP_STORAGE_HUFFMAN);
        return weight->symbols ? try_encoding(search, &encoding) : MCOMP_OK;
    }
    encoding.storage = MCOMP_STORAGE_HUFFMAN;
    if (weight->layout != MC_LAYOUT_GAPS && weight->symbols)
        MC_TRY(try_encoding(search, &encoding));
    if (weight->layout != MC_LAYOUT_DENSE && has_zeros(search))
        MC_TRY(try_gaps(search, MCOMP_STORAGE_HUFFMAN));
    return MCOMP_OK;
}

static mcomp_status search_uncoded(storage_search *search)
{
    const mc_weight *weight = search->weight;
    mcomp_encoding encoding = dense_encoding(weight);
    if (weight->block.m)
        encoding = group_encoding(weight, encoding.storage);
    MC_TRY(try_encoding(search, &encoding));
    if (weight->block.m || !has_zeros(search))
        return MCOMP_OK;
    encoding = sparse_encoding(weight, MCOMP_STORAGE_RAW, 0);
    MC_TRY(try_encoding(search, &encoding));
    return try_gaps(search, MCOMP_STORAGE_PACKED);
}

static mcomp_status search_all(storage_search *search, bool *left)
{
    bool huffman = search->weight->storage == MC_STORAGE_HUFFMAN;
    if (huffman)
        MC_TRY(search_huffman(search));
    *left = huffman && !search->found;
    /* A code is not worth its table for every weight; who names a layout gets it all the same. */
    return search->found && search->weight->layout != MC_LAYOUT_AUTO ? MCOMP_OK
                                                                     : search_uncoded(search);
}

mcomp_status mc_storage_choose(const mc_weight *weight, mcomp_encoding *encoding, bool *left)
{
    *left = false;
    *encoding = dense_encoding(weight);
    if (weight->storage == MC_STORAGE_DENSE)
        return MCOMP_OK;
    mc_storage_counts counts;
    mcomp_status status = mc_storage_count(weight, &counts);
    storage_search search = {.weight = weight, .counts = &counts};
    if (status == MCOMP_OK)
        status = search_all(&search, left);
    mc_storage_counts_clear(weight, &counts);
    *encoding = search.best;
    return status;
}

/* Floats as they are now; NULL where that is the original. */
static mcomp_status present_floats(const mc_weight *weight, float **out)
{
    *out = NULL;
    if (!weight->kept && weight->numeric == MCOMP_NUMERIC_F32)
        return MCOMP_OK;
    float *floats = mc_alloc(weight->context, weight->element_count * sizeof *floats);
    if (!floats)
        return mc_fail_memory(weight->element_count * sizeof *floats);
    for (size_t i = 0; i < weight->element_count; i++)
        floats[i] = mc_weight_float(weight, i);
    *out = floats;
    return MCOMP_OK;
}

mcomp_status mc_storage_encode(const mc_weight *weight, const mcomp_encoding *encoding,
                               mcomp_tensor **out)
{
    mc_weight_values values = {.symbols = weight->symbols,
                               .kept = weight->kept,
                               .scales = weight->scales,
                               .zero_points = weight->zero_points,
                               .codebook = weight->codebook,
                               .codebook_count = weight->codebook_count};
    mcomp_encoding plain = mc_encoding_f32();
    float *floats = NULL;
    if (!weight->symbols) {
        MC_TRY(present_floats(weight, &floats));
        values.floats = floats ? floats : weight->original;
    }
    mcomp_status status = mc_encoding_equal(encoding, &plain)
                              ? mcomp_tensor_create(weight->context, MCOMP_DTYPE_F32, weight->rank,
                                                    weight->shape, values.floats, out)
                              : mc_tensor_encode(weight->context, weight->rank, weight->shape,
                                                 encoding, &values, out);
    mc_free(weight->context, floats);
    return status;
}
