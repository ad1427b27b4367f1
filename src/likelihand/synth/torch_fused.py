"""Elementwise functions of tensors as few kernels of a GPU: `torch.compile` where it works, else one at a time."""

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def fused(**varying: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Compile a function of tensors when it first meets a CUDA tensor; on any other device it runs as it stands.

    Where compiling fails, for want of Triton or of a compiler of C, it warns and runs as it stands from then on.
    `torch.compiler.set_stance("force_eager")` switches compiling off.

    Args:
        varying: the dimension of each named argument whose length changes from call to call.

    Example:
        >>> fused(x=0)(lambda x: 2 * x + 1)(torch.ones(2))
        tensor([3., 3.])
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        run: Callable[Arguments, Result] | None = None

        @functools.wraps(function)
        def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            nonlocal run
            if not any(isinstance(a, torch.Tensor) and a.is_cuda for a in args):
                return function(*args, **kwargs)
            try:
                run = run or _compiled(function, varying)
                return run(*args, **kwargs)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:
                result, run = function(*args, **kwargs), function
                warn_slow(f"compiling {function.__name__}", error)
                return result

        return wrapped

    return decorate


def _compiled(function: Callable[Arguments, Result], varying: Mapping[str, int]) -> Callable[Arguments, Result]:
    """Compile a function on its first call; this import alone takes seconds."""
    from torch._dynamo import maybe_mark_dynamic

    compiled = torch.compile(function, fullgraph=True)
    names = list(inspect.signature(function).parameters)
    lengths = {names.index(name): dimension for name, dimension in varying.items()}

    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for position, dimension in lengths.items():
            maybe_mark_dynamic(args[position], dimension)
        return compiled(*args, **kwargs)

    return run


def warn_slow(what: str, error: Exception) -> None:
    """Say that something is impossible here and that rendering goes on without it."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    warnings.warn(f"{what} failed, so rendering is slower here: {reason[:300]}", RuntimeWarning, stacklevel=3)
