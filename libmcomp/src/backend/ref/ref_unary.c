#include "ref_unary.h"

typedef struct unary_work {
    const mc_operation *operation;
    const mc_run *run;
    mc_unary_fn unary;
} unary_work;

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const unary_work *work = user;
    const float *input = work->run->inputs[0];
    float *output = work->run->output;
    for (size_t i = begin; i < end; i++)
        output[i] = work->unary(&work->operation->node->params, input[i]);
}

void mc_ref_unary(const mc_operation *operation, const mc_run *run, mc_unary_fn unary)
{
    unary_work work = {operation, run, unary};
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, do_elements, &work);
}
