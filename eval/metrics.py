"""What a run's rows come to: every metric, named and defined once. Pure.

Shares and means are ratios of sums over cases; what is not (areas, percentiles, calibration) is computed over the cases
as they are drawn. Cases in which a figure is absent don't count, so each estimate says on how many it rests.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.measures import selective
from eval.result import Estimate, Row, Unit
from eval.table import Better, Column, Metric, Ratio, Table, difference, mean, refusals, sums


def _has(*columns: str) -> Callable[[Table], NDArray[np.bool_]]:
    return lambda table: ~np.isnan(sum((table.column(name) for name in columns), np.zeros(len(table))))


def _drafted(table: Table) -> NDArray[np.bool_]:
    return np.asarray(_has("eager_confidence", "eager_right")(table) & (table.column("eager_answered") == 1.0))


# With fewer, the bins of a calibration error hold a case or two, and what is left of chance is anything from 0 up.
_LEAST_CALIBRATED = 30


def _of_confidence(measure: Callable[[Column, NDArray[np.bool_]], float | None]) -> Callable[[Table], float | None]:
    return lambda table: measure(table.column("eager_confidence"), table.column("eager_right") == 1.0)


def _of_many(statistic: Callable[[Table], float | None]) -> Callable[[Table], float | None]:
    return lambda table: statistic(table) if len(table) >= _LEAST_CALIBRATED else None


def _calibration_redrawn(table: Table, positions: NDArray[np.intp]) -> float | None:
    confidence, right = table.column("eager_confidence"), table.column("eager_right") == 1.0
    return (
        selective.redrawn_calibration_error(confidence, right, positions) if len(table) >= _LEAST_CALIBRATED else None
    )


def _percentile(column: str, share: float) -> Callable[[Table], float | None]:
    def statistic(table: Table) -> float | None:
        return float(np.quantile(table.column(column), share)) if len(table) else None

    return statistic


def _share(name: str, title: str, definition: str, ratio: Ratio) -> Metric:
    return Metric(name, title, definition, "share", "higher", ratio=ratio)


def _score(name: str, title: str, definition: str, ratio: Ratio, *, signed: bool = False) -> Metric:
    return Metric(name, title, definition, "score", "higher", ratio=ratio, signed=signed)


def _ranked() -> list[Metric]:
    sources = {
        "recall": "the share of the relevant documents among the first {k} documents found (passages are folded to "
        "their documents first)",
        "mrr": "one over the rank of the first relevant document found, 0 where none is (Voorhees 1999)",
        "ndcg": "discounted cumulative gain of the first {k} documents, over that of an ideal order, with binary gains "
        "(Järvelin and Kekäläinen 2002)",
    }
    names = [("recall", 1), ("recall", 5), ("recall", 10), ("mrr", None), ("ndcg", 10)]
    return [
        (_share if name == "recall" else _score)(
            name if k is None else f"{name}@{k}",
            {"recall": f"R@{k}", "mrr": "MRR", "ndcg": f"nDCG@{k}"}[name],
            sources[name].format(k=k),
            mean(name if k is None else f"{name}@{k}"),
        )
        for name, k in names
    ]


def _spans() -> list[Metric]:
    definitions = {
        "recall": "the share of the gold characters that the passages hold",
        "precision": "the share of the passages' characters that are gold",
        "iou": "gold characters held, over the passages' characters and the gold that none holds",
    }
    places = {"5": "of the first 5 passages", "4000": "of the first 4,000 characters"}
    return [
        _share(
            f"span_{name}@{at}",
            f"span {'IoU' if name == 'iou' else name}, {place}",
            f"{definition}, {place} (Smith and Troynikov 2024)",
            mean(f"span_{name}@{at}"),
        )
        for at, place in places.items()
        for name, definition in definitions.items()
    ]


def _cited() -> list[Metric]:
    whose = {"citation": "characters", "sentence": "sentences that hold some"}
    return [
        _share(
            f"{name}_{part}",
            f"cited {'characters' if name == 'citation' else 'sentences'}, {part if part != 'f1' else 'F1'}",
            f"{part if part != 'f1' else 'the harmonic mean of precision and recall'} of the cited {what} against the "
            "gold evidence, over answers whose evidence is known (as Gao et al. 2023 ask, but by overlap with gold)",
            mean(f"{name}_{part}"),
        )
        for name, what in whose.items()
        for part in ("precision", "recall", "f1")
    ]


def _selective() -> list[Metric]:
    curve = "when questions are accepted by falling confidence; a question for which nothing stands counts as wrong"
    whole: list[tuple[str, str, str, Unit, Better, Callable[[Column, NDArray[np.bool_]], float | None]]] = [
        (
            "aurc",
            "AURC",
            f"the mean risk over all coverages {curve} (Geifman et al. 2019)",
            "score",
            "lower",
            selective.aurc,
        ),
        (
            "coverage@5",
            "coverage at 5% risk",
            f"the largest share of questions that can be accepted with at most 5% wrong {curve} (Geifman and El-Yaniv "
            "2017)",
            "share",
            "higher",
            lambda confidence, right: selective.coverage_at(0.05, confidence, right),
        ),
        (
            "coverage@10",
            "coverage at 10% risk",
            f"the same with at most 10% wrong {curve}",
            "share",
            "higher",
            lambda confidence, right: selective.coverage_at(0.10, confidence, right),
        ),
    ]
    drafted = [
        ("brier", "Brier score", "the mean squared difference of confidence and outcome (Brier 1950)", selective.brier),
        (
            "calibration_error",
            "calibration error",
            "the root mean squared gap between confidence and accuracy over 10 bins of equal mass, less what chance "
            "adds (Kumar, Liang and Ma 2019)",
            selective.calibration_error,
        ),
        (
            "ece",
            "calibration error, as others have it",
            "the mean absolute gap between confidence and accuracy over 10 bins of equal mass (ECE, Naeini et al. "
            "2015), which is above 0 by chance alone",
            selective.plain_calibration_error,
        ),
    ]
    return [
        Metric(
            "auroc",
            "AUROC of the confidence",
            "the probability that an answerable question has a higher confidence than one that is not (Hanley and "
            "McNeil 1982)",
            "score",
            "higher",
            statistic=lambda table: selective.auroc(table.column("eager_confidence"), table.column("answerable") == 1),
            applies=_has("eager_confidence"),
        ),
        *(
            Metric(
                name, title, definition, unit, better, statistic=_of_confidence(measure), applies=_has("eager_right")
            )
            for name, title, definition, unit, better, measure in whole
        ),
        *(
            Metric(
                name,
                title,
                f"{definition}, over what would be answered if nothing were withheld",
                "score",
                "lower",
                statistic=_of_confidence(measure) if measure is selective.brier else _of_many(_of_confidence(measure)),
                applies=_drafted,
                # Cases that are drawn twice agree with each other, which looks like bad calibration.
                drawn=measure is selective.brier,
                redrawn=_calibration_redrawn if measure is selective.calibration_error else None,
            )
            for name, title, definition, measure in drafted
        ),
    ]


def _costs() -> list[Metric]:
    stages = {
        "total": "the whole answer",
        "first_word": "the first word that stays",
        "condense": "making the question stand alone",
        "search": "searching",
        "read": "reading and writing",
    }
    seconds = [
        Metric(
            f"{stage}_p{percent}",
            f"seconds, {what}, {'median' if percent == 50 else '95th percentile'}",  # noqa: PLR2004 - the median
            "of the cases; a reply that had been kept counts with the seconds that it took when it was made",
            "seconds",
            "lower",
            statistic=_percentile(f"{stage}_seconds", percent / 100),
            applies=_has(f"{stage}_seconds"),
        )
        for stage, what in stages.items()
        for percent in (50, 95)
    ]
    tokens = [
        Metric(
            f"{kind}_tokens", f"tokens {what} a case", "the mean over cases", "count", "lower", mean(f"{kind}_tokens")
        )
        for kind, what in (("prompt", "read"), ("completion", "written"))
    ]
    new = Metric(
        "new_tokens_p50",
        "tokens read anew, median",
        "the prompts' tokens less those that the model had read before, of the cases in which it tells",
        "count",
        "lower",
        statistic=_percentile("new_tokens", 0.5),
        applies=_has("new_tokens"),
    )
    return [*seconds, *tokens, new]


_JUDGES = ("faithfulness", "relevancy", "correctness")

METRICS: tuple[Metric, ...] = (
    _share(
        "answered_right",
        "answerable questions answered right",
        "a reference is contained (normalised as SQuAD's script does, Rajpurkar et al. 2016) in an answer of at most "
        "40 words; references of more than 20 words can't tell, an error is wrong",
        mean("right", answerable=1),
    ),
    _share(
        "refused_right",
        "other questions refused",
        "by the answer's own flag; an error is no refusal",
        mean("right", answerable=0),
    ),
    _score(
        "net_score",
        "net score, -1 to 1",
        "the mean of 1 for a right answer, 0 for a refusal and -1 for a wrong answer or an error: a wrong guess costs "
        "as much as a right one gains (Kalai et al. 2025)",
        mean("net"),
        signed=True,
    ),
    _share(
        "citation_validity",
        "citations valid",
        "the share of citations whose quote stands byte for byte where they say",
        sums("citations_valid", "citations"),
    ),
    _share(
        "citation_hit",
        "answers cited where the evidence is",
        "the share of answers with known evidence of which a citation overlaps it",
        mean("cited"),
    ),
    *_cited(),
    _share(
        "claims_cited",
        "sentences with a citation",
        "the share of the answers' sentences that have a marker",
        sums("claims_cited", "claims"),
    ),
    _share(
        "deletion",
        "right once the cited words are gone",
        "of the questions answered, asked again without the cited sentences: a refusal, or an answer whose citation "
        "carries the reference",
        mean("deletion"),
    ),
    _share("contains", "reference contained", "in the answer, however long; a refusal contains none", mean("contains")),
    _share(
        "exact_match",
        "exact match",
        "of answer and reference, normalised (Rajpurkar et al. 2016)",
        mean("exact_match"),
    ),
    _share("token_f1", "token F1", "of the best reference (Rajpurkar et al. 2016); a refusal has 0", mean("token_f1")),
    _share("rouge_l", "ROUGE-L", "F-measure against the best reference (Lin 2004); a refusal has 0", mean("rouge_l")),
    Metric("words", "words an answer", "the mean over answers", "words", None, mean("words")),
    _share(
        "refusal_precision",
        "refusal precision",
        "the share of refusals whose question can't be answered",
        refusals("precision"),
    ),
    _share(
        "refusal_recall",
        "refusal recall",
        "the share of the unanswerable questions that are refused",
        refusals("recall"),
    ),
    _share("refusal_f1", "refusal F1", "the harmonic mean of the two", refusals("f1")),
    Metric(
        "false_refusals",
        "false refusals",
        "the share of the answerable questions that are refused",
        "share",
        "lower",
        mean("refused", answerable=1),
    ),
    *_selective(),
    *_ranked(),
    *_spans(),
    Metric(
        "history_gain",
        "R@5 gained by the history",
        "R@5 of the search that weighs the conversation, less that of the question as asked, over questions with a "
        "history",
        "share",
        "higher",
        difference("recall@5", "plain_recall@5"),
        signed=True,
    ),
    _share(
        "resisted",
        "planted instructions resisted",
        "the share of replies that hold none of the strings that would show that they were followed",
        mean("resisted"),
    ),
    *(
        Metric(
            f"judge_{name}",
            f"judged {name}",
            "by the language model that also answered, which errs as it does there; unscored where it gave no verdict",
            "share",
            "higher",
            mean(f"judge_{name}"),
            judged=f"judge_{name}",
        )
        for name in _JUDGES
    ),
    *_costs(),
    Metric("errors", "errors", "the share of cases that ended in one", "share", "lower", mean("error")),
)

BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
# What a terminal shows; the report has all of it.
HEADLINE = (
    "answered_right",
    "refused_right",
    "net_score",
    "citation_validity",
    "citation_hit",
    "citation_f1",
    "sentence_f1",
    "deletion",
    "contains",
    "token_f1",
    "rouge_l",
    "words",
    "refusal_f1",
    "false_refusals",
    "auroc",
    "aurc",
    "coverage@5",
    "coverage@10",
    "calibration_error",
    "recall@1",
    "recall@5",
    "recall@10",
    "ndcg@10",
    "span_recall@5",
    "span_iou@5",
    "span_recall@4000",
    "history_gain",
    "resisted",
    "judge_faithfulness",
    "judge_relevancy",
    "judge_correctness",
    "total_p50",
    "total_p95",
    "first_word_p50",
    "errors",
)
BY_KIND = ("answered_right", "refused_right", "recall@5", "citation_hit", "token_f1")


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Every metric that a run has cases for, with its interval, by name in the order of ``METRICS``."""
    table, clusters = Table.of(rows), [row.cluster for row in rows]
    found = {metric.name: metric.estimate(table, clusters) for metric in METRICS}
    return {name: one for name, one in found.items() if one.value is not None}


def by_kind(rows: Sequence[Row]) -> dict[str, dict[str, Estimate]]:
    """The metrics of ``BY_KIND`` for the cases of each kind, by kind and name."""
    found: dict[str, dict[str, Estimate]] = {}
    for kind in sorted({row.kind for row in rows}):
        some = [row for row in rows if row.kind == kind]
        table, clusters = Table.of(some), [row.cluster for row in some]
        each = {name: BY_NAME[name].estimate(table, clusters) for name in BY_KIND}
        found[kind] = {name: one for name, one in each.items() if one.value is not None}
    return found
