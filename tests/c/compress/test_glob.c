/* Patterns over node names. */
#include <stdlib.h>

#include "compress/glob.h"
#include "support/cmocka_all.h"

static bool matches(const char *pattern, const char *name)
{
    assert_true(mc_glob_valid(pattern, strlen(pattern)));
    return mc_glob_match(pattern, strlen(pattern), name);
}

static void patterns(void **state)
{
    (void)state;
    assert_true(matches("conv1", "conv1"));
    assert_false(matches("conv1", "conv10"));
    assert_false(matches("conv10", "conv1"));
    assert_true(matches("*", ""));
    assert_true(matches("*", "layer1.0/conv"));
    assert_false(matches("?", ""));
    assert_true(matches("conv?", "conv7"));
    assert_true(matches("conv*1", "conv11"));
    assert_true(matches("*a*b*c", "xxaxxbxxbxxc"));
    assert_false(matches("*a*b*c", "xxaxxbxxbxx"));
    assert_true(matches("***x***", "x"));
    assert_false(matches("a*", "b"));
    assert_true(matches("[ab]*", "beta"));
    assert_false(matches("[ab]*", "gamma"));
    assert_true(matches("v[0-9][0-9]", "v42"));
    assert_false(matches("v[0-9]", "vx"));
    assert_true(matches("[!0-9]x", "ax"));
    assert_false(matches("[!0-9]x", "5x"));
    assert_true(matches("[]]", "]"));
    assert_true(matches("[!]]", "x"));
    assert_true(matches("[a-]", "-"));
    assert_false(matches("[a-]", "b"));
    assert_true(matches("*[ab]", "xxa"));
    /* A character is one of UTF-8's, not a byte of it. */
    assert_true(matches("gr?n", "gr\xc3\xbcn"));
    assert_true(matches("[\xc3\xa4-\xc3\xbc]", "\xc3\xb6"));
    assert_false(matches("[\xc3\xa4-\xc3\xb6]", "\xc3\xbc"));
    assert_true(matches("?", "\xf0\x9f\x99\x82"));
}

static void open_sets_are_invalid(void **state)
{
    (void)state;
    assert_false(mc_glob_valid("[", 1));
    assert_false(mc_glob_valid("a[bc", 4));
    assert_false(mc_glob_valid("[]", 2));
    assert_false(mc_glob_valid("[!]", 3));
    assert_true(mc_glob_valid("[]]", 3));
    assert_true(mc_glob_valid("]", 1));
}

static void lists(void **state)
{
    (void)state;
    assert_true(mc_glob_list_match("a,b*,c", "bee"));
    assert_true(mc_glob_list_match("a,b*,c", "c"));
    assert_false(mc_glob_list_match("a,b*,c", "cc"));
    assert_false(mc_glob_list_match(NULL, "a"));
}

/* What takes exponential time with a matcher that tries everything. */
static void many_stars_end(void **state)
{
    (void)state;
    enum { STARS = 2000, LETTERS = 20000 };
    char *pattern = malloc(2 * STARS + 2), *name = malloc(LETTERS + 1);
    assert_true(pattern && name);
    for (int i = 0; i < STARS; i++) {
        pattern[2 * i] = '*';
        pattern[2 * i + 1] = 'a';
    }
    memcpy(pattern + 2 * STARS, "b", 2);
    memset(name, 'a', LETTERS);
    name[LETTERS] = 0;
    assert_false(mc_glob_match(pattern, 2 * STARS + 1, name));
    pattern[2 * STARS] = 0;
    assert_true(mc_glob_match(pattern, 2 * STARS, name));
    free(pattern);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(open_sets_are_invalid),
        cmocka_unit_test(lists),
        cmocka_unit_test(many_stars_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
