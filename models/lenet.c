/* LeNet-5 as Caffe ships it (examples/mnist/lenet.prototxt), after LeCun, Bottou, Bengio and
 * Haffner, "Gradient-based learning applied to document recognition", 1998: twice as many filters,
 * max-pooling, one rectified layer. Trained by this project: see lenet5/. */
#include "families.h"

/* Defined in lenet5_weights.S: lenet5/weights.f32, float32 little-endian. */
extern const float mc_lenet5_weights[];
extern const float mc_lenet5_weights_end[];

void mc_model_lenet5(mc_network *network)
{
    network->weights = mc_lenet5_weights;
    network->weight_count = (size_t)(mc_lenet5_weights_end - mc_lenet5_weights);

    mcomp_value x = mc_network_input(network, "input", 1, 28, 28);
    x = mc_network_convolution(network, "conv1", x,
                               (mc_convolution){.filters = 20, .height = 5, .width = 5, .bias = 1});
    x = mc_network_max_pool(network, "pool1", x, (mc_pool){.kernel = 2, .stride = 2});
    x = mc_network_convolution(network, "conv2", x,
                               (mc_convolution){.filters = 50, .height = 5, .width = 5, .bias = 1});
    x = mc_network_max_pool(network, "pool2", x, (mc_pool){.kernel = 2, .stride = 2});
    x = mc_network_fully_connected(network, "ip1", x, 500, 2);
    x = mc_network_relu(network, "relu1", x);
    x = mc_network_fully_connected(network, "ip2", x, 10, 1);
    mc_network_output(network, x);

    mc_network_metadata(network, "input_range", "[0, 1]");
    mc_network_metadata(network, "mean", "[0]");
    mc_network_metadata(network, "std", "[1]");
    mc_network_metadata(network, "layout", "NCHW L");
    mc_network_metadata(network, "resize", "none");
    mc_network_metadata(network, "crop", "none");
    mc_network_metadata(network, "labels", "digits10");
    mc_network_metadata(network, "source", "models/lenet5");
}
