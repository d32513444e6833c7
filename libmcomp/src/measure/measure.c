#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/context_struct.h"
#include "base/progress.h"
#include "base/status.h"
#include "energy.h"
#include "mcomp/measure.h"
#include "session/session_struct.h"

#define POWERCAP_ROOT "/sys/class/powercap"

struct mcomp_measurement {
    mcomp_context *context;
    uint64_t *samples;
    uint64_t *sorted;
    uint32_t count, capacity;
    double joules_per_run;
    char energy_source[64];
};

void mcomp_measure_options_init(mcomp_measure_options *options)
{
    *options = (mcomp_measure_options){.struct_size = sizeof *options,
                                       .warmup_runs = 2,
                                       .min_runs = 10,
                                       .max_runs = 1000000,
                                       .min_seconds = 1};
}

static mcomp_status check_options(const mcomp_measure_options *options)
{
    MC_REQUIRE(options->warmup_runs <= 10000, MCOMP_ERR_INVALID_ARGUMENT,
               "warmup_runs = %u; 0 to 10000 are possible", options->warmup_runs);
    MC_REQUIRE(options->min_runs >= 1 && options->min_runs <= options->max_runs &&
                   options->max_runs <= 1000000,
               MCOMP_ERR_INVALID_ARGUMENT,
               "min_runs = %u, max_runs = %u; 1 <= min_runs <= max_runs <= 1000000 is possible",
               options->min_runs, options->max_runs);
    MC_REQUIRE(options->min_seconds >= 0 && options->min_seconds <= 3600,
               MCOMP_ERR_INVALID_ARGUMENT, "min_seconds = %g; 0 to 3600 are possible",
               options->min_seconds);
    return MCOMP_OK;
}

static mcomp_status append_sample(mcomp_measurement *measurement, uint64_t sample_ns)
{
    if (measurement->count == measurement->capacity) {
        uint32_t capacity = measurement->capacity ? 2 * measurement->capacity : 1024;
        uint64_t *samples =
            mc_realloc(measurement->context, measurement->samples, capacity * sizeof *samples);
        if (!samples)
            return mc_fail_memory(capacity * sizeof *samples);
        measurement->samples = samples;
        measurement->capacity = capacity;
    }
    measurement->samples[measurement->count++] = sample_ns;
    return MCOMP_OK;
}

/* What is measured: one call that can be repeated. */
typedef struct measured_call {
    mcomp_session *session;
    mcomp_tensor *const *inputs;
    size_t input_count;
    mcomp_tensor *const *outputs;
    size_t output_count;
    const mcomp_measure_options *options;
} measured_call;

static mcomp_status run_once(const measured_call *call, uint64_t *duration_ns)
{
    uint64_t start_ns = mc_clock_ns();
    mcomp_status status = mcomp_session_run(call->session, call->inputs, call->input_count,
                                            call->outputs, call->output_count);
    *duration_ns = mc_clock_ns() - start_ns;
    return status;
}

/* Between runs: how far both minima are met. */
static mcomp_status report_progress(const measured_call *call, uint32_t runs, double seconds,
                                    mc_progress *progress)
{
    const mcomp_measure_options *options = call->options;
    double by_runs = (double)runs / options->min_runs;
    double by_time = options->min_seconds > 0 ? seconds / options->min_seconds : 1;
    double done = by_runs < by_time ? by_runs : by_time;
    uint64_t per_mille = done >= 1 ? 1000 : (uint64_t)(1000 * done);
    return mc_progress_report(progress, "measure", per_mille, 1000);
}

static mcomp_status take_samples(const measured_call *call, mcomp_measurement *measurement)
{
    const mcomp_measure_options *options = call->options;
    mc_energy_counter counter;
    mc_progress progress = mc_progress_make(options->progress, options->progress_user);
    uint64_t duration_ns = 0;
    for (uint32_t i = 0; i < options->warmup_runs; i++) {
        MC_TRY(run_once(call, &duration_ns));
        MC_TRY(report_progress(call, 0, 0, &progress));
    }
    bool has_energy = mc_energy_find(POWERCAP_ROOT, &counter) && mc_energy_start(&counter);
    uint64_t start_ns = mc_clock_ns();
    double seconds = 0;
    while (measurement->count < options->min_runs ||
           (seconds < options->min_seconds && measurement->count < options->max_runs)) {
        MC_TRY(run_once(call, &duration_ns));
        MC_TRY(append_sample(measurement, duration_ns));
        seconds = (double)(mc_clock_ns() - start_ns) * 1e-9;
        MC_TRY(report_progress(call, measurement->count, seconds, &progress));
    }
    double joules = has_energy ? mc_energy_joules(&counter) : -1;
    measurement->joules_per_run = joules < 0 ? -1 : joules / measurement->count;
    if (joules >= 0)
        memcpy(measurement->energy_source, counter.source, sizeof counter.source);
    return MCOMP_OK;
}

static int compare_samples(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static mcomp_status sort_samples(mcomp_measurement *measurement)
{
    size_t nbytes = measurement->count * sizeof *measurement->sorted;
    measurement->sorted = mc_alloc(measurement->context, nbytes);
    if (!measurement->sorted)
        return mc_fail_memory(nbytes);
    memcpy(measurement->sorted, measurement->samples, nbytes);
    qsort(measurement->sorted, measurement->count, sizeof *measurement->sorted, compare_samples);
    return MCOMP_OK;
}

mcomp_status mcomp_measure(mcomp_session *session, mcomp_tensor *const *inputs, size_t input_count,
                           mcomp_tensor *const *outputs, size_t output_count,
                           const mcomp_measure_options *options, mcomp_measurement **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the measurement");
    *out = NULL;
    MC_REQUIRE(session, MCOMP_ERR_INVALID_ARGUMENT, "no session");
    mcomp_measure_options own;
    mcomp_measure_options_init(&own);
    MC_TRY(mc_options_copy(&own, sizeof own, options, "mcomp_measure_options"));
    MC_TRY(check_options(&own));
    mcomp_context *context = session->plan->graph->context;
    mcomp_measurement *measurement = mc_alloc_zero(context, sizeof *measurement);
    if (!measurement)
        return mc_fail_memory(sizeof *measurement);
    measurement->context = mc_context_retain(context);
    const measured_call call = {.session = session,
                                .inputs = inputs,
                                .input_count = input_count,
                                .outputs = outputs,
                                .output_count = output_count,
                                .options = &own};
    mcomp_status status = take_samples(&call, measurement);
    if (status == MCOMP_OK)
        status = sort_samples(measurement);
    if (status != MCOMP_OK) {
        mcomp_measurement_destroy(measurement);
        return status;
    }
    *out = measurement;
    return MCOMP_OK;
}

void mcomp_measurement_destroy(mcomp_measurement *measurement)
{
    if (!measurement)
        return;
    mcomp_context *context = measurement->context;
    mc_free(context, measurement->samples);
    mc_free(context, measurement->sorted);
    mc_free(context, measurement);
    mc_context_release(context);
}

/* Nearest rank: the smallest sample with at least that share of all at or below it. */
static uint64_t percentile(const mcomp_measurement *measurement, uint32_t percent)
{
    uint64_t rank = ((uint64_t)measurement->count * percent + 99) / 100;
    return measurement->sorted[rank ? rank - 1 : 0];
}

mcomp_status mcomp_measurement_get_info(const mcomp_measurement *measurement,
                                        mcomp_measurement_info *info)
{
    MC_REQUIRE(measurement && info, MCOMP_ERR_INVALID_ARGUMENT,
               "no measurement or no place for the answer");
    double sum = 0;
    for (uint32_t i = 0; i < measurement->count; i++)
        sum += (double)measurement->samples[i];
    mcomp_measurement_info own = {.struct_size = sizeof own,
                                  .sample_count = measurement->count,
                                  .min_ns = measurement->sorted[0],
                                  .median_ns = percentile(measurement, 50),
                                  .p90_ns = percentile(measurement, 90),
                                  .max_ns = measurement->sorted[measurement->count - 1],
                                  .mean_ns = sum / measurement->count,
                                  .joules_per_run = measurement->joules_per_run,
                                  .energy_source = measurement->energy_source};
    return mc_info_copy(info, &own, sizeof own, "mcomp_measurement_info");
}

const uint64_t *mcomp_measurement_samples(const mcomp_measurement *measurement)
{
    return measurement->samples;
}
