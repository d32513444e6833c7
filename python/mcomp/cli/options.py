"""Arguments that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import load, models, read_onnx
from .._errors import InvalidArgument, NotFound
from ..context import Context
from ..evaluate import preprocess_of
from ..model import Model
from ..preprocess import KEYS, Preprocess
from . import files, output

MAX_THREADS = 256
MODEL_HELP = "an .onnx file, an .mcomp file, or a network's name (see 'mcomp models')"
DATA_HELP = "a folder with labels.csv (columns file,label), 'mnist5k' or 'mnist5k:train'"


def add_model(parser: argparse.ArgumentParser, *names: str, seed: bool = True) -> None:
    """Add MODEL arguments, with the options that go with a network's name."""
    for name in names or ("model",):
        parser.add_argument(name, metavar=name.upper(), help=MODEL_HELP)
    parser.add_argument("--width", type=float, help="a named network's width (default 1.0)")
    if seed:
        parser.add_argument(
            "--seed", type=int, default=0, help="of a named network's random weights (default 0)"
        )


def add_machine(parser: argparse.ArgumentParser, *, device: bool = True) -> None:
    """Add -d, -t and --isa."""
    if device:
        parser.add_argument(
            "-d", "--device", default="cpu", help="devices by priority, with commas (default cpu)"
        )
    parser.add_argument(
        "-t",
        "--threads",
        type=int,
        help=f"1 to {MAX_THREADS} (default: MCOMP_THREADS, else the cores this process may use)",
    )
    parser.add_argument(
        "--isa",
        metavar="CAP",
        help="use no instruction set above scalar, avx2, avxvnni, avx512f, avx512vnni, neon or "
        "neondot (default: MCOMP_ISA, else no bound)",
    )


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """Add what says which images, and how they become inputs."""
    parser.add_argument("--limit", type=int, metavar="N", help="the first N images only")
    parser.add_argument(
        "--batch", type=int, default=32, help="images a run (default 32); no result depends on it"
    )
    add_preprocess(parser)


def add_preprocess(parser: argparse.ArgumentParser) -> None:
    """Add --preprocess."""
    parser.add_argument(
        "--preprocess",
        metavar="F.toml",
        help=f"how images become inputs: the keys {', '.join(KEYS)} and labels, each instead of "
        "what the network's metadata say",
    )


PREPROCESS_TEXT = """\
How an image becomes the input travels with the network. A file for --preprocess has any of these
keys, used in this order; the others are the network's own:

  resize = "227x227 bilinear antialiased"  # or "shorter 256 bilinear antialiased", "none"
  crop = "center 224x224"                  # or "none"
  input_range = [0, 1]                     # what pixel values 0 and 255 become
  mean = [0.485, 0.456, 0.406]             # then (value - mean) / std, one number a channel
  std = [0.229, 0.224, 0.225]
  layout = "NCHW RGB"                      # or "NCHW BGR", "NCHW L" (grey)
  labels = "imagenet1000"                  # imagenet1001: the first output is no class of the data

Images are taken as stored: an orientation in their EXIF data is not applied."""


def context(arguments: argparse.Namespace) -> Context:
    """Make the context that -t and --isa ask for.

    Raises
    ------
    InvalidArgument
        Threads outside 1 to 256, or an unknown instruction set.
    """
    threads = arguments.threads
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise InvalidArgument(f"--threads is {threads}, not 1 to {MAX_THREADS}")
    if arguments.isa == "":
        raise InvalidArgument("--isa is empty, not the name of an instruction set")
    return Context(threads=threads, isa=arguments.isa)


def open_model(
    text: str, arguments: argparse.Namespace, in_context: Context, *, simplify: bool = True
) -> Model:
    """Open the network that a MODEL argument stands for.

    Raises
    ------
    NotFound
        Neither a file nor a known name; lists what is possible.
    InvalidArgument
        --width with a file.
    """
    ending = Path(text).suffix.lower()
    if ending in (".onnx", ".mcomp"):
        if arguments.width is not None:
            raise InvalidArgument(f"--width is for a network's name, not for file {text!r}")
        files.check_readable(text, "model")
        if ending == ".onnx":
            return read_onnx(text, simplify=simplify, context=in_context)
        return load(text, context=in_context)
    names = models.names()
    if text not in names:
        raise NotFound(
            f"model {text!r}: neither a file ending in .onnx or .mcomp nor one of "
            f"{', '.join(names)}"
        )
    width = 1.0 if arguments.width is None else arguments.width
    return models.create(text, arguments.seed, width, simplify=simplify, context=in_context)


def preprocess(model: Model, path: str | None) -> Preprocess:
    """Tell how images become a network's input; says on stderr where that is a guess."""
    if path is not None:
        return Preprocess.from_file(path, model.metadata, model.inputs[0].shape)
    found = preprocess_of(model)
    if found.assumed:
        output.note(
            f"network {model.name!r} does not say how images become its input; taking the usual: "
            f"resize {found.resize}, crop {found.crop}, 0..1, ImageNet's mean and deviation, RGB"
        )
    return found
