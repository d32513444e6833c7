/* Every kernel of the move list that this machine can run: matrices of all sizes from 1 x 1 to 40 x 40,
 * lines of all lengths and steps, against loops. Operands end at forbidden pages, and what lies between
 * lines stays as it was. */
#define _DEFAULT_SOURCE

#include "base/cpu_features.h"
#include "kernels/cpu/move/move.h"
#include "support/guarded.h"
#include "support/test_random.h"

enum { MAX_COUNT = 40 };

static size_t element_nbytes(const mc_move_kernel *kernel)
{
    bool bytes = kernel->kind == MC_MOVE_X8_STRIDED || kernel->kind == MC_MOVE_X8_TRANSPOSE;
    return bytes ? 1 : 4;
}

static bool turns(const mc_move_kernel *kernel)
{
    return kernel->kind == MC_MOVE_X8_TRANSPOSE || kernel->kind == MC_MOVE_X32_TRANSPOSE;
}

static guarded random_elements(size_t nbytes, test_random *random)
{
    guarded memory = guarded_alloc(nbytes, GUARDED_END);
    for (size_t i = 0; i < nbytes; i++)
        ((uint8_t *)memory.data)[i] = (uint8_t)test_random_bits(random);
    return memory;
}

static void run_matrix(const mc_move_kernel *kernel, size_t rows, size_t columns,
                       test_random *random)
{
    size_t nbytes = element_nbytes(kernel);
    size_t input_stride = columns + test_random_below(random, 3);
    size_t output_stride = rows + test_random_below(random, 3);
    size_t output_nbytes = ((columns - 1) * output_stride + rows) * nbytes;
    guarded input = random_elements(((rows - 1) * input_stride + columns) * nbytes, random);
    guarded output = random_elements(output_nbytes, random);
    guarded wanted = guarded_alloc(output_nbytes, GUARDED_END);
    memcpy(wanted.data, output.data, output_nbytes);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            memcpy((char *)wanted.data + (c * output_stride + r) * nbytes,
                   (char *)input.data + (r * input_stride + c) * nbytes, nbytes);
    if (nbytes == 1)
        kernel->run.x8_transpose(rows, columns, input.data, input_stride, output.data,
                                 output_stride);
    else
        kernel->run.x32_transpose(rows, columns, input.data, input_stride, output.data,
                                  output_stride);
    if (memcmp(output.data, wanted.data, output_nbytes) != 0)
        fail_msg("%s: %zu x %zu is wrong", kernel->name, rows, columns);
    guarded_free(&input);
    guarded_free(&output);
    guarded_free(&wanted);
}

static void run_line(const mc_move_kernel *kernel, size_t count, ptrdiff_t step,
                     test_random *random)
{
    size_t nbytes = element_nbytes(kernel);
    size_t reach = (count - 1) * (size_t)(step < 0 ? -step : step) + 1;
    guarded input = random_elements(reach * nbytes, random);
    guarded output = guarded_alloc(count * nbytes, GUARDED_END);
    const char *first = (const char *)input.data + (step < 0 ? (reach - 1) * nbytes : 0);
    if (nbytes == 1)
        kernel->run.x8_strided(count, (const uint8_t *)first, step, output.data);
    else
        kernel->run.x32_strided(count, (const uint32_t *)(const void *)first, step, output.data);
    for (size_t i = 0; i < count; i++)
        if (memcmp((char *)output.data + i * nbytes,
                   first + (ptrdiff_t)i * step * (ptrdiff_t)nbytes, nbytes) != 0)
            fail_msg("%s: step %td, element %zu of %zu", kernel->name, step, i, count);
    guarded_free(&input);
    guarded_free(&output);
}

static void test_all_sizes(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_move_kernel *kernels = mc_move_kernels(&kernel_count);
    test_random random = test_random_begin("move");
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].isa_bits & ~mc_isa_detect())
            continue;
        for (size_t count = 1; count <= MAX_COUNT; count++) {
            for (size_t columns = 1; turns(&kernels[k]) && columns <= MAX_COUNT; columns++)
                run_matrix(&kernels[k], count, columns, &random);
            for (ptrdiff_t step = -4; !turns(&kernels[k]) && step <= 4; step++)
                run_line(&kernels[k], count, step, &random);
        }
    }
}

static void test_choice(void **state)
{
    (void)state;
    for (int kind = 0; kind < MC_MOVE_KIND_COUNT; kind++) {
        const mc_move_kernel *plain = mc_move_choose((mc_move_kind)kind, MC_ISA_NONE);
        assert_non_null(strstr(plain->name, "__scalar"));
        assert_int_equal(plain->kind, kind);
#if defined(__x86_64__)
        const mc_move_kernel *best = mc_move_choose((mc_move_kind)kind, MC_ISA_AVX2);
        assert_non_null(strstr(best->name, turns(plain) ? "__avx2" : "__scalar"));
        assert_int_equal(best->kind, kind);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_sizes),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
