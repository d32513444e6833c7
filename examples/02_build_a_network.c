/* Build a small network node by node, simplify it, and print what the planner chose for
 * it. */
#include <mcomp/mcomp.h>
#include <stdio.h>

/* conv 3x3, 8 filters -> relu -> global average -> flatten. */
static mcomp_status build(mcomp_context *context, mcomp_graph **out)
{
    const int64_t input_shape[4] = {MCOMP_BATCH, 3, 32, 32},
                  weight_shape[4] = {8, 3, 3, 3};
    const int64_t pads[4] = {1, 1, 1, 1};
    const mcomp_attribute padding = {
        .name = "pads", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 4, .integers = pads};
    float weights[8 * 3 * 3 * 3];
    for (int i = 0; i < 8 * 3 * 3 * 3; i++)
        weights[i] = (float)(i % 7 - 3) / 16;

    mcomp_graph *graph = NULL;
    mcomp_tensor *tensor = NULL;
    mcomp_value image, weight, value = MCOMP_NO_VALUE;
    mcomp_status status = mcomp_graph_create(context, "small", &graph);
    if (status == MCOMP_OK)
        status = mcomp_graph_add_input(graph, "image", 4, input_shape, &image);
    if (status == MCOMP_OK)
        status = mcomp_tensor_create(context, MCOMP_DTYPE_F32, 4, weight_shape, weights,
                                     &tensor);
    if (status == MCOMP_OK)
        status = mcomp_graph_add_constant(graph, "conv_weight", tensor, &weight);
    if (status == MCOMP_OK)
        status =
            mcomp_graph_add_node(graph, "Conv", "conv", (mcomp_value[]){image, weight}, 2,
                                 &padding, 1, &value);
    if (status == MCOMP_OK)
        status = mcomp_graph_add_node(graph, "Relu", "relu", &value, 1, NULL, 0, &value);
    if (status == MCOMP_OK)
        status = mcomp_graph_add_node(graph, "GlobalAveragePool", "pool", &value, 1, NULL,
                                      0, &value);
    if (status == MCOMP_OK)
        status =
            mcomp_graph_add_node(graph, "Flatten", "flatten", &value, 1, NULL, 0, &value);
    if (status == MCOMP_OK)
        status = mcomp_graph_mark_output(graph, value);
    if (status == MCOMP_OK)
        status = mcomp_graph_verify(graph);
    if (status == MCOMP_OK)
        status = mcomp_graph_simplify(graph, NULL, out);
    mcomp_tensor_release(tensor);
    mcomp_graph_destroy(graph);
    return status;
}

static mcomp_status print_plan(mcomp_graph *graph)
{
    mcomp_plan *plan = NULL;
    mcomp_step_info step = {.struct_size = sizeof step};
    mcomp_status status = mcomp_plan_create(graph, NULL, &plan);
    for (uint32_t i = 0;
         status == MCOMP_OK && (status = mcomp_plan_get_step(plan, i, &step)) == MCOMP_OK;
         i++)
        printf("%-10s %-18s %s: %s\n", step.node, step.op, step.kernel, step.why);
    mcomp_plan_destroy(plan);
    return status == MCOMP_END ? MCOMP_OK : status;
}

int main(void)
{
    mcomp_context *context = NULL;
    mcomp_graph *graph = NULL;
    mcomp_status status = mcomp_context_create(NULL, &context);
    if (status == MCOMP_OK)
        status = build(context, &graph);
    if (status == MCOMP_OK)
        status = print_plan(graph);
    if (status != MCOMP_OK)
        fprintf(stderr, "%s\n", mcomp_last_error());
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
    return status == MCOMP_OK ? 0 : 1;
}
