"""A fresh process that opens one file, runs it twice, and says how much it grew.

Started by the study with one argument, a JSON object; answers with one on stdout.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import mcomp
from mcomp.study.measuring import environment_of, plan_details


def probe(path: Path, device: str, threads: int, batch: int) -> dict[str, object]:
    """Measure the growth of this process's resident memory, mapped pages counted.

    It is taken from before the file is opened to the highest point of loading and running.
    """
    with mcomp.Context(threads=threads) as context:
        _touch_code(context, device)
        before = mcomp.resident_nbytes()
        mcomp.peak_resident_reset()
        with (
            mcomp.load(path, context=context) as model,
            model.session(device, batch=batch) as session,
        ):
            inputs = [np.zeros(shape, np.float32) for shape in session.input_shapes]
            for _ in range(2):
                session.run(*inputs)
            return {
                "peak_memory_nbytes": max(0, mcomp.peak_resident_nbytes() - before),
                "weights_nbytes": session.weights_nbytes,
                "activations_nbytes": session.activations_nbytes,
                "environment": environment_of(context),
                "details": plan_details(session.plan),
            }


def _touch_code(context: mcomp.Context, device: str) -> None:
    """Run a network of one node, so that code that every run needs is not counted as growth."""
    builder = mcomp.GraphBuilder("touch", context=context)
    builder.mark_output(builder.add_node("Relu", "relu", [builder.add_input("x", (None, 1, 1, 1))]))
    with builder.finish() as model, model.session(device) as session:
        session.run(np.zeros((1, 1, 1, 1), np.float32))


def main() -> None:
    """Answer the question in the first argument."""
    question = json.loads(sys.argv[1])
    try:
        answer = probe(
            Path(question["path"]), question["device"], question["threads"], question["batch"]
        )
    except mcomp.MCompError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
