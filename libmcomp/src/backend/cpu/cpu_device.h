/** @file cpu_device.h
 *  The processor's device: own kernels for what takes time, the reference's routines for the rest.
 */
#ifndef MC_CPU_DEVICE_H
#define MC_CPU_DEVICE_H

#include "backend/operation.h"
#include "kernels/cpu/depthwise/depthwise.h"
#include "kernels/cpu/dot/dot.h"
#include "kernels/cpu/elementwise/elementwise.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/im2col/im2col.h"
#include "kernels/cpu/integer_dot/integer_dot.h"
#include "kernels/cpu/lrn/lrn.h"
#include "kernels/cpu/move/move.h"
#include "kernels/cpu/pool/pool.h"
#include "kernels/cpu/quantize/quantize.h"
#include "kernels/cpu/reduce/reduce.h"
#include "kernels/cpu/softmax/softmax.h"

/** Kernels chosen when the context was made, by what the processor has and the cap allows; of families
 * with several kinds one of each. */
typedef struct mc_cpu_kernels {
    const mc_f32_gemm_kernel *f32_gemm;
    const mc_s16_gemm_kernel *s16_gemm;
    const mc_s8_gemm_kernel *s8_gemm; /**< or NULL */
    const mc_f32_depthwise_kernel *f32_depthwise;
    const mc_f32_dot_kernel *f32_dot;
    const mc_elementwise_kernel *elementwise[MC_ELEMENTWISE_KIND_COUNT];
    const mc_integer_dot_kernel *integer_dot[MC_INTEGER_DOT_KIND_COUNT];
    const mc_lrn_kernel *lrn[MC_LRN_KIND_COUNT];
    const mc_move_kernel *move[MC_MOVE_KIND_COUNT];
    const mc_pool_kernel *pool[MC_POOL_KIND_COUNT];
    const mc_quantize_kernel *quantize[MC_QUANTIZE_KIND_COUNT];
    const mc_reduce_kernel *reduce[MC_REDUCE_KIND_COUNT];
    const mc_softmax_kernel *softmax[MC_SOFTMAX_KIND_COUNT];
} mc_cpu_kernels;

/** The best kernels that these instruction sets can run. */
mc_cpu_kernels mc_cpu_kernels_choose(uint32_t isa_bits);

typedef struct mc_cpu_device {
    mc_device device;
    mc_cpu_kernels kernels;
    char detail[64];
} mc_cpu_device;

/** One way to run a node. The list is in cpu_device.c; the index in it is the candidate's tag. */
typedef struct mc_cpu_implementation {
    /** Can it run the node? */
    bool (*fits)(const mcomp_graph *graph, const mc_node *node);
    /** Fill kernel, workspace_nbytes, weights_nbytes, predicted_ns, why. */
    void (*describe)(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate);
    /** Pack the weights; the operation has them decoded. NULL: there is nothing to pack. */
    mcomp_status (*pack)(const mc_cpu_device *device, mc_operation *operation);
    void (*run)(const mc_operation *operation, const mc_run *run);
} mc_cpu_implementation;

/* One a file, cpu_<name>.c. */
extern const mc_cpu_implementation mc_cpu_conv;        /**< im2col and GEMM, float or integer */
extern const mc_cpu_implementation mc_cpu_depthwise;   /**< plane after plane, float or integer */
extern const mc_cpu_implementation mc_cpu_gemm;        /**< dot products, float */
extern const mc_cpu_implementation mc_cpu_integer_dot; /**< Gemm, integer */
extern const mc_cpu_implementation mc_cpu_mat_mul;     /**< blocks of rows, float */
extern const mc_cpu_implementation mc_cpu_pool;        /**< MaxPool, AveragePool */
extern const mc_cpu_implementation mc_cpu_global_pool;
extern const mc_cpu_implementation mc_cpu_quantize; /**< also the integer Add */
extern const mc_cpu_implementation mc_cpu_binary;   /**< Add, Sub, Mul, Div, PRelu, float */
extern const mc_cpu_implementation mc_cpu_unary;    /**< activations and Clip, float */
extern const mc_cpu_implementation mc_cpu_batch_normalization;
extern const mc_cpu_implementation mc_cpu_softmax;
extern const mc_cpu_implementation mc_cpu_reduce_mean;
extern const mc_cpu_implementation mc_cpu_lrn;
extern const mc_cpu_implementation
    mc_cpu_move; /**< Concat, Slice, Transpose, Pad with a constant */

mcomp_status mc_cpu_device_open(mcomp_context *context, mc_device **out);

/** The device's kernels, from an operation. */
const mc_cpu_kernels *mc_cpu_kernels_of(const mc_operation *operation);

/* Cost model: nanoseconds on one thread of a processor of 2020, good enough to rank, replaced by a
 * measured profile later. */
#define MC_CPU_NS_PER_VECTOR_MAC 0.02
#define MC_CPU_NS_PER_SCALAR_MAC 0.5
#define MC_CPU_NS_PER_BYTE       0.1

/** Predicted time of so many multiply-accumulates and bytes on the context's threads. */
double mc_cpu_predict_ns(const mc_cpu_device *device, const mc_request *request, bool vector,
                         size_t touched_nbytes);
/** Bytes of activations that a node reads and writes in one run. */
size_t mc_cpu_touched_nbytes(const mc_request *request);

/** A candidate without weights or scratch, whose time is that of its bytes.
 *  @param isa_bits  of the kernel */
void mc_cpu_describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate, const char *kernel, uint32_t isa_bits,
                     const char *why);

/** How integer results of a node leave, as kernels take it. */
mc_quantize_range mc_cpu_range_of(const mc_operation *operation);
/** A quantised activation's elements; multiplier: what one step of it is worth. */
mc_quantize_operand mc_cpu_operand_of(const mc_value *value, const void *elements,
                                      float multiplier);

/** Elements that a worker takes at least of operators that go through them one by one: some microseconds of
 * work, which waking another worker costs too. */
#define MC_CPU_ELEMENT_GRAIN 16384

#endif
