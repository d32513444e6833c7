/* quantize.weights: integers of a few bits times a scale.
 *
 * Symmetric: of b bits the integers -(2^(b-1) - 1) to 2^(b-1) - 1 are used, so that 0 is one of them
 * and w and -w are treated alike. value = scale * integer, rounded once; the integer is the nearest,
 * ties to even. scale=minmax lets the greatest magnitude be the greatest integer. scale=mse clips:
 * it tries fractions of that scale, moves the best to the least-squares scale of its integers for
 * as long as that helps, and never ends with a greater squared error than minmax has. */
#include <float.h>
#include <math.h>

#include "base/status.h"
#include "pass.h"

enum { BITS, GRANULARITY, SCALE };
enum { GRANULARITY_TENSOR, GRANULARITY_CHANNEL };
enum { SCALE_MINMAX, SCALE_MSE };

/* Fractions of the greatest magnitude that mse tries: 1, 39/40, ... 8/40. */
#define MSE_STEPS    40
#define MSE_LEAST    8
#define MSE_MAX_FITS 20

/* The elements that share a scale. */
typedef struct scale_group {
    const mc_weight *weight;
    size_t begin, end;
    double limit; /**< the greatest integer */
} scale_group;

static double quantize(const scale_group *group, size_t index, float scale)
{
    double integer = nearbyint((double)group->weight->original[index] / scale);
    return integer > group->limit    ? group->limit
           : integer < -group->limit ? -group->limit
                                     : integer;
}

/* Squared error under a scale, and the scale that would fit the same integers best. */
static double measure(const scale_group *group, float scale, float *fitted)
{
    double error = 0, products = 0, squares = 0;
    for (size_t i = group->begin; i < group->end; i++) {
        if (mc_weight_is_zero(group->weight, i))
            continue;
        double value = group->weight->original[i], integer = quantize(group, i, scale);
        double difference = (double)(scale * (float)integer) - value;
        error += difference * difference;
        products += value * integer;
        squares += integer * integer;
    }
    *fitted = squares > 0 ? (float)(products / squares) : scale;
    return error;
}

static float greatest_magnitude(const scale_group *group)
{
    float greatest = 0;
    for (size_t i = group->begin; i < group->end; i++)
        if (!mc_weight_is_zero(group->weight, i) && fabsf(group->weight->original[i]) > greatest)
            greatest = fabsf(group->weight->original[i]);
    return greatest;
}

/* A scale that division and multiplication can bear; 1 for a group of zeros. */
static float usable(double scale)
{
    if (scale == 0)
        return 1;
    return scale < FLT_MIN ? FLT_MIN : (float)scale;
}

/* The scale whose greatest integer is the greatest magnitude; a little less where that product would
 * round to infinity. */
static float minmax_scale(double greatest, double limit)
{
    float scale = usable(greatest / limit);
    while (isinf(scale * (float)limit))
        scale = nextafterf(scale, 0);
    return scale;
}

static mcomp_status search_scale(const scale_group *group, float minmax,
                                 mc_stage_progress *progress, float *best)
{
    float fitted, best_fitted = minmax;
    double least = INFINITY;
    for (int step = MSE_STEPS; step >= MSE_LEAST; step--) {
        float scale = usable((double)minmax * step / MSE_STEPS);
        double error = measure(group, scale, &fitted);
        if (error < least) {
            least = error;
            *best = scale;
            best_fitted = fitted;
        }
        MC_TRY(mc_stage_progress_advance(progress, 0));
    }
    for (int fit = 0; fit < MSE_MAX_FITS && best_fitted != *best; fit++) {
        float scale = usable(best_fitted);
        double error = measure(group, scale, &fitted);
        if (error >= least)
            break;
        least = error;
        *best = scale;
        best_fitted = fitted;
    }
    return MCOMP_OK;
}

static mcomp_status quantize_group(mc_compression *compression, mc_weight *weight,
                                   const scale_group *group, bool mse, float *scale)
{
    double greatest = greatest_magnitude(group);
    *scale = minmax_scale(greatest, group->limit);
    if (mse && greatest > 0)
        MC_TRY(search_scale(group, *scale, &compression->progress, scale));
    int zero = (int)group->limit + 1;
    for (size_t i = group->begin; i < group->end; i++) {
        bool is_zero = mc_weight_is_zero(weight, i);
        weight->symbols[i] = (uint8_t)(zero + (is_zero ? 0 : (int)quantize(group, i, *scale)));
    }
    return mc_stage_progress_advance(&compression->progress, group->end - group->begin);
}

static mcomp_status quantize_weight(mc_compression *compression, mc_weight *weight,
                                    const mc_step *step)
{
    unsigned bits = (unsigned)step->arguments[BITS].integer;
    bool channels = step->arguments[GRANULARITY].choice == GRANULARITY_CHANNEL;
    bool mse = step->arguments[SCALE].choice == SCALE_MSE;
    size_t group_count = channels ? (size_t)weight->shape[0] : 1;
    size_t group_elements = weight->element_count / group_count;
    MC_TRY(mc_weight_begin_numeric(weight, MCOMP_NUMERIC_UNIFORM, bits, group_count));
    for (size_t g = 0; g < group_count; g++) {
        scale_group group = {.weight = weight,
                             .begin = g * group_elements,
                             .end = (g + 1) * group_elements,
                             .limit = (double)((1 << (bits - 1)) - 1)};
        MC_TRY(quantize_group(compression, weight, &group, mse, &weight->scales[g]));
    }
    return MCOMP_OK;
}

static mcomp_status run(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        MC_TRY(quantize_weight(compression, weights[i], step));
    return MCOMP_OK;
}

static const mc_parameter parameters[] = {
    [BITS] = {.name = "bits",
              .type = MC_PARAMETER_INTEGER,
              .default_value = "8",
              .min = 2,
              .max = 8,
              .summary = "bits of an integer; b of them make 2^b - 1 levels, 0 in the middle"},
    [GRANULARITY] = {.name = "granularity",
                     .type = MC_PARAMETER_CHOICE,
                     .default_value = "channel",
                     .choices = "tensor|channel",
                     .summary = "one scale for the weight, or one for each output channel"},
    [SCALE] = {.name = "scale",
               .type = MC_PARAMETER_CHOICE,
               .default_value = "minmax",
               .choices = "minmax|mse",
               .summary = "the greatest magnitude is the greatest integer, or clipped where that "
                          "makes the squared error smaller"},
};

const mc_pass mc_pass_quantize_weights = {
    .name = "quantize.weights",
    .summary = "weights become integers of a few bits times a scale; activations stay float",
    .source = "Krishnamoorthi, \"Quantizing deep convolutional networks for efficient inference\", "
              "2018 (symmetric, per tensor and per channel)",
    .stage = MC_STAGE_NUMERIC,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .needs_finite = true,
    .run = run,
};
