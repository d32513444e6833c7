"""What other libraries call the layers of the study's networks.

One table a family; each line is our layer, then theirs, then their BatchNorm where it is not called
after the layer. Left stands a regular expression of our layer's whole name; right, {1} is its first
group, {1-1} and {1+5} are that number less 1 and plus 5, {1:abc} is its letter: a for 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Suffixes:
    """What tensors of a layer are called, after the layer's or its BatchNorm's name."""

    weight: str
    bias: str
    scale: str
    shift: str
    mean: str
    variance: str
    factor: str = ""  #: of a Caffe Scale layer behind the BatchNorm, "" where there is none
    offset: str = ""


OURS = Suffixes("_weight", "_bias", "_scale", "_shift", "_mean", "_variance")
TORCH = Suffixes(".weight", ".bias", ".weight", ".bias", ".running_mean", ".running_var")
CAFFE2 = Suffixes("_w_0", "_b_0", "_s_0", "_b_0", "_rm_0", "_riv_0")
CAFFE = Suffixes("_w_0", "_b_0", "_scale_0", "_bias_0", "_mean_0", "_var_0", "/sc_w_0", "/sc_b_0")
KERAS = Suffixes("_weight", "_bias", "_gamma", "_beta", "_mean", "_variance")


@dataclass(frozen=True)
class Convention:
    """How one library names the layers of one network.

    Attributes
    ----------
    name : str
        Of the library.
    suffixes : Suffixes
    rules : tuple
        (our layer, their layer, their BatchNorm).
    ignored : str
        Regular expression of tensors that the network has no use for.
    """

    name: str
    suffixes: Suffixes
    rules: tuple[tuple[str, str, str], ...]
    ignored: str = field(default=r".*num_batches_tracked")

    def stems(self, layer: str) -> tuple[str, str] | None:
        """Tell what a layer and its BatchNorm are called; None where no rule is for it."""
        for pattern, theirs, norm in self.rules:
            match = re.fullmatch(pattern, layer)
            if match:
                return _fill(theirs, match), _fill(norm, match)
        return None


def _fill(template: str, match: re.Match[str]) -> str:
    def text(place: re.Match[str]) -> str:
        group = match[int(place[1])]
        if place[2]:
            return str(int(group) + int(place[2]))
        return place[3][int(group) - 1] if place[3] else group

    return re.sub(r"\{(\d)([+-]\d+)?(?::(\w+))?\}", text, template)


def _vgg_features(stacks: tuple[int, ...]) -> tuple[tuple[str, str, str], ...]:
    """Give VGG's convolutions torchvision's numbers: every Relu and pool counts."""
    rules, position = [], 0
    for stack, count in enumerate(stacks, start=1):
        for layer in range(1, count + 1):
            rules.append((f"conv{stack}_{layer}", f"features.{position}", ""))
            position += 2
        position += 1
    return tuple(rules)


def _vgg(stacks: tuple[int, ...]) -> tuple[Convention, ...]:
    features = _vgg_features(stacks)
    classifier = (("fc6", "classifier.0", ""), ("fc7", "classifier.3", ""))
    head = (("fc6", "pre_logits.fc1", ""), ("fc7", "pre_logits.fc2", ""))
    return (
        Convention("torchvision", TORCH, (*features, *classifier, ("fc8", "classifier.6", ""))),
        Convention("timm", TORCH, (*features, *head, ("fc8", "head.fc", ""))),
        Convention("Caffe", CAFFE, ((r"((conv\d_|fc)\d)", "{1}", ""),)),
    )


_INCEPTION_V1 = (
    Convention(
        "Caffe",
        CAFFE,
        (
            (r"conv1_7x7", "conv1/7x7_s2", ""),
            (r"conv2_(\w+)", "conv2/{1}", ""),
            (r"(inception_\w\w/\w+)", "{1}", ""),
            (r"classifier", "loss3/classifier", ""),
        ),
        ignored=r"loss[12]/.*",
    ),
)

_INCEPTION_V2 = (
    Convention(
        "Caffe",
        CAFFE,
        (
            (r"conv1", "conv1/7x7_s2", "conv1/7x7_s2/bn"),
            (r"conv2_reduce", "conv2/3x3_reduce", "conv2/3x3_reduce/bn"),
            (r"conv2", "conv2/3x3", "conv2/3x3/bn"),
            (r"(inception_\w\w)/pool_projection", "{1}/pool_proj", "{1}/pool_proj/bn"),
            (
                r"(inception_\w\w)/double_3x3_([12])",
                "{1}/double3x3{2:ab}",
                "{1}/double3x3{2:ab}/bn",
            ),
            (r"(inception_\w\w)/double_(\w+)", "{1}/double{2}", "{1}/double{2}/bn"),
            (r"(inception_\w\w/\w+)", "{1}", "{1}/bn"),
            (r"fc", "loss3/classifier", ""),
        ),
        ignored=r"loss[12]/.*",
    ),
    Convention(
        "BN-Inception of pretrainedmodels",
        TORCH,
        (
            (r"conv1", "conv1_7x7_s2", "conv1_7x7_s2_bn"),
            (r"conv2_reduce", "conv2_3x3_reduce", "conv2_3x3_reduce_bn"),
            (r"conv2", "conv2_3x3", "conv2_3x3_bn"),
            (r"(inception_\w\w)/pool_projection", "{1}_pool_proj", "{1}_pool_proj_bn"),
            (r"(inception_\w\w)/(\w+)", "{1}_{2}", "{1}_{2}_bn"),
            (r"fc", "last_linear", ""),
        ),
    ),
)

# torchvision and timm: layer.conv and layer.bn.
_V3_BRANCHES = tuple(
    (ours, f"{theirs}.conv", f"{theirs}.bn")
    for ours, theirs in (
        (r"stem/conv1", "Conv2d_1a_3x3"),
        (r"stem/conv2", "Conv2d_2a_3x3"),
        (r"stem/conv3", "Conv2d_2b_3x3"),
        (r"stem/conv4", "Conv2d_3b_1x1"),
        (r"stem/conv5", "Conv2d_4a_3x3"),
        (r"mixed_(\w\w)/(\w+)_double_(\d)/(?:1x3)", "Mixed_{1}.branch{2}dbl_{3}a"),
        (r"mixed_(\w\w)/(\w+)_double_(\d)/(?:3x1)", "Mixed_{1}.branch{2}dbl_{3}b"),
        (r"mixed_(\w\w)/(3x3_2)/1x3", "Mixed_{1}.branch{2}a"),
        (r"mixed_(\w\w)/(3x3_2)/3x1", "Mixed_{1}.branch{2}b"),
        (r"mixed_(\w\w)/(\w+)_double_(\d)", "Mixed_{1}.branch{2}dbl_{3}"),
        (r"mixed_(\w\w)/pool_projection", "Mixed_{1}.branch_pool"),
        (r"mixed_(\w\w)/(\w+)", "Mixed_{1}.branch{2}"),
    )
)
_INCEPTION_V3 = (
    Convention(
        "torchvision and timm",
        TORCH,
        (*_V3_BRANCHES, (r"fc", "fc", "")),
        ignored=r"AuxLogits\..*|.*num_batches_tracked",
    ),
)

_V4_BRANCHES = tuple(
    (ours, f"features.{theirs}.conv", f"features.{theirs}.bn")
    for ours, theirs in (
        (r"conv(\d)", "{1-1}"),
        (r"mixed_3a/3x3", "3.conv"),
        (r"mixed_4a/3x3_(\d)", "4.branch0.{1-1}"),
        (r"mixed_4a/7x7_(\d)", "4.branch1.{1-1}"),
        (r"mixed_5a/3x3", "5.conv"),
        (r"inception_a(\d)/1x1", "{1+5}.branch0"),
        (r"inception_a(\d)/3x3_(\d)", "{1+5}.branch1.{2-1}"),
        (r"inception_a(\d)/3x3_double_(\d)", "{1+5}.branch2.{2-1}"),
        (r"inception_a(\d)/pool_projection", "{1+5}.branch3.1"),
        (r"reduction_a/3x3", "10.branch0"),
        (r"reduction_a/3x3_double_(\d)", "10.branch1.{1-1}"),
        (r"inception_b(\d)/1x1", "{1+10}.branch0"),
        (r"inception_b(\d)/7x7_(\d)", "{1+10}.branch1.{2-1}"),
        (r"inception_b(\d)/7x7_double_(\d)", "{1+10}.branch2.{2-1}"),
        (r"inception_b(\d)/pool_projection", "{1+10}.branch3.1"),
        (r"reduction_b/3x3_(\d)", "18.branch0.{1-1}"),
        (r"reduction_b/7x7x3_(\d)", "18.branch1.{1-1}"),
        (r"inception_c(\d)/1x1", "{1+18}.branch0"),
        (r"inception_c(\d)/3x3_1", "{1+18}.branch1_0"),
        (r"inception_c(\d)/3x3_1x3", "{1+18}.branch1_1a"),
        (r"inception_c(\d)/3x3_3x1", "{1+18}.branch1_1b"),
        (r"inception_c(\d)/3x3_double_(\d)", "{1+18}.branch2_{2-1}"),
        (r"inception_c(\d)/3x3_double_1x3", "{1+18}.branch2_3a"),
        (r"inception_c(\d)/3x3_double_3x1", "{1+18}.branch2_3b"),
        (r"inception_c(\d)/pool_projection", "{1+18}.branch3.1"),
    )
)
_INCEPTION_V4 = (Convention("timm", TORCH, (*_V4_BRANCHES, (r"fc", "last_linear", ""))),)

_RESNET = (
    Convention(
        "torchvision and timm",
        TORCH,
        (
            (r"conv1", "conv1", "bn1"),
            (r"conv(\d)_(\d+)/conv(\d)", "layer{1-1}.{2-1}.conv{3}", "layer{1-1}.{2-1}.bn{3}"),
            (
                r"conv(\d)_(\d+)/projection",
                "layer{1-1}.{2-1}.downsample.0",
                "layer{1-1}.{2-1}.downsample.1",
            ),
            (r"fc", "fc", ""),
        ),
    ),
    Convention(
        "Caffe2",
        CAFFE2,
        (
            (r"conv1", "gpu_0/conv1", "gpu_0/res_conv1_bn"),
            (
                r"conv(\d)_(\d+)/conv(\d)",
                "gpu_0/res{1}_{2-1}_branch2{3:abc}",
                "gpu_0/res{1}_{2-1}_branch2{3:abc}_bn",
            ),
            (
                r"conv(\d)_(\d+)/projection",
                "gpu_0/res{1}_{2-1}_branch1",
                "gpu_0/res{1}_{2-1}_branch1_bn",
            ),
            (r"fc", "gpu_0/pred", ""),
        ),
    ),
)

_MOBILENET = (
    Convention(
        "Keras",
        KERAS,
        (
            (r"conv0", "conv1", "conv1_bn"),
            (r"conv(\d+)_depthwise", "conv_dw_{1}", "conv_dw_{1}_bn"),
            (r"conv(\d+)_pointwise", "conv_pw_{1}", "conv_pw_{1}_bn"),
            (r"fc", "conv_preds", ""),
        ),
    ),
)

CONVENTIONS: dict[str, tuple[Convention, ...]] = {
    "vgg16": _vgg((2, 2, 3, 3, 3)),
    "vgg19": _vgg((2, 2, 4, 4, 4)),
    "inception_v1": _INCEPTION_V1,
    "inception_v2": _INCEPTION_V2,
    "inception_v3": _INCEPTION_V3,
    "inception_v4": _INCEPTION_V4,
    "resnet50": _RESNET,
    "resnet101": _RESNET,
    "resnet152": _RESNET,
    "mobilenet_v1": _MOBILENET,
    "lenet5": (),
}
"""By network, besides our own names."""
