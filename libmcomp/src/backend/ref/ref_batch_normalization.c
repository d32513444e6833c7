#include <math.h>

#include "ref_device.h"

static void run_batch_normalization(const mc_operation *operation, const mc_run *run)
{
    mc_planes planes = mc_planes_of(operation->input);
    const float *const *constants = (const float *const *)operation->constants;
    const float *input = run->inputs[0];
    float *output = run->output;
    size_t count = planes.height * planes.width;
    for (size_t plane = 0; plane < operation->batch * planes.channels; plane++) {
        size_t c = plane % planes.channels;
        double factor = (double)constants[1][c] /
                        sqrt((double)constants[4][c] + (double)operation->node->params.epsilon);
        double shift = (double)constants[2][c] - (double)constants[3][c] * factor;
        for (size_t i = plane * count; i < (plane + 1) * count; i++)
            output[i] = (float)((double)input[i] * factor + shift);
    }
}

const mc_routine mc_ref_batch_normalization = {
    "mc_ref_batch_normalization", run_batch_normalization, "scale and shift of every plane"};
