/** @file measure.h
 *  Time, memory and energy of a session, and the environment they were measured in.
 */
#ifndef MCOMP_MEASURE_H
#define MCOMP_MEASURE_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque: raw samples and their statistics. */
typedef struct mcomp_measurement mcomp_measurement;

/** Options of mcomp_measure(). Both minima are met (MLPerf's rule). */
typedef struct mcomp_measure_options {
    uint32_t struct_size;       /**< set by mcomp_measure_options_init() */
    uint32_t warmup_runs;       /**< runs before the first sample, 0 to 10000; default 2 */
    uint32_t min_runs;          /**< samples at least, 1 to 1000000; default 10 */
    uint32_t max_runs;          /**< samples at most, >= min_runs; default 1000000 */
    double min_seconds;         /**< time at least, 0 to 3600; default 1 */
    mcomp_progress_fn progress; /**< may be NULL; called between runs */
    void *progress_user;
} mcomp_measure_options;

/** Statistics over the samples. Percentiles by nearest rank. */
typedef struct mcomp_measurement_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t sample_count;
    uint64_t min_ns;
    uint64_t median_ns;
    uint64_t p90_ns;
    uint64_t max_ns;
    double mean_ns;
    double joules_per_run;     /**< negative where there is no source */
    const char *energy_source; /**< e.g. "powercap package-0", "" where there is none */
} mcomp_measurement_info;

/** Fill with defaults. */
MCOMP_API void mcomp_measure_options_init(mcomp_measure_options *options);

/** Run a session again and again, timing each run with the monotonic clock.
 *  @param inputs, outputs  as for mcomp_session_run()
 *  @param options          NULL for defaults
 *  @retval MCOMP_ERR_CANCELLED  progress asked to stop
 *  @retval otherwise as mcomp_session_run() */
MCOMP_API MCOMP_NODISCARD mcomp_status
mcomp_measure(mcomp_session *session, mcomp_tensor *const *inputs, size_t input_count,
              mcomp_tensor *const *outputs, size_t output_count,
              const mcomp_measure_options *options, mcomp_measurement **out);

/** @param measurement  may be NULL */
MCOMP_API void mcomp_measurement_destroy(mcomp_measurement *measurement);
/** @param[out] info  struct_size set by the caller */
MCOMP_API MCOMP_NODISCARD mcomp_status
mcomp_measurement_get_info(const mcomp_measurement *measurement, mcomp_measurement_info *info);
/** @return samples in the order of measuring, nanoseconds; borrowed, sample_count of them */
MCOMP_API const uint64_t *mcomp_measurement_samples(const mcomp_measurement *measurement);

/** Resident memory of this process now, mapped pages counted. @return bytes, 0 where unknown */
MCOMP_API uint64_t mcomp_resident_nbytes(void);
/** Highest resident memory so far (see mcomp_peak_resident_reset()). @return bytes, 0 where unknown */
MCOMP_API uint64_t mcomp_peak_resident_nbytes(void);
/** Start the peak anew from now, where the system can. @return 1 done, 0 the system cannot */
MCOMP_API int mcomp_peak_resident_reset(void);

/** The machine as key and text: cpu, isa, isa_detected, cores, threads, memory_nbytes, kernel, compiler,
 *  flags, library, governor, timer_resolution_ns.
 *  @param[out] key,text  borrowed until the context ends; "unknown" where the system does not say
 *  @retval MCOMP_END  index is past the last */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_environment_get(mcomp_context *context, uint32_t index,
                                                             const char **key, const char **text);

#ifdef __cplusplus
}
#endif
#endif
