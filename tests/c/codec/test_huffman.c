#include "codec/bit_writer.h"
#include "codec/huffman.h"
#include "support/fail_alloc.h"
#include "support/test_random.h"

/* Bits of an optimal code, by the textbook: join the two least until one is left; a code's cost is
 * the sum of all joins. One lone symbol takes a bit each. */
static uint64_t optimal_bits(const uint64_t *counts, size_t symbol_count)
{
    uint64_t *weights = malloc((symbol_count + 1) * sizeof *weights);
    size_t left = 0;
    for (size_t i = 0; i < symbol_count; i++)
        if (counts[i])
            weights[left++] = counts[i];
    uint64_t bits = left == 1 ? weights[0] : 0;
    while (left > 1) {
        for (size_t last = left; last > left - 2; last--) { /* the two least to the end */
            size_t least = 0;
            for (size_t i = 1; i < last; i++)
                if (weights[i] < weights[least])
                    least = i;
            uint64_t weight = weights[least];
            weights[least] = weights[last - 1];
            weights[last - 1] = weight;
        }
        weights[left - 2] += weights[left - 1];
        bits += weights[left - 2];
        left--;
    }
    free(weights);
    return bits;
}

/* In units of 2^-15: a whole code fills 2^15. */
static uint64_t code_space(const uint8_t *lengths, size_t symbol_count)
{
    uint64_t used = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        assert_true(lengths[i] <= MC_HUFFMAN_MAX_LENGTH);
        used += lengths[i] ? 1u << (MC_HUFFMAN_MAX_LENGTH - lengths[i]) : 0;
    }
    return used;
}

/* Lengths to bytes and back, symbols to bits and back. */
static void check_round_trip(mcomp_context *context, const uint8_t *lengths, size_t symbol_count,
                             test_random *random)
{
    mc_buffer stored, stream;
    mc_buffer_init(&stored, context);
    mc_buffer_init(&stream, context);
    mc_huffman_lengths_write(lengths, symbol_count, &stored);
    uint8_t *again = malloc(symbol_count);
    memset(again, 9, symbol_count);
    assert_ok(mc_huffman_lengths_read(stored.data, stored.nbytes, symbol_count, again));
    assert_memory_equal(again, lengths, symbol_count);

    uint16_t *codes = malloc(symbol_count * sizeof *codes);
    mc_huffman_codes(lengths, symbol_count, codes);
    enum { COUNT = 2000 };
    uint32_t symbols[COUNT];
    size_t count = 0, bits = 0;
    mc_bit_writer writer = mc_bit_writer_make(&stream);
    for (size_t tries = 0; tries < COUNT; tries++) {
        uint32_t symbol = (uint32_t)test_random_below(random, symbol_count);
        if (!lengths[symbol])
            continue;
        symbols[count++] = symbol;
        bits += lengths[symbol];
        mc_bit_writer_put(&writer, codes[symbol], lengths[symbol]);
    }
    mc_bit_writer_finish(&writer);
    assert_int_equal(stream.nbytes, (bits + 7) / 8);
    mc_huffman_decoder decoder;
    assert_ok(mc_huffman_decoder_init(context, again, symbol_count, &decoder));
    mc_bit_reader reader = mc_bit_reader_make(stream.data, stream.nbytes);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(mc_huffman_next(&decoder, &reader), symbols[i]);
    assert_true(mc_bit_reader_done(&reader));
    /* One byte short: some symbol cannot be had. */
    if (count > 0) {
        reader = mc_bit_reader_make(stream.data, stream.nbytes - 1);
        for (size_t i = 0; i < count; i++)
            mc_huffman_next(&decoder, &reader);
        assert_true(reader.failed);
    }
    mc_huffman_decoder_clear(&decoder);
    mc_huffman_decoder_clear(&decoder);
    free(again);
    free(codes);
    mc_buffer_clear(&stored);
    mc_buffer_clear(&stream);
}

static void check_counts(mcomp_context *context, const uint64_t *counts, size_t symbol_count,
                         test_random *random, bool optimal)
{
    uint8_t *lengths = malloc(symbol_count);
    assert_ok(mc_huffman_build(context, counts, symbol_count, lengths));
    size_t present = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        assert_int_equal(lengths[i] > 0, counts[i] > 0);
        present += counts[i] > 0;
    }
    uint64_t space = code_space(lengths, symbol_count);
    assert_int_equal(space, present == 0 ? 0 : present == 1 ? 1u << 14 : 1u << 15);
    uint64_t bits = mc_huffman_cost_bits(counts, lengths, symbol_count);
    uint64_t least = optimal_bits(counts, symbol_count);
    if (optimal)
        assert_int_equal(bits, least);
    assert_true(bits >= least);
    check_round_trip(context, lengths, symbol_count, random);
    free(lengths);
}

static void test_optimal(void **state)
{
    (void)state;
    test_random random = test_random_begin("huffman");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    static const size_t symbol_counts[] = {1, 2, 3, 4, 5, 16, 31, 32, 200, 256, 1024};
    static uint64_t counts[MC_HUFFMAN_MAX_SYMBOLS];
    for (size_t s = 0; s < sizeof symbol_counts / sizeof *symbol_counts; s++)
        for (int round = 0; round < 20; round++) {
            size_t one_in = 1 + test_random_below(&random, 4);
            for (size_t i = 0; i < symbol_counts[s]; i++) {
                /* Ties, near ties and a wide range, their sum too small for depth 16. */
                size_t wide = 16384 / symbol_counts[s];
                size_t range = round % 3 == 0 ? 2 : round % 3 == 1 ? 16 : wide;
                counts[i] = test_random_below(&random, one_in) == 0
                                ? 1 + test_random_below(&random, range)
                                : 0;
            }
            check_counts(context, counts, symbol_counts[s], &random, true);
        }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_no_symbol_and_one(void **state)
{
    (void)state;
    test_random random = test_random_begin("huffman");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    uint64_t counts[256] = {0};
    check_counts(context, counts, 256, &random, true);
    counts[77] = 5;
    check_counts(context, counts, 256, &random, true);
    counts[77] = 0;
    counts[255] = 1;
    check_counts(context, counts, 256, &random, true);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Fibonacci numbers ask for the longest codes there are; the limit holds, at a price. */
static void test_limited_to_fifteen_bits(void **state)
{
    (void)state;
    test_random random = test_random_begin("huffman");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    uint64_t counts[80];
    counts[0] = counts[1] = 1;
    for (int i = 2; i < 80; i++)
        counts[i] = counts[i - 1] + counts[i - 2];
    check_counts(context, counts, 16, &random, true); /* depth 15: just fits */
    check_counts(context, counts, 17, &random, false);
    check_counts(context, counts, 80, &random, false);
    uint8_t lengths[80];
    assert_ok(mc_huffman_build(context, counts, 17, lengths));
    uint64_t bits = mc_huffman_cost_bits(counts, lengths, 17), least = optimal_bits(counts, 17);
    assert_true(bits > least && bits < least + least / 100);
    static uint64_t many[MC_HUFFMAN_MAX_SYMBOLS];
    for (size_t i = 0; i < MC_HUFFMAN_MAX_SYMBOLS; i++)
        many[i] = i < 4000 ? 1 : 1ull << (i % 50);
    check_counts(context, many, MC_HUFFMAN_MAX_SYMBOLS, &random, false);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Lengths 2 1 3 3 give the codes 10 0 110 111, the first bit lowest. */
static void test_canonical_codes_by_hand(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    const uint8_t lengths[] = {2, 1, 3, 3, 0};
    uint16_t codes[5];
    mc_huffman_codes(lengths, 5, codes);
    const uint16_t wanted[] = {1, 0, 3, 7, 0};
    assert_memory_equal(codes, wanted, sizeof wanted);
    mc_buffer stored;
    mc_buffer_init(&stored, context);
    mc_huffman_lengths_write(lengths, 5, &stored);
    assert_int_equal(stored.nbytes, 2);
    assert_memory_equal(stored.data, ((const uint8_t[]){0x12, 0x33}), 2);
    mc_buffer_clear(&stored);
    uint8_t gap[40] = {0};
    gap[0] = gap[39] = 1;
    mc_huffman_lengths_write(gap, 40, &stored); /* 1, 16 zeros, 16 zeros, 6 zeros, 1 */
    assert_int_equal(stored.nbytes, 4);
    assert_memory_equal(stored.data, ((const uint8_t[]){0x01, 0x0f, 0x0f, 0x15}), 4);
    mc_buffer_clear(&stored);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void refuse_lengths(const uint8_t *data, size_t nbytes, size_t symbol_count)
{
    uint8_t lengths[256];
    assert_status(mc_huffman_lengths_read(data, nbytes, symbol_count, lengths), MCOMP_ERR_CORRUPT);
}

static void test_hostile_lengths(void **state)
{
    (void)state;
    uint8_t lengths[256];
    assert_ok(mc_huffman_lengths_read(NULL, 0, 256, lengths));
    refuse_lengths((const uint8_t[]){0x11, 0x01}, 2, 256);      /* three codes of one bit */
    refuse_lengths((const uint8_t[]){0x21}, 1, 256);            /* one and a quarter: not whole */
    refuse_lengths((const uint8_t[]){0x02}, 1, 256);            /* one symbol of two bits */
    refuse_lengths((const uint8_t[]){0x11}, 1, 1);              /* more symbols than there are */
    refuse_lengths((const uint8_t[]){0xf0, 0xf0, 0x11}, 3, 32); /* zeros to the end, then more */
    refuse_lengths((const uint8_t[]){0x10, 0xf0, 0xff}, 3, 16); /* a run of zeros that leads out */
    assert_ok(mc_huffman_lengths_read((const uint8_t[]){0xf0, 0xf0, 0x11}, 3, 34, lengths));
    assert_int_equal(lengths[32], 1);
    static uint8_t many[4096];
    memset(many, 0xff, sizeof many);
    refuse_lengths(many, sizeof many, 256);
    memset(many, 0x88, 128); /* 256 symbols of eight bits: whole */
    assert_ok(mc_huffman_lengths_read(many, 128, 256, lengths));
    refuse_lengths(many, 127, 256);
}

/* Bits that are no code fail and go no further. */
static void test_code_that_does_not_exist(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    uint8_t lengths[4] = {0, 1, 0, 0};
    mc_huffman_decoder decoder;
    assert_ok(mc_huffman_decoder_init(context, lengths, 4, &decoder));
    const uint8_t bits = 0x04;
    mc_bit_reader reader = mc_bit_reader_make(&bits, 1);
    assert_int_equal(mc_huffman_next(&decoder, &reader), 1);
    assert_int_equal(mc_huffman_next(&decoder, &reader), 1);
    assert_false(reader.failed);
    assert_int_equal(mc_huffman_next(&decoder, &reader), 0);
    assert_true(reader.failed);
    mc_huffman_decoder_clear(&decoder);
    lengths[1] = 0;
    assert_ok(mc_huffman_decoder_init(context, lengths, 4, &decoder));
    reader = mc_bit_reader_make(&bits, 1);
    assert_int_equal(mc_huffman_next(&decoder, &reader), 0);
    assert_true(reader.failed);
    mc_huffman_decoder_clear(&decoder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status build_and_decode(mcomp_context *context, void *user)
{
    (void)user;
    const uint64_t counts[4] = {5, 3, 1, 1};
    uint8_t lengths[4];
    mcomp_status status = mc_huffman_build(context, counts, 4, lengths);
    mc_huffman_decoder decoder = {0};
    if (status == MCOMP_OK)
        status = mc_huffman_decoder_init(context, lengths, 4, &decoder);
    mc_huffman_decoder_clear(&decoder);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(fail_alloc_every(build_and_decode, NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimal),
        cmocka_unit_test(test_no_symbol_and_one),
        cmocka_unit_test(test_limited_to_fifteen_bits),
        cmocka_unit_test(test_canonical_codes_by_hand),
        cmocka_unit_test(test_hostile_lengths),
        cmocka_unit_test(test_code_that_does_not_exist),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("huffman", tests, NULL, NULL);
}
