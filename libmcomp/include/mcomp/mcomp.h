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
 *  A whole program (examples/01_compress_and_run.c):
 *
 *      #include <mcomp/mcomp.h>
 *      #include <stdio.h>
 *
 *      static const char recipe_text[] =
 *          "prune.magnitude sparsity=0.9 scope=global; share.kmeans bits=5; encode.huffman";
 *
 *      static mcomp_status compress(mcomp_context *context, const char *from, const char *to)
 *      {
 *          mcomp_graph *graph = NULL, *small = NULL;
 *          mcomp_recipe *recipe = NULL;
 *          mcomp_status status = mcomp_load(context, from, NULL, &graph);
 *          if (status == MCOMP_OK)
 *              status = mcomp_recipe_create(context, recipe_text, &recipe);
 *          if (status == MCOMP_OK)
 *              status = mcomp_compress(graph, recipe, NULL, &small);
 *          if (status == MCOMP_OK)
 *              status = mcomp_save(small, to, NULL, NULL);
 *          mcomp_graph_destroy(small);
 *          mcomp_recipe_destroy(recipe);
 *          mcomp_graph_destroy(graph);
 *          return status;
 *      }
 *
 *      static mcomp_status run(mcomp_context *context, const char *path, float logits[10])
 *      {
 *          const int64_t input_shape[4] = {1, 1, 28, 28}, output_shape[2] = {1, 10};
 *          mcomp_graph *graph = NULL;
 *          mcomp_plan *plan = NULL;
 *          mcomp_session *session = NULL;
 *          mcomp_tensor *input = NULL, *output = NULL;
 *          mcomp_status status = mcomp_load(context, path, NULL, &graph);
 *          if (status == MCOMP_OK)
 *              status = mcomp_plan_create(graph, NULL, &plan);
 *          if (status == MCOMP_OK)
 *              status = mcomp_session_create(plan, NULL, &session);
 *          if (status == MCOMP_OK)
 *              status =
 *                  mcomp_tensor_create(context, MCOMP_DTYPE_F32, 4, input_shape, NULL, &input);
 *          if (status == MCOMP_OK)
 *              status = mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 2, output_shape, logits,
 *                                         10 * sizeof *logits, NULL, NULL, &output);
 *          if (status == MCOMP_OK)
 *              status = mcomp_session_run(session, &input, 1, &output, 1);
 *          mcomp_tensor_release(output);
 *          mcomp_tensor_release(input);
 *          mcomp_session_destroy(session);
 *          mcomp_plan_destroy(plan);
 *          mcomp_graph_destroy(graph);
 *          return status;
 *      }
 *
 *      int main(int argc, char **argv)
 *      {
 *          float logits[10];
 *          mcomp_context *context = NULL;
 *          if (argc != 3) {
 *              fprintf(stderr, "usage: %s IN.mcomp OUT.mcomp\n", argv[0]);
 *              return 2;
 *          }
 *          mcomp_status status = mcomp_context_create(NULL, &context);
 *          if (status == MCOMP_OK)
 *              status = compress(context, argv[1], argv[2]);
 *          if (status == MCOMP_OK)
 *              status = run(context, argv[2], logits);
 *          for (int digit = 0; status == MCOMP_OK && digit < 10; digit++)
 *              printf("%d %g\n", digit, (double)logits[digit]);
 *          if (status != MCOMP_OK)
 *              fprintf(stderr, "%s\n", mcomp_last_error());
 *          mcomp_context_destroy(context);
 *          return status == MCOMP_OK ? 0 : 1;
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
