"""Fit the confidence of ``assistant/decide.py`` on one half of suites, and tell how it does on the other.

Both halves are asked as in any run. Of each answer that was made, had nothing been withheld, the first claim is
described by its features and told right from wrong. The logistic model is fitted by Newton's method with an L2 penalty
(Hastie, Tibshirani & Friedman 2009, chapter 4.4). No case that is reported was fitted on, and no document is on both
sides but the shipped article, of which other questions are asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant import adapters, calibration, prompts
from assistant.calibration import Calibration, Logistic, Provenance
from assistant.core import shipped_files
from assistant.decide import Features
from assistant.settings import Settings
from eval import core, metrics
from eval.case import Case
from eval.errors import EvalError
from eval.outcome import Reply, Written
from eval.result import Estimate, Row
from eval.score import cites, decidable, right
from eval.suite import Suite, half, ships
from eval.twins import with_twins

DEVELOPMENT = "seeds-dev"
REPORT = "calibration-report.json"
# Which way a feature may count; the other way it is an accident of the questions that were asked, and left out. By ten
# parts of what was fitted on in turn that makes AUROC on SQuAD 2.0 .86 of .83, on ClapNQ .94 of .91, on all .84 of .84.
SIGNS = {
    **dict.fromkeys(("stated", "stated_logit", "support", "fits", "draft_logprob"), 1),
    **dict.fromkeys(("baseline_logit", "unmentioned", "uncited", "strange", "replaced"), -1),
}
# As many on either side: the share of questions that are not answered is part of what a confidence says.
TWINS = 1
# Strong enough that a feature which happens to separate a few hundred claims is not believed altogether.
PENALTY = 1.0
ROUNDS = 50
LEAST_CLAIMS = 50
RISKS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)

CASES = (
    "all of seeds-dev; of suites with unanswerable questions the half for fitting, and twins of those that do not ship"
)
NAMES = tuple(field.name for field in fields(Features))
# The log-odds say all that the yes or no says, and more.
WITH_LOGPROBS = tuple(name for name in NAMES if name != "stated")
WITHOUT_LOGPROBS = tuple(name for name in NAMES if not name.endswith(("_logit", "_logprob")))

Floats = NDArray[np.float64]


class Share(Written):
    """What comes of a setting of the risk.

    Attributes:
        risk: How likely an answer may be wrong, 0–1.
        answered: The share of the questions that are answered, 0–1.
        wrong: The share of the answers that are wrong, 0–1; None where there is none.
    """

    risk: float
    answered: float
    wrong: float | None


class Calibrated(Written):
    """What came of it, as it is written down.

    Attributes:
        calibration: The coefficients.
        estimates: The metrics over all reported cases together.
        curve: What comes of each of ``RISKS``, over those of them whose answer can be told right from wrong.
        cases: How many are reported.
    """

    calibration: Calibration
    estimates: Mapping[str, Estimate]
    curve: tuple[Share, ...]
    cases: int


def calibrate(suites: Sequence[Suite], settings: Settings, options: core.Options, runs: Path, path: Path) -> Calibrated:
    """Fit on what may be fitted on, write the coefficients, and ask what may be reported on with them.

    Args:
        suites: Whose cases are asked.
        settings: Of the assistant that is asked; while fitting, its calibration decides where few sentences are enough.
        options: How; their limit is of each half of a suite that doesn't ship.
        runs: The folder in which each run has a folder of its own, and the report of all of them is written.
        path: The file of calibrations, in which that of this model is written anew.

    Raises:
        EvalError: There is too little to fit on, the adapter was trained on it, or a file can't be written.
        FootnotedError: As ``evaluate`` does.
    """
    if settings.adapter is not None and any(suite.name == adapters.SUITE for suite in suites):
        raise EvalError(f"the adapter was trained on {adapters.SUITE}; fit and report on others")
    limit = f" --limit {options.limit}" if options.limit else ""
    made: list[tuple[Mapping[str, float], bool]] = []
    fitting = list(_fitting(suites))
    for part in fitting:
        finished = core.evaluate(part, settings, _limited(options, part), runs)
        about = finished.result.manifest
        made += _examples(finished, part)
    if len(made) < LEAST_CLAIMS or len({label for _, label in made}) == 1:
        raise EvalError(f"{len(made)} claims are too few to fit on; name more suites, such as {DEVELOPMENT}")
    fitted = Calibration(
        model=about.model,
        adapter=about.adapter,
        provenance=Provenance(
            suites=tuple(part.name for part in fitting),
            cases=CASES,
            claims=len(made),
            prompt=prompts.VERSION,
            date=date.today().isoformat(),
            command=f"footnoted eval {' '.join(suite.name for suite in suites)} --calibrate{limit}",
        ),
        with_logprobs=_logistic(made, WITH_LOGPROBS),
        without_logprobs=_logistic(made, WITHOUT_LOGPROBS),
    )
    core.write(path, calibration.added(fitted, path))
    known = settings.model_copy(update={"calibration": path})
    rows = [
        row
        for part in _parts(suites, for_reporting)
        for row in _told(core.evaluate(part, known, _limited(options, part), runs).result.rows, part)
    ]
    report = Calibrated(
        calibration=fitted,
        estimates=metrics.estimates(rows),
        curve=tuple(at_risk(risk, rows) for risk in RISKS),
        cases=len(rows),
    )
    core.write(runs / REPORT, report.model_dump_json(indent=1) + "\n")
    return report


def for_fitting(case: Case, suite: Suite) -> bool:
    """Whether a case may be fitted on: about the article that ships, those for that; else one half of the documents."""
    asks_of_article = ships(suite.folder) and suite.documents.keys() == _article()
    return suite.name == DEVELOPMENT if asks_of_article else half(case) == "fit"


def for_reporting(case: Case, suite: Suite) -> bool:
    """Whether a case is reported on: all that is not fitted on."""
    return not for_fitting(case, suite)


def at_risk(risk: float, rows: Sequence[Row]) -> Share:
    """What comes of answering only what is wrong with no more than this probability."""
    told = [row.values for row in rows if "eager_right" in row.values]
    answered = [one for one in told if one["eager_answered"] and 1.0 - one["eager_confidence"] <= risk]
    wrong = sum(1.0 - one["eager_right"] for one in answered) / len(answered) if answered else None
    return Share(risk=risk, answered=len(answered) / len(told) if told else 0.0, wrong=wrong)


def fit(rows: Floats, labels: Floats) -> Floats:
    """Weights of a logistic model, the intercept first.

    Args:
        rows: One example a row, of shape (n, features).
        labels: 0 or 1, of shape (n,).
    """
    x = np.hstack([np.ones((len(rows), 1)), rows])
    penalty = PENALTY * np.eye(x.shape[1])
    penalty[0, 0] = 0.0
    weights = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -50, 50)))
        gradient = x.T @ (p - labels) + penalty @ weights
        hessian = x.T @ (x * (p * (1 - p))[:, None]) + penalty
        weights -= np.linalg.solve(hessian, gradient)
    return np.asarray(weights, dtype=np.float64)


@cache
def _article() -> frozenset[str]:
    """The documents that ship, by source."""
    return frozenset(path.name for path in shipped_files())


def _parts(suites: Sequence[Suite], wanted: Callable[[Case, Suite], bool]) -> list[Suite]:
    """The suites with those of their cases that are wanted."""
    parts = [
        suite.model_copy(update={"cases": tuple(case for case in suite.cases if wanted(case, suite))})
        for suite in suites
    ]
    return [part for part in parts if part.cases]


def _fitting(suites: Sequence[Suite]) -> Iterator[Suite]:
    """What is fitted on, with twins where suites don't ship: what ships has enough that nothing answers."""
    whole = [
        with_twins(suite, TWINS) if suite.mode == "supplied" and not ships(suite.folder) else suite for suite in suites
    ]
    for part in _parts(whole, for_fitting):
        # A suite of answerable questions alone says nothing of when to refuse.
        if not all(case.answerable for case in part.cases):
            yield part


def _limited(options: core.Options, suite: Suite) -> core.Options:
    """What ships is asked whole: it is small, and nothing else asks what it asks."""
    return replace(options, limit=None) if ships(suite.folder) else options


def _told(rows: Sequence[Row], suite: Suite) -> Iterator[Row]:
    """The rows of a suite, with clusters that others share which ask of the same documents.

    None where most answers can't be told right from wrong by their words: what is left would be what is wrong.
    """
    answerable = [case for case in suite.cases if case.answerable]
    if sum(map(decidable, answerable)) * 2 < len(answerable):
        return
    for row in rows:
        yield (
            row
            if row.cluster.startswith("document: ")
            else row.model_copy(update={"cluster": f"{suite.name}: {row.cluster}"})
        )


def _examples(finished: core.Finished, suite: Suite) -> Iterator[tuple[Mapping[str, float], bool]]:
    """Features of a claim, and whether it is right."""
    cases = {case.id: case for case in suite.cases}
    for outcome in finished.outcomes:
        if outcome.eager is not None and outcome.eager.answered:
            claim = outcome.eager.claims[0]
            alone = outcome.eager.model_copy(update={"text": claim.text})
            yield claim.features, _right(cases[outcome.case], alone, suite)


def _right(case: Case, reply: Reply, suite: Suite) -> bool:
    """Whether an answer is right; where its words can't tell, whether it cites the evidence."""
    if not case.answerable:
        return False
    verdict = right(case, reply)
    return verdict if verdict is not None else cites(case, reply, suite.documents)


def _logistic(made: Sequence[tuple[Mapping[str, float], bool]], names: Sequence[str]) -> Logistic:
    labels = np.array([float(label) for _, label in made])
    # A model that is taught to tell is not asked for a baseline.
    kept = [name for name in names if any(name in features for features, _ in made)]
    while True:
        rows = np.array([[features.get(name, 0.0) for name in kept] for features, _ in made])
        intercept, *weights = (round(float(weight), 4) for weight in fit(rows, labels))
        wrong = {name: weight for name, weight in zip(kept, weights, strict=True) if weight * SIGNS.get(name, 0) < 0}
        if not wrong:
            return Logistic(intercept=intercept, weights=dict(zip(kept, weights, strict=True)))
        kept.remove(max(wrong, key=lambda name: abs(wrong[name])))
