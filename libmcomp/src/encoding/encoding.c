#include "encoding.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

const char *mc_part_name(mc_part part)
{
    static const char *const names[MC_PART_COUNT] = {"symbols",     "positions", "scales",
                                                     "zero points", "codebook",  "symbol lengths",
                                                     "gap lengths"};
    return (unsigned)part < MC_PART_COUNT ? names[part] : "unknown";
}

mcomp_encoding mc_encoding_f32(void)
{
    return (mcomp_encoding){.numeric = MCOMP_NUMERIC_F32,
                            .occupancy = MCOMP_OCCUPANCY_DENSE,
                            .storage = MCOMP_STORAGE_RAW};
}

#define SAME(field) (a->field == b->field)

bool mc_encoding_equal(const mcomp_encoding *a, const mcomp_encoding *b)
{
    return SAME(numeric) && SAME(bits) && SAME(per_channel) && SAME(zero_points) &&
           SAME(occupancy) && SAME(block_rows) && SAME(block_columns) && SAME(n) && SAME(m) &&
           SAME(storage) && SAME(gaps) && SAME(gap_bits);
}

bool mc_encoding_has_symbols(const mcomp_encoding *encoding)
{
    return encoding->numeric == MCOMP_NUMERIC_UNIFORM ||
           encoding->numeric == MCOMP_NUMERIC_CODEBOOK;
}

bool mc_encoding_has_part(const mcomp_encoding *encoding, mc_part part)
{
    bool huffman = encoding->storage == MCOMP_STORAGE_HUFFMAN;
    switch (part) {
    case MC_PART_SYMBOLS:
        return true;
    case MC_PART_POSITIONS:
        return encoding->occupancy == MCOMP_OCCUPANCY_N_M ||
               (encoding->occupancy == MCOMP_OCCUPANCY_SPARSE && (!huffman || encoding->gaps));
    case MC_PART_SCALES:
        return encoding->numeric == MCOMP_NUMERIC_UNIFORM;
    case MC_PART_ZERO_POINTS:
        return encoding->numeric == MCOMP_NUMERIC_UNIFORM && encoding->zero_points;
    case MC_PART_CODEBOOK:
        return encoding->numeric == MCOMP_NUMERIC_CODEBOOK;
    case MC_PART_SYMBOL_LENGTHS:
        return huffman && mc_encoding_has_symbols(encoding);
    case MC_PART_GAP_LENGTHS:
        return huffman && encoding->gaps;
    case MC_PART_COUNT:
        break;
    }
    return false;
}

static const char *numeric_name(mcomp_numeric numeric)
{
    switch (numeric) {
    case MCOMP_NUMERIC_F32:
        return "float32";
    case MCOMP_NUMERIC_F16:
        return "float16";
    case MCOMP_NUMERIC_BF16:
        return "bfloat16";
    case MCOMP_NUMERIC_UNIFORM:
        return "uniform";
    case MCOMP_NUMERIC_CODEBOOK:
        return "codebook";
    }
    return "unknown";
}

static const char *storage_name(mcomp_storage storage)
{
    static const char *const names[] = {"unknown", "raw", "packed", "huffman"};
    return (unsigned)storage <= MCOMP_STORAGE_HUFFMAN ? names[storage] : names[0];
}

static mcomp_status check_numeric(const mcomp_encoding *encoding)
{
    bool uniform = encoding->numeric == MCOMP_NUMERIC_UNIFORM;
    MC_REQUIRE(encoding->numeric >= MCOMP_NUMERIC_F32 &&
                   encoding->numeric <= MCOMP_NUMERIC_CODEBOOK,
               MCOMP_ERR_INVALID_ARGUMENT, "numeric %d is unknown", (int)encoding->numeric);
    unsigned least = uniform ? 2 : 1;
    if (mc_encoding_has_symbols(encoding))
        MC_REQUIRE(encoding->bits >= least && encoding->bits <= 8, MCOMP_ERR_INVALID_ARGUMENT,
                   "%s of %u bits; %u to 8 are possible", numeric_name(encoding->numeric),
                   encoding->bits, least);
    else
        MC_REQUIRE(encoding->bits == 0, MCOMP_ERR_INVALID_ARGUMENT, "%s with bits = %u",
                   numeric_name(encoding->numeric), encoding->bits);
    MC_REQUIRE(encoding->per_channel <= (uniform ? 1 : 0) &&
                   encoding->zero_points <= (uniform ? 1 : 0),
               MCOMP_ERR_INVALID_ARGUMENT, "%s with per_channel = %u, zero_points = %u",
               numeric_name(encoding->numeric), encoding->per_channel, encoding->zero_points);
    return MCOMP_OK;
}

static mcomp_status check_occupancy(const mcomp_encoding *encoding)
{
    bool sparse = encoding->occupancy == MCOMP_OCCUPANCY_SPARSE;
    bool n_m = encoding->occupancy == MCOMP_OCCUPANCY_N_M;
    MC_REQUIRE(sparse || n_m || encoding->occupancy == MCOMP_OCCUPANCY_DENSE,
               MCOMP_ERR_INVALID_ARGUMENT, "occupancy %d is unknown", (int)encoding->occupancy);
    if (sparse)
        MC_REQUIRE(encoding->block_rows >= 1 && encoding->block_rows <= 16 &&
                       encoding->block_columns >= 1 && encoding->block_columns <= 16,
                   MCOMP_ERR_INVALID_ARGUMENT, "sparse blocks of %ux%u; 1x1 to 16x16 are possible",
                   encoding->block_rows, encoding->block_columns);
    else
        MC_REQUIRE(encoding->block_rows == 0 && encoding->block_columns == 0,
                   MCOMP_ERR_INVALID_ARGUMENT, "blocks of %ux%u without sparse occupancy",
                   encoding->block_rows, encoding->block_columns);
    if (n_m)
        MC_REQUIRE(encoding->n >= 1 && encoding->n < encoding->m && encoding->m <= 16,
                   MCOMP_ERR_INVALID_ARGUMENT, "%u:%u; 1 <= n < m <= 16 is possible", encoding->n,
                   encoding->m);
    else
        MC_REQUIRE(encoding->n == 0 && encoding->m == 0, MCOMP_ERR_INVALID_ARGUMENT,
                   "%u:%u without n:m occupancy", encoding->n, encoding->m);
    return MCOMP_OK;
}

mcomp_status mcomp_encoding_check(const mcomp_encoding *encoding)
{
    MC_REQUIRE(encoding, MCOMP_ERR_INVALID_ARGUMENT, "no encoding");
    MC_TRY(check_numeric(encoding));
    MC_TRY(check_occupancy(encoding));
    bool symbols = mc_encoding_has_symbols(encoding);
    bool sparse = encoding->occupancy == MCOMP_OCCUPANCY_SPARSE;
    bool raw = encoding->storage == MCOMP_STORAGE_RAW;
    bool huffman = encoding->storage == MCOMP_STORAGE_HUFFMAN;
    MC_REQUIRE(raw || huffman || encoding->storage == MCOMP_STORAGE_PACKED,
               MCOMP_ERR_INVALID_ARGUMENT, "storage %d is unknown", (int)encoding->storage);
    MC_REQUIRE(encoding->gaps <= 1 &&
                   (encoding->gaps ? encoding->gap_bits >= 2 && encoding->gap_bits <= 12
                                   : encoding->gap_bits == 0),
               MCOMP_ERR_INVALID_ARGUMENT, "gaps = %u with %u bits; 2 to 12 are possible",
               encoding->gaps, encoding->gap_bits);
    MC_REQUIRE(!encoding->gaps || sparse, MCOMP_ERR_UNSUPPORTED,
               "gaps without sparse occupancy: there is nothing to skip");
    MC_REQUIRE(!encoding->gaps || !raw, MCOMP_ERR_UNSUPPORTED, "sparse/raw has a bitmap, no gaps");
    MC_REQUIRE(symbols || raw || sparse, MCOMP_ERR_UNSUPPORTED, "%s/%s/%s: floats have no symbols",
               numeric_name(encoding->numeric),
               encoding->occupancy == MCOMP_OCCUPANCY_DENSE ? "dense" : "n:m",
               storage_name(encoding->storage));
    MC_REQUIRE(!sparse || encoding->gaps || raw || (symbols && huffman), MCOMP_ERR_UNSUPPORTED,
               "%s/sparse/%s needs gaps", numeric_name(encoding->numeric),
               storage_name(encoding->storage));
    return MCOMP_OK;
}

size_t mcomp_encoding_format(const mcomp_encoding *encoding, char *text, size_t capacity)
{
    char numeric[32], occupancy[16], storage[32];
    snprintf(numeric, sizeof numeric, "%s", numeric_name(encoding->numeric));
    if (mc_encoding_has_symbols(encoding))
        snprintf(numeric, sizeof numeric, "%s%u%s%s", numeric_name(encoding->numeric),
                 encoding->bits, encoding->per_channel ? "-channel" : "",
                 encoding->zero_points ? "-asymmetric" : "");
    if (encoding->occupancy == MCOMP_OCCUPANCY_N_M)
        snprintf(occupancy, sizeof occupancy, "%u:%u", encoding->n, encoding->m);
    else if (encoding->occupancy == MCOMP_OCCUPANCY_SPARSE &&
             encoding->block_rows * encoding->block_columns > 1)
        snprintf(occupancy, sizeof occupancy, "sparse-%ux%u", encoding->block_rows,
                 encoding->block_columns);
    else
        snprintf(occupancy, sizeof occupancy, "%s",
                 encoding->occupancy == MCOMP_OCCUPANCY_SPARSE ? "sparse" : "dense");
    snprintf(storage, sizeof storage, "%s", storage_name(encoding->storage));
    if (encoding->gaps)
        snprintf(storage, sizeof storage, "%s-gaps%u", storage_name(encoding->storage),
                 encoding->gap_bits);
    int length = snprintf(text, capacity, "%s/%s/%s", numeric, occupancy, storage);
    return length < 0 ? 0 : (size_t)length;
}

bool mc_encoding_example(uint32_t index, mcomp_encoding *out)
{
    static const mcomp_encoding numerics[] = {
        {.numeric = MCOMP_NUMERIC_F32},
        {.numeric = MCOMP_NUMERIC_F16},
        {.numeric = MCOMP_NUMERIC_BF16},
        {.numeric = MCOMP_NUMERIC_UNIFORM, .bits = 8},
        {.numeric = MCOMP_NUMERIC_UNIFORM, .bits = 3, .per_channel = 1},
        {.numeric = MCOMP_NUMERIC_UNIFORM, .bits = 8, .per_channel = 1, .zero_points = 1},
        {.numeric = MCOMP_NUMERIC_CODEBOOK, .bits = 1},
        {.numeric = MCOMP_NUMERIC_CODEBOOK, .bits = 5},
    };
    static const mcomp_encoding occupancies[] = {
        {.occupancy = MCOMP_OCCUPANCY_DENSE},
        {.occupancy = MCOMP_OCCUPANCY_SPARSE, .block_rows = 1, .block_columns = 1},
        {.occupancy = MCOMP_OCCUPANCY_SPARSE, .block_rows = 4, .block_columns = 1},
        {.occupancy = MCOMP_OCCUPANCY_SPARSE, .block_rows = 1, .block_columns = 4},
        {.occupancy = MCOMP_OCCUPANCY_N_M, .n = 2, .m = 4},
    };
    static const mcomp_encoding storages[] = {
        {.storage = MCOMP_STORAGE_RAW},
        {.storage = MCOMP_STORAGE_PACKED},
        {.storage = MCOMP_STORAGE_PACKED, .gaps = 1, .gap_bits = 4},
        {.storage = MCOMP_STORAGE_HUFFMAN},
        {.storage = MCOMP_STORAGE_HUFFMAN, .gaps = 1, .gap_bits = 3},
    };
    uint32_t found = 0;
    for (size_t n = 0; n < sizeof numerics / sizeof *numerics; n++)
        for (size_t o = 0; o < sizeof occupancies / sizeof *occupancies; o++)
            for (size_t s = 0; s < sizeof storages / sizeof *storages; s++) {
                *out = numerics[n];
                out->occupancy = occupancies[o].occupancy;
                out->block_rows = occupancies[o].block_rows;
                out->block_columns = occupancies[o].block_columns;
                out->n = occupancies[o].n;
                out->m = occupancies[o].m;
                out->storage = storages[s].storage;
                out->gaps = storages[s].gaps;
                out->gap_bits = storages[s].gap_bits;
                if (mcomp_encoding_check(out) == MCOMP_OK && found++ == index)
                    return true;
            }
    return false;
}
