"""ONNX in and out, through the onnx package."""

from .reader import read_onnx
from .writer import write_onnx

__all__ = ["read_onnx", "write_onnx"]
