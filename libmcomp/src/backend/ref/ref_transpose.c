#include <string.h>

#include "ref_move.h"

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    const mc_value *input = operation->input, *output = operation->output;
    size_t element_nbytes = mc_move_element_nbytes(operation);
    size_t strides[MCOMP_MAX_RANK], stride = 1; /* of the input */
    for (uint32_t axis = input->rank; axis-- > 1;) {
        strides[axis] = stride;
        stride *= (size_t)input->shape[axis];
    }
    for (size_t i = begin; i < end; i++) {
        size_t rest = i, from = 0;
        for (uint32_t axis = output->rank; axis-- > 1;) {
            size_t extent = (size_t)output->shape[axis];
            from += rest % extent * strides[operation->node->params.perm[axis]];
            rest /= extent;
        }
        memcpy((char *)run->output + i * element_nbytes,
               (const char *)run->inputs[0] + (rest * stride + from) * element_nbytes,
               element_nbytes);
    }
}

static void run_transpose(const mc_operation *operation, const mc_run *run)
{
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, do_elements, work);
}

const mc_routine mc_ref_transpose = {"mc_ref_transpose", run_transpose,
                                     "one element after the other"};
