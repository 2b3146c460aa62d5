"""The designs that have a name, and designs read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from dvae_course.study.design import GRIDS, Design, Scoring, Training

# As published, but for the pictures: a fixed sample of each grid, which a worker's memory can hold.
PAPER = Design("paper")
# The same grids at 16 × 16 pixels, in minutes. Deviations besides the size: AnnealedVAE's γ (with
# 1000 it learns nothing in so few steps), FactorVAE's discriminator and rates (the ones that made
# the samples' total correlation small, which needs no labels), one tree for DCI, quick classifiers.
MINIATURE = Design(
    "miniature",
    data_sets=("dsprites", "color-dsprites", "noisy-dsprites"),
    seeds=tuple(range(10)),
    seeds_together=2,
    training=Training(
        side=16,
        pictures=100_000,
        network="mlp",
        hidden=(64, 64),
        steps=2_500,
        learning_rate=2e-3,
        factor_learning_rate=1e-3,
        discriminator_units=128,
        discriminator_layers=3,
        discriminator_learning_rate=3e-3,
        annealed_gamma=100.0,
    ),
    scoring=Scoring(
        votes_train=5_000,
        votes_test=2_500,
        dci_estimator="tree",  # ranks models about as "histogram" does: benchmarks/study_dci.py
        downstream_many=1_000,
        downstream_trees="small_forest",
        downstream_logistic="untuned",
        evaluated=2_000,
    ),
)
SMOKE = Design(
    "smoke",
    strengths={method: strengths[::5] for method, strengths in GRIDS.items()},
    seeds=(0,),
    training=replace(MINIATURE.training, pictures=500, hidden=(16,), steps=20),
    scoring=Scoring(
        n_train=500,
        n_test=250,
        votes_train=60,
        votes_test=30,
        vote_size=4,
        dci_train=200,
        dci_estimator="tree",
        downstream_few=50,
        downstream_many=200,
        downstream_trees="small_forest",
        downstream_logistic="untuned",
        evaluated=200,
        whole_grid=False,
    ),
)
PRESETS: Mapping[str, Design] = {design.name: design for design in (SMOKE, MINIATURE, PAPER)}


def find(name: str) -> Design:
    """The design of a preset's name or of a TOML file.

    A file has the fields of `Design`, the tables `[training]` and `[scoring]`, `[strengths]` with a
    list for each method, and `preset`, from which what it leaves out is taken ("miniature" if it
    has none).

    Raises
    ------
    ValueError : neither a preset nor a file, a file that is no TOML, an unknown key, a value that
        does not fit; the message names the key.
    """
    if name in PRESETS:
        return PRESETS[name]
    path = Path(name)
    if not path.is_file():
        raise ValueError(
            f"{name!r} is neither a preset ({', '.join(PRESETS)}) nor a file; write a TOML file, "
            'for example with the lines preset = "miniature" and seeds = [0, 1, 2]'
        )
    try:
        return read(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read(table: Mapping[str, object], name: str) -> Design:
    """The design that a TOML file's content describes."""
    table = dict(table)
    preset = table.pop("preset", "miniature")
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}; got {preset!r}")
    strengths = table.pop("strengths", None)
    base = replace(PRESETS[preset], name=name)
    design = _replaced(base, table, "")
    return design if strengths is None else replace(design, strengths=_strengths(strengths))


def _replaced(base: Design | Training | Scoring, table: Mapping[str, object], within: str):
    """The dataclass with the table's values, each checked against the field's present one."""
    known = {field.name: field for field in fields(base) if field.name != "strengths"}
    changes = {}
    for key, value in table.items():
        if key not in known:
            raise ValueError(_unknown(within + key, key, known))
        now = getattr(base, key)
        if is_dataclass(now):
            if not isinstance(value, dict):
                raise ValueError(f"{within}{key} must be a table, [{key}], got {value!r}")
            changes[key] = _replaced(now, value, f"{key}.")
        else:
            changes[key] = _fitting(within + key, value, now)
    return replace(base, **changes)


def _fitting(key: str, value: object, now: object) -> object:
    """The value in the type of what it replaces, or `ValueError`."""
    if isinstance(now, tuple):
        kind = str if now and isinstance(now[0], str) else int
        if not isinstance(value, list) or not all(_is(item, kind) for item in value):
            what = {str: "strings", int: "whole numbers"}[kind]
            raise ValueError(f"{key} must be a list of {what}, got {value!r}")
        return tuple(value)
    if not _is(value, type(now)):
        what = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
        raise ValueError(f"{key} must be {what[type(now)]}, got {value!r}")
    return float(value) if isinstance(now, float) else value


def _is(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is kind


def _strengths(table: object) -> dict[str, tuple[float, ...]]:
    if not isinstance(table, dict):
        raise ValueError(f"strengths must be a table, [strengths], got {table!r}")
    for method, values in table.items():
        if method not in GRIDS:
            raise ValueError(_unknown(f"strengths.{method}", method, GRIDS))
        if not isinstance(values, list) or not all(_is(value, float) for value in values):
            raise ValueError(f"strengths.{method} must be a list of numbers, got {values!r}")
    return {method: tuple(values) for method, values in table.items()}


def _unknown(where: str, key: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(key, known, 1)
    advice = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"there is no key {where!r}; {advice}"
