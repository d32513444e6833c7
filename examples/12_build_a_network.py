"""Build a network node by node and ask the planner why it chose what it chose."""

import numpy as np

import mcomp

random = np.random.default_rng(0)
builder = mcomp.GraphBuilder("small")
image = builder.add_input("image", (None, 3, 32, 32))
weight = builder.add_constant("weight", random.normal(0, 0.2, (8, 3, 3, 3)).astype(np.float32))
maps = builder.add_node("Conv", "conv", [image, weight], {"pads": [1, 1, 1, 1]})
maps = builder.add_node("Relu", "relu", [maps], {})
pooled = builder.add_node("GlobalAveragePool", "pool", [maps], {})
builder.mark_output(builder.add_node("Flatten", "flatten", [pooled], {}))
model = builder.finish().simplify()

for step in model.plan("cpu").steps:
    print(f"{step.node}: {step.kernel} on {step.device} ({step.why})")

inputs = random.normal(size=(1, 3, 32, 32)).astype(np.float32)
difference = np.abs(model.run(inputs) - model.run(inputs, devices="ref")).max()
print(f"largest difference between cpu and ref: {difference:.1e}")
