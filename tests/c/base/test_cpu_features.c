#include <stdlib.h>

#include "base/cpu_features.h"
#include "mcomp/context.h"
#include "support/cmocka_all.h"

static const char *const set_names[] = {"scalar",     "avx2", "avxvnni", "avx512f",
                                        "avx512vnni", "neon", "neondot"};

static void test_caps(void **state)
{
    (void)state;
    uint32_t bits = 99;
    assert_ok(mc_isa_cap("scalar", &bits));
    assert_int_equal(bits, MC_ISA_NONE);
    assert_ok(mc_isa_cap("avx2", &bits));
    assert_int_equal(bits, MC_ISA_AVX2);
    assert_ok(mc_isa_cap("avx512f", &bits));
    assert_true(bits & MC_ISA_AVX2);
    assert_true(bits & MC_ISA_AVX512F);
    assert_false(bits & MC_ISA_AVX512VNNI);
    assert_ok(mc_isa_cap("neon", &bits));
    assert_int_equal(bits, MC_ISA_NEON);
    bits = 99;
    assert_status(mc_isa_cap("sse9", &bits), MCOMP_ERR_INVALID_ARGUMENT);
    assert_int_equal(bits, 99);
    assert_message("sse9");
    for (size_t i = 0; i < sizeof set_names / sizeof *set_names; i++)
        assert_message(set_names[i]);
}

/* Everything that a cap allows has the cap's own name: each set is the best of itself. */
static void test_a_set_is_named_after_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof set_names / sizeof *set_names; i++) {
        uint32_t bits = 0;
        assert_ok(mc_isa_cap(set_names[i], &bits));
        assert_string_equal(mc_isa_name(bits), set_names[i]);
    }
    assert_string_equal(mc_isa_name(MC_ISA_AVX2 | MC_ISA_AVX512F), "avx512f");
}

static void test_detection_agrees_with_the_kernel(void **state)
{
    (void)state;
    uint32_t bits = mc_isa_detect();
    assert_int_equal(bits, mc_isa_detect());
#if defined(__x86_64__)
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        skip();
    static char text[65536];
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    char *flags = strstr(text, "\nflags");
    assert_non_null(flags);
    char *end = strchr(flags + 1, '\n');
    if (end)
        *end = ' ';
    if (end)
        end[1] = 0;
    bool avx2 = strstr(flags, " avx2 ") && strstr(flags, " fma ") && strstr(flags, " f16c ");
    bool avx512 = strstr(flags, " avx512f ") && strstr(flags, " avx512bw ") &&
                  strstr(flags, " avx512dq ") && strstr(flags, " avx512vl ");
    assert_int_equal(!!(bits & MC_ISA_AVX2), avx2);
    assert_int_equal(!!(bits & MC_ISA_AVX512F), avx2 && avx512);
    assert_int_equal(!!(bits & MC_ISA_AVXVNNI), avx2 && strstr(flags, " avx_vnni "));
    assert_int_equal(!!(bits & MC_ISA_AVX512VNNI),
                     avx2 && avx512 && strstr(flags, " avx512_vnni "));
    char name[64];
    mc_cpu_name(name, sizeof name);
    assert_non_null(strstr(text, name));
    mc_cpu_name(name, 4);
    assert_true(strlen(name) <= 3);
#endif
    assert_true(mc_core_count() >= 1 && mc_core_count() <= 256);
}

/* Where an emulator plays a certain processor, tests/CMakeLists.txt says what is to be found. */
static void test_emulated_processor(void **state)
{
    (void)state;
    const char *isa = getenv("MCOMP_TEST_EMULATED_ISA"), *cpu = getenv("MCOMP_TEST_EMULATED_CPU");
    if (!isa || !cpu) {
        print_message("no certain processor is emulated\n");
        skip();
    }
    char name[64];
    mc_cpu_name(name, sizeof name);
    assert_string_equal(name, cpu);
    assert_string_equal(mc_isa_name(mc_isa_detect()), isa);
    mc_cpu_name(name, 4);
    assert_true(strlen(name) == 3 && strncmp(name, cpu, 3) == 0);
}

/* A context takes the lower one of cap and machine, and says what the machine has. */
static void test_context_under_a_cap(void **state)
{
    (void)state;
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.isa_cap = "scalar";
    options.threads = 3;
    mcomp_context *context = NULL;
    assert_ok(mcomp_context_create(&options, &context));
    mcomp_context_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_context_get_info(context, &info));
    assert_string_equal(info.isa, "scalar");
    assert_string_equal(info.isa_detected, mc_isa_name(mc_isa_detect()));
    assert_int_equal(info.threads, 3);
    mcomp_context_destroy(context);
    options.isa_cap = "avx9";
    assert_status(mcomp_context_create(&options, &context), MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(context);
    options.isa_cap = NULL;
    options.threads = 257;
    assert_status(mcomp_context_create(&options, &context), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("257 threads; 1 to 256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_a_set_is_named_after_itself),
        cmocka_unit_test(test_detection_agrees_with_the_kernel),
        cmocka_unit_test(test_emulated_processor),
        cmocka_unit_test(test_context_under_a_cap),
    };
    return cmocka_run_group_tests_name("cpu_features", tests, NULL, NULL);
}
