"""Fit the confidence of ``assistant/decide.py`` on suites of gold questions.

    uv run python scripts/calibrate.py SUITE [SUITE …]

Each SUITE is the folder of a suite whose mode is ``supplied``, or the name of one that ships. Of a folder's cases only
those are used that ``eval.suite.half`` leaves for fitting; the others are for reporting. Each answerable case is asked
a second time of the document that stands next to its own in the corpus and doesn't contain a reference: a question that
its passages don't answer is what users meet more often than one written to deceive. What the model replies is kept, so
that a second run asks nothing again. A claim that stands is right when the case is answerable and the claim contains a
reference. The logistic model is fitted by Newton's method with an L2 penalty, and written to calibration.json.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant import context, decide, ground, prompts, read
from assistant.core import EVIDENCE_TOKENS_EMBEDDED
from assistant.llm import Model, choose
from assistant.settings import from_environment
from assistant.types import Draft, Evidence
from eval.measures.selective import auroc
from eval.measures.text import contains
from eval.replies import KeptModel, Replies
from eval.suite import Case, Suite, find, half
from eval.suite import read as read_suite
from index import Hit, split, weights

TARGET = Path(__file__).parent.parent / "assistant" / decide.COEFFICIENTS
DEVELOPMENT = "seeds-dev"
ANSWER_TOKENS = 160
# The shipped article is one document; what is learned from its 60 questions should not drown in those about others.
WEIGHT = {DEVELOPMENT: 2}
# Strong enough that a feature which happens to separate a few hundred cases is not believed altogether.
PENALTY = 1.0
ROUNDS = 50

Rows = NDArray[np.float64]


def fitting(case: Case, suite: Suite) -> bool:
    """Whether a case may be fitted on; of what ships, the suite of that purpose alone."""
    return suite.name == DEVELOPMENT or half(case) == "fit"


def evidence_of(case: Case, suite: Suite) -> tuple[Evidence, ...]:
    """What is read for a case: as the assistant would read the supplied documents."""
    passages = [passage for source in case.supplied for passage in split.passages(suite.documents[source])]
    hits = [Hit(passage, score=1.0 / rank) for rank, passage in enumerate(passages, start=1)]
    return context.fit(hits, EVIDENCE_TOKENS_EMBEDDED)


def asked(suite: Suite) -> Iterator[Case]:
    """The cases for fitting: the suite's own, each answerable one followed by its unanswerable twin."""
    sources = list(suite.documents)
    for case in (case for case in suite.cases if fitting(case, suite)):
        yield case
        if case.answerable and suite.name != DEVELOPMENT and (neighbour := _neighbour(case, suite, sources)):
            twin = {"id": f"{case.id}/{neighbour}", "answerable": False, "supplied": (neighbour,)}
            yield case.model_copy(update=twin)


def _neighbour(case: Case, suite: Suite, sources: Sequence[str]) -> str | None:
    at = sources.index(case.supplied[0])
    near = [*sources[at + 1 : at + 3], *sources[max(at - 2, 0) : at][::-1]]
    usable = (source for source in near if half(case.model_copy(update={"supplied": (source,)})) == "fit")
    return next((source for source in usable if not contains(suite.documents[source].text, case.answers)), None)


def drafts(suites: Sequence[Suite], model: Model) -> Iterator[tuple[Case, Suite, Draft]]:
    """What the model writes to each case."""
    for suite in suites:
        for case in asked(suite):
            *_, last = read.draft(model, case.question, evidence_of(case, suite), ANSWER_TOKENS)
            yield case, suite, last.draft


def example(case: Case, suite: Suite, draft: Draft) -> tuple[decide.Features, bool] | None:
    """The features of the draft's first sentence and whether it is right; None where it is not a claim that stands."""
    spans = split.sentences(draft.text)
    if not spans or read.declines(draft.text):
        return None
    claim = ground.strip_markers(draft.text[spans[0].start : spans[0].end])
    prepared = ground.Ground(evidence_of(case, suite))
    grounding = prepared.verify(claim, case.question)
    if not ground.stands(grounding):
        return None
    right = case.answerable and contains(claim, case.answers)
    return decide.features(draft, grounding, prepared, case.question), right


def fit(rows: Rows, labels: Rows) -> Rows:
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


def model_of(examples: Sequence[tuple[decide.Features, bool]], names: Sequence[str]) -> dict[str, Any]:
    """Fit a model over the named features, and say how well it ranks what it was fitted on."""
    rows = np.array([[features.values().get(name, 0.0) for name in names] for features, _ in examples])
    labels = np.array([float(right) for _, right in examples])
    weights = fit(rows, labels)
    scores = weights[0] + rows @ weights[1:]
    area = auroc(scores, labels == 1)
    print(f"{len(names)} features, {len(examples)} claims, {labels.mean():.0%} right: AUROC {area:.3f}")
    rounded = [round(float(weight), 4) for weight in weights]
    return {"intercept": rounded[0], "weights": dict(zip(names, rounded[1:], strict=True))}


def main() -> None:
    """Ask, fit, write."""
    if len(sys.argv) == 1:
        raise SystemExit("name the suites to fit on: uv run python scripts/calibrate.py SUITE [SUITE …]")
    suites = [read_suite(find(folder)) for folder in sys.argv[1:]]
    with closing(KeptModel(choose(from_environment()), Replies(weights.cache_folder() / "replies.sqlite3"))) as model:
        found = [
            one
            for case, suite, draft in drafts(suites, model)
            if (one := example(case, suite, draft))
            for _ in range(WEIGHT.get(suite.name, 1))
        ]
    names = list(decide.Features.__slots__)
    without = [name for name in names if name != "none_logit"]
    data = {
        "provenance": {
            "suites": [suite.name for suite in suites],
            "cases": "seeds-dev twice; else those whose document has an even SHA-256 of its name, and their twins",
            "claims": len(found),
            "model": model.name,
            "prompt": prompts.VERSION,
            "date": date.today().isoformat(),
            "command": "uv run python scripts/calibrate.py seeds-dev SQUAD2_FOLDER",
        },
        "with_logprobs": model_of(found, names),
        "without_logprobs": model_of(found, without),
    }
    TARGET.write_text(json.dumps(data, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
