"""The protocol of a network, whatever it predicts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from torch import Tensor, nn

if TYPE_CHECKING:
    from typing import Self


class Deployed(nn.Module):
    """The form of a network that runtimes load: images (N, H, W, 3) uint8 -> a tuple of results.

    Attributes:
        outputs: names of the results, in order.
    """

    outputs: tuple[str, ...]


@runtime_checkable
class Network(Protocol):
    """A module from pictures to predictions, which can be deployed and described.

    Networks of this library derive from `KeypointNetwork`, which has all of it, or stand on their own, as
    `DetectionNetwork` does. `likelihand.testing.check_network` checks one of your own.

    Attributes:
        kind: "hand" where it finds the keypoints of a hand in a crop, "detect" where it finds hands in pictures.
        outputs: names of the results that its deployed form can give, in order.
    """

    kind: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the results that its deployed form can return, in order."""
        ...

    def forward(self, images: Any, /) -> Any:  # noqa: ANN401
        """Predict from images (N, H, W, 3) uint8: what the loss takes, one per stage, the last the best."""

    def deploy(self, stages: int | None = None) -> Deployed:
        """Make an independent copy in evaluation mode that returns the first or all of `outputs`.

        It is cut after so many stages; not at all where None.
        """
        ...

    def config(self) -> dict[str, Any] | None:
        """Describe the architecture in plain values for JSON; None where no file can rebuild it."""
        ...

    if TYPE_CHECKING:

        def __call__(self, images: Tensor, /) -> Sequence[Any]: ...  # noqa: D102
        def eval(self) -> "Self": ...  # noqa: D102


def as_network(module: nn.Module) -> Network:
    """Return a module after checking that it is a `Network`.

    Raises:
        ValueError: it lacks a part of one.

    Example:
        >>> as_network(nn.Linear(1, 1))
        Traceback (most recent call last):
        ValueError: Linear lacks a part of likelihand.models.Network (kind, outputs, deploy, config); add it, ...
    """
    if not isinstance(module, Network):
        raise ValueError(
            f"{type(module).__name__} lacks a part of likelihand.models.Network (kind, outputs, deploy, config); "
            "add it, or derive from likelihand.models.KeypointNetwork, which has all of it"
        )
    return module
