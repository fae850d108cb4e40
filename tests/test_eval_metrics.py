"""What a run's rows come to."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.compare import compare, remarks
from eval.measures import selective
from eval.metrics import BY_NAME, METRICS, by_kind, estimates
from eval.result import Manifest, Result, Row
from eval.table import Table

ABOUT = {
    **dict.fromkeys(("suite", "suite_hash", "corpus_hash", "system", "model", "model_hash"), "x"),
    **dict.fromkeys(("prompts", "code", "machine", "begun"), "x"),
    "settings": {"risk": "0.4"},
    "options": {},
    "versions": {},
    "cases": 20,
}


def rows(*values: dict[str, float], clusters: str | None = None, kind: str = "fact") -> list[Row]:
    names = clusters or "abcdefghijklmnopqrstuvwxyz"
    return [
        Row(case=str(number), kind=kind, cluster=names[number % len(names)], values=one)
        for number, one in enumerate(values)
    ]


# Three answerable questions (right, wrong, refused) and two others (refused, answered).
RUN = rows(
    {"answerable": 1, "right": 1, "refused": 0, "citations": 2, "citations_valid": 2, "cited": 1, "words": 4},
    {"answerable": 1, "right": 0, "refused": 0, "citations": 1, "citations_valid": 0, "cited": 0, "words": 8},
    {"answerable": 1, "right": 0, "refused": 1, "citations": 0, "citations_valid": 0},
    {"answerable": 0, "right": 1, "refused": 1, "citations": 0, "citations_valid": 0},
    {"answerable": 0, "right": 0, "refused": 0, "citations": 1, "citations_valid": 1, "words": 6},
)


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("answered_right", 1 / 3, 3),
        ("refused_right", 1 / 2, 2),
        ("citation_validity", 3 / 4, 3),
        ("citation_hit", 1 / 2, 2),
        ("refusal_precision", 1 / 2, 2),
        ("refusal_recall", 1 / 2, 2),
        ("refusal_f1", 1 / 2, 3),
        ("false_refusals", 1 / 3, 3),
        ("words", 6.0, 3),
    ],
)
def test_shares_and_means_by_hand(name: str, value: float, count: int) -> None:
    found = estimates(RUN)[name]
    assert found.value == pytest.approx(value)
    assert found.n == count


def test_what_no_case_has_is_not_there() -> None:
    found = estimates(RUN)
    assert "recall@5" not in found
    assert "auroc" not in found
    assert "judge_faithfulness" not in found
    assert estimates([]) == {}


def test_confidence_by_hand() -> None:
    confident = rows(
        {"answerable": 1, "eager_confidence": 0.9, "eager_right": 1, "eager_answered": 1},
        {"answerable": 1, "eager_confidence": 0.6, "eager_right": 0, "eager_answered": 1},
        {"answerable": 0, "eager_confidence": 0.7, "eager_right": 0, "eager_answered": 1},
        {"answerable": 0, "eager_confidence": 0.0, "eager_right": 0, "eager_answered": 0},
    )
    found = {name: one.value for name, one in estimates(confident).items()}
    # Of the four pairs of an answerable question and one that is not, .6 against .7 alone is the wrong way round.
    assert found["auroc"] == pytest.approx(3 / 4)
    assert found["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4) / 4)
    assert (found["coverage@5"], found["coverage@10"]) == (0.25, 0.25)
    assert found["brier"] == pytest.approx((0.1**2 + 0.6**2 + 0.7**2) / 3)
    assert estimates(confident)["brier"].n == 3


def test_a_wrong_answer_costs_what_a_right_one_gains() -> None:
    found = estimates(rows({"net": 1.0}, {"net": 1.0}, {"net": -1.0}, {"net": 0.0}, {}))["net_score"]
    assert (found.value, found.n) == (0.25, 4)
    refused = estimates(rows(*({"net": 0.0} for _ in range(10))))["net_score"]
    # It could have been below 0 as well as above, so an exact interval of a share would be no interval of it.
    assert (refused.value, refused.low, refused.high) == (0.0, None, None)


def test_what_the_history_gains() -> None:
    found = estimates(
        rows({"recall@5": 1.0, "plain_recall@5": 0.5}, {"recall@5": 0.5, "plain_recall@5": 1.0}, {"recall@5": 1})
    )
    assert found["history_gain"].value == 0.0
    assert found["history_gain"].n == 2


def test_percentiles() -> None:
    found = estimates(rows(*({"total_seconds": float(second)} for second in range(1, 22))))
    assert found["total_p50"].value == 11.0
    assert found["total_p95"].value == 20.0
    assert found["total_p50"].low is not None
    assert 1.0 <= found["total_p50"].low <= 11.0


def test_where_all_came_out_alike_the_interval_is_exact_and_not_nothing() -> None:
    found = estimates(rows(*({"answerable": 1.0, "right": 1.0, "refused": 0.0} for _ in range(10))))
    assert found["answered_right"].value == 1.0
    assert found["answered_right"].low == pytest.approx(0.025**0.1)
    assert found["false_refusals"].high == pytest.approx(1 - 0.025**0.1)
    one_document = rows(*({"answerable": 1.0, "right": 1.0} for _ in range(10)), clusters="a")
    assert estimates(one_document)["answered_right"].low == pytest.approx(0.025)


figure = st.fixed_dictionaries(
    {
        "answerable": st.sampled_from([0.0, 1.0]),
        "right": st.sampled_from([0.0, 1.0]),
        "refused": st.sampled_from([0.0, 1.0]),
    },
    optional={
        "cited": st.sampled_from([0.0, 1.0]),
        "citation_f1": st.floats(0, 1),
        "recall@5": st.floats(0, 1),
        "plain_recall@5": st.floats(0, 1),
        "net": st.sampled_from([-1.0, 0.0, 1.0]),
        "total_seconds": st.floats(0, 100),
        "eager_confidence": st.floats(0, 1),
        "eager_right": st.sampled_from([0.0, 1.0]),
        "eager_answered": st.sampled_from([0.0, 1.0]),
    },
)


@given(st.lists(figure, max_size=12), st.randoms())
def test_bounds_and_order(values: list[dict[str, float]], chance: random.Random) -> None:
    run = rows(*values)
    found = {metric.name: metric.value(Table.of(run)) for metric in METRICS}
    chance.shuffle(run)
    for name, value in found.items():
        assert BY_NAME[name].value(Table.of(run)) == (None if value is None else pytest.approx(value))
        if value is not None and BY_NAME[name].unit in ("share", "score"):
            assert (-1.0 if BY_NAME[name].signed else 0.0) - 1e-9 <= value <= 1.0 + 1e-9


@settings(max_examples=5)
@given(st.lists(figure, min_size=2, max_size=12))
def test_intervals_have_their_ends_in_order(values: list[dict[str, float]]) -> None:
    for one in estimates(rows(*values)).values():
        assert one.value is not None
        assert (one.low is None) is (one.high is None)
        assert one.low is None or one.high is None or one.low <= one.high


def test_areas_are_those_of_the_measures() -> None:
    draw = np.random.default_rng(3)
    confidence, right = draw.random(50), draw.random(50) < 0.5
    run = rows(
        *(
            {"answerable": 1, "eager_confidence": float(one), "eager_right": float(good), "eager_answered": 1}
            for one, good in zip(confidence, right, strict=True)
        )
    )
    assert estimates(run)["aurc"].value == selective.aurc(confidence, right)
    assert estimates(run)["calibration_error"].value == selective.calibration_error(confidence, right)


def test_each_metric_says_what_it_is() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.title
        assert len(metric.definition) > 10
        assert (metric.ratio is None) is not (metric.statistic is None)


def test_kinds_have_figures_of_their_own() -> None:
    run = [*rows({"answerable": 1, "right": 1}), *rows({"answerable": 0, "right": 0}, kind="near")]
    found = by_kind(run)
    assert found["fact"]["answered_right"].value == 1.0
    assert found["near"]["refused_right"].value == 0.0
    assert "answered_right" not in found["near"]


def halves(share: float, count: int = 60) -> list[Row]:
    return [
        Row(
            case=str(number),
            kind="fact",
            cluster=str(number),
            values={"answerable": 1, "right": float(number < share * count)},
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("now", "before", "verdict"), [(0.9, 0.5, "better"), (0.5, 0.9, "worse"), (0.9, 0.88, "no difference shown")]
)
def test_better_is_said_only_beyond_doubt(now: float, before: float, verdict: str) -> None:
    (one,) = compare(halves(now), halves(before), ["answered_right"])
    assert one.verdict == verdict
    assert one.difference == pytest.approx(one.now - one.before)
    assert one.low is not None
    assert one.high is not None
    assert one.low <= one.difference <= one.high
    assert (one.p < 0.05) is (verdict != "no difference shown")
    assert one.n == 60


@pytest.mark.parametrize("flips", [2, 4])
def test_few_cases_that_differ_leave_doubt_though_the_bootstrap_does_not(flips: int) -> None:
    now, before = halves(1.0, 40), halves(1.0, 40)
    before[:flips] = [row.model_copy(update={"values": {"answerable": 1, "right": 0.0}}) for row in before[:flips]]
    (one,) = compare(now, before, ["answered_right"])
    assert one.p > 0.05
    assert one.verdict == "no difference shown"


def test_without_an_interval_nothing_is_shown() -> None:
    alike = [row.model_copy(update={"cluster": "one conversation"}) for row in halves(1.0, 20)]
    other = [row.model_copy(update={"cluster": "one conversation"}) for row in halves(0.0, 20)]
    (one,) = compare(alike, other, ["answered_right"])
    assert (one.low, one.high, one.verdict) == (None, None, "no difference shown")


def test_cases_whose_gold_has_changed_are_not_compared() -> None:
    now = [row.model_copy(update={"gold": "new" if number < 50 else "old"}) for number, row in enumerate(halves(1.0))]
    before = [row.model_copy(update={"gold": "old"}) for row in halves(0.5)]
    (one,) = compare(now, before, ["answered_right"])
    assert (one.n, one.now, one.before) == (10, 1.0, 0.0)


def test_what_only_one_run_was_judged_on_is_not_compared() -> None:
    judged = rows(*({"judge_relevancy": 1.0} for _ in range(20)))
    failing = rows(*({"judge_relevancy": 1.0} if number % 2 else {} for number in range(19)), {"judge_relevancy": 0.0})
    (one,) = compare(judged, failing, ["judge_relevancy"])
    assert (one.n, one.now, one.before) == (10, 1.0, 0.9)


def test_a_calibration_error_of_few_cases_is_not_told() -> None:
    one = {"answerable": 1.0, "eager_confidence": 0.9, "eager_right": 1.0, "eager_answered": 1.0}
    few, enough = (estimates(rows(*([one] * count))) for count in (29, 30))
    assert ("calibration_error" in few, "ece" in few, "brier" in few) == (False, False, True)
    assert enough["ece"].value == pytest.approx(0.1)


def test_what_differs_between_two_runs_is_told() -> None:
    def run(rows: list[Row], **more: object) -> Result:
        return Result(manifest=Manifest.model_validate({**ABOUT, **more}), estimates={}, rows=tuple(rows))

    before = run(halves(1.0, 20), begun="2026-11-24T10:00:00+00:00", options={"cases": "a"})
    assert remarks(before, before) == [
        "The other run began 2026-11-24 10:00; 20 cases are compared, of 20 here and 20 there."
    ]
    edited = [row.model_copy(update={"gold": "new"}) if row.case == "0" else row for row in halves(1.0, 10)]
    now = run(edited, corpus_hash="new", settings={"risk": "0.9"}, options={"cases": "b", "supplied": "True"})
    assert remarks(now, before) == [
        "The other run began 2026-11-24 10:00; 9 cases are compared, of 10 here and 20 there.",
        "Left out: 1 whose gold has changed.",
        "The documents have changed.",
        "Changed: risk 0.4 → 0.9; supplied no → True.",
    ]


def test_how_many_cases_a_comparison_rests_on() -> None:
    (one,) = compare(RUN, RUN, ["refused_right"])
    assert one.n == 2
    assert compare(halves(1.0), halves(0.5), ["calibration_error"]) == []


def test_fewer_seconds_are_better() -> None:
    slow, fast = (
        [
            Row(case=str(number), kind="fact", cluster=str(number), values={"total_seconds": seconds + number / 100})
            for number in range(40)
        ]
        for seconds in (5.0, 2.0)
    )
    (one,) = compare(fast, slow, ["total_p50"])
    assert one.verdict == "better"


def test_only_the_cases_that_both_asked_are_compared() -> None:
    (one,) = compare(halves(1.0)[:20], halves(0.5), ["answered_right"])
    assert (one.n, one.now, one.before) == (20, 1.0, 1.0)
    assert compare(halves(1.0), halves(0.5), ["recall@5"]) == []
