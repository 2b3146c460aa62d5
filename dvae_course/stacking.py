"""Many modules of one shape as one module with a leading model axis.

`stack` turns M modules that differ only in their numbers (weights, β, prior scales, …) into one
whose tensors have shape `(M, …)`. Our layers, priors and objectives all compute with or without
that axis, so that a whole grid of models trains in one batched pass.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def constants(module: nn.Module) -> list[tuple[str, object]]:
    """Everything that decides what a module computes, apart from its tensors."""
    found: list[tuple[str, object]] = []
    for name, part in module.named_modules():
        found.append((name or "class", type(part)))
        public = {k: v for k, v in vars(part).items() if not k.startswith("_") and k != "training"}
        found.extend((f"{name}.{k}".lstrip("."), v) for k, v in sorted(public.items()))
    return found


def _set_tensor(module: nn.Module, name: str, value: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    if leaf in owner._parameters:
        owner._parameters[leaf] = nn.Parameter(value, requires_grad=True)
    else:
        owner._buffers[leaf] = value


def check_stackable(modules: Sequence[nn.Module]) -> None:
    """Raise `ValueError` unless the modules differ in nothing but the values of their tensors."""
    first = constants(modules[0])
    shapes = {k: v.shape for k, v in modules[0].state_dict().items()}
    for i, module in enumerate(modules[1:], start=1):
        other = constants(module)
        for a, b in zip(first, other, strict=False):
            if a != b:
                raise ValueError(
                    f"model {i} cannot share a batched pass with model 0: it has {b[0]} = {b[1]!r} "
                    f"where model 0 has {a[0]} = {a[1]!r}; train them in two calls"
                )
        if (
            len(first) != len(other)
            or {k: v.shape for k, v in module.state_dict().items()} != shapes
        ):
            raise ValueError(
                f"model {i} cannot share a batched pass with model 0: their tensors differ in "
                "number or shape; train them in two calls"
            )


def stack(modules: Sequence[nn.Module]) -> nn.Module:
    """One module whose parameters and buffers are those of `modules` along a new first axis."""
    if not modules:
        raise ValueError("stack needs at least one module, got none")
    check_stackable(modules)
    stacked = copy.deepcopy(modules[0])
    states = [m.state_dict() for m in modules]
    for name in states[0]:
        _set_tensor(stacked, name, torch.stack([s[name].detach() for s in states]))
    return stacked


def unstack(stacked: nn.Module, model: int) -> nn.Module:
    """Model number `model` of a stack, as a module without the model axis."""
    single = copy.deepcopy(stacked)
    for name, value in stacked.state_dict().items():
        _set_tensor(single, name, value[model].detach().clone())
    return single
