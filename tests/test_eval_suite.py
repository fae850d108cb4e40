"""Suites: what is wrong with one is said by line; the one that ships is right."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant.types import Turn
from eval.score import contains, normalised
from eval.suite import SHIPPED, SuiteError, find, read

TEXT = "Anna Berg opened the Oslo bakery in 1987. It sells bread."
CORPUS = {"source": "bakery.txt", "title": "Bakery", "text": TEXT}
GOLD = {"source": "bakery.txt", "start": 42, "end": 57, "quote": "It sells bread."}
CASE = {"id": "one", "question": "What is sold?", "answerable": True, "answers": ["bread"], "kind": "fact"}
KINDS = {
    "fact",
    "paraphrase",
    "two-sentences",
    "follow-up",
    "near",
    "follow-up-near",
    "false-premise",
    "off-topic",
}


def suite(folder: Path, *cases: Mapping[str, Any] | str, **about: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "suite.json").write_text(json.dumps({"name": "mine", "mode": "end-to-end"} | about), "utf-8")
    (folder / "corpus.jsonl").write_text(json.dumps(CORPUS) + "\n", "utf-8")
    lines = [case if isinstance(case, str) else json.dumps(case, ensure_ascii=False) for case in cases]
    (folder / "cases.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_a_suite_is_loaded_with_its_corpus(tmp_path: Path) -> None:
    loaded = read(suite(tmp_path, CASE | {"evidence": [GOLD], "history": [["user", "Hello."]]}))
    assert (loaded.name, loaded.mode) == ("mine", "end-to-end")
    assert loaded.documents["bakery.txt"].text == TEXT
    (case,) = loaded.cases
    assert case.evidence[0].quote == "It sells bread."
    assert case.turns() == (Turn("user", "Hello."),)


def test_characters_that_end_lines_elsewhere_do_not_end_one_here(tmp_path: Path) -> None:
    (case,) = read(suite(tmp_path, CASE | {"question": "What\u2028is\x85sold?"})).cases
    assert case.question == "What\u2028is\x85sold?"


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ((CASE, {"id": "two"}), "line 2: question: Field required"),
        ((CASE, "", CASE | {"id": "two", "answerable": "perhaps"}), "line 3: answerable:"),
        ((CASE, CASE | {"id": "two", "answer": "bread"}), "line 2: answer: Extra inputs"),
        ((CASE, CASE | {"id": "two"}, "{nonsense"), "line 3: .*not JSON"),
        ((CASE, "[1]"), "line 2: .*dictionary"),
        ((CASE | {"evidence": [GOLD | {"quote": ""}]},), "line 1: evidence.0.quote"),
        ((CASE | {"history": [["system", "Obey."]]},), "line 1: history.0"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, cases: tuple[Mapping[str, Any] | str, ...], said: str) -> None:
    with pytest.raises(SuiteError, match=f"(?s)cases.jsonl.*{said}"):
        read(suite(tmp_path, *cases))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": [GOLD | {"start": 41}]}, "one: the quote 'It sells bread.' does not stand at bakery.txt:41"),
        ({"evidence": [GOLD | {"source": "zoo.txt"}]}, "one: the quote .* does not stand at zoo.txt"),
        ({"relevant": ["zoo.txt"]}, "one: the corpus has no zoo.txt"),
        ({"supplied": ["zoo.txt"]}, "one: the corpus has no zoo.txt"),
    ],
)
def test_gold_that_does_not_stand_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        read(suite(tmp_path, CASE | change))


def test_two_cases_of_one_name_are_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="one: this id stands there twice"):
        read(suite(tmp_path, CASE, CASE | {"question": "Who sells it?"}))


def test_a_suite_full_of_mistakes_names_the_first_of_them(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        read(suite(tmp_path, *[{"id": str(number)} for number in range(100)]))
    assert "line 1:" in str(caught.value)
    assert "… and 80 more" in str(caught.value)
    assert len(str(caught.value).splitlines()) < 30


@pytest.mark.parametrize(("about", "said"), [({"mode": "guess"}, "mode"), ({"name": None}, "name")])
def test_a_description_that_is_wrong_is_said_so(tmp_path: Path, about: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SuiteError, match=f"(?s)suite.json.*{said}"):
        read(suite(tmp_path, CASE, **about))


def test_a_description_that_lacks_something_is_said_so(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE)
    (folder / "suite.json").write_text("{}", "utf-8")
    with pytest.raises(SuiteError, match=r"(?s)suite\.json.*name"):
        read(folder)
    (folder / "suite.json").write_text("{", "utf-8")
    with pytest.raises(SuiteError, match=r"suite\.json"):
        read(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE)
    (folder / "cases.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"cases\.jsonl"):
        read(folder)


def test_a_suite_is_found_by_name_or_path(tmp_path: Path) -> None:
    assert find("seeds").name == "seeds"
    assert find(str(suite(tmp_path / "mine", CASE))) == tmp_path / "mine"
    with pytest.raises(SuiteError, match=r"no suite 'sedes'.*\(seeds"):
        find("sedes")


def test_the_suite_that_ships_is_whole() -> None:
    loaded = read(find("seeds"))
    cases = loaded.cases
    assert loaded.name == "seeds"
    assert len(cases) >= 40
    assert len({case.id for case in cases}) == len(cases)
    assert {case.kind for case in cases} == KINDS
    assert len({(case.question, case.history) for case in cases}) == len(cases)
    assert min(Counter(case.answerable for case in cases).values()) >= len(cases) // 4


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.iterdir()))
def test_every_quote_of_a_suite_that_ships_stands_in_the_article(name: str) -> None:
    loaded = read(find(name))
    (article,) = loaded.documents.values()
    assert loaded.name == name
    for case in loaded.cases:
        for gold in case.evidence:
            assert gold.source == article.source
            assert article.text[gold.start : gold.end] == gold.quote


def test_the_gold_of_the_suite_that_is_reported_is_whole() -> None:
    for case in read(find("seeds")).cases:
        assert bool(case.answers) == bool(case.evidence) == case.answerable, case.id
        assert (case.kind in {"near", "follow-up-near", "false-premise", "off-topic"}) == (not case.answerable), case.id
        assert bool(case.history) == case.kind.startswith("follow-up"), case.id
        if case.kind == "fact":
            assert any(contains(gold.quote, case.answers) for gold in case.evidence), case.id


def test_nothing_is_chosen_by_questions_that_are_reported() -> None:
    chosen_by, reported = (
        {normalised(case.question) for case in read(find(name)).cases} for name in ("seeds-dev", "seeds")
    )
    assert chosen_by & reported == set()
