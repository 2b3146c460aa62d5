"""`dvae metrics scores.npz`: the metrics of codes that were made elsewhere, as a table and JSON.

Needs no copy of the course. What is heavy is imported when the command runs, not for its help.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ABOUT = """\
Score the codes of a model that lives elsewhere. The file holds two tables with a row for each data
point: factors (n, K), the ground truth, and codes (n, D), what the model made of it.

    numpy.savez("scores.npz", factors=factors, codes=codes)

BetaVAE and FactorVAE scores draw factors of their own: they need the codes of the complete grid,
each combination of factors once, in any order. Of another sample the other metrics are computed."""
EXAMPLES = """\
examples:
  dvae metrics scores.npz
  dvae metrics scores.npz --calibrate --json scores.json
  dvae metrics scores.npz --metrics mig sap dci_completeness --dci boosting"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `dvae metrics` takes."""
    parser.description, parser.epilog = ABOUT, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE.npz", help="with factors and codes")
    parser.add_argument(
        "--metrics", nargs="+", metavar="NAME", help="only these; a wrong name lists the right ones"
    )
    parser.add_argument("--seed", type=int, default=0, help="of samples and fits (default: 0)")
    parser.add_argument(
        "--dci",
        default="histogram",
        metavar="ESTIMATOR",
        help="histogram (default; seconds), boosting (as published; minutes) or forest",
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="add what the same estimators say of noise and of a perfect code (3 seeds of each)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")


def run(options: argparse.Namespace) -> int:
    """Score, print the table, write the JSON; the exit status."""
    try:
        return _run(options)
    except (ValueError, OSError) as error:
        print(f"dvae metrics: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    from dvae_course.metrics import files

    factors, codes = files.read(options.file)
    scores = files.score(factors, codes, options.metrics, options.seed, options.dci)
    rows = files.rows(scores, options.calibrate)
    print(files.table(rows))
    if not options.metrics and "betavae_score" not in scores:
        print("\nLeft out: betavae_score and factorvae_score, which need the complete grid.")
    if options.json:
        result = {"file": str(options.file), "n": len(codes), "seed": options.seed, "scores": rows}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(f"\nThe numbers: {options.json}")
    return 0
