"""Compute what a GPU could do with our networks from their operations: what was not measured, and says so.

    python -m experiments.gpu_rates --peak 989 --share 0.4

Counts the multiplications and additions of a crop through the paper's network (ResNet-50, five stages, 256 pixels)
and the bundled model, and divides `--share` of the device's peak (10^12 a second, dense; an H100 SXM has 989 in
bfloat16) by them. A training step counts as three passes, since a backward pass costs two. Depthwise convolutions
are bound by memory and reach far less than such a share: the bundled model's figures are bounds.
"""

import argparse

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import likelihand as lh
from likelihand.inference import bundled
from likelihand.models.checkpoint import load_checkpoint
from likelihand.utils.tables import markdown

PASSES = {"prediction": 1, "training": 3}


def operations(network: nn.Module, size: int) -> int:
    """Count the multiplications and additions of one crop, in matrix products and convolutions."""
    crops = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(crops)
    return int(counter.get_total_flops())


def rates(count: int, peak: float, share: float) -> dict[str, tuple[float, float]]:
    """Return 10^9 operations a crop and crops a second for each kind of work.

    Args:
        count: operations of a crop's prediction.
        peak: of the device, 10^12 a second.
        share: of the peak that is reached.

    Example:
        >>> rates(10**9, peak=100, share=0.3)["training"]
        (3.0, 10000.0)
    """
    return {
        work: (passes * count / 1e9, share * peak * 1e12 / (passes * count)) for work, passes in PASSES.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peak", type=float, default=989, help="10^12 operations a second")
    parser.add_argument("--share", type=float, default=0.4, help="of the peak that is reached")
    a = parser.parse_args()
    hand, info = load_checkpoint(bundled().with_suffix(".safetensors"))
    paper = lh.SequentialHeatmapNetwork(lh.TimmBackbone("resnet50"), stages=5).eval()
    rows = [
        [f"{name}, {size} px", work, f"{count:.2f}", f"{rate:,.0f}"]
        for name, network, size in (("ResNet-50, 5 stages", paper, 256), ("bundled", hand, info.size[0]))
        for work, (count, rate) in rates(operations(network, size), a.peak, a.share).items()
    ]
    print(
        markdown(
            ["network", "work", "10^9 operations a crop", f"crops a second at {a.share:.0%} of the peak"], rows
        )
    )


if __name__ == "__main__":
    main()
