"""A study's results: a folder of Parquet files, one a finished batch, never written in part.

A batch's file appears whole, under the batch's own name, so that a killed run loses its unfinished
batches only. Whoever works on a batch holds a lock on it, which the operating system takes away
from the dead.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from filelock import FileLock, Timeout

from dvae_course.metrics.suite import SIX, UNSUPERVISED
from dvae_course.metrics.udr import udr_from_codes
from dvae_course.study.design import DATA_SETS, GRIDS, Model

MODEL = ("data_set", "method", "strength", "seed")
KEY = ("design", *MODEL, "representation")
SCORES = (
    *SIX,
    "dci_completeness",
    "dci_informativeness",
    *UNSUPERVISED,
    "total_correlation_active",
    "reconstruction",
    "kl",
    "elbo",
    *(f"{by}_{n}" for by in ("trees", "logistic") for n in ("few", "many", "efficiency")),
)
SCHEMA = {
    "data_set": pl.String,
    "method": pl.String,
    "strength": pl.Float64,
    "seed": pl.Int64,
    "representation": pl.String,
    **{name: pl.Float64 for name in SCORES},
    "active": pl.Int64,
    "latent_kl": pl.List(pl.Float64),
    "failed": pl.Boolean,
    "design": pl.String,
    "code": pl.String,
    "seconds_training": pl.Float64,
    "seconds_scoring": pl.Float64,
    "finished": pl.Datetime("us", "UTC"),
    "codes": pl.Binary,
}


@dataclass(frozen=True)
class Store:
    """The folder of one or more studies' results."""

    folder: Path

    @property
    def pictures(self) -> Path:
        """Where drawn pictures are kept; may be deleted between runs."""
        return self.folder / "pictures"

    def part(self, key: str) -> Path:
        """The file of a batch's rows."""
        return self.folder / "parts" / f"{key}.parquet"

    @contextmanager
    def claimed(self, key: str) -> Iterator[bool]:
        """Whether a batch is ours to work on: nobody else is at it, and its file is not there."""
        locks = self.folder / "claims"
        locks.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(locks / f"{key}.lock", timeout=0):
                yield not self.part(key).exists()
        except Timeout:
            yield False

    def is_claimed(self, key: str) -> bool:
        """Whether a run is at this batch now."""
        lock = self.folder / "claims" / f"{key}.lock"
        if not lock.exists():
            return False
        try:
            with FileLock(lock, timeout=0):
                return False
        except Timeout:
            return True

    def append(self, key: str, rows: Sequence[dict[str, object]]) -> Path:
        """Write the rows of a finished batch, all or nothing."""
        return self._write(key, pl.DataFrame(rows, schema=SCHEMA))

    def _write(self, key: str, frame: pl.DataFrame) -> Path:
        path = self.part(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
        frame.write_parquet(unfinished)
        unfinished.replace(path)
        return path

    def finished(self, design: str) -> set[Model]:
        """The models whose rows are there, of the design with that hash."""
        rows = self.rows(columns=("design", *MODEL))
        rows = rows.filter(pl.col("design") == design).select(MODEL).unique()
        return {Model(*row) for row in rows.iter_rows()}

    def rows(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """What all files hold, in no order.

        Raises `ValueError` for a file that cannot be read, with the way out.
        """
        chosen = tuple(columns or SCHEMA)
        parts = sorted((self.folder / "parts").glob("*.parquet"))
        empty = pl.DataFrame(schema={name: SCHEMA[name] for name in chosen})
        return pl.concat([empty, *(_read(path, chosen) for path in parts)])


def load(out: str | Path, design: str | None = None) -> pl.DataFrame:
    """All results of a store, a row for each model and representation, in a fixed order.

    Parameters
    ----------
    out : the store's folder.
    design : the hash of a design, to leave out the rows of others.

    Returns
    -------
    polars.DataFrame with the columns of `SCHEMA` (but for the codes) and `udr`: of each mean
    representation, the agreement with the other seeds of its setting, null for fewer than 3 seeds.

    Raises
    ------
    ValueError : a folder that is none, a damaged file.
    """
    store = Store(Path(out))
    if not store.folder.is_dir():
        raise ValueError(
            f"there is no folder {out}; name one that `dvae study run` has written its results to"
        )
    rows = store.rows().unique(subset=KEY, keep="first")
    if design is not None:
        rows = rows.filter(pl.col("design") == design)
    return in_order(with_udr(rows).drop("codes"))


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in the study's order: data sets and methods as it lists them, then rising."""
    order = [
        pl.col("data_set").cast(pl.Enum(DATA_SETS)),
        pl.col("method").cast(pl.Enum(tuple(GRIDS))),
    ]
    return rows.sort("design", *order, "strength", "seed", "representation")


def with_udr(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows and their `udr`, from the mean codes of at least 3 seeds of a setting."""
    usable = rows.filter(pl.col("codes").is_not_null() & ~pl.col("failed"))
    setting = ("design", "data_set", "method", "strength")
    found = [
        group.select(KEY).with_columns(pl.Series("udr", _agreement(group), pl.Float64))
        for _, group in usable.group_by(setting)
        if len(group) >= 3
    ]
    columns = {**{name: SCHEMA[name] for name in KEY}, "udr": pl.Float64}
    return rows.join(pl.concat([pl.DataFrame(schema=columns), *found]), on=KEY, how="left")


def _agreement(group: pl.DataFrame) -> np.ndarray:
    kl = np.array(group["latent_kl"].to_list())
    codes = [np.frombuffer(one, np.float32).reshape(-1, kl.shape[1]) for one in group["codes"]]
    return udr_from_codes(codes, list(kl)).scores


def merge(out: str | Path, other: str | Path) -> int:
    """Add to the store `out` the rows that only the store `other` has; how many they are.

    Where both have a model's rows, those of `out` stay. `other` is left as it is.
    """
    store, source = Store(Path(out)), Store(Path(other))
    if not source.folder.is_dir():
        raise ValueError(f"there is no folder {other} to merge from")
    new = source.rows().unique(subset=KEY, keep="first")
    new = in_order(new.join(store.rows(columns=KEY), on=KEY, how="anti"))
    if len(new):
        digest = hashlib.sha256(repr(new.select(KEY).rows()).encode()).hexdigest()[:16]
        store._write(f"merged.{digest}", new)
    return len(new)


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=list(columns))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}); delete it, and `dvae study run` trains the models "
            "of this file again"
        ) from error
