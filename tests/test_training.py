"""Training: many models at once are each model alone; resumed is uninterrupted; bad input named."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dvae_course.divergences import MMD, ExclusiveKL
from dvae_course.likelihoods import GaussianLikelihood, HeteroscedasticLikelihood
from dvae_course.objectives import (
    DIPVAE,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    Decomposition,
    FactorVAE,
    Objective,
)
from dvae_course.priors import AnisotropicGaussian, GaussianMixture, SpikeAndSlab, StudentT
from dvae_course.randomness import Streams
from dvae_course.training import Design, Fit, Fits, Settings, fit, fit_many
from dvae_course.vae import VAE, conv_vae, mlp_vae

N, PIXELS, DIM = 40, 5, 2
DATA = torch.rand(N, PIXELS, generator=torch.Generator().manual_seed(0))
SHORT = {"batch_size": 8, "learning_rate": 1e-2, "record_every": 3, "progress": False}


def factor_vae(gamma: float, seed: int = 0) -> FactorVAE:
    return FactorVAE(gamma, DIM, hidden=6, learning_rate=1e-2, seed=seed)


def small_vae(seed: int, **options: object) -> VAE:
    return mlp_vae(PIXELS, DIM, (6,), seed=seed, **options)


# Two designs of each kind that differ in every number they can differ in.
OBJECTIVES: dict[str, list[Objective]] = {
    "beta": [BetaVAE(0.5), BetaVAE(4.0)],
    "annealed": [AnnealedVAE(1.0, 10.0, 20), AnnealedVAE(3.0, 50.0, 20)],
    "factor": [factor_vae(1.0), factor_vae(10.0, seed=1)],
    "mws": [BetaTCVAE(b, dataset_size=N) for b in (0.5, 6.0)],
    "mss": [BetaTCVAE(b, "mss", dataset_size=N) for b in (0.5, 6.0)],
    "dip I": [DIPVAE("I", 1.0, 10.0), DIPVAE("I", 5.0, 50.0)],
    "dip II": [DIPVAE("II", 1.0, 1.0), DIPVAE("II", 5.0, 50.0)],
    "inclusive": [Decomposition(1.0, 0.5), Decomposition(8.0, 2.0)],
    "exclusive": [Decomposition(a, 0.5, ExclusiveKL()) for a in (1.0, 8.0)],
    "mmd": [Decomposition(a, 0.5, MMD()) for a in (1.0, 8.0)],
}
MODELS = {
    "learned variances": [
        {"prior": AnisotropicGaussian(s, learned=True)} for s in ([0.5, 2.0], [1.0, 0.1])
    ],
    "mixture": [
        {"prior": GaussianMixture([[0.0, m], [1.0, 0.0]], 0.3), "posterior": "full"}
        for m in (1.0, -2.0)
    ],
    "student": [
        {"prior": StudentT(DIM, nu), "likelihood": HeteroscedasticLikelihood(0.1)}
        for nu in (3.0, 9.0)
    ],
    "sparse": [
        {"prior": SpikeAndSlab(DIM, g), "likelihood": GaussianLikelihood(0.2, learned=True)}
        for g in (0.2, 0.8)
    ],
}


def designs_of(objectives: list[Objective], models: list[dict]) -> list[Design]:
    pairs = zip(objectives, models, strict=True)
    return [
        Design(small_vae(10 + i, **m), o, seed=i + 3, name=f"number {i}")
        for i, (o, m) in enumerate(pairs)
    ]


CASES = {name: designs_of(pair, [{}, {}]) for name, pair in OBJECTIVES.items()} | {
    name: designs_of(OBJECTIVES["inclusive"], copy.deepcopy(pair)) for name, pair in MODELS.items()
}


def alone(design: Design, steps: int, **options: object) -> Fit:
    return fit(design.vae, DATA, design.objective, steps, design.seed, **options)


def assert_same(a: nn.Module, b: nn.Module, **tolerance: float) -> None:
    for (name, p), q in zip(a.state_dict().items(), b.state_dict().values(), strict=True):
        torch.testing.assert_close(p, q, **tolerance, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize("designs", CASES.values(), ids=CASES)
def test_models_trained_together_are_the_models_trained_alone(designs):
    together = fit_many(designs, DATA, 12, **SHORT)
    for design, many in zip(designs, together, strict=True):
        one = alone(design, 12, **SHORT)
        assert_same(many.vae, one.vae, rtol=1e-4, atol=2e-5)
        assert_same(many.objective, one.objective, rtol=1e-4, atol=2e-5)
        assert many.history.keys() == one.history.keys()
        np.testing.assert_array_equal(many.steps, one.steps)
        for term, values in one.history.items():
            np.testing.assert_allclose(many.history[term], values, rtol=2e-4, atol=1e-4)


def test_convolutional_models_trained_together_are_those_trained_alone():
    images = torch.rand(6, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    designs = [Design(conv_vae(1, 2, seed=s), BetaVAE(b), s) for s, b in ((0, 1.0), (1, 4.0))]
    options = {"batch_size": 3, "learning_rate": 1e-4, "progress": False}
    together = fit_many(designs, images, 3, **options)
    for design, many in zip(designs, together, strict=True):
        one = fit(design.vae, images, design.objective, 3, design.seed, **options)
        np.testing.assert_allclose(many.history["loss"], one.history["loss"], rtol=1e-4)
        assert_same(many.vae, one.vae, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("options", [{"batch_size": None}, {"amsgrad": True}, {"decay_from": 0.2}])
def test_every_setting_means_the_same_together_and_alone(options):
    designs = CASES["inclusive"]
    together = fit_many(designs, DATA, 10, **{**SHORT, **options})
    for design, many in zip(designs, together, strict=True):
        assert_same(many.vae, alone(design, 10, **{**SHORT, **options}).vae, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("options", [{"batch_size": None}, {"amsgrad": True}, {"decay_from": 0.2}])
def test_every_setting_makes_a_difference(options):
    plain, other = (alone(CASES["beta"][0], 60, **{**SHORT, **o}) for o in ({}, options))
    with pytest.raises(AssertionError):
        assert_same(other.vae, plain.vae, rtol=0, atol=0)


def test_training_is_plain_adam_on_the_loss():
    vae, objective = small_vae(0), BetaVAE(2.0)
    trained = fit(vae, DATA, objective, 4, seed=5, batch_size=None, progress=False)
    by_hand = copy.deepcopy(vae)
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=1e-3)
    stream = Streams(Streams.of_seeds([5], "train").generators[0])
    for step in range(4):
        optimizer.zero_grad()
        objective(by_hand, DATA, generator=stream, step=step).loss.backward()
        optimizer.step()
    assert_same(trained.vae, by_hand, rtol=1e-5, atol=1e-6)


def test_the_learning_rate_stays_until_the_decay_then_falls_linearly_to_0():
    settings = Settings(learning_rate=0.4, decay_from=0.5)
    rates = [settings.rate(step, 100) for step in (0, 50, 75, 100)]
    assert rates == pytest.approx([0.4, 0.4, 0.2, 0.0])
    assert {Settings(learning_rate=0.4).rate(step, 100) for step in range(100)} == {0.4}


def test_training_lowers_the_loss():
    history = fit(small_vae(0), DATA, BetaVAE(1.0), 200, **{**SHORT, "batch_size": None}).history
    assert history["loss"][-1] < history["loss"][0] - 0.1


def test_what_is_passed_in_is_left_as_it_was():
    designs = designs_of([factor_vae(1.0), factor_vae(2.0)], [{}, {}])
    before = copy.deepcopy(designs)
    data, state = DATA.clone(), torch.get_rng_state()
    fit_many(designs, data, 3, **SHORT)
    alone(designs[0], 3, **SHORT)
    for design, old in zip(designs, before, strict=True):
        assert_same(design.vae, old.vae, rtol=0, atol=0)
        assert_same(design.objective, old.objective, rtol=0, atol=0)
        assert all(p.grad is None for p in design.vae.parameters())
    assert torch.equal(data, DATA)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_seed_decides_the_result_bit_for_bit():
    design = CASES["factor"][0]
    first, again = (alone(design, 6, **SHORT) for _ in range(2))
    assert_same(first.vae, again.vae, rtol=0, atol=0)
    other = fit(design.vae, DATA, design.objective, 6, design.seed + 1, **SHORT)
    with pytest.raises(AssertionError):
        assert_same(first.vae, other.vae, rtol=1e-3, atol=1e-3)


def test_one_thread_and_two_give_the_same_result():
    images = torch.rand(64, 784, generator=torch.Generator().manual_seed(0))
    designs = [Design(mlp_vae(784, 8, (128,), seed=s), BetaVAE(2.0), s) for s in (0, 1)]
    before = torch.get_num_threads()
    one, two = (fit_many(designs, images, 5, threads=t, progress=False) for t in (1, 2))
    assert torch.get_num_threads() == before
    np.testing.assert_allclose(one.history["loss"], two.history["loss"], rtol=1e-6)
    assert_same(one.vae, two.vae, rtol=1e-5, atol=1e-6)


# Interruption


class Interrupting:
    """A callback that interrupts at a step, once."""

    def __init__(self, step: int):
        self.step = step

    def __call__(self, step: int, vae: VAE, terms: object) -> None:
        if step == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize("interrupted_at", [4, 5, 7])
@pytest.mark.parametrize("name", ["beta", "factor", "learned variances"])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(name, interrupted_at, tmp_path):
    designs, steps = CASES[name], 9
    options = {**SHORT, "record_every": 1, "decay_from": 0.5, "amsgrad": True}
    uninterrupted = fit_many(designs, DATA, steps, **options)
    saved = {"checkpoint": tmp_path / "run.safetensors", "checkpoint_every": 2}
    with pytest.raises(KeyboardInterrupt):
        fit_many(designs, DATA, steps, callback=Interrupting(interrupted_at), **saved, **options)
    seen: list[int] = []
    resumed = fit_many(
        designs, DATA, steps, callback=lambda step, *_: seen.append(step), **saved, **options
    )
    assert seen[0] == 2 * ((interrupted_at - 1) // 2) + 1  # on from the last save
    assert_same(resumed.vae, uninterrupted.vae, rtol=0, atol=0)
    assert_same(resumed.objective, uninterrupted.objective, rtol=0, atol=0)
    for term, values in uninterrupted.history.items():
        np.testing.assert_array_equal(resumed.history[term], values)
    np.testing.assert_array_equal(resumed.steps, uninterrupted.steps)


def test_a_single_run_resumes_too_and_a_finished_one_is_only_read(tmp_path):
    design, saved = CASES["factor"][0], {"checkpoint": str(tmp_path / "one.safetensors")}
    uninterrupted = alone(design, 6, **SHORT)
    with pytest.raises(KeyboardInterrupt):
        alone(design, 6, callback=Interrupting(3), checkpoint_every=2, **saved, **SHORT)
    resumed = alone(design, 6, checkpoint_every=2, **saved, **SHORT)
    assert_same(resumed.vae, uninterrupted.vae, rtol=0, atol=0)

    def never(*_: object) -> None:
        raise AssertionError("a finished run took another step")

    read = alone(design, 6, callback=never, **saved, **SHORT)
    assert_same(read.vae, uninterrupted.vae, rtol=0, atol=0)
    np.testing.assert_array_equal(read.history["loss"], uninterrupted.history["loss"])


def other_run(change: str) -> dict[str, object]:
    design = CASES["beta"][0]
    run = {"vae": design.vae, "data": DATA, "objective": design.objective, "steps": 4, "seed": 3}
    changes = {
        "seed": {"seed": 4},
        "steps": {"steps": 5},
        "beta": {"objective": BetaVAE(0.6)},
        "weights": {"vae": small_vae(77)},
        "data": {"data": DATA.flip(0)},
        "learning rate": {"learning_rate": 2e-2},
        "nothing": {},
    }
    return {**SHORT, **run, **changes[change]}


@pytest.mark.parametrize("change", ["seed", "steps", "beta", "weights", "data", "learning rate"])
def test_a_checkpoint_of_another_run_is_refused(change, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(**other_run("nothing"), checkpoint=path)
    with pytest.raises(ValueError, match=r"run\.safetensors is the checkpoint of another run"):
        fit(**other_run(change), checkpoint=path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match="not a readable checkpoint"):
        fit(**other_run("nothing"), checkpoint=path)


# A model that fails


def broken_designs() -> list[Design]:
    designs = designs_of([factor_vae(g) for g in (1.0, 2.0, 3.0)], [{}, {}, {}])
    with torch.no_grad():
        designs[1].vae.encoder.head.mu.weight[0, 0] = torch.nan
    return designs


def test_a_model_that_is_not_finite_is_reported_by_name_and_spoils_no_neighbour():
    designs = broken_designs()
    with pytest.warns(UserWarning, match=r"finite in: number 1, seed 4 \(by step 3\)$"):
        fits = fit_many(designs, DATA, 9, **SHORT)
    assert dict(fits.failed) == {"number 1, seed 4": 3}
    assert np.isnan(fits.history["loss"][:, 1]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        healthy = fit_many([designs[0], designs[2]], DATA, 9, **SHORT)
    for place, i in ((0, 0), (2, 1)):
        assert_same(fits[place].vae, healthy[i].vae, rtol=1e-4, atol=2e-5)
        assert_same(fits[place].objective, healthy[i].objective, rtol=1e-4, atol=2e-5)


def test_a_model_that_diverges_on_the_way_is_reported_at_the_first_entry_that_shows_it():
    designs = designs_of([BetaVAE(1.0), BetaVAE(1.0)], [{}, {}])

    def spoil(step: int, vae: VAE, terms: object) -> None:
        if step == 3:
            with torch.no_grad():
                vae.decoder.body.layers[0].weight[0] = torch.inf

    with pytest.warns(UserWarning, match="number 0"):
        fits = fit_many(designs, DATA, 9, callback=spoil, **SHORT)
    assert dict(fits.failed) == {"number 0, seed 3": 6}


# Results


def test_fits_are_a_sequence_of_their_models():
    designs = CASES["beta"]
    fits: Fits = fit_many(designs, DATA, 7, **SHORT)
    assert len(fits) == 2
    assert fits.history["loss"].shape == (3, 2)
    np.testing.assert_array_equal(fits.steps, [3, 6, 7])  # the last step is always there
    np.testing.assert_array_equal(fits[-1].history["loss"], fits.history["loss"][:, 1])
    x = DATA[:4]
    stacked = fits.vae.encode(x.expand(2, -1, -1)).mu
    for i, one in enumerate(fits):
        torch.testing.assert_close(one.vae.encode(x).mu, stacked[i])
    with pytest.raises(IndexError, match="there are 2 models, no number 2"):
        fits[2]


def test_the_frame_has_the_last_entry_of_each_model_by_name_and_seed():
    pytest.importorskip("pandas")
    fits = fit_many(CASES["beta"], DATA, 3, **SHORT)
    frame = fits.frame()
    assert list(frame.index) == [("number 0", 3), ("number 1", 4)]
    assert list(frame.columns) == ["reconstruction", "kl", "loss"]
    np.testing.assert_array_equal(frame["loss"], fits.history["loss"][-1])


def test_the_callback_sees_every_entry_as_it_is_recorded():
    seen: list[tuple[int, float]] = []
    result = fit(
        small_vae(0),
        DATA,
        BetaVAE(1.0),
        7,
        callback=lambda step, vae, terms: seen.append((step, terms.loss.item())),
        **SHORT,
    )
    assert [step for step, _ in seen] == result.steps.tolist()
    assert [loss for _, loss in seen] == pytest.approx(result.history["loss"].tolist())


def train(data: Tensor = DATA, steps: int = 2, vae: VAE | None = None, **options: object) -> Fit:
    return fit(vae or small_vae(0), data, BetaVAE(1.0), steps, progress=False, **options)


REFUSALS = {
    "few data": (
        lambda: train(DATA[:10]),
        r"10 points, fewer than batch_size=64.*batch_size=None",
    ),
    "shape": (lambda: train(DATA[:, :4]), r"\(n, 5\) for this model, got \(40, 4\)"),
    "nan": (lambda: train(DATA.clone().fill_(torch.nan), batch_size=8), r"NaN or infinite"),
    "dtype": (
        lambda: train(DATA.double(), batch_size=8),
        r"float64 and .*float32; .*data\.float",
    ),
    "range": (lambda: train(3 * DATA - 1, batch_size=8), r"Bernoulli .* \[0, 1\], got -.*rescale"),
    "steps": (lambda: train(steps=0, batch_size=8), r"steps must be at least 1, got 0"),
    "batch": (lambda: train(batch_size=1), r"batch_size must be at least 2, or None, got 1"),
    "rate": (lambda: train(learning_rate=0.0), r"learning_rate must be positive, got 0"),
    "decay": (lambda: train(decay_from=1.5), r"decay_from .* got 1\.5"),
    "threads": (lambda: train(threads=0), r"threads must be at least 1, got 0"),
    "record": (lambda: train(record_every=0), r"record_every .* got 0"),
    "save": (lambda: train(batch_size=8, checkpoint_every=0), r"checkpoint_every .* got 0"),
    "seed": (lambda: train(batch_size=8, seed=-1), r"seed must be .* got -1"),
    "no designs": (lambda: fit_many([], DATA, 1), r"at least one design, got none"),
    "mixed designs": (
        lambda: fit_many(
            [CASES["beta"][0], CASES["dip I"][0]], DATA, 1, batch_size=8, progress=False
        ),
        r"model 1 .* class = .*DIPVAE.* model 0 has class = .*BetaVAE.*two",
    ),
}


@pytest.mark.parametrize(("build", "message"), REFUSALS.values(), ids=REFUSALS)
def test_bad_input_is_refused_with_the_value_and_the_way_out(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none_is_refused():
    with pytest.raises(ValueError, match=r"'cuda', but torch finds no CUDA here; use 'cpu'"):
        Settings(device="cuda")
