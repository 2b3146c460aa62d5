"""The slides' tables: complete, symmetric where they must be, each number as printed there."""

import numpy as np
import pytest

from dvae_course.metrics.suite import SIX
from dvae_course.study.published import (
    dci_transfer,
    noisy_dsprites_metrics,
    shapes3d_unsupervised,
)

# copied from the slides' text, line by line
NOISY_DSPRITES = """
BetaVAE Score (A)	100	80	44	41	46	37
FactorVAE Score (B)	80	100	49	52	25	38
MIG (C)	44	49	100	76	6	42
DCI Disentanglement (D)	41	52	76	100	-8	38
Modularity (E)	46	25	6	-8	100	13
SAP (F)	37	38	42	38	13	100
"""
SHAPES3D = """
Reconstruction	-30	-4	59	22	-21	27
TC (sampled)	1	5	-11	-8	-11	-2
KL	-14	-1	-38	-31	-11	-29
ELBO	-38	-9	48	9	-25	15
"""
DCI = """
dSprites (I)	100	95	65	65	34	64	46
Color-dSprites (II)	95	100	61	60	21	63	47
Noisy-dSprites (III)	65	61	100	68	17	64	59
Scream-dSprites (IV)	65	60	68	100	36	93	69
SmallNORB (V)	34	21	17	36	100	21	-9
Cars3D (VI)	64	63	64	93	21	100	85
Shapes3D (VII)	46	47	59	69	-9	85	100
"""


@pytest.mark.parametrize(
    ("table", "slide"),
    [
        (noisy_dsprites_metrics, NOISY_DSPRITES),
        (shapes3d_unsupervised, SHAPES3D),
        (dci_transfer, DCI),
    ],
)
def test_every_number_is_the_slides(table, slide):
    lines = [line.split("\t") for line in slide.strip().splitlines()]
    np.testing.assert_array_equal(table().values, [[int(n) for n in line[1:]] for line in lines])
    for name, line in zip(table().rows, lines, strict=True):
        printed = (
            line[0].split(" (")[0].lower().replace(" ", "_").replace("tc", "total_correlation")
        )
        assert name.startswith(printed) or name.startswith(printed.split("_")[0])


@pytest.mark.parametrize("table", [noisy_dsprites_metrics, dci_transfer])
def test_what_is_set_against_itself_is_symmetric_with_hundreds_on_the_diagonal(table):
    values = table().values
    assert table().rows == table().columns
    np.testing.assert_array_equal(values, values.T)
    np.testing.assert_array_equal(np.diag(values), 100)


def test_columns_have_the_names_of_our_metrics():
    assert noisy_dsprites_metrics().columns == shapes3d_unsupervised().columns == SIX


def test_errata_travel_with_the_numbers():
    assert "DCI is meant" in dci_transfer().note and "have 93" in dci_transfer().note
    assert "signs" in shapes3d_unsupervised().note
    assert "Noisy-dSprites" in noisy_dsprites_metrics().note


def test_a_part_keeps_its_numbers_in_the_order_asked_for():
    part = dci_transfer().only(["cars3d", "dsprites"])
    assert part.rows == part.columns == ("cars3d", "dsprites")
    np.testing.assert_array_equal(part.values, [[100, 64], [64, 100]])


def test_unknown_names_and_tables_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match="no name 'mpi3d'; choose from 'dsprites'"):
        dci_transfer().only(["mpi3d"])
    with pytest.raises(ValueError, match="same rows and columns"):
        shapes3d_unsupervised().only(["kl"])
