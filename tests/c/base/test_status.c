#include <pthread.h>

#include "base/status.h"
#include "support/cmocka_all.h"

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(mcomp_status_name(MCOMP_OK), "done");
    assert_string_equal(mcomp_status_name(MCOMP_END), "end");
    for (int value = -12; value <= -1; value++)
        for (int other = -12; other <= 1; other++)
            if (value != other)
                assert_string_not_equal(mcomp_status_name((mcomp_status)value),
                                        mcomp_status_name((mcomp_status)other));
    assert_string_equal(mcomp_status_name(MCOMP_ERR_OUT_OF_MEMORY), "out of memory");
    assert_string_equal(mcomp_status_name((mcomp_status)2), "unknown status");
    assert_string_equal(mcomp_status_name((mcomp_status)-13), "unknown status");
    /* Pinned: they are part of the ABI. */
    assert_int_equal(MCOMP_ERR_INVALID_ARGUMENT, -1);
    assert_int_equal(MCOMP_ERR_CANCELLED, -10);
    assert_int_equal(MCOMP_ERR_INTERNAL, -12);
}

static void test_version_is_the_headers(void **state)
{
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", MCOMP_VERSION_MAJOR, MCOMP_VERSION_MINOR,
             MCOMP_VERSION_PATCH);
    assert_string_equal(mcomp_version(), text);
}

static void test_message_is_one_line_and_cut(void **state)
{
    (void)state;
    assert_int_equal(mc_fail(MCOMP_ERR_IO, "a\nb\r\tc %d", 7), MCOMP_ERR_IO);
    assert_string_equal(mcomp_last_error(), "a b  c 7");
    /* The old message may be part of the new one. */
    assert_int_equal(mc_fail(MCOMP_ERR_SHAPE, "node x: %s", mcomp_last_error()), MCOMP_ERR_SHAPE);
    assert_string_equal(mcomp_last_error(), "node x: a b  c 7");
    char longer[3000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(mcomp_fail(MCOMP_ERR_LIMIT, longer), MCOMP_ERR_LIMIT);
    assert_int_equal(strlen(mcomp_last_error()), 1023);
    assert_int_equal(mcomp_fail(MCOMP_ERR_LIMIT, "100%s"), MCOMP_ERR_LIMIT);
    assert_string_equal(mcomp_last_error(), "100%s");
    mc_fail_memory(12345);
    assert_message("12345 bytes");
}

static void test_cut_between_characters(void **state)
{
    (void)state;
    /* 1022 bytes and a character of two: the half that would fit is left out. */
    char text[1025];
    memset(text, 'x', 1022);
    memcpy(text + 1022, "\xc3\xa4", 3);
    mcomp_fail(MCOMP_ERR_IO, text);
    assert_int_equal(strlen(mcomp_last_error()), 1022);
    memcpy(text + 1021, "\xc3\xa4", 3);
    mcomp_fail(MCOMP_ERR_IO, text);
    assert_int_equal(strlen(mcomp_last_error()), 1023);
    memcpy(text + 1020, "\xf0\x9f\x98\x80", 5);
    mcomp_fail(MCOMP_ERR_IO, text);
    assert_int_equal(strlen(mcomp_last_error()), 1020);
}

static void *other_thread(void *user)
{
    (void)user;
    bool empty = mcomp_last_error()[0] == 0;
    mcomp_fail(MCOMP_ERR_IO, "theirs");
    return empty ? (void *)1 : NULL;
}

static void test_message_belongs_to_the_thread(void **state)
{
    (void)state;
    mcomp_fail(MCOMP_ERR_IO, "ours");
    pthread_t thread;
    void *was_empty = NULL;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, &was_empty), 0);
    assert_non_null(was_empty);
    assert_string_equal(mcomp_last_error(), "ours");
}

typedef struct old_struct {
    uint32_t struct_size;
    uint32_t a;
} old_struct;

typedef struct own_struct {
    uint32_t struct_size;
    uint32_t a;
    uint64_t b;
} own_struct;

typedef struct new_struct {
    own_struct own;
    uint64_t c;
} new_struct;

static void test_info_of_three_sizes(void **state)
{
    (void)state;
    const own_struct own = {.struct_size = sizeof own, .a = 5, .b = 6};
    old_struct old[2] = {{.struct_size = sizeof(old_struct)}, {.a = 99}};
    assert_ok(mc_info_copy(&old[0], &own, sizeof own, "info"));
    assert_int_equal(old[0].struct_size, sizeof(old_struct));
    assert_int_equal(old[0].a, 5);
    assert_int_equal(old[1].struct_size, 0);
    assert_int_equal(old[1].a, 99);

    new_struct newer = {.own = {.struct_size = sizeof newer}};
    assert_ok(mc_info_copy(&newer, &own, sizeof own, "info"));
    assert_int_equal(newer.own.struct_size, sizeof newer);
    assert_int_equal(newer.own.b, 6);

    newer = (new_struct){.own = {.struct_size = sizeof newer}, .c = 1};
    assert_status(mc_info_copy(&newer, &own, sizeof own, "mcomp_some_info"), MCOMP_ERR_VERSION);
    assert_message("mcomp_some_info has 24 bytes, this library knows 16");
    assert_int_equal(newer.own.a, 0);
    /* A size that was never set is not believed: nothing so far away is read. */
    newer = (new_struct){.own = {.struct_size = UINT32_MAX}};
    assert_status(mc_info_copy(&newer, &own, sizeof own, "info"), MCOMP_ERR_VERSION);
    newer.own.struct_size = 4097;
    assert_status(mc_info_copy(&newer, &own, sizeof own, "info"), MCOMP_ERR_VERSION);

    own_struct unset = {0};
    assert_status(mc_info_copy(&unset, &own, sizeof own, "info"), MCOMP_ERR_VERSION);
    assert_message("struct_size");
}

static void test_options_of_three_sizes(void **state)
{
    (void)state;
    own_struct own = {.struct_size = sizeof own, .a = 1, .b = 2};
    assert_ok(mc_options_copy(&own, sizeof own, NULL, "options"));
    assert_int_equal(own.b, 2);
    const old_struct old = {.struct_size = sizeof old, .a = 7};
    assert_ok(mc_options_copy(&own, sizeof own, &old, "options"));
    assert_int_equal(own.a, 7);
    assert_int_equal(own.b, 2); /* the default stays where an older caller has no field */
    new_struct newer = {.own = {.struct_size = sizeof newer, .a = 8, .b = 9}};
    assert_ok(mc_options_copy(&own, sizeof own, &newer, "options"));
    assert_int_equal(own.b, 9);
    newer.c = 1;
    assert_status(mc_options_copy(&own, sizeof own, &newer, "options"), MCOMP_ERR_VERSION);
    const own_struct unset = {.a = 3};
    assert_status(mc_options_copy(&own, sizeof own, &unset, "options"), MCOMP_ERR_VERSION);
    assert_int_equal(own.a, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_version_is_the_headers),
        cmocka_unit_test(test_message_is_one_line_and_cut),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_message_belongs_to_the_thread),
        cmocka_unit_test(test_info_of_three_sizes),
        cmocka_unit_test(test_options_of_three_sizes),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
