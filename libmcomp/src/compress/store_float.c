/* store.float: fewer bits a float. */
#include <math.h>

#include "base/status.h"
#include "pass.h"
#include "tensor/tensor_struct.h"

enum { DTYPE };

static const mcomp_numeric numerics[] = {MCOMP_NUMERIC_F32, MCOMP_NUMERIC_F16, MCOMP_NUMERIC_BF16};
static const char *const names[] = {"float32", "float16", "bfloat16"};

static float rounded(float value, mcomp_numeric numeric)
{
    if (numeric == MCOMP_NUMERIC_F16)
        return mc_f16_to_f32(mc_f32_to_f16(value));
    return numeric == MCOMP_NUMERIC_BF16 ? mc_bf16_to_f32(mc_f32_to_bf16(value)) : value;
}

/* The first element that is too large for the format, or element_count. */
static size_t find_overflow(const mc_weight *weight, mcomp_numeric numeric)
{
    for (size_t i = 0; i < weight->element_count; i++)
        if (!mc_weight_is_zero(weight, i) && !isfinite(rounded(weight->original[i], numeric)))
            return i;
    return weight->element_count;
}

static mcomp_status run(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count)
{
    uint32_t choice = step->arguments[DTYPE].choice;
    for (size_t i = 0; i < count; i++) {
        mc_weight *weight = weights[i];
        size_t overflow = find_overflow(weight, numerics[choice]);
        mc_weight_clear_numeric(weight);
        if (overflow == weight->element_count)
            weight->numeric = numerics[choice];
        else
            MC_TRY(mc_compression_note(compression,
                                       "node %s: weight %s stays float32: element %zu is %g, too "
                                       "large for %s",
                                       weight->node_name, weight->name, overflow,
                                       (double)weight->original[overflow], names[choice]));
        MC_TRY(mc_stage_progress_advance(&compression->progress, weight->element_count));
    }
    return MCOMP_OK;
}

static const mc_parameter parameters[] = {
    [DTYPE] = {.name = "dtype",
               .type = MC_PARAMETER_CHOICE,
               .default_value = "float16",
               .choices = "float32|float16|bfloat16",
               .summary = "the format; values are rounded to the nearest, ties to even"},
};

const mc_pass mc_pass_store_float = {
    .name = "store.float",
    .summary = "store values as floats of 32 or 16 bits",
    .source = "IEEE 754-2019 binary32 and binary16; bfloat16 is the upper half of binary32",
    .stage = MC_STAGE_NUMERIC,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .needs_finite = true,
    .run = run,
};
