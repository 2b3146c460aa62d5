"""Up a deterministic objective until its gradient vanishes, where theorems speak of optima.

Adam, which training uses, stays some distance away from them; a second-order method gets there to
nearly all digits, given a smooth function that returns the same value each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


def maximise(value: Callable[[], Tensor], parameters: Iterable[Tensor], steps: int) -> None:
    """Change `parameters` in place, by at most `steps` iterations of L-BFGS with line search.

    Parameters
    ----------
    value : the objective at the current parameters, one number; it must be smooth, and draw no
        fresh random numbers.
    parameters : double precision, with `requires_grad`.
    steps : at least 1.

    Raises
    ------
    ValueError : for steps < 1, and for a value that is not finite to begin with.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    start = value().item()
    if not abs(start) < float("inf"):
        raise ValueError(f"the value at the start is {start}; begin where it is finite")
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=steps,
        tolerance_grad=1e-13,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = -value()
        loss.backward()
        return loss

    optimizer.step(closure)
