"""What a run comes to: a row of figures for each case, an estimate with its interval for each metric."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from eval.outcome import Written

Unit = Literal["share", "score", "seconds", "count", "words"]
"""How figures are written: ``share`` and ``score`` in percent and in thousandths."""


class Row(Written):
    """The figures of one case.

    Attributes:
        case: The case's id.
        kind: What sort of question it is.
        cluster: Cases that share it (a conversation, a document) are not independent and are resampled together.
        gold: A hash of what is asked and of the gold; runs are compared where it is the same.
        values: By name, such as ``right``, ``recall@5``; a figure that does not apply, or is unscored, is absent.
    """

    case: str
    kind: str
    cluster: str
    gold: str = ""
    values: Mapping[str, float]


class Estimate(Written):
    """A metric over a run.

    Attributes:
        value: None where it is unscored.
        low: The lower end of the 95% interval; None where there is none.
        high: The upper end.
        n: How many cases it rests on.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


class Comparison(Written):
    """A metric in this run and in another, over the cases that both asked.

    Attributes:
        metric: Its name.
        before: In the other run.
        now: In this one.
        difference: ``now - before``.
        low: The lower end of the paired 95% interval of the difference; None where there is none.
        high: The upper end.
        p: The two-sided probability of a difference as large where the two runs are equally good.
        n: How many of the cases that both asked the figures rest on.
        verdict: ``better`` or ``worse`` only where interval and probability leave no doubt, else ``no difference
            shown``.
    """

    metric: str
    before: float
    now: float
    difference: float
    low: float | None
    high: float | None
    p: float
    n: int
    verdict: Literal["better", "worse", "no difference shown"]


class Manifest(Written):
    """What a run was of, so that it can be repeated and is not compared with something else.

    Attributes:
        suite: The suite's name.
        suite_hash: SHA-256 of its cases.
        corpus_hash: SHA-256 of its documents.
        system: Who was asked: ``footnoted``, or a peer.
        model: The name of the model that writes.
        model_hash: SHA-256 of its weights, or where it is asked.
        adapter: SHA-256 of what it is taught beside its weights; None is nothing.
        prompts: The version of the prompts.
        code: SHA-256 of the code that finds and answers.
        settings: What was set, without keys.
        options: How the suite was run.
        versions: Of Python, Footnoted and the libraries that can change an answer.
        machine: What it ran on, in words.
        begun: When, in ISO 8601 with the offset.
        cases: How many cases were to be asked.
        peak_memory_mb: Of this process and of the model's, by name.
    """

    suite: str
    suite_hash: str
    corpus_hash: str
    system: str
    model: str
    model_hash: str
    adapter: str | None = None
    prompts: str
    code: str
    settings: Mapping[str, str]
    options: Mapping[str, str]
    versions: Mapping[str, str]
    machine: str
    begun: str
    cases: int
    peak_memory_mb: Mapping[str, int] = Field(default_factory=dict)


class Result(Written):
    """A run, scored. Two of them are compared by their rows.

    Attributes:
        manifest: What it was of.
        estimates: By metric.
        by_kind: The same for the cases of each kind, for the metrics that a kind has.
        rows: One a case.
    """

    manifest: Manifest
    estimates: Mapping[str, Estimate]
    by_kind: Mapping[str, Mapping[str, Estimate]] = Field(default_factory=dict)
    rows: tuple[Row, ...]
