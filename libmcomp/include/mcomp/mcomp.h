/** @file mcomp.h
 *  libmcomp: compress a trained convolutional network, run it compressed, measure what that costs.
 *
 *  Data goes one way:
 *
 *      graph -> recipe -> graph -> .mcomp file -> graph -> plan -> session -> outputs, times
 *
 *  A *graph* is built node by node (or read from ONNX by the Python package). A *recipe* is a line of
 *  text; mcomp_compress() applies it and gives a new graph whose weights have new *encodings*: what a
 *  number is (float, uniform, codebook), which of them are stored (dense, sparse), and how they become
 *  bytes (raw, packed, Huffman). mcomp_save() writes exactly those bytes, mcomp_load() reads them back.
 *  A *plan* says which device and kernel will run each node and why; a *session* runs it;
 *  mcomp_measure() times it. Weights have the same bits at every stage.
 *
 *  A whole program (examples/01_compress_and_run.c is this one, built and run by the tests):
 *
 *      #include <mcomp/mcomp.h>
 *      #include <stdio.h>
 *
 *      static int fail(const char *what)
 *      {
 *          fprintf(stderr, "%s: %s\n", what, mcomp_last_error());
 *          return 1;
 *      }
 *
 *      int main(void)
 *      {
 *          mcomp_context *context = NULL;
 *          mcomp_graph *graph = NULL;
 *          mcomp_plan *plan = NULL;
 *          mcomp_session *session = NULL;
 *          mcomp_tensor *input = NULL, *output = NULL;
 *          const int64_t input_shape[4] = {1, 1, 28, 28}, output_shape[2] = {1, 10};
 *          int failed = 1;
 *          if (mcomp_context_create(NULL, &context) != MCOMP_OK)
 *              return fail("context");
 *          if (mcomp_load(context, "lenet5.mcomp", NULL, &graph) == MCOMP_OK &&
 *              mcomp_plan_create(graph, NULL, &plan) == MCOMP_OK &&
 *              mcomp_session_create(plan, &session) == MCOMP_OK &&
 *              mcomp_tensor_create(context, MCOMP_DTYPE_F32, 4, input_shape, NULL, &input) == MCOMP_OK &&
 *              mcomp_tensor_create(context, MCOMP_DTYPE_F32, 2, output_shape, NULL, &output) == MCOMP_OK &&
 *              mcomp_session_run(session, &input, 1, &output, 1) == MCOMP_OK) {
 *              const float *logits = mcomp_tensor_data(output);
 *              for (int digit = 0; digit < 10; digit++)
 *                  printf("%d %g\n", digit, (double)logits[digit]);
 *              failed = 0;
 *          }
 *          if (failed)
 *              fail("lenet5.mcomp");
 *          mcomp_tensor_release(input);
 *          mcomp_tensor_release(output);
 *          mcomp_session_destroy(session);
 *          mcomp_plan_destroy(plan);
 *          mcomp_graph_destroy(graph);
 *          mcomp_context_destroy(context);
 *          return failed;
 *      }
 *
 *  Threads: contexts, verified graphs, plans and tensors may be shared; recipes, unverified graphs and
 *  sessions belong to one thread at a time.
 */
#ifndef MCOMP_MCOMP_H
#define MCOMP_MCOMP_H

#include "base.h"
#include "context.h"
#include "encoding.h"
#include "tensor.h"
#include "graph.h"
#include "package.h"
#include "plan.h"
#include "session.h"
#include "measure.h"
#include "compress.h"

#endif
