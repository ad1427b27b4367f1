"""Hands for `cvat-cli task auto-annotate`: a detection function of CVAT's SDK.

    cvat-cli task auto-annotate 137 --function-module likelihand.interop.cvat_function --conf-threshold 0.5

The task needs the labels of `likelihand.interop.cvat.labels`, or some of them with `--allow-unmatched-labels`.
"""

from typing import TYPE_CHECKING, Any

from likelihand.interop.cvat import CLASSES, class_of
from likelihand.interop.packages import needed
from likelihand.structures import KEYPOINTS

if TYPE_CHECKING:
    import PIL.Image

    from likelihand.inference import Predictor


class HandFunction:
    """Finds hands for CVAT.

    Args:
        predict: the model; the bundled one where None.
        settings: of `likelihand.load`, where no model is given; `tta=1` is faster.

    Attributes:
        spec: the labels it knows: a skeleton per side.

    Raises:
        ModuleNotFoundError: CVAT's SDK is missing.
    """

    def __init__(self, predict: "Predictor | None" = None, **settings: Any) -> None:  # noqa: ANN401
        self._sdk = needed("cvat_sdk.auto_annotation", "CVAT's auto-annotation", "cvat-cli")
        from likelihand.inference import load

        self._predict = predict or load(**settings)
        parts = [self._sdk.keypoint_spec(name, number) for number, name in enumerate(KEYPOINTS)]
        labels = [self._sdk.skeleton_label_spec(name, number, parts) for number, name in enumerate(CLASSES)]
        self.spec = self._sdk.DetectionFunctionSpec(labels=labels)

    def detect(self, context: Any, image: "PIL.Image.Image") -> list[Any]:  # noqa: ANN401
        """Find the hands of a picture whose score reaches the context's threshold, as skeletons in its pixels."""
        least = context.conf_threshold or 0.0
        hands = [hand for hand in self._predict(image.convert("RGB")) if hand.score >= least]
        return [
            self._sdk.skeleton(
                class_of(hand.side),
                elements=[
                    self._sdk.keypoint(number, point.tolist(), outside=not inside)
                    for number, (point, inside) in enumerate(zip(hand.points, hand.inside, strict=True))
                ],
            )
            for hand in hands
        ]


def create(**settings: Any) -> HandFunction:  # noqa: ANN401
    """Make the function, as `cvat-cli` asks for it: `-p tta=int:1` becomes `tta=1`."""
    return HandFunction(**settings)
