#include "ref_move.h"

#include <string.h>

#include "tensor/tensor_struct.h"

size_t mc_move_element_nbytes(const mc_operation *operation)
{
    return mc_dtype_nbytes(operation->output->dtype);
}

void mc_move_all(const mc_operation *operation, const mc_run *run)
{
    memcpy(run->output, run->inputs[0],
           operation->batch * mc_value_element_count(operation->output) *
               mc_move_element_nbytes(operation));
}
