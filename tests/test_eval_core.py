"""An evaluation from its options to what is written down."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from eval import core
from eval.core import Options
from eval.errors import EvalError
from eval.manifest import manifest
from eval.outcome import Outcome
from eval.outcome import Reply as OutcomeReply
from eval.suite import Suite, find, read
from tests.fakes import Asked, DeltaModel, Endpoint, Reply


@pytest.fixture(scope="module")
def seeds() -> Suite:
    return read(find("seeds"))


def reply(asked: Asked) -> Reply:
    known = {"Who is Japan's foreign minister?": "The foreign minister is Fumio Kishida."}
    return Reply(known.get(asked.question, "Not stated."), logprobs={"The": -0.1, "Not": -3.0})


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(reply) as running:
        yield running


@pytest.fixture
def settings(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models_folder: Path) -> Settings:
    monkeypatch.setenv("FOOTNOTED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(models_folder))
    return Settings(openai_base_url=endpoint.url, model="tiny", risk=0.9)


def test_a_suite_is_run_and_written_down(seeds: Suite, settings: Settings, endpoint: Endpoint, tmp_path: Path) -> None:
    finished = core.evaluate(seeds, settings, Options(only="fact"), tmp_path / "runs")
    values = {row.case: row.values for row in finished.result.rows}
    assert values["fact-01"]["right"] == 1.0
    assert values["fact-01"]["cited"] == 1.0
    assert values["fact-02"]["refused"] == 1.0
    count = len(values)
    assert (finished.result.manifest.cases, len(finished.outcomes)) == (count, count)
    assert finished.result.estimates["citation_validity"].value == 1.0
    assert len([one for one in endpoint.asked if one.path.endswith("/completions")]) == count
    written = core.read_result(finished.folder / "result.json")
    assert written == finished.result
    page = core.write_report(finished, seeds, [])
    assert "Who is Japan" in page.read_text("utf-8")


def test_the_same_run_again_asks_nothing_and_other_settings_ask_no_model(
    seeds: Suite, settings: Settings, endpoint: Endpoint, tmp_path: Path
) -> None:
    first = core.evaluate(seeds, settings, Options(limit=4), tmp_path / "runs")
    asked = len(endpoint.asked)
    again = core.evaluate(seeds, settings, Options(limit=4), tmp_path / "runs")
    assert again.folder == first.folder
    assert again.outcomes == first.outcomes
    stricter = settings.model_copy(update={"risk": 0.001})
    refused = core.evaluate(seeds, stricter, Options(limit=4), tmp_path / "runs")
    assert refused.folder != first.folder
    assert refused.result.estimates["refused_right"].value == 1.0
    assert len(endpoint.asked) == asked
    core.evaluate(seeds, settings, Options(limit=4, fresh=True), tmp_path / "runs")
    fresh = len(endpoint.asked)
    assert fresh > asked
    core.evaluate(seeds, settings, Options(limit=4, fresh=True), tmp_path / "runs")
    assert len(endpoint.asked) > fresh


def test_a_smaller_limit_asks_some_of_the_same(seeds: Suite) -> None:
    few, more = core.chosen(seeds, Options(limit=5)), core.chosen(seeds, Options(limit=20))
    assert len(few) == 5
    assert {case.id for case in few} < {case.id for case in more}
    assert few != core.chosen(seeds, Options(limit=5, seed=1))
    order = [case.id for case in seeds.cases]
    assert sorted(more, key=lambda case: order.index(case.id)) == more


def test_options_that_leave_nothing_say_what_there_is(seeds: Suite) -> None:
    with pytest.raises(EvalError, match=r"'facts'; there are: .*fact"):
        core.chosen(seeds, Options(only="facts"))
    bare = seeds.model_copy(
        update={"cases": tuple(case.model_copy(update={"relevant": (), "evidence": ()}) for case in seeds.cases)}
    )
    with pytest.raises(EvalError, match="--supplied"):
        core.chosen(bare, Options(supplied=True))


def test_with_supplied_documents_the_cases_that_name_none_are_left_out(seeds: Suite) -> None:
    chosen = core.chosen(seeds, Options(supplied=True))
    assert chosen
    assert all(case.relevant or case.evidence for case in chosen)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(supplied=True, retrieval_only=True), "there is no retrieval"),
        (Options(deletion=True, retrieval_only=True), "--deletion is about answers"),
        (Options(judges=True, retrieval_only=True), "--judge is about answers"),
        (Options(deletion=True, peer="llamaindex"), "leave it out with --peer"),
    ],
)
def test_options_that_can_not_be_had_together_are_said(
    seeds: Suite, settings: Settings, tmp_path: Path, options: Options, said: str
) -> None:
    with pytest.raises(EvalError, match=said):
        core.evaluate(seeds, settings, options, tmp_path / "runs")


def test_afresh_is_afresh_though_a_case_ended_in_an_error(
    seeds: Suite, settings: Settings, endpoint: Endpoint, tmp_path: Path
) -> None:
    case = seeds.cases[0].model_copy(update={"id": "long", "question": "why " * 1500})
    suite = seeds.model_copy(update={"cases": (case, seeds.cases[0])})
    for _ in range(2):
        asked = len(endpoint.asked)
        finished = core.evaluate(suite, settings, Options(fresh=True), tmp_path / "runs")
        assert [outcome.error is None for outcome in finished.outcomes] == [False, True]
        assert len(endpoint.asked) == asked + 1


def test_a_system_without_confidence_is_not_scored_by_its_refusals_alone(seeds: Suite) -> None:
    refusal = OutcomeReply(text="No.", kind="refusal", reason="No.")
    outcomes = [Outcome(case=case.id, reply=refusal) for case in seeds.cases]
    about = manifest(seeds, seeds.cases, "fake", DeltaModel(), Settings(), {})
    assert "aurc" not in core.scored(seeds, outcomes, about, Options()).estimates


def test_a_baseline_must_be_one_of_the_same_suite(seeds: Suite, settings: Settings, tmp_path: Path) -> None:
    result = core.evaluate(seeds, settings, Options(limit=3, retrieval_only=True), tmp_path / "runs").result
    (one, *_) = core.compared(result, result, ["recall@5"])
    assert (one.difference, one.verdict) == (0.0, "no difference shown")
    other = result.model_copy(update={"manifest": result.manifest.model_copy(update={"suite": "pets"})})
    with pytest.raises(EvalError, match="pets"):
        core.compared(result, other, ["recall@5"])


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"summary": 1}'])
def test_a_file_that_is_no_result_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(EvalError, match="--json writes one"):
        core.read_result(path)
    with pytest.raises(EvalError, match="can't be read"):
        core.read_result(tmp_path / "gone.json")


def test_a_folder_that_can_not_be_written_is_said(seeds: Suite, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(EvalError, match="--out"):
        core.evaluate(seeds, settings, Options(limit=1, retrieval_only=True), tmp_path / "runs")


def test_a_result_says_nothing_of_this_machine(seeds: Suite, settings: Settings, tmp_path: Path) -> None:
    result = core.evaluate(seeds, settings, Options(limit=1, retrieval_only=True), tmp_path / "runs").result
    core.save(result, tmp_path / "baseline.json")
    written = (tmp_path / "baseline.json").read_text("utf-8")
    assert str(tmp_path) not in written
    assert json.loads(written)["manifest"]["options"]["retrieval_only"] == "True"
