# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A trained network, compressed and measured
#
# LeNet-5 reads handwritten digits. Here it is compressed from 1.7 MB to less than 50 kB, written to
# a file, loaded back, run and timed; then we ask what that cost in accuracy. Everything takes well
# under a minute on a laptop.
#
# You need the package with the extra `notebook`: `pip install '.[notebook]'` in the checkout.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mcomp

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The network
#
# `mcomp.models` has the networks of the study. LeNet-5 brings its trained weights; the table shows
# its layers and how each weight tensor is stored.

# %%
model = mcomp.models.create("lenet5")
model

# %% [markdown]
# ## A recipe
#
# A recipe is a list of passes. This one is the chain of *Deep Compression* without its retraining:
# set the smallest 90 % of the weights to zero, let the others share 32 values in each layer, and
# write positions and values with Huffman codes.

# %%
recipe = mcomp.Recipe(
    """
    prune.magnitude sparsity=0.9 scope=global
    share.kmeans bits=5
    encode.huffman
    """
)
small = model.compress(recipe)
small

# %% [markdown]
# The report accounts for every byte: the encoding of each tensor, what it takes, and the order-0
# entropy of its symbols, zeros coded one by one: the least that a code of single symbols can take.
# Codes of gaps between the others, as in this recipe, can take less. `sqnr_db` says how far the
# weights moved.

# %%
small.report

# %% [markdown]
# ## The file
#
# The only ratio that counts is taken at the file on disk.

# %%
path = folder / "lenet5.mcomp"
file_nbytes = small.save(path)
print(f"{model.float_nbytes:,} bytes of float32 -> {file_nbytes:,} bytes of file")
print(f"ratio {model.float_nbytes / file_nbytes:.1f}")

# %%
loaded = mcomp.load(path)
for section in mcomp.package_sections(path):
    print(f"{section.name:12} {section.nbytes:>8,} bytes")

# %% [markdown]
# ## Running it
#
# One image is a float32 array of shape [1, 1, 28, 28] with values from 0 to 1. The plan says which
# kernel runs each layer, and why.

# %%
digits = mcomp.data.load("mnist5k")
index = 417
image = (digits.image(index) / np.float32(255))[np.newaxis, np.newaxis]
logits = loaded.run(image)
print(f"this is a {digits.labels[index]}; the network says {logits.argmax()}")
plt.figure(figsize=(1.6, 1.6))
plt.imshow(digits.image(index), cmap="gray_r")
_ = plt.axis("off")
# %%
loaded.plan("cpu")

# %% [markdown]
# ## What it costs
#
# Time is measured warm, with a minimum number of runs and a minimum duration, and every sample is
# kept.

# %%
before = model.measure(min_runs=20, min_seconds=0.2)
after = loaded.measure(min_runs=20, min_seconds=0.2)
after

# %% [markdown]
# Accuracy on the 1,000 test digits, which the training never saw. `compare` looks at the same
# images with both networks, so the standard error of the drop is small.

# %%
compared = mcomp.compare(model, loaded, digits)
print(f"top-1 {compared.top1_a:.1f} % before, {compared.top1_b:.1f} % after")
print(f"drop {compared.drop:.1f} points, standard error {compared.drop_stderr:.2f}")

# %% [markdown]
# ## How far can it go?
#
# Sweep the share of zeros and draw what comes out. Retraining would move the cliff to the right;
# there is none here.

# %%
points = []
for sparsity in (0.5, 0.7, 0.8, 0.9, 0.95, 0.97):
    text = f"prune.magnitude sparsity={sparsity} scope=global; share.kmeans bits=5; encode.huffman"
    with model.compress(text) as candidate:
        nbytes = candidate.save(folder / "candidate.mcomp")
        top1 = mcomp.evaluate(candidate, digits).top1
    points.append((sparsity, model.float_nbytes / nbytes, top1))

# %%
sparsities, ratios, accuracies = zip(*points, strict=True)
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
axis.axhline(compared.top1_a, color="0.5", linestyle="--", linewidth=1, label="float32")
axis.plot(ratios, accuracies, color="black", marker="o", label="compressed; % of zeros")
for sparsity, ratio, top1 in points:
    axis.annotate(
        f"{100 * sparsity:.0f} %",
        (ratio, top1),
        xytext=(0, -14),
        textcoords="offset points",
        ha="center",
        fontsize=8,
    )
axis.set(xlabel="float32 bytes / bytes of the file", ylabel="top-1 accuracy, %", xscale="log")
axis.set_xticks([10, 20, 50, 100], ["10", "20", "50", "100"])
axis.minorticks_off()
axis.margins(y=0.15)
axis.legend(frameon=False, loc="lower left")
axis.grid(color="0.9")

# %% [markdown]
# The file of the chosen recipe, once more: smaller than float32 by the ratio printed above, at the
# accuracy printed above. Where to go from here:
#
# - `mcomp study run` measures whole grids of networks, recipes and devices into one file that
#   survives being killed, and draws their figures: see `notebooks/studies/quick`.
# - `mcomp passes` lists what else a recipe can hold.
