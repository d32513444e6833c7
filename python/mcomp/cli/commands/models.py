"""``mcomp models``: the study's networks."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ... import models
from ..._errors import InvalidArgument, NotFound
from ..._handles import integer
from ...display import Cell, format_shape, text_table
from ...model import Model
from ...weights import load_weights
from .. import files, layers, options, output
from ..command import Command, Values


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="one network; default: all")
    parser.add_argument("-o", "--output", metavar="F.onnx", help="write network NAME")
    parser.add_argument(
        "--seed", type=int, help="of random weights (default 0); lenet5 brings trained"
    )
    parser.add_argument("--width", type=float, default=1.0, help="factor on channels (default 1.0)")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="input's height and width")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="take the weights of an .onnx, .safetensors or .npz file, found by their names",
    )
    layers.add_layers(parser)
    options.add_machine(parser, device=False)


def describe(info: models.ModelInfo) -> Values:
    """Tell what the list says of a network."""
    return {
        "name": info.name,
        "family": info.family,
        "input": [1, *info.input[1:]],
        "classes": info.classes,
        "parameters": info.parameters,
        "macs": info.macs,
        "layers": info.layers,
        "depth": info.depth,
        "year": info.year,
        "trained": info.trained,
        "source": info.source,
        "sizes": {"min": info.sizes[0], "max": info.sizes[-1], "step": info.sizes.step},
        "min_width": info.min_width,
        "published": asdict(info.published),
    }


def run(arguments: argparse.Namespace) -> Values:
    """List the networks; write one."""
    names = models.names()
    if arguments.name is not None and arguments.name not in names:
        raise NotFound(f"no network {arguments.name!r}; known are: {', '.join(names)}")
    seed = integer("--seed", 0 if arguments.seed is None else arguments.seed, 0, 2**64 - 1)
    if arguments.name is None:
        for option, given in (
            ("--output", arguments.output),
            ("--weights", arguments.weights),
            ("--seed", arguments.seed),
            ("--size", arguments.size),
            ("--width", None if arguments.width == 1 else arguments.width),
        ):
            if given is not None:
                raise InvalidArgument(f"{option} {given!r} needs the NAME of a network")
        if layers.wanted(arguments):
            raise InvalidArgument("--layers, --csv and --svg need the NAME of a network")
        return {"models": [describe(models.info(name)) for name in names]}
    if arguments.output is not None:
        files.check_output(arguments.output, "output", ".onnx")
    layers.check_outputs(arguments)
    info = models.info(arguments.name)
    if info.trained and arguments.seed is not None:
        output.note(f"network {info.name} is trained: --seed {seed} changes nothing")
    listed = describe(info)
    values: Values = {"models": [listed]}
    wanted = (arguments.output, arguments.size, arguments.weights)
    if wanted == (None, None, None) and arguments.width == 1 and not layers.wanted(arguments):
        return values
    # Not simplified: a network is listed and written as its paper draws it.
    model = models.create(
        arguments.name,
        seed,
        arguments.width,
        size=arguments.size,
        simplify=False,
        context=options.context(arguments),
    )
    if arguments.weights is not None:
        model = _with_weights(model, arguments.weights, values)
    listed["input"] = [1, *model.inputs[0].shape[1:]]
    listed["parameters"] = model.parameters
    listed["macs"] = model.macs
    if arguments.width != 1 or arguments.size not in (None, info.input[-1]):
        listed["published"] = dict.fromkeys(listed["published"])
        listed["published"]["source"] = f"only for width 1 and {info.input[-1]}"
    values |= layers.answer(arguments, model)
    if arguments.output is not None:
        values["output"] = arguments.output
        values["output_nbytes"] = model.write_onnx(arguments.output)
    return values


def _with_weights(model: Model, path: str, values: Values) -> Model:
    """Put a file's weights onto a network, and say what was taken for granted."""
    loaded = load_weights(model, path)
    values["weights"] = loaded.model.metadata["weights"]
    if not loaded.matched_by.startswith("names "):
        output.note(f"{path}: matched by {loaded.matched_by}: no known names of weights were found")
    if loaded.default_preprocessing:
        output.note(
            f"{path}: the default preprocessing of {model.name} was kept: "
            f"{loaded.default_preprocessing}"
        )
    return loaded.model


def show(values: Values) -> str:
    """Make a table of the networks."""
    head = ["name", "year", "input", "layers", "depth", "parameters", "macs", "top-1", "top-5"]
    rows = [
        [
            entry["name"],
            str(entry["year"]),
            format_shape(entry["input"]),
            entry["layers"],
            entry["depth"],
            entry["parameters"],
            entry["macs"],
            entry["published"]["top1"],
            entry["published"]["top5"],
        ]
        for entry in values["models"]
    ]
    parts = [text_table(head, rows)]
    if len(values["models"]) == 1:
        parts.append(_facts(values["models"][0]))
    else:
        parts.append("top-1, top-5: ImageNet accuracy as published, percent (NAME says where)")
    parts += layers.show(values)
    if "weights" in values:
        parts.append(f"weights: {values['weights']}")
    if "output" in values:
        parts.append(f"wrote {values['output']}: {values['output_nbytes']:,} bytes")
    return "\n\n".join(parts)


def _facts(entry: Values) -> str:
    """Make lines of what the table has no room for."""
    sizes = entry["sizes"]
    step = "" if sizes["step"] == 1 else f", multiples of {sizes['step']}"
    many = f"{sizes['min']} to {sizes['max']}{step}"
    return output.facts(
        [
            ("family", entry["family"]),
            ("source", entry["source"]),
            ("weights", "trained by this project" if entry["trained"] else "random, by --seed"),
            ("classes", entry["classes"]),
            ("sizes", many if sizes["max"] > sizes["min"] else str(sizes["min"])),
            ("widths", "1" if entry["min_width"] == 1 else f"{entry['min_width']:g} to 1"),
            *_published(entry["published"]),
        ]
    )


def _published(published: Values) -> list[tuple[str, Cell]]:
    numbers = {name: number for name, number in published.items() if name != "source"}
    if set(numbers.values()) == {None}:
        return [("published", published["source"])]
    lines: list[tuple[str, Cell]] = [
        (f"published {name}", "not published" if number is None else number)
        for name, number in numbers.items()
    ]
    return [*lines, ("published in", published["source"])]


COMMAND = Command(
    name="models",
    summary="the study's networks; writes one with seeded weights",
    description=(
        "List the study's networks, or one of them; -o writes it as ONNX, with --weights with the\n"
        "weights of a file of torchvision, timm, Caffe, Keras or our own names."
    ),
    example="mcomp models lenet5 -o lenet5.onnx",
    configure=configure,
    run=run,
    show=show,
)
