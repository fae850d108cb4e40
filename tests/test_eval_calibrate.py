"""Fitting the confidence on one half of suites and reporting on the other."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant import calibration
from assistant.settings import Settings
from eval.calibrate import Calibrated, at_risk, calibrate, fit, for_fitting, for_reporting
from eval.case import Case, Gold
from eval.core import Options
from eval.errors import EvalError
from eval.result import Row
from eval.suite import Suite, find, half, read
from tests.fakes import Asked, Endpoint, Reply, document

# Each document says when its bakery was opened, and a third of the questions ask for one of another town.
COUNT = 120
PLACES = [f"Town{number}" for number in range(COUNT)]


def text(place: str, number: int) -> str:
    return f"The bakery in {place} was opened in {1900 + number}. It sells bread."


def case(number: int) -> Case:
    place, year, answerable = PLACES[number], str(1900 + number), number % 3 > 0
    source = f"{place}.txt"
    start = text(place, number).index(year)
    gold = Gold(source=source, start=start, end=start + 4, quote=year)
    return Case(
        id=place,
        question=f"When was the bakery in {place if answerable else f'Other{place}'} opened?",
        answerable=answerable,
        answers=(year,) if answerable else (),
        kind="year",
        supplied=(source,),
        evidence=(gold,) if answerable else (),
    )


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    documents = {f"{place}.txt": document(text(place, n), f"{place}.txt") for n, place in enumerate(PLACES)}
    cases = tuple(case(number) for number in range(COUNT))
    return Suite(name="bakeries", mode="supplied", cases=cases, documents=documents, folder=tmp_path)


def reply(asked: Asked) -> Reply:
    """A model that answers whatever it is asked with the year that it reads."""
    content = str(asked.body["messages"][-1]["content"])
    return Reply(f"The bakery was opened in {content.partition('opened in ')[2][:4]}.", logprobs={"The": -0.1})


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models_folder: Path) -> Iterator[Settings]:
    monkeypatch.setenv("FOOTNOTED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(models_folder))
    with Endpoint(reply) as running:
        yield Settings(openai_base_url=running.url, model="tiny")


def test_what_is_fitted_is_written_and_used_on_the_other_half(suite: Suite, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    made: Calibrated = calibrate([suite], settings, Options(), tmp_path / "runs", path)
    assert calibration.of("tiny", path=path) == made.calibration
    assert (made.calibration.model, made.calibration.provenance.suites) == ("tiny", ("bakeries",))
    assert "stated" not in made.calibration.with_logprobs.weights
    assert "stated_logit" not in made.calibration.without_logprobs.weights
    reported = [one for one in suite.cases if half(one) == "report"]
    # Twins are to learn from: nobody asked them.
    assert made.cases == len(reported)
    assert (made.estimates["auroc"].value or 0.0) > 0.7
    error = made.estimates["calibration_error"]
    assert error.low is not None
    assert error.high is not None
    assert error.low <= (error.value or 0.0) <= error.high
    assert [share.risk for share in made.curve] == sorted(share.risk for share in made.curve)
    assert [share.answered for share in made.curve] == sorted(share.answered for share in made.curve)


def test_a_handful_of_claims_is_too_few(suite: Suite, settings: Settings, tmp_path: Path) -> None:
    few = suite.model_copy(update={"cases": suite.cases[:4]})
    with pytest.raises(EvalError, match="claims are too few to fit on"):
        calibrate([few], settings, Options(), tmp_path / "runs", tmp_path / "calibration.json")
    assert not (tmp_path / "calibration.json").exists()


def test_what_an_adapter_was_trained_on_is_neither_fitted_nor_reported_on(settings: Settings, tmp_path: Path) -> None:
    trained = read(find("answerability-train"))
    with pytest.raises(EvalError, match="trained on answerability-train; fit and report on others"):
        taught = settings.model_copy(update={"adapter": tmp_path / "adapter.gguf"})
        calibrate([trained], taught, Options(), tmp_path / "runs", tmp_path / "calibration.json")


def test_no_case_is_fitted_on_and_reported(suite: Suite) -> None:
    for one in (suite, *(read(find(name)) for name in ("seeds", "seeds-dev", "desk"))):
        for asked in one.cases:
            assert for_fitting(asked, one) != for_reporting(asked, one)
    assert {for_fitting(asked, suite) for asked in suite.cases} == {True, False}
    development, seeds = read(find("seeds-dev")), read(find("seeds"))
    assert all(for_fitting(asked, development) for asked in development.cases)
    assert all(for_reporting(asked, seeds) for asked in seeds.cases)
    # Suites about documents of their own are halved even where they ship.
    assert {for_fitting(asked, read(find("desk"))) for asked in read(find("desk")).cases} == {True, False}


def test_a_logistic_model_finds_the_weights_that_made_the_labels() -> None:
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(4000, 2))
    labels = (chance.random(4000) < 1 / (1 + np.exp(-(0.5 + 1.5 * rows[:, 0] - 1.0 * rows[:, 1])))).astype(float)
    assert fit(rows, labels) == pytest.approx([0.5, 1.5, -1.0], abs=0.15)
    # At its optimum the probabilities add up to the labels.
    x = np.hstack([np.ones((4000, 1)), rows])
    assert float(np.sum(1 / (1 + np.exp(-x @ fit(rows, labels))))) == pytest.approx(labels.sum(), rel=1e-6)


def test_what_comes_of_a_risk() -> None:
    def row(name: str, confidence: float, right: float | None, answered: float = 1.0) -> Row:
        told = {} if right is None else {"eager_right": right}
        values = {"eager_confidence": confidence, "eager_answered": answered, **told}
        return Row(case=name, kind="k", cluster=name, values=values)

    rows = [row("a", 0.9, 1.0), row("b", 0.6, 0.0), row("c", 0.2, 0.0), row("d", 0.0, 0.0, 0.0), row("e", 0.9, None)]
    assert (at_risk(0.1 + 1e-9, rows).answered, at_risk(0.1 + 1e-9, rows).wrong) == (0.25, 0.0)
    assert (at_risk(0.5, rows).answered, at_risk(0.5, rows).wrong) == (0.5, 0.5)
    assert math.isclose(at_risk(1.0, rows).wrong or 0.0, 2 / 3)
    assert at_risk(0.05, rows).wrong is None
