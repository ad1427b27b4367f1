"""Convert MediaPipe's hand landmark network into a start for the bundled model's backbone.

    pip download --no-deps mediapipe==0.10.21
    pip install ai-edge-litert
    python -m experiments.models.hand_start mediapipe-0.10.21-*.whl --out runs/hand-start.safetensors

The network (full, Apache-2.0, Copyright The MediaPipe Authors) is an EfficientNet-Lite0 with a thinner stem: its
47 convolutions fit timm's `tf_efficientnet_lite0`, whose further channels begin without effect. Its batch norms
were folded away; they are made anew, with the statistics of rendered hands, so that training can go on from them.
Before anything is written, the features after the last depthwise convolution are compared with the original's on
ten crops. Give the file as `weights` to `likelihand.TimmBackbone`; its input is RGB in 0..1.
"""

import argparse
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from likelihand.data import Synthetic
from likelihand.geometry import crop_matrix, warp_image

ARCHITECTURE = "tf_efficientnet_lite0"
MEMBER = "mediapipe/modules/hand_landmark/hand_landmark_full.tflite"
SIDE = 224  # of the original's input
LAST = "blocks.6.0.bn2"  # what follows in timm's network has no counterpart in the original
TOLERANCE = 1e-3  # of features in 0..6; arithmetic in another order moves them by 2e-5
ABOUT = {
    "source": "MediaPipe hand landmark network (full), converted",
    "licence": "Apache-2.0",
    "attribution": "Copyright The MediaPipe Authors",
    "input": "RGB in 0..1 (mean 0, std 1)",
}


class Original:
    """The original network, every tensor of which can be read after a run.

    Args:
        path: its .tflite file.
    """

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        options = {"experimental_op_resolver_type": resolver, "experimental_preserve_all_tensors": True}
        self._runtime = Interpreter(str(path), num_threads=1, **options)
        self._runtime.allocate_tensors()
        operations = self._runtime._get_ops_details()
        self._convolutions = [each for each in operations if "CONV_2D" in each["op_name"]]

    def __call__(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the features (C, h, w) after the last convolution of a picture (224, 224, 3) in 0..1."""
        self._runtime.set_tensor(self._runtime.get_input_details()[0]["index"], picture[None])
        self._runtime.invoke()
        features = self._runtime.get_tensor(self._convolutions[-1]["outputs"][0])
        return np.ascontiguousarray(features[0].transpose(2, 0, 1))

    def convolutions(self) -> list[tuple[Tensor, Tensor]]:
        """Read weights (out, in, h, w) and biases in the order of the network; it must have run once."""
        found = []
        for each in self._convolutions:
            weight, bias = (torch.tensor(self._runtime.get_tensor(i)) for i in each["inputs"][1:3])
            depthwise = each["op_name"].startswith("DEPTHWISE")
            found.append((weight.permute(3, 0, 1, 2) if depthwise else weight.permute(0, 3, 1, 2), bias))
        return found


def tflite_of(source: Path, folder: Path) -> Path:
    """Find the network in a wheel, or take the .tflite file that is given.

    Raises:
        ValueError: the wheel does not hold it.
    """
    if source.suffix != ".whl":
        return source
    with zipfile.ZipFile(source) as wheel:
        if MEMBER not in wheel.namelist():
            raise ValueError(f"{source} holds no {MEMBER}: expected a wheel of mediapipe 0.10.21")
        return Path(wheel.extract(MEMBER, folder))


def crops(count: int) -> NDArray[np.float32]:
    """Render hands, (N, 224, 224, 3) in 0..1, turned as they come."""
    hands = Synthetic(count, seed=400, size=SIDE)
    records = [hands.record(i) for i in range(count)]
    cuts = [warp_image(r.read(), crop_matrix(r.box, (SIDE, SIDE), padding=1.35), (SIDE, SIDE)) for r in records]
    return np.asarray(np.stack(cuts) / np.float32(255), np.float32)


def pairs(model: nn.Module) -> list[tuple[str, nn.Conv2d, Any]]:
    """List a timm EfficientNet's convolutions in order: name, module, and the batch norm that follows."""
    kinds = nn.Conv2d | nn.modules.batchnorm._BatchNorm
    modules = [(name, m) for name, m in model.named_modules() if isinstance(m, kinds)]
    both = zip(modules[::2], modules[1::2], strict=True)
    return [(name, m, norm) for (name, m), (_, norm) in both if isinstance(m, nn.Conv2d)]


@torch.no_grad()
def fill(model: nn.Module, weights: list[tuple[Tensor, Tensor]]) -> list[tuple[Any, Tensor]]:
    """Put convolutions in place; return the batch norms, which add a bias and nothing else, with their biases.

    Where timm's network has more channels, its pointwise convolutions ignore them (weight 0) and the others keep
    the weights they were born with, so that a gradient can wake them.
    """
    norms = []
    for (weight, bias), (name, convolution, norm) in zip(weights, pairs(model), strict=False):
        if name.endswith("conv_pw"):
            convolution.weight.zero_()
        convolution.weight[tuple(slice(n) for n in weight.shape)] = weight
        full = torch.zeros(len(convolution.weight))
        full[: len(bias)] = bias
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.copy_(full)
        norms.append((norm, full))
    return norms


@torch.no_grad()
def measure(model: nn.Module, norms: list[tuple[Any, Tensor]], pictures: Tensor) -> None:
    """Set batch norms to the statistics of pictures (N, 3, h, w), with weights and biases that undo them."""
    sums = {norm: torch.zeros(3, len(bias), dtype=torch.float64) for norm, bias in norms}

    def add(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        values = inputs[0].double()
        count = torch.full_like(values[0, :, 0, 0], values.numel() / values.shape[1])
        sums[norm] += torch.stack([count, values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])

    hooks = [norm.register_forward_pre_hook(add) for norm, _ in norms]
    for batch in torch.split(pictures, 32):
        model(batch)
    for hook in hooks:
        hook.remove()
    for norm, bias in norms:
        count, total, squares = sums[norm]
        mean = total / count
        norm.running_mean.copy_(mean)
        norm.running_var.copy_((squares / count - mean**2).clamp_min(1e-6))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(bias + mean)


@torch.no_grad()
def features(model: nn.Module, picture: Tensor) -> Tensor:
    """Compute the features (C, h, w) that the original's last convolution makes."""
    seen: list[Tensor] = []
    hook = model.get_submodule(LAST).register_forward_hook(lambda module, inputs, output: seen.append(output[0]))
    model(picture[None])
    hook.remove()
    return seen[0]


def main() -> None:
    """Convert, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="wheel of mediapipe, or hand_landmark_full.tflite")
    parser.add_argument("--hands", type=int, default=256, help="rendered hands for the statistics")
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    pictures = crops(a.hands)
    batch = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    model = timm.create_model(ARCHITECTURE).eval()
    with TemporaryDirectory() as folder:
        original = Original(tflite_of(a.source, Path(folder)))
        expected = [torch.from_numpy(original(each)) for each in pictures[:10]]
        norms = fill(model, original.convolutions())
    measure(model, norms, batch)
    worst = max(
        float((features(model, one) - other).abs().max()) for one, other in zip(batch, expected, strict=False)
    )
    print(f"{len(norms)} convolutions; largest difference of features on ten crops: {worst:.1e}")
    if worst > TOLERANCE:
        raise SystemExit(f"features differ by {worst:.1e}, expected at most {TOLERANCE:.0e}: nothing is written")
    save_file({k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}, a.out, ABOUT)
    print(a.out)


if __name__ == "__main__":
    main()
