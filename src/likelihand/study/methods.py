"""What is compared: a network, a loss, and how heatmaps are read; all made from one `Setting`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from likelihand.hand import KEYPOINTS
from likelihand.losses import (
    HeatmapCrossEntropy,
    HeatmapLoss,
    IntegralLoss,
    ResidualLogLikelihood,
    StageLoss,
    WarmStart,
)
from likelihand.models import (
    ConvolutionalPoseMachine,
    IntegralNetwork,
    KeypointNetwork,
    RegressionNetwork,
    SequentialHeatmapNetwork,
    TimmBackbone,
)
from likelihand.models.heads import HEATMAP_STRIDE, separable_transposed_convolution, transposed_convolution
from likelihand.ops.flows import RealNVP, StandardLaplace, StandardStudent
from likelihand.ops.heatmaps import Decoder, peak, soft_argmax
from likelihand.study.setting import Setting

NetworkFactory = Callable[[Setting], KeypointNetwork]
LossFactory = Callable[[Setting], StageLoss]

POOLED_STRIDE: Final = 32
CPM_STRIDE: Final = 8


@dataclass(frozen=True)
class Method:
    """One thing that is compared; two of one name are the same.

    Attributes:
        name: in folders and CSV files.
        label: in figures and tables.
        network: makes the network, with random heads; seed torch first.
        loss: makes the loss.
        dark: stride of its heatmaps where they are pictures of Gaussians, which DARK can read too; else None.
    """

    name: str
    label: str
    network: NetworkFactory = field(compare=False)
    loss: LossFactory = field(compare=False)
    dark: int | None = None


def backbone(setting: Setting, stride: int, context: bool = False) -> TimmBackbone:
    """Make the backbone that all methods share, cut at a stride."""
    frozen = min(setting.frozen, stride)
    return TimmBackbone(setting.backbone, setting.weights, stride=stride, context=context, frozen=frozen)


def sequential(setting: Setting, stages: int | None = None, decoder: Decoder = soft_argmax) -> KeypointNetwork:
    """Make the paper's network."""
    return SequentialHeatmapNetwork(
        backbone(setting, setting.stride),
        stages=stages or setting.stages,
        width=setting.width,
        upsampling=separable_transposed_convolution if setting.separable else transposed_convolution,
        decoder=decoder,
    )


def deconvolution(setting: Setting, decoder: Decoder = soft_argmax) -> KeypointNetwork:
    """Make the network of Integral Pose and SimpleBaseline."""
    return IntegralNetwork(backbone(setting, setting.stride), width=setting.width, decoder=decoder)


def regression(setting: Setting) -> KeypointNetwork:
    """Make RLE's network."""
    return RegressionNetwork(backbone(setting, POOLED_STRIDE))


def pose_machine(setting: Setting) -> KeypointNetwork:
    """Make Convolutional Pose Machines."""
    features = backbone(setting, CPM_STRIDE, context=True)
    return ConvolutionalPoseMachine(features, stages=setting.cpm_stages, width=setting.cpm_width)


def likelihood(
    setting: Setting, stages: int | None = None, residual: bool = False, symmetric: bool = False
) -> StageLoss:
    """Make the paper's loss: eq. 5 as written, or with a flow that starts from a Laplace density."""
    return ResidualLogLikelihood(
        stages or setting.stages, residual="laplace" if residual else "none", symmetric=symmetric
    )


def heavy_tailed(setting: Setting) -> StageLoss:
    """Make eq. 5 with flows that start from Student's t, of 3 degrees of freedom, in place of the normal."""
    flows = [RealNVP(base=StandardStudent(3)) for _ in range(setting.stages)]
    return ResidualLogLikelihood(setting.stages, density=flows)


def without_flow(setting: Setting) -> StageLoss:
    """Make eq. 5 with a Laplace density that does not learn, in place of the flows."""
    return ResidualLogLikelihood(setting.stages, density=StandardLaplace())


def flow_a_keypoint(setting: Setting) -> StageLoss:
    """Make eq. 5 with a flow for every keypoint of every stage, where the paper has one a stage."""
    return ResidualLogLikelihood(setting.stages, keypoints=len(KEYPOINTS))


def floored(setting: Setting) -> StageLoss:
    """Make eq. 5 with a scale that does not fall below a share of the crop."""
    return ResidualLogLikelihood(setting.stages, floor=setting.floor * setting.train.size)


def integral(setting: Setting, stages: int | None = None) -> StageLoss:
    """Make the L1 loss of the mean."""
    return IntegralLoss(stages or setting.stages)


def rle_published(_: Setting) -> StageLoss:
    """Make RLE's loss as its authors' program computes it."""
    return ResidualLogLikelihood(variant="rle")


def heatmap_l2(setting: Setting, stages: int | None = None, stride: int = HEATMAP_STRIDE) -> StageLoss:
    """Make the squared distance to a Gaussian."""
    return HeatmapLoss(stages or setting.stages, setting.sigma(stride), stride)


def warm(setting: Setting, loss: LossFactory) -> StageLoss:
    """Make a loss with a heatmap cross-entropy beside it that fades out before the run ends."""
    made = loss(setting)
    helper = HeatmapCrossEntropy(made.stages, setting.sigma(HEATMAP_STRIDE))
    return WarmStart(made, helper, setting.warm_share * setting.steps, setting.warm_weight)


def warm_on_integral(setting: Setting) -> StageLoss:
    """Make the paper's loss with the L1 loss of the mean beside it, in crops of unit side, that fades out."""
    steps, weight = setting.warm_share * setting.steps, 10 * setting.warm_weight / setting.train.size
    return WarmStart(likelihood(setting), integral(setting), steps, weight)


def pose_machine_loss(setting: Setting) -> StageLoss:
    """Make the loss of Convolutional Pose Machines: heatmap l2 on every stage."""
    return heatmap_l2(setting, setting.cpm_stages, CPM_STRIDE)


_PEAK: Final = partial(sequential, decoder=peak)
_LAPLACE: Final = partial(likelihood, residual=True)
_SYMMETRIC: Final = partial(likelihood, symmetric=True)

MLE: Final = Method("mle", "MLE", sequential, likelihood)
MLE_WARM: Final = Method("mle-warm", "MLE, warm-started", sequential, partial(warm, loss=likelihood))
LAPLACE_WARM: Final = Method(
    "mle-laplace-warm", "MLE + Laplace, warm-started", sequential, partial(warm, loss=_LAPLACE)
)
SYMMETRIC_WARM: Final = Method(
    "mle-symmetric-warm", "MLE, symmetric, warm-started", sequential, partial(warm, loss=_SYMMETRIC)
)
INTEGRAL: Final = Method("integral", "integral L1", sequential, integral)
INTEGRAL_WARM: Final = Method(
    "integral-warm", "integral L1, warm-started", sequential, partial(warm, loss=integral)
)
HEATMAP: Final = Method("heatmap", "heatmap l2", _PEAK, heatmap_l2, dark=HEATMAP_STRIDE)
RLE: Final = Method("rle", "RLE, as published", regression, rle_published)
RLE_DENSITY: Final = Method("rle-density", "RLE, as a density", regression, partial(_LAPLACE, stages=1))
INTEGRAL_POSE: Final = Method("integral-pose", "Integral Pose", deconvolution, partial(integral, stages=1))
SIMPLE_BASELINE: Final = Method(
    "simple-baseline", "SimpleBaseline", partial(deconvolution, decoder=peak),
    partial(heatmap_l2, stages=1), dark=HEATMAP_STRIDE,
)  # fmt: skip
CPM: Final = Method("cpm", "CPM", pose_machine, pose_machine_loss, dark=CPM_STRIDE)

LOSSES: Final = (MLE, MLE_WARM, LAPLACE_WARM, SYMMETRIC_WARM, INTEGRAL, INTEGRAL_WARM, HEATMAP)
"""On the paper's network (fig. 5)."""

METHODS: Final = (MLE, MLE_WARM, RLE, RLE_DENSITY, INTEGRAL_POSE, CPM, SIMPLE_BASELINE)
"""Networks with the losses of their papers (figs. 6, 7)."""

ROBUST: Final = (MLE_WARM, LAPLACE_WARM, RLE, INTEGRAL_WARM, HEATMAP)
"""Trained on wrong labels; those on soft-argmax have the same warm start, so that their losses alone differ."""

STUDENT_WARM: Final = Method(
    "mle-student-warm", "MLE, Student base, warm-started", sequential, partial(warm, loss=heavy_tailed)
)
FIXED_WARM: Final = Method(
    "mle-fixed-warm", "Laplace likelihood, no flow, warm-started", sequential, partial(warm, loss=without_flow)
)
INTEGRAL_START: Final = Method("mle-integral-start", "MLE, warm-started on L1", sequential, warm_on_integral)

KEYPOINT_FLOWS: Final = Method(
    "mle-keypoint-flows-warm", "MLE, a flow a keypoint, warm-started", sequential,
    partial(warm, loss=flow_a_keypoint),
)  # fmt: skip
FLOOR_WARM: Final = Method(
    "mle-floor-warm", "MLE, scale floor, warm-started", sequential, partial(warm, loss=floored)
)

REMEDIES: Final = (
    MLE_WARM, LAPLACE_WARM, SYMMETRIC_WARM, STUDENT_WARM, FIXED_WARM, KEYPOINT_FLOWS, FLOOR_WARM, INTEGRAL_START,
    INTEGRAL_WARM,
)  # fmt: skip
"""What could make the paper's loss hold better, within its frame; the first is what they are compared with,
the last, integral L1, is the yardstick of robustness."""


def separate(stages: int) -> Method:
    """Make the paper's network with another number of stages, trained by itself.

    Example:
        >>> separate(1).label, separate(1) == separate(1)
        ('MLE, warm-started, 1 stage alone', True)
    """
    loss = partial(warm, loss=partial(likelihood, stages=stages))
    label = f"{MLE_WARM.label}, {stages} stage{'s' if stages > 1 else ''} alone"
    return Method(f"mle-warm-{stages}", label, partial(sequential, stages=stages), loss)
