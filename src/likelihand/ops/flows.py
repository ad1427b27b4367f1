"""Densities over the plane, and the normalizing flow that learns one.

Anything with `log_prob` is a density; the losses ask for no more.
"""

import math
from typing import Final, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INITIAL_OUTPUT: Final = 0.01
"""Last layers start this small, so that a flow starts close to the identity."""


@runtime_checkable
class Density(Protocol):
    """A density over the plane: any object with `log_prob`."""

    def log_prob(self, x: Tensor, /) -> Tensor:
        """Return the natural logarithm of the density at x (..., 2), shape (...)."""


class Base(Density, Protocol):
    """A density that can be sampled: the base of a flow."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator | None, like: Tensor) -> Tensor:
        """Draw an array of the given shape, (..., 2), with the type and device of `like`."""


class StandardNormal:
    """N(0, I) in the plane.

    Example:
        >>> StandardNormal().log_prob(torch.zeros(2)).exp() * 2 * math.pi
        tensor(1.0000)
    """

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the natural logarithm of the density at x (..., 2), shape (...)."""
        return -0.5 * x.square().sum(-1) - math.log(2 * math.pi)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator | None, like: Tensor) -> Tensor:
        """Draw an array of the given shape, (..., 2), with the type and device of `like`."""
        return torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)


class StandardLaplace:
    r"""Two independent Laplace variables of mean 0 and variance 1, :math:`e^{-\sqrt 2 |x|} / \sqrt 2` each.

    Example:
        >>> StandardLaplace().log_prob(torch.zeros(2)).exp()
        tensor(0.5000)
    """

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the natural logarithm of the density at x (..., 2), shape (...)."""
        return -math.sqrt(2) * x.abs().sum(-1) - math.log(2)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator | None, like: Tensor) -> Tensor:
        """Draw an array of the given shape, (..., 2), with the type and device of `like`."""
        uniform = torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device) - 0.5
        uniform.clamp_(min=torch.finfo(like.dtype).eps / 2 - 0.5)  # torch draws 0 too, whose quantile is infinite
        return -uniform.sign() * torch.log1p(-2 * uniform.abs()).div(math.sqrt(2))


class StandardStudent:
    r"""Two independent variables with Student's t density: tails that fall as :math:`|x|^{-\nu - 1}`.

    A base with heavy tails: the gradient of an outlier's log-density falls with its distance, where a normal
    base's grows and a Laplace base's stays.

    Args:
        freedom: degrees of freedom, a whole number of at least 1; the mean exists from 2 on, the variance from 3.

    Raises:
        ValueError: it is below 1.

    Example:
        >>> cauchy = StandardStudent(1)
        >>> round(float(cauchy.log_prob(torch.zeros(2)).exp()) * math.pi**2, 5)
        1.0
    """

    def __init__(self, freedom: int = 3) -> None:
        if freedom < 1:
            raise ValueError(f"freedom is {freedom}: expected a whole number of at least 1")
        self.freedom = freedom

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the natural logarithm of the density at x (..., 2), shape (...)."""
        n = self.freedom
        constant = math.lgamma((n + 1) / 2) - math.lgamma(n / 2) - 0.5 * math.log(n * math.pi)
        return 2 * constant - (n + 1) / 2 * torch.log1p(x.square() / n).sum(-1)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator | None, like: Tensor) -> Tensor:
        """Draw an array of the given shape, (..., 2), with the type and device of `like`."""
        drawn = torch.randn((self.freedom + 1, *shape), generator=generator, dtype=like.dtype, device=like.device)
        return drawn[0] / drawn[1:].square().mean(0).sqrt()


class RealNVP(nn.Module):
    r"""Learns a density over the plane as an invertible map of a simple one.

    A chain of affine couplings (eq. 7 of the paper; Dinh et al., Density estimation using Real NVP, 2017).
    Coupling i keeps one coordinate a, taking turns, and moves the other,

    .. math:: b \mapsto b\, e^{\tanh u(a)} + t(a),

    where u and t are the two outputs of a network 1-hidden-hidden-2 with leaky ReLU; log p(x) = log base(z) -
    log|det dx/dz|. The last layers start small, so the flow starts near its base. Several independent flows of one
    shape run as one batch, since a flow this small costs its kernel launches and little else. Arithmetic keeps to
    the type of the parameters (float32), also inside autocast.

    Args:
        couplings: length of the chain.
        hidden: width of the networks.
        flows: number of independent flows.
        base: density of z; N(0, I) by default.

    Raises:
        ValueError: a count below 1.

    Example:
        >>> flow = RealNVP()
        >>> flow.log_prob(torch.zeros(4, 21, 2)).shape
        torch.Size([4, 21])
        >>> RealNVP(flows=5).log_prob(torch.zeros(5, 7, 2)).shape
        torch.Size([5, 7])
    """

    def __init__(self, couplings: int = 6, hidden: int = 64, flows: int = 1, base: Base | None = None) -> None:
        super().__init__()
        if min(couplings, hidden, flows) < 1:
            raise ValueError(f"couplings {couplings}, hidden {hidden}, flows {flows}: each must be at least 1")
        self.couplings, self.hidden, self.flows = couplings, hidden, flows
        self.base: Base = StandardNormal() if base is None else base
        self.weight_in, self.bias_in = self._layer(1, hidden)
        self.weight_hidden, self.bias_hidden = self._layer(hidden, hidden)
        self.weight_out, self.bias_out = self._layer(hidden, 2, INITIAL_OUTPUT)

    def _layer(self, inputs: int, outputs: int, gain: float = 1.0) -> tuple[nn.Parameter, nn.Parameter]:
        bound = gain / math.sqrt(inputs)
        weight = torch.empty(self.couplings, self.flows, inputs, outputs).uniform_(-bound, bound)
        bias = torch.empty(self.couplings, self.flows, 1, outputs).uniform_(-bound, bound)
        return nn.Parameter(weight), nn.Parameter(bias)

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"couplings={self.couplings}, hidden={self.hidden}, flows={self.flows}"

    def forward(self, z: Tensor, index: int | None = None) -> tuple[Tensor, Tensor]:
        """Map base coordinates to data coordinates.

        Args:
            z: (..., 2) read by the only flow or by flow `index`; (flows, ..., 2), one slice a flow, otherwise.
            index: which flow.

        Returns:
            x of the same shape, and log|det dx/dz| without the last axis.

        Raises:
            ValueError: the first axis does not match the number of flows, the last is not 2, or no such flow.
        """
        return self._run(z, index, inverse=False)

    def inverse(self, x: Tensor, index: int | None = None) -> tuple[Tensor, Tensor]:
        """Map data coordinates to base coordinates, and return log|det dz/dx|; see `forward`."""
        return self._run(x, index, inverse=True)

    def log_prob(self, x: Tensor, index: int | None = None) -> Tensor:
        """Return the natural logarithm of the learned density at x; see `forward` for the shapes."""
        z, log_det = self.inverse(x, index)
        return self.base.log_prob(z) + log_det

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator | None = None, index: int | None = None) -> Tensor:
        """Draw points from the learned density.

        Args:
            count: how many, of every flow.
            generator: source of randomness, on the device of the parameters.
            index: which flow; every flow otherwise.

        Returns:
            (count, 2) with an index or one flow alone, else (flows, count, 2).
        """
        several = index is None and self.flows > 1
        shape = (self.flows, count, 2) if several else (count, 2)
        sample: Tensor = self(self.base.sample(shape, generator, self.weight_in), index)[0]
        return sample

    def _run(self, points: Tensor, index: int | None, *, inverse: bool) -> tuple[Tensor, Tensor]:
        if index is not None and not 0 <= index < self.flows:
            raise ValueError(f"index {index}: expected 0..{self.flows - 1}, one of the {self.flows} flows")
        chosen = slice(None) if index is None else slice(index, index + 1)
        flows = self.flows if index is None else 1
        if points.shape[-1] != 2 or (flows > 1 and points.shape[0] != flows):
            expected = "(..., 2)" if flows == 1 else f"({flows}, ..., 2), one slice a flow, or an index"
            raise ValueError(f"points have shape {tuple(points.shape)}, expected {expected}")
        with torch.autocast(points.device.type, enabled=False):
            flat = points.to(self.weight_in.dtype).reshape(flows, math.prod(points.shape[:-1]) // flows, 2)
            mapped, log_det = self._chain(flat, chosen, inverse)
        return mapped.view(points.shape), log_det.view(points.shape[:-1])

    def _chain(self, points: Tensor, chosen: slice, inverse: bool) -> tuple[Tensor, Tensor]:
        layers = [
            parameter[:, chosen].unbind()
            for parameter in (
                self.weight_in, self.bias_in, self.weight_hidden, self.bias_hidden, self.weight_out, self.bias_out,
            )
        ]  # fmt: skip
        coordinates = list(points.unbind(-1))
        log_det = torch.zeros_like(coordinates[0])
        for i in reversed(range(self.couplings)) if inverse else range(self.couplings):
            kept, moved = i % 2, 1 - i % 2
            log_scale, shift = _conditioner(coordinates[kept], *(layer[i] for layer in layers))
            if inverse:
                coordinates[moved] = (coordinates[moved] - shift) * torch.exp(-log_scale)
                log_det = log_det - log_scale
            else:
                coordinates[moved] = coordinates[moved] * log_scale.exp() + shift
                log_det = log_det + log_scale
        return torch.stack(coordinates, -1), log_det


def _conditioner(
    kept: Tensor, weight_in: Tensor, bias_in: Tensor, weight_hidden: Tensor, bias_hidden: Tensor,
    weight_out: Tensor, bias_out: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    hidden = F.leaky_relu(torch.baddbmm(bias_in, kept.unsqueeze(-1), weight_in))
    hidden = F.leaky_relu(torch.baddbmm(bias_hidden, hidden, weight_hidden))
    log_scale, shift = torch.baddbmm(bias_out, hidden, weight_out).unbind(-1)
    return log_scale.tanh(), shift
