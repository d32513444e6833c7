/* Any bytes as a file, whatever their checksums: an error, or a network whose weights can be asked
 * for. */
#include "fuzz.h"
#include "graph/graph_struct.h"
#include "package/container_reader.h"
#include "tensor/tensor_struct.h"

#define MOST_ELEMENTS 100000u

static void use_weight(const mcomp_tensor *tensor)
{
    if (!tensor || tensor->element_count > MOST_ELEMENTS)
        return;
    float *values = malloc(tensor->element_count * sizeof *values + 1);
    fuzz_require(values != NULL);
    mcomp_status status = mcomp_tensor_decode(tensor, values, tensor->element_count);
    fuzz_require(status == MCOMP_OK || status == MCOMP_ERR_CORRUPT ||
                 status == MCOMP_ERR_UNSUPPORTED);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    mc_file_image *image = NULL;
    mcomp_graph *graph = NULL;
    mc_progress progress = mc_progress_make(NULL, NULL);
    if (mc_file_image_copy(fuzz_context(), data, nbytes, &image) != MCOMP_OK)
        return 0;
    if (mc_container_read(image, MC_CHECK_NONE, &progress, &graph) == MCOMP_OK)
        for (uint32_t v = 0; v < graph->value_count; v++)
            use_weight(graph->values[v].constant);
    else
        fuzz_require(!graph && mcomp_last_error()[0] != 0);
    mc_file_image_release(image);
    mcomp_graph_destroy(graph);
    return 0;
}
