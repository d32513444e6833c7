/* Every kernel of the softmax list that this machine can run, over all lengths from 1 to 40 and a long
 * one, against exp in double, within the bound that softmax.h states. Operands end at forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/softmax/softmax.h"
#include "support/guarded.h"
#include "support/test_random.h"

#define RELATIVE_BOUND 0x1p-17

typedef struct softmax_case {
    const mc_softmax_kernel *kernel;
    size_t count, stride, lines;
} softmax_case;

/* How one line is made. */
typedef enum line_kind {
    LINE_NEAR,
    LINE_WIDE,
    LINE_INFINITE,
    LINE_NONE,
    LINE_KIND_COUNT
} line_kind;

static void fill_line(const softmax_case *what, line_kind kind, float *line, test_random *random)
{
    float span = kind == LINE_NEAR ? 3 : 60;
    for (size_t i = 0; i < what->count; i++)
        line[i * what->stride] = test_random_float(random, -span, span);
    size_t one = test_random_below(random, what->count);
    if (kind == LINE_INFINITE)
        line[one * what->stride] = test_random_below(random, 2) ? INFINITY : -INFINITY;
    else if (kind == LINE_NONE)
        line[one * what->stride] = NAN;
}

static void check_line(const softmax_case *what, const float *line, const float *found)
{
    double greatest = -INFINITY, sum = 0;
    for (size_t i = 0; i < what->count; i++)
        greatest = fmax(greatest, (double)line[i * what->stride]);
    for (size_t i = 0; i < what->count; i++)
        sum += exp((double)line[i * what->stride] - greatest);
    for (size_t i = 0; i < what->count; i++) {
        double wanted = exp((double)line[i * what->stride] - greatest) / sum;
        float result = found[i * what->stride];
        bool good = isnan(wanted)
                        ? isnan(result)
                        : fabs((double)result - wanted) <= RELATIVE_BOUND * wanted + 0x1p-120;
        if (!good)
            fail_msg("%s: element %zu of %zu, %zu lines: %.9g, not %.9g", what->kernel->name, i,
                     what->count, what->lines, (double)result, wanted);
    }
}

static void run_case(const softmax_case *what, test_random *random)
{
    size_t elements = (what->count - 1) * what->stride + what->lines;
    guarded input = guarded_alloc(elements * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(elements * sizeof(float), GUARDED_END);
    for (size_t line = 0; line < what->lines; line++)
        fill_line(what, (line_kind)test_random_below(random, LINE_KIND_COUNT),
                  (float *)input.data + line, random);
    if (what->kernel->kind == MC_SOFTMAX_LINE)
        what->kernel->run.f32_softmax(what->count, input.data, output.data);
    else
        what->kernel->run.f32_softmax_lines(what->count, what->stride, what->lines, input.data,
                                            output.data);
    for (size_t line = 0; line < what->lines; line++)
        check_line(what, (const float *)input.data + line, (const float *)output.data + line);
    guarded_free(&input);
    guarded_free(&output);
}

static void test_all_lengths(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_softmax_kernel *kernels = mc_softmax_kernels(&kernel_count);
    test_random random = test_random_begin("softmax");
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].isa_bits & ~mc_isa_detect())
            continue;
        bool beside = kernels[k].kind == MC_SOFTMAX_LINES;
        for (size_t length = 1; length <= 41; length++)
            for (size_t round = 1; round <= 20; round++) {
                softmax_case what = {&kernels[k], length, 1, 1};
                if (beside) {
                    what.lines = length == 41 ? 8 : length;
                    what.count = round;
                    what.stride = what.lines + round % 3;
                } else if (length == 41) {
                    what.count = 10007;
                }
                run_case(&what, &random);
            }
    }
}

/* A line has the same bits in any lane. */
static void test_lane_does_not_matter(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_softmax_kernel *kernels = mc_softmax_kernels(&kernel_count);
    test_random random = test_random_begin("softmax, lanes");
    enum { COUNT = 11, LINES = 29 };
    float input[COUNT * LINES], whole[COUNT * LINES], parts[COUNT * LINES];
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].kind != MC_SOFTMAX_LINES || (kernels[k].isa_bits & ~mc_isa_detect()))
            continue;
        mc_f32_softmax_lines_fn *softmax = kernels[k].run.f32_softmax_lines;
        for (size_t i = 0; i < COUNT * LINES; i++)
            input[i] = test_random_float(&random, -9, 9);
        softmax(COUNT, LINES, LINES, input, whole);
        for (size_t split = 1; split < LINES; split++) {
            softmax(COUNT, LINES, split, input, parts);
            softmax(COUNT, LINES, LINES - split, input + split, parts + split);
            if (memcmp(whole, parts, sizeof whole) != 0)
                fail_msg("%s differs where lines are split at %zu", kernels[k].name, split);
        }
    }
}

static void test_choice(void **state)
{
    (void)state;
    for (int kind = 0; kind < MC_SOFTMAX_KIND_COUNT; kind++) {
        const mc_softmax_kernel *plain = mc_softmax_choose((mc_softmax_kind)kind, MC_ISA_NONE);
        assert_non_null(strstr(plain->name, "__scalar"));
        assert_int_equal(plain->kind, kind);
#if defined(__x86_64__)
        const mc_softmax_kernel *best = mc_softmax_choose((mc_softmax_kind)kind, MC_ISA_AVX2);
        assert_non_null(strstr(best->name, "__avx2"));
        assert_int_equal(best->kind, kind);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_lane_does_not_matter),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
