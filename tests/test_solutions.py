"""Solutions pass their checks, stubs are not attempted, typical wrong answers are explained."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from dvae_course.exercises import Verdict, check, exercises
from dvae_course.exercises.pages import imports_of, read_exercises

CHAPTERS = sorted((Path(__file__).parents[1] / "chapters").glob("*.md"))
ON_PAGES = [(chapter, found) for chapter in CHAPTERS for found in read_exercises(chapter)]
DECLARED = [(e.id, *pair) for e in exercises().values() for pair in e.answer.wrong_answers()]

in_chapters = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
on_pages = pytest.mark.parametrize(
    ("chapter", "found"), ON_PAGES, ids=[found.id for _, found in ON_PAGES]
)


def answer_after(chapter, cell, answer):
    """What the expression `answer` gives after the chapter's imports and `cell` have run."""
    namespace = {}
    exec(imports_of(chapter), namespace)
    exec(cell, namespace)
    return eval(answer, namespace)


@in_chapters
def test_a_chapter_and_its_checks_hold_the_same_exercises(chapter):
    number = chapter.stem.split("_")[0]
    known = [id for id in exercises() if id.split(".")[0] == number]
    assert sorted(found.id for found in read_exercises(chapter)) == known


@on_pages
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_worked_solution_in_the_place_of_the_stub_passes_its_check(chapter, found, seed):
    feedback = check(found.id, answer_after(chapter, found.solution, found.answer), seed=seed)
    assert feedback.right, feedback


@on_pages
def test_an_untouched_stub_is_not_attempted(chapter, found):
    feedback = check(found.id, answer_after(chapter, found.stub, found.answer))
    assert feedback.verdict is Verdict.NOT_ATTEMPTED


def on_arrays(answer):
    """A declared wrong implementation, which is written for NumPy; a wrong value as it is."""
    if not callable(answer):
        return answer
    return lambda *case: answer(*[a if isinstance(a, float) else np.asarray(a) for a in case])


@pytest.mark.parametrize(
    ("id", "answer", "explanation"), DECLARED, ids=[f"{id}-{why[:40]}" for id, _, why in DECLARED]
)
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.filterwarnings("ignore:.*encountered in log")
def test_each_declared_misconception_gets_its_own_explanation(id, answer, explanation, seed):
    feedback = check(id, on_arrays(answer), seed=seed)
    assert feedback.verdict in (Verdict.WRONG, Verdict.NEARLY)
    assert feedback.message.startswith(explanation)


def closed_form(mu, log_var):
    return 0.5 * (mu**2 + log_var.exp() - log_var - 1)


def density(z, means, sd):
    squared = (z[:, None, :] - means[None]).square().sum(-1)
    return torch.exp(-squared / (2 * sd**2)) / (2 * math.pi * sd**2)


def log_components(z, means, sd):
    return Normal(means, sd).log_prob(z[:, None]).sum(-1)


def gap_of_two(information):
    first, second = information.topk(2, dim=0).values
    return first - second


def purity(R):
    p = R / R.sum(1, keepdim=True)
    return 1 + (p * p.log()).sum(1) / math.log(R.shape[1])


def spike_and_slab(z, gamma, spike_sd):
    log_weights = torch.tensor([gamma, 1 - gamma]).log()
    spike, slab = Normal(0.0, spike_sd).log_prob(z), Normal(0.0, 1.0).log_prob(z)
    return torch.logaddexp(log_weights[0] + spike, log_weights[1] + slab)


def covariance(mu):
    centred = mu - mu.mean(0)
    return centred.T @ centred / len(mu)


def dip(C, lambda_od, lambda_d):
    diagonal = C.diagonal()
    off = C.square().sum() - diagonal.square().sum()
    return lambda_od * off + lambda_d * (diagonal - 1).square().sum()


def z_of(mu, log_var):
    return mu + (log_var / 2).exp() * torch.randn(mu.shape)


def ranks(scores, dim=-1):
    return scores.argsort(dim).argsort(dim).double()


def spearman(a, b, rank=True):
    both = torch.stack([a, b]).double()
    return torch.corrcoef(ranks(both) if rank else both)[0, 1]


WRITTEN_BY_HAND = {
    "00.1": [
        (1, "½"),
        (0, "mean"),
        (0.5 / math.log(2), "bits"),
        (-0.5, "never negative"),
        (7, "too large"),
    ],
    "00.2": [
        (lambda mu, log_var: closed_form(mu, log_var).mean(0), "shape"),
        (lambda mu, log_var: closed_form(mu, log_var).sum(1).mean(0), "averaged over the batch"),
        (lambda mu, log_var: closed_form(mu, log_var).sum(), "summed over the batch"),
        (lambda mu, log_var: closed_form(mu, log_var).mean(dim=1), "averaged over the latent"),
        (lambda mu, log_var: closed_form(mu, log_var), "shape"),
        (
            lambda mu, log_var: 0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1),
            "sign",
        ),
        (
            lambda mu, log_var: 0.5 * (mu**2 + log_var - torch.log(log_var) - 1).sum(-1),
            "as if it were the variance",
        ),
    ],
    "00.3": [
        (lambda mu, log_var, noise: Normal(mu, log_var.exp()).loc + log_var.exp() * noise, "root"),
        (lambda mu, log_var, noise: mu, "ignored `noise`"),
        (lambda mu, log_var, noise: Normal(mu, (log_var / 2).exp()).sample(), "of its own"),
        (lambda mu, log_var, noise: torch.normal(mu, (log_var / 2).exp()), "of its own"),
        (lambda mu, log_var, noise: noise + mu, "without scaling"),
        (lambda mu, log_var, noise: mu + log_var.sqrt() * noise, "not a number"),
    ],
    "01.1": [
        (6, "order and sign"),
        (1.5, "quarter turn"),
        (np.float64(180), "wrong unit"),
        (torch.tensor(2), "Follow the third axis"),
        (4, "too large"),
    ],
    "01.2": [
        (lambda information, entropy: gap_of_two(information).mean(), "entropy is missing"),
        (lambda information, entropy: (gap_of_two(information) / entropy).sum(), "summed"),
        (lambda information, entropy: gap_of_two(information) / entropy, "one number"),
        (lambda information, entropy: (information.amax(0) / entropy).mean(), "*gap* is missing"),
        (
            lambda information, entropy: (
                (information.amax(0) - information.amin(0)) / entropy
            ).mean(),
            "second largest",
        ),
        (lambda information, entropy: gap_of_two(information).mean() / entropy.mean(), "its own"),
    ],
    "01.3": [
        ("stays", "definition"),
        ("Halves", "Nothing is averaged"),
        ("one half", "none of the options"),
        (0, "in quotes"),
    ],
    "01.4": [
        ("good", "floor"),
        ("fair", "needs both"),
        (0.95, "in quotes"),
    ],
    "02.1": [
        ("neither", "condition"),
        ("both", "no encoder in it"),
        ("evidence", "renames the codes"),
    ],
    "02.2": [
        (0, "equal variances"),
        (math.log(25 / 9), "½"),
        (math.log2(0.5 / 0.3), "bits"),
        (1.267, "marginal variances"),
        (math.log(0.6), "Hadamard"),
        (0.52, "closed form"),
    ],
    "02.3": [
        (lambda J, C: 1 / J.square().sum(0), "volume"),
        (lambda J, C: (C / J.shape[1] + J.square().sum(1).log().mean()).exp(), "shape"),
        (
            lambda J, C: (C / J.shape[1] + J.norm(dim=0).log().mean()).exp() / J.norm(dim=0),
            "‖J_j‖² belongs",
        ),
        (lambda J, C: torch.ones(J.shape[1]) * math.exp(C / J.shape[1]), "same noise"),
        (lambda J, C: J.square().sum(0).log().mean().exp() / J.square().sum(0), "`log_volume`"),
    ],
    "02.4": [
        ("factors", "Hadamard"),
        ("any", "diagonal"),
        ("none", "active"),
    ],
    "03.1": [
        ("all", "name"),
        ("none", "gap closes"),
        ("three", "none of the options"),
    ],
    "03.2": [
        (0.5, "permutation"),
        (0.2764, "as the paper's proof prints it"),
        (0.8536, "below 1/2"),
        (0.25, "square"),
        (math.sqrt(0.5), "behind it"),
        (0.15, "closed form"),
    ],
    "03.3": [
        (lambda u, A: torch.special.ndtr(torch.special.ndtri(u) @ A), "A.T"),
        (lambda u, A: torch.special.ndtri(u) @ A.T, "way back"),
        (lambda u, A: u @ A.T, "cube"),
        (lambda u, A: torch.special.ndtri(torch.special.ndtr(u) @ A.T), "not a number"),
        (lambda u, A: torch.special.ndtr(torch.special.ndtri(u)), "identity"),
    ],
    "03.4": [
        ("exist", "Both exist"),
        ("train", "inductive bias"),
        ("measure", "factors at hand"),
    ],
    "03.5": [
        (1, "identity is one"),
        (2, "quarter turn"),
        (8, "reflections"),
        (math.inf, "division by 0"),
        (10**9, "Gaussian"),
    ],
    "04.1": [
        ("often", "nothing shared"),
        ("Always", "other way round"),
        ("rarely", "on its own"),
        ("in a few", "none of the options"),
    ],
    "04.2": [
        (
            lambda mu, log_var, lambda_od, lambda_d: dip(
                covariance(mu) + torch.diag(log_var.exp()).mean(), lambda_od, lambda_d
            ),
            "instead of building one",
        ),
        (
            lambda mu, log_var, lambda_od, lambda_d: dip(covariance(mu), lambda_od, lambda_d),
            "DIP-VAE-I",
        ),
        (
            lambda mu, log_var, lambda_od, lambda_d: dip(torch.cov(z_of(mu, log_var).T), 1, 1),
            "of its own",
        ),
        (
            lambda mu, log_var, lambda_od, lambda_d: dip(
                covariance(mu) + torch.diag(log_var.exp().mean(0)), lambda_od, lambda_od
            ),
            "does not depend on `lambda_d`",
        ),
        (
            lambda mu, log_var, lambda_od, lambda_d: dip(
                torch.cov(mu.T) + torch.diag(log_var.exp().mean(0)), lambda_od, lambda_d
            ),
            "B − 1",
        ),
    ],
    "04.3": [
        (11.0, "one density"),
        (np.float64(10 * math.log(60_000)), "ten marginals"),
        (torch.tensor(9 * math.log(64 * 60_000)), "only the 1/N"),
        (99.3, "closed form"),
        (0, "too small"),
    ],
    "04.4": [
        (-0.5 * math.log(0.36), "of the means"),
        (0.174, "½"),
        (0.126, "bits"),
        (torch.tensor(0.0), "covariance is still 0.8"),
        (0.09, "closed form"),
    ],
    "04.5": [
        ("gaussian", "diagonal matrix"),
        ("both", "covariance of z alone"),
        ("Neither", "|z₂|"),
        (0.0, "in quotes"),
    ],
    "05.1": [
        (0.775, "entropies are missing"),
        (0.7, "runner-up"),
        (0.675, "second largest"),
        (np.float64(0.75), "along the rows"),
        (torch.tensor(1.0), "sum over the factors"),
        (0.51, "closed form"),
    ],
    "05.2": [
        (lambda R: purity(R).mean(), "plain mean"),
        (lambda R: (R.sum(1) / R.sum() * (1 - purity(R))).sum(), "1 minus it"),
        (lambda R: (R.sum(0) / R.sum() * purity(R.T)).sum(), "completeness"),
        (lambda R: R.sum(1) / R.sum() * purity(R), "single codes"),
        (
            lambda R: (R.sum(1) / R.sum() * (1 - (1 - purity(R)) * math.log(R.shape[1]))).sum(),
            "base of the logarithm",
        ),
        (
            lambda R: (
                R.sum(1) / R.sum() * (1 + (R * R.log()).sum(1) / math.log(R.shape[1]))
            ).sum(),
            "not normalised",
        ),
    ],
    "05.3": [
        ("both", "ten times"),
        ("Modularity", "other way round"),
        ("neither", "falls as n grows"),
        ("sap", "none of the options"),
    ],
    "05.4": [
        ("mig", "runner-up"),
        ("DCI", "weighted by their importance"),
        ("factorvae", "does not vary"),
        ("none", "same weight"),
        (1, "in quotes"),
    ],
    "05.5": [
        ("noise", "not their ratios"),
        ("Rotation", "keep"),
        ("copies", "as pure as its original"),
        ("weights", "none of the options"),
    ],
    "06.1": [
        ("falls", "single runs"),
        ("Rises", "no larger"),
        ("halves", "none of the options"),
        (50, "in quotes"),
    ],
    "06.2": [
        (16 / 20, "This is η²"),
        (np.float64(0.7), "Below stands"),
        (16 / 22, "one degree of freedom"),
        (0.5, "degrees of freedom, 4 runs"),
        (6 / 14, "each method's mean once"),
        (torch.tensor(8 / 22), "seeds' share"),
        (0.65, "closed form"),
    ],
    "06.3": [
        (0, "compared the means"),
        (1, "*can* happen"),
        (1 / 3, "not paired"),
        (np.float64(5 / 9), "how often it loses"),
        (2 / 3, "Count pairs"),
        (4, "divide by all 9"),
    ],
    "06.4": [
        ("mig", "second row"),
        ("Efficiency", "needs 100 labels"),
        ("seed", "By what"),
        ("elbo", "none of the options"),
    ],
    "06.5": [
        (lambda a, b: torch.corrcoef(torch.stack([a.mean(1), b.mean(1)]))[0, 1], "Pearson"),
        (lambda a, b: spearman(a.flatten(), b.flatten()), "ranked single runs"),
        (
            lambda a, b: torch.stack(
                [spearman(*pair) for pair in zip(a.T, b.T, strict=True)]
            ).mean(),
            "averaged the correlations",
        ),
        (lambda a, b: spearman(ranks(a, 0).mean(1), ranks(b, 0).mean(1), False), "no ranks"),
        (
            lambda a, b: spearman(a.mean(1).argsort(), b.mean(1).argsort(), False),
            "argsort of that",
        ),
        (lambda a, b: spearman(a.mean(0), b.mean(0)), "second axis"),
        (lambda a, b: spearman(a.mean(1), b.mean(1)) * 100, "values are not"),
    ],
    "07.1": [
        (-1.5 * math.log(2 * math.pi), "½ log β"),
        (3.45, "sign"),
        (0, "no density"),
        (0.5 * math.log(math.pi / 2), "constant of the density"),
        (0.0317, "logarithm"),
    ],
    "07.2": [
        ("falls", "entropy term"),
        ("rises", "rescaled"),
        ("it depends", "none of the options"),
        (0, "in quotes"),
    ],
    "07.3": [
        (lambda H, m, log_F, beta: beta * (-H - m) + log_F, "the entropy by β as well"),
        (lambda H, m, log_F, beta: -H - beta * m, "log F_β is missing"),
        (lambda H, m, log_F, beta: -(H + beta * m + log_F), "sign of log F_β"),
        (lambda H, m, log_F, beta: -H - m + log_F, "β is missing"),
        (lambda H, m, log_F, beta: H + beta * m - log_F, "sign of the whole"),
        (lambda H, m, log_F, beta: (-H - beta * m + log_F).mean(), "averaged over the batch"),
        (lambda H, m, log_F, beta: log_F - beta * m, "does not depend on `entropy`"),
    ],
    "07.4": [
        (1, "ν + 1"),
        (0.25, "ν = 3"),
        (0, "Gaussian"),
        (2, "solve it"),
    ],
    "07.5": [
        (5, "1/V"),
        (1.2, "1 + V"),
        (1, "still win"),
        (0.25, "how far above 1"),
        (1 / 1.2, "below 1"),
    ],
    "08.1": [
        ("closer", "entropy term"),
        ("Same", "in larger units and no more"),
        ("collapses", "larger still"),
        ("narrower", "none of the options"),
        (4, "in quotes"),
    ],
    "08.2": [
        (0, "at β = 1 only"),
        (3 - 4 * math.log(4), "prior's term is missing"),
        (np.float64(3 - math.log(4) - 1.5 * math.log(9)), "log F_β alone"),
        (torch.tensor(5.8410), "sign of the whole"),
        (-5.87, "closed form"),
        (-30, "too small"),
    ],
    "08.3": [
        (lambda mu, log_var, beta: beta * closed_form(mu, log_var).sum(-1), "old units"),
        (lambda mu, log_var, beta: closed_form(mu, log_var).sum(-1), "before rescaling"),
        (
            lambda mu, log_var, beta: closed_form(beta**0.5 * mu, beta * log_var).sum(-1),
            "log β is added",
        ),
        (
            lambda mu, log_var, beta: closed_form(beta * mu, log_var + math.log(beta)).sum(-1),
            "mean by β",
        ),
        (
            lambda mu, log_var, beta: closed_form(beta**0.5 * mu, log_var + math.log(beta)),
            "wrong shape",
        ),
        (
            lambda mu, log_var, beta: closed_form(beta**0.5 * mu, log_var + math.log(beta) / 2).sum(
                -1
            ),
            "squared",
        ),
    ],
    "08.4": [
        ("grows", "round posterior"),
        ("settles", "quadratic"),
        ("Zero", "full covariance"),
        ("explodes", "none of the options"),
        (0.0, "in quotes"),
    ],
    "08.5": [
        (1.6, "variance s²"),
        (0.16, "root"),
        (0.1 / 4, "divided by √β"),
        (torch.tensor(0.1), "does nothing"),
        (0.405, "closed form"),
    ],
    "09.1": [
        (lambda log_q: (log_q.diagonal() - log_q.logsumexp(1)).mean(), "1/n"),
        (lambda log_q: (log_q.diagonal() - log_q.mean(1)).mean(), "averaged the logarithms"),
        (lambda log_q: (log_q.diagonal() - log_q.exp().mean(1).log()).mean(), "underflows"),
        (
            lambda log_q: (log_q.diagonal() - log_q.logsumexp(0)).mean() + math.log(len(log_q)),
            "down the columns",
        ),
        (lambda log_q: log_q.diagonal() - log_q.logsumexp(1) + math.log(len(log_q)), "a point"),
        (lambda log_q: log_q.diagonal().mean(), "second term"),
    ],
    "09.2": [
        ("falls", "means stayed"),
        ("Rises", "by the same factor"),
        ("depends", "no decoder in"),
        ("doubles", "none of the options"),
        (10, "in quotes"),
    ],
    "09.3": [
        ("per dimension", "law of −z₁"),
        ("both", "z₂ alone"),
        ("neither", "two lines"),
        ("the KL", "none of the options"),
    ],
    "09.4": [
        (math.log(500), "at most"),
        (np.float64(math.log(60_000)), "does not miss all"),
        (120, "logarithm"),
        (torch.tensor(6.9069), "bits"),
        (0, "unbiased"),
        (-4.79, "sign"),
    ],
    "10.1": [
        ("anisotropic", "in units of its prior's standard deviation"),
        ("Both", "a unit of its own"),
        ("neither", "stars"),
        ("gaussian", "none of the options"),
        (0, "in quotes"),
    ],
    "10.2": [
        (lambda U, scales: U, "plain rotation"),
        (lambda U, scales: torch.diag(1 / scales) @ U @ torch.diag(scales), "stands on the right"),
        (lambda U, scales: torch.diag(scales**2) @ U @ torch.diag(scales**-2), "variances"),
        (lambda U, scales: torch.diag(scales) @ U @ torch.diag(scales), "on both sides"),
        (lambda U, scales: U @ torch.diag(1 / scales), "back to the old units"),
        (lambda U, scales: torch.diag(scales) @ U.T @ torch.diag(1 / scales), "rotated by Uᵀ"),
    ],
    "10.3": [
        (-2 / 40, "turned round"),
        (0.025, "one coordinate"),
        (0.03, "uniform factors"),
        (torch.tensor(0.2), "The 4 is missing"),
        (0, "multiples of 90°"),
        (1.2, "too large"),
    ],
    "10.4": [
        ("axes", "cloud of factors"),
        ("Away", "κ < 0"),
        ("depends", "same at every angle"),
        ("towards", "none of the options"),
    ],
    "10.5": [
        (30, "√2 only"),
        (15 * math.sqrt(2), "fourth root"),
        (7.5, "wider"),
        (240, "quarter"),
        (45, "in all"),
        (100, "too large"),
    ],
    "11.1": [
        (lambda z, means, sd: density(z, means, sd).mean(-1).log(), "logsumexp"),
        (lambda z, means, sd: (density(z, means, sd).mean(-1) + 1e-30).log(), "logsumexp"),
        (lambda z, means, sd: log_components(z, means, sd).mean(-1), "averaged the logarithms"),
        (lambda z, means, sd: log_components(z, means, sd).logsumexp(-1), "log K"),
        (lambda z, means, sd: log_components(z, means, sd).logsumexp(0), "shape"),
        (
            lambda z, means, sd: (
                log_components(z, means, sd**0.5).logsumexp(-1) - math.log(len(means))
            ),
            "square it",
        ),
    ],
    "11.2": [
        (lambda log_q, log_p: torch.sum(log_q - log_p, dim=1), "counts twice"),
        (lambda log_q, log_p: log_q.sum(1) - log_p, "(n, n)"),
        (lambda log_q, log_p: log_p[:, 0] - log_q.sum(1), "sign"),
        (lambda log_q, log_p: (log_q.sum(1) - log_p.squeeze()).mean(), "averaged over the rows"),
        (lambda log_q, log_p: log_q.sum(1), "does not depend on `log_p`"),
    ],
    "11.3": [
        (0, "aggregate"),
        (2, "bits"),
        (np.log(400), "400"),
        (torch.tensor(4), "number of clusters"),
        (1.4, "closed form"),
    ],
    "11.4": [
        ("alpha", "match"),
        ("α", "aggregate"),
        ("both", "Only one"),
        ("neither", "price"),
        ("more data", "none of the options"),
        (2, "in quotes"),
    ],
    "12.1": [
        (lambda z, gamma, sd: spike_and_slab(z, gamma, sd).exp().log().sum(1), "underflow"),
        (lambda z, gamma, spike_sd: spike_and_slab(z, gamma, spike_sd**0.5).sum(1), "variance"),
        (lambda z, gamma, spike_sd: spike_and_slab(z, 1 - gamma, spike_sd).sum(1), "weights"),
        (lambda z, gamma, spike_sd: spike_and_slab(z, gamma, spike_sd), "sum them"),
        (lambda z, gamma, spike_sd: Normal(0.0, 1.0).log_prob(z).sum(1), "`gamma`"),
    ],
    "12.2": [
        (1.6, "numerator"),
        (0.95, "√d"),
        (7 / 9, "share of zeros"),
        (8 / 7, "upside down"),
        (1.4, "absolute"),
        (0.79, "close"),
    ],
    "12.3": [
        ("normalised", "latent to latent"),
        ("Both", "rotation-invariant"),
        ("neither", "latent by latent"),
        ("hoyer", "none of the options"),
    ],
    "12.4": [
        (100, "sum over pixels"),
        (522.4, "other way round"),
        (43.75, "areas"),
        (25, "enlarged"),
        (21, "close"),
    ],
    "12.5": [
        ("large", "one coordinate at a time"),
        ("tenfold", "ten times"),
        ("negative", "integral of squares"),
        (0, "in quotes"),
    ],
    "11.5": [
        (math.sqrt(0.03), "square of a Gaussian"),
        (0.015, "take the root"),
        (np.float64(math.sqrt(0.03) / 2), "halved the standard deviation"),
        (math.sqrt(0.06), "doubled the variance"),
        (0.1, "too small"),
    ],
    "11.6": [
        ("merge", "gap"),
        ("Blob", "cold"),
        ("move", "none of the options"),
        (4, "in quotes"),
    ],
}
CASES = [(id, *case) for id, cases in WRITTEN_BY_HAND.items() for case in cases]


@pytest.mark.parametrize(
    ("id", "answer", "keyword"), CASES, ids=[f"{id}-{keyword}" for id, _, keyword in CASES]
)
def test_a_typical_wrong_answer_gets_an_explanation_that_names_its_point(id, answer, keyword):
    feedback = check(id, answer)
    assert feedback.verdict in (Verdict.WRONG, Verdict.NEARLY)
    assert keyword in feedback.message


def test_every_exercise_has_at_least_three_wrong_answers_written_by_hand():
    assert {id: len(cases) >= 3 for id, cases in WRITTEN_BY_HAND.items()} == dict.fromkeys(
        exercises(), True
    )
