"""How the study's methods, scores and data sets are called in a figure."""

import polars

METHODS = {  # in the order of the slides' figures
    "beta_vae": "β-VAE",
    "factor_vae": "FactorVAE",
    "beta_tcvae": "β-TCVAE",
    "dip_vae_i": "DIP-VAE-I",
    "dip_vae_ii": "DIP-VAE-II",
    "annealed_vae": "AnnealedVAE",
}
SCORES = {
    "betavae_score": "BetaVAE score",
    "factorvae_score": "FactorVAE score",
    "mig": "MIG",
    "dci_disentanglement": "DCI disentanglement",
    "modularity": "Modularity",
    "sap": "SAP",
    "total_correlation": "total correlation (mean)",
    "total_correlation_sampled": "total correlation (sampled)",
    "kl": "KL",
    "elbo": "ELBO",
    "udr": "UDR",
}
DATA_SETS = {
    "dsprites": "dSprites",
    "color-dsprites": "Color-dSprites",
    "noisy-dsprites": "Noisy-dSprites",
    "scream-dsprites": "Scream-dSprites",
    "smallnorb": "SmallNORB",
    "cars3d": "Cars3D",
    "shapes3d": "Shapes3D",
}
_ALL = {**METHODS, **SCORES, **DATA_SETS}


def label(name: object) -> str:
    """What to write for a column, method or data set; a number as it is."""
    if isinstance(name, float):
        return f"{name:g}"
    return _ALL.get(str(name), str(name).replace("_", " "))


def in_order(methods: list[str]) -> list[str]:
    """The methods in the slides' order, others after them."""
    known = list(METHODS)
    return sorted(methods, key=lambda name: known.index(name) if name in known else len(known))


def need(frame: polars.DataFrame, *columns: str) -> None:
    """A `ValueError` that names the columns that a table lacks, and those it has."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(
            f"the table has no column {', '.join(map(repr, missing))}; "
            f"it has {', '.join(frame.columns)}"
        )
