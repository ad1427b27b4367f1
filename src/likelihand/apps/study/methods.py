"""The compared methods: network, loss and decoder, all built from one `Setting`."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import torch

from likelihand.apps.study.matched import MatchedWarmStart
from likelihand.apps.study.setting import Setting
from likelihand.losses import (
    HeatmapCrossEntropy,
    HeatmapLoss,
    IntegralLoss,
    ResidualLogLikelihood,
    ScaleWeighted,
    StageLoss,
)
from likelihand.models import (
    Backbone,
    ConvolutionalPoseMachine,
    IntegralNetwork,
    KeypointNetwork,
    RegressionNetwork,
    SequentialHeatmapNetwork,
    TimmBackbone,
)
from likelihand.models.heads import (
    HEATMAP_STRIDE,
    INITIAL,
    separable_transposed_convolution,
    transposed_convolution,
)
from likelihand.models.stages import LaterStage, recalling_stage, refining_stage
from likelihand.ops.flows import RealNVP, StandardStudent
from likelihand.ops.heatmaps import Decoder, peak, soft_argmax

NetworkFactory = Callable[[Setting], KeypointNetwork]
LossFactory = Callable[[Setting], StageLoss]

POOLED_STRIDE: Final = 32
CPM_STRIDE: Final = 8
WIDEST: Final = 4096
AS_SLOW: Final = 9.4
"""One stage this many times wider takes as long as the refining ones: 12.6 ms to train on a crop of 96 px."""


@dataclass(frozen=True)
class Method:
    """One compared method; the name identifies it.

    Attributes:
        name: in files.
        label: in figures and tables.
        network: makes the network, with random heads; seed torch first.
        loss: makes the loss.
        warm: whether a `MatchedWarmStart` helps over the beginning.
        flow_rate: learning rate of the loss's own parameters, as a multiple of the network's.
        sources: whether the loss is told which source a label is of, where there are two.
    """

    name: str
    label: str
    network: NetworkFactory = field(compare=False)
    loss: LossFactory = field(compare=False)
    warm: bool = field(default=False, compare=False)
    flow_rate: float = field(default=1.0, compare=False)
    sources: bool = field(default=False, compare=False)

    def training_loss(self, setting: Setting, steps: int) -> StageLoss:
        """Make the loss as it is trained in a run of so many steps, with the warm start where it has one."""
        loss = self.loss(setting)
        if not self.warm:
            return loss
        helper = HeatmapCrossEntropy(loss.stages, setting.sigma(HEATMAP_STRIDE))
        return MatchedWarmStart(loss, helper, setting.helper_share * steps, setting.helper_ratio)

    def rate(self, setting: Setting) -> float:
        """Return the learning rate that was chosen for it, or for the loss that its name begins with."""
        words = self.name.split("-")
        names = ["-".join(words[:count]) for count in range(len(words), 0, -1)]
        return next((setting.rates[n] for n in names if n in setting.rates), setting.train.learning_rate)


def backbone(setting: Setting, stride: int, context: bool = False) -> TimmBackbone:
    """Make the backbone that all methods share, cut at a stride."""
    frozen = min(setting.frozen, stride)
    return TimmBackbone(setting.backbone, setting.weights, stride=stride, context=context, frozen=frozen)


def sequential(
    setting: Setting,
    stages: int | None = None,
    decoder: Decoder = soft_argmax,
    later: LaterStage = recalling_stage,
    width: int | None = None,
    features: Backbone | None = None,
) -> SequentialHeatmapNetwork:
    """Make the paper's network; on a backbone of its own where no `features` are given."""
    return SequentialHeatmapNetwork(
        features or backbone(setting, setting.stride),
        stages=stages or setting.stages,
        width=width or setting.width,
        upsampling=separable_transposed_convolution if setting.separable else transposed_convolution,
        later=later,
        decoder=decoder,
    )


def parameters(network: KeypointNetwork) -> int:
    """Count the parameters of a network's stages; the backbone is the same for all."""
    return sum(parameter.numel() for parameter in network.stages.parameters())


def refining(setting: Setting) -> SequentialHeatmapNetwork:
    """Make the paper's network with later stages that look around."""
    return sequential(setting, later=refining_stage)


def same_size(setting: Setting) -> SequentialHeatmapNetwork:
    """Make the paper's network of one stage, just wide enough to have the parameters of the refining one.

    Both are built without weights to find the width, which takes no random numbers.
    """
    with torch.device("meta"):
        aim = refining(replace(setting, weights=None))
        wide = partial(sequential, setting, stages=1, features=aim.backbone)
        widths = range(1, WIDEST)
        width = widths[bisect_left(widths, parameters(aim), key=lambda each: parameters(wide(width=each)))]
    return sequential(setting, stages=1, width=width)


def same_time(setting: Setting) -> SequentialHeatmapNetwork:
    """Make the paper's network of one stage, wide enough to take as long as the refining one."""
    return sequential(setting, stages=1, width=round(AS_SLOW * setting.width))


def deconvolution(setting: Setting) -> KeypointNetwork:
    """Make the network of Integral Pose."""
    return IntegralNetwork(backbone(setting, setting.stride), width=setting.width)


def regression(setting: Setting) -> KeypointNetwork:
    """Make RLE's network, whose layer of the points divides by the feature's norm as published."""
    return RegressionNetwork(backbone(setting, POOLED_STRIDE))


def pose_machine(setting: Setting) -> KeypointNetwork:
    """Make Convolutional Pose Machines."""
    features = backbone(setting, CPM_STRIDE, context=True)
    return ConvolutionalPoseMachine(features, stages=setting.cpm_stages, width=setting.cpm_width)


def likelihood(setting: Setting, stages: int | None = None, laplace: bool = False) -> StageLoss:
    """Make the paper's loss: eq. 5 as written, or with a flow that starts from a Laplace density."""
    return ResidualLogLikelihood(stages or setting.stages, residual="laplace" if laplace else "none")


def heavy_tailed(setting: Setting) -> StageLoss:
    """Make eq. 5 with flows that start from Student's t, of 3 degrees of freedom, in place of the normal."""
    flows = [RealNVP(base=StandardStudent(3)) for _ in range(setting.stages)]
    return ResidualLogLikelihood(setting.stages, density=flows)


def scale_weighted(setting: Setting) -> StageLoss:
    """Make eq. 5 with a Laplace start, its keypoints weighed by their scale so that all means move alike."""
    return ScaleWeighted(likelihood(setting, laplace=True), beta=0.5, unit=INITIAL * setting.train.size)


def integral(setting: Setting, stages: int | None = None) -> StageLoss:
    """Make the L1 loss of the mean."""
    return IntegralLoss(stages or setting.stages)


def cross_entropy(setting: Setting) -> StageLoss:
    """Make the cross-entropy of heatmaps to a Gaussian."""
    return HeatmapCrossEntropy(setting.stages, setting.sigma(HEATMAP_STRIDE))


def rle_published(_: Setting) -> StageLoss:
    """Make RLE's loss as its authors' program computes it."""
    return ResidualLogLikelihood(variant="rle")


def heatmap_l2(setting: Setting, stages: int | None = None, stride: int = HEATMAP_STRIDE) -> StageLoss:
    """Make the squared distance to a Gaussian."""
    return HeatmapLoss(stages or setting.stages, setting.sigma(stride), stride)


def pose_machine_loss(setting: Setting) -> StageLoss:
    """Make the loss of Convolutional Pose Machines: heatmap l2 on every stage."""
    return heatmap_l2(setting, setting.cpm_stages, CPM_STRIDE)


_LAPLACE: Final = partial(likelihood, laplace=True)

L1: Final = Method("integral", "integral L1", sequential, integral, warm=True)
MLE: Final = Method("mle", "MLE, eq. 5", sequential, likelihood, warm=True)
LAPLACE: Final = Method("mle-laplace", "MLE, Laplace start", sequential, _LAPLACE, warm=True)
STUDENT: Final = Method("mle-student", "MLE, Student start", sequential, heavy_tailed, warm=True)
SLOW_FLOW: Final = Method(
    "mle-laplace-slow-flow", "MLE, Laplace start, slow flow", sequential, _LAPLACE, warm=True, flow_rate=0.1
)
WEIGHTED: Final = Method(
    "mle-laplace-weighted", "MLE, Laplace start, scale-weighted", sequential, scale_weighted, warm=True
)
CONDITIONAL: Final = Method(
    "mle-laplace-sources", "MLE, Laplace start, told the source", sequential, _LAPLACE, warm=True, sources=True
)
L1_ALONE: Final = Method("integral-alone", "integral L1, no helper", sequential, integral)
MLE_ALONE: Final = Method("mle-alone", "MLE, eq. 5, no helper", sequential, likelihood)
HEATMAP: Final = Method("heatmap", "heatmap l2", partial(sequential, decoder=peak), heatmap_l2)
CROSS_ENTROPY: Final = Method("cross-entropy", "heatmap cross-entropy", sequential, cross_entropy)
RLE: Final = Method("rle", "RLE, as published", regression, rle_published)
INTEGRAL_POSE: Final = Method("integral-pose", "Integral Pose", deconvolution, partial(integral, stages=1))
CPM: Final = Method("cpm", "CPM", pose_machine, pose_machine_loss)

DECISIVE: Final = (L1, MLE, LAPLACE)
"""Losses on one network with one helper: what they differ in is the loss alone."""

RIVALS: Final = (STUDENT, HEATMAP, CROSS_ENTROPY, RLE, INTEGRAL_POSE, CPM, L1_ALONE, MLE_ALONE)
"""Other losses on the paper's network, and other papers' networks with theirs."""

RATED: Final = (*DECISIVE, HEATMAP, CROSS_ENTROPY, RLE, INTEGRAL_POSE, CPM)
"""Methods with a learning rate of their own; each of the others differs in one thing from one of these."""

IDEAS: Final = (SLOW_FLOW, WEIGHTED)
"""What could make the likelihood better, beside `LAPLACE`."""


def staged(stages: int) -> Method:
    """Make the paper's network with a number of stages, trained by itself."""
    network, loss = partial(sequential, stages=stages), partial(likelihood, stages=stages)
    label = f"{MLE.label}, {stages} stage{'s' if stages > 1 else ''}"
    return Method(f"mle-{stages}-stages", label, network, loss, warm=True)


STAGES: Final = tuple(map(staged, (1, 3, 5)))

REFINING: Final = replace(
    LAPLACE, name="mle-laplace-refining", label=f"{LAPLACE.label}, refining stages", network=refining
)


def one_stage(name: str, cost: str, network: NetworkFactory) -> Method:
    """Make the Laplace start on one stage that costs as much as the refining ones."""
    label = f"{LAPLACE.label}, one stage of equal {cost}"
    return replace(
        LAPLACE, name=f"mle-laplace-{name}", label=label, network=network, loss=partial(_LAPLACE, stages=1)
    )


SAME_SIZE: Final = one_stage("same-size", "parameters", same_size)
SAME_TIME: Final = one_stage("same-time", "time", same_time)
REFINEMENTS: Final = (REFINING, SAME_SIZE, SAME_TIME)
"""Stages that look around, and what one stage makes of the same parameters and of the same time."""
