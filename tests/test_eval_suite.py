"""Suites: what is wrong with one is said by line; the one that ships is right."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Turn
from eval.measures.text import contains, normalised
from eval.quotes import spans
from eval.suite import DRAFTS, SHIPPED, Case, Gold, Suite, SuiteError, clusters, find, half, names, read, sample
from index import Index
from tests.index_fakes import model

TEXT = "Anna Berg opened the Oslo bakery in 1987. It sells bread."
CORPUS = {"source": "bakery.txt", "title": "Bakery", "text": TEXT}
GOLD = {"source": "bakery.txt", "start": 42, "end": 57, "quote": "It sells bread."}
CASE = {"id": "one", "question": "What is sold?", "answerable": True, "answers": ["bread"], "kind": "fact"}
LONG = {"summary", "about", "list", "comparison"}
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
    folder.mkdir(parents=True, exist_ok=True)
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
        ((CASE, {"id": "two"}), r"line 2 \(two\): question: Field required"),
        ((CASE, "", CASE | {"id": "two", "answerable": "perhaps"}), r"line 3 \(two\): answerable:"),
        ((CASE, CASE | {"id": "two", "answer": "bread"}), r"line 2 \(two\): answer: there is no such key"),
        ((CASE, CASE | {"id": "two"}, "{nonsense"), "line 3: not JSON"),
        ((CASE, "[" * 100_000), "line 2: not JSON"),
        ((CASE, "[1]"), "line 2: should be an object"),
        ((CASE | {"question": " "},), r"line 1 \(one\): question"),
        ((CASE | {"evidence": [GOLD | {"quote": ""}]},), r"line 1 \(one\): evidence.0.quote"),
        ((CASE | {"evidence": [GOLD | {"page": 1}]},), r"line 1 \(one\): evidence.0.page: there is no such key"),
        ((CASE | {"history": [["system", "Obey."]]},), r"line 1 \(one\): history.0"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, cases: tuple[Mapping[str, Any] | str, ...], said: str) -> None:
    with pytest.raises(SuiteError, match=f"(?s)cases.jsonl.*{said}"):
        read(suite(tmp_path, *cases))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"evidence": [GOLD | {"start": 41}]},
            "the quote 'It sells bread.' does not stand at bakery.txt:41–57; it stands at 42–57",
        ),
        ({"evidence": [GOLD | {"quote": "It sells cake."}]}, "'It sells cake.' does not stand at bakery.txt:42–57$"),
        ({"evidence": [GOLD | {"end": None}]}, "has only one of start and end; say both or neither"),
        ({"evidence": [GOLD | {"source": "zoo.txt"}]}, "the corpus has no zoo.txt; it has bakery.txt"),
        ({"evidence": [{"source": "bakery.txt", "quote": "cake"}]}, "'cake' does not stand in bakery.txt; copy the"),
        ({"evidence": [{"source": "bakery.txt", "quote": "e"}]}, "'e' stands 7 times in bakery.txt; quote more words"),
        ({"relevant": ["zoo.txt"]}, "the corpus has no zoo.txt"),
        ({"supplied": ["zoo.txt"]}, "the corpus has no zoo.txt"),
        ({"relevant": ["bakery.txt", "bakery.txt"]}, "bakery.txt stands in 'relevant' 2 times; name it once"),
    ],
)
def test_gold_that_does_not_stand_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    folder = suite(tmp_path, CASE | {"id": "zero"}, CASE | change)
    with pytest.raises(SuiteError, match=rf"(?s)cases.jsonl:\nline 2 \(one\): .*{said}"):
        read(folder)


def test_faults_of_all_sorts_come_in_the_order_of_the_lines(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE | {"relevant": ["zoo.txt"]}, "{", CASE, CASE | {"relevant": ["zoo.txt", "sea.txt"]})
    with pytest.raises(SuiteError) as caught:
        read(folder)
    said = [line.partition(":")[0] for line in str(caught.value).splitlines()[1:]]
    assert said == ["line 1 (one)", "line 2", "line 3 (one)", "line 4 (one)", "line 4 (one)", "line 4 (one)"]


def test_a_quote_alone_is_found_whatever_its_white_space(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE | {"evidence": [{"source": "bakery.txt", "quote": " opened\n the  Oslo bakery"}]})
    text = TEXT.replace("the Oslo", "the\n\tOslo")
    (folder / "corpus.jsonl").write_text(json.dumps(CORPUS | {"text": text}), "utf-8")
    (gold,) = read(folder).cases[0].evidence
    assert gold.quote == "opened the\n\tOslo bakery" == text[gold.start : gold.end]


@given(st.text(alphabet="ab \n", min_size=1, max_size=30).filter(str.strip), st.integers(0, 29), st.integers(1, 30))
def test_a_quote_is_found_wherever_it_was_cut(text: str, start: int, length: int) -> None:
    quote = text[start : start + length]
    places = spans(text, quote)
    assert (quote.strip() != "") == bool(places)
    assert all("".join(text[a:b].split()) == "".join(quote.split()) for a, b in places)
    assert not quote.strip() or text.index(quote.strip()) in [place.start for place in places]


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (GOLD | {"start": 42, "end": 99}, "does not stand at bakery.txt:42–99"),
        (GOLD | {"start": 42, "end": -1}, "does not stand at"),
        ({"source": "bakery.txt", "quote": " ", "start": 4, "end": 5}, "quote: should not be blank"),
    ],
)
def test_offsets_are_those_of_the_quote(tmp_path: Path, evidence: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        read(suite(tmp_path, CASE | {"evidence": [evidence]}))


@pytest.mark.parametrize("change", [{"kind": "x\ud800"}, {"history": [["user", "\ud800"]]}])
def test_half_a_character_is_said_by_line(tmp_path: Path, change: Mapping[str, Any]) -> None:
    with pytest.raises(SuiteError, match="line 1: holds half a character"):
        read(suite(tmp_path, json.dumps({**CASE, **change})))


def test_what_can_be_left_out(tmp_path: Path) -> None:
    folder = suite(tmp_path, {"id": "one", "question": "Why?", "answerable": False})
    (folder / "suite.json").write_text('{"name": "mine"}', "utf-8")
    loaded = read(folder)
    assert (loaded.mode, loaded.cases[0].kind) == ("end-to-end", "unanswerable")


def test_all_that_is_wrong_with_a_line_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"line 1 \(one\): question: Field required; answerable: .*; x: there is no"):
        read(suite(tmp_path, {"id": "one", "x": 1}))


def test_drafts_that_nobody_has_judged_are_said_so(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE)
    (folder / "cases.jsonl").rename(folder / DRAFTS)
    with pytest.raises(SuiteError, match="no draft is accepted yet; judge them with: footnoted gold review"):
        read(folder)


def test_two_cases_of_one_name_are_named_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"line 3 \(one\): this id stands on line 1 already"):
        read(suite(tmp_path, CASE, "", CASE | {"question": "Who sells it?"}))


def test_each_case_of_a_suite_that_supplies_documents_names_some(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE | {"supplied": ["bakery.txt"], "answers": []}, mode="supplied")
    assert read(folder).cases[0].supplied == ("bakery.txt",)
    with pytest.raises(SuiteError, match=r"line 1 \(one\): names no documents as 'supplied'"):
        read(suite(tmp_path, CASE, mode="supplied"))


def test_a_suite_full_of_mistakes_names_the_first_of_them(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        read(suite(tmp_path, *[{"id": str(number)} for number in range(100)]))
    assert "line 1 (0): question" in str(caught.value)
    assert "… and 80 more" in str(caught.value)
    assert len(str(caught.value).splitlines()) < 30


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"mode": "guess"}, "mode"),
        ({"name": None}, "name"),
        ({"name": "../up"}, "name"),
        ({"license": "MIT"}, "license: there is no such key"),
    ],
)
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


def test_a_file_that_is_missing_empty_or_no_text_is_named(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE)
    cases = folder / "cases.jsonl"
    cases.write_bytes('{"id": "café"}'.encode("latin-1"))
    with pytest.raises(SuiteError, match=r"cases\.jsonl: is not UTF-8 .*save it as UTF-8"):
        read(folder)
    cases.write_text("\n", "utf-8")
    with pytest.raises(SuiteError, match=r"cases\.jsonl: has no cases"):
        read(folder)
    cases.unlink()
    with pytest.raises(SuiteError, match=r"cases\.jsonl: can't be read: No such file"):
        read(folder)


def test_a_byte_order_mark_does_not_count(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE)
    for name in ("suite.json", "corpus.jsonl", "cases.jsonl"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    assert read(folder).cases[0].id == "one"


def test_what_is_known_of_a_suite_is_kept(tmp_path: Path) -> None:
    plain = read(suite(tmp_path, CASE))
    assert (plain.version, plain.licence, plain.source, plain.notes, plain.folder) == (1, "", "", "", tmp_path)
    told = read(suite(tmp_path, CASE, version=3, licence="CC0", source="Us", notes="None."))
    assert (told.version, told.licence, told.source, told.notes) == (3, "CC0", "Us", "None.")


def test_a_document_of_a_line_is_told_by_all_that_it_says(tmp_path: Path) -> None:
    document = read(suite(tmp_path, CASE)).documents["bakery.txt"]
    assert (document.id, document.sources, document.title) == ("bakery.txt", ("bakery.txt",), "Bakery")
    row = json.dumps(["bakery.txt", "Bakery", TEXT])
    assert document.sha256 == hashlib.sha256(row.encode()).hexdigest()


def test_the_hash_is_that_of_the_cases_however_they_are_written(tmp_path: Path) -> None:
    one = read(suite(tmp_path / "a", CASE | {"evidence": [GOLD]}))
    same = read(suite(tmp_path / "b", {"evidence": [{"source": "bakery.txt", "quote": "It sells  bread."}]} | CASE))
    other = read(suite(tmp_path / "c", CASE | {"answers": ["rolls"]}))
    assert one.hash == same.hash != other.hash
    assert len(one.hash) == 64


def test_the_hash_of_the_corpus_is_that_of_the_documents_in_whatever_order(tmp_path: Path) -> None:
    rows = [CORPUS, CORPUS | {"source": "other.txt"}]
    hashes = []
    for name, lines in (("a", rows), ("b", rows[::-1]), ("c", rows[:1]), ("d", [rows[0], rows[1] | {"title": "X"}])):
        folder = suite(tmp_path / name, CASE)
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
        hashes.append(read(folder).corpus_hash)
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_a_corpus_that_is_wrong_is_said_by_line(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE)
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, [CORPUS, {"source": "x"}, CORPUS])), "utf-8")
    with pytest.raises(SuiteError) as caught:
        read(folder)
    assert "line 2 (x): text: Field required" in str(caught.value)
    assert "line 3 (bakery.txt): this source stands on line 1 already" in str(caught.value)


def files(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "bakery.txt").write_text(TEXT, "utf-8")
    (folder / "deep" / "cafe.md").write_text("# The café\n\nIt opens at nine.", "utf-8")
    return folder


def test_a_folder_of_files_is_a_corpus_and_its_files_are_named_as_an_index_names_them(tmp_path: Path) -> None:
    folder = suite(tmp_path / "mine", CASE | {"evidence": [GOLD], "relevant": ["deep/cafe.md"]})
    (folder / "corpus.jsonl").unlink()
    documents = files(folder / "corpus")
    with Index.open(tmp_path / "index", model()) as index:
        index.add([documents])
        named = {document.source: document.sha256 for document in index.documents()}
    loaded = read(folder)
    assert {source: document.sha256 for source, document in loaded.documents.items()} == named
    assert set(named) == {"bakery.txt", "deep/cafe.md"}
    assert loaded.documents["deep/cafe.md"].title == "The café"


def test_files_that_can_not_be_read_are_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = suite(tmp_path / "mine", CASE)
    (folder / "corpus.jsonl").unlink()
    documents = files(folder / "corpus")
    (documents / "bad.txt").write_bytes(bytes(range(256)))
    (documents / "blank.txt").write_text(" ", "utf-8")
    assert set(read(folder).documents) == {"bakery.txt", "deep/cafe.md"}
    assert [record.message for record in caplog.records] == [
        "left out: bad.txt: looks like a binary file, not text",
        "left out: blank.txt: is empty",
    ]
    for file in ("bakery.txt", "deep/cafe.md"):
        (documents / file).unlink()
    with pytest.raises(SuiteError, match=r"(?s)bad\.txt: looks like a binary file.*blank\.txt: is empty"):
        read(folder)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_suite_may_be_about_files_that_are_elsewhere(tmp_path: Path, absolute: bool) -> None:
    documents = files(tmp_path / "documents")
    # Inside what it is about, and no part of it.
    folder = suite(
        documents / "suite", CASE | {"evidence": [GOLD]}, corpus=str(documents) if absolute else "../../documents"
    )
    (folder / "corpus.jsonl").rename(folder / "report.md")
    assert set(read(folder).documents) == {"bakery.txt", "deep/cafe.md"}
    (documents / "bakery.txt").write_text("Gone.", "utf-8")
    with pytest.raises(SuiteError, match=r"line 1 \(one\): the quote 'It sells bread.' does not stand"):
        read(folder)


def test_a_suite_without_documents_is_told_what_is_missing(tmp_path: Path) -> None:
    folder = suite(tmp_path, CASE, corpus="nowhere")
    with pytest.raises(SuiteError, match=r"more than one corpus: corpus\.jsonl and the key 'corpus'; keep one"):
        read(folder)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"there are no documents at .*nowhere, which is where .*suite\.json says"):
        read(folder)
    suite(tmp_path, CASE)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"has no corpus; put the documents into corpus\.jsonl"):
        read(folder)
    (folder / "corpus").mkdir()
    with pytest.raises(SuiteError, match="no file in this folder can be read"):
        read(folder)


def test_a_suite_is_found_by_name_or_path(tmp_path: Path) -> None:
    assert find("seeds").name == "seeds"
    assert find(str(suite(tmp_path / "mine", CASE))) == tmp_path / "mine"
    with pytest.raises(
        SuiteError,
        match=r"no suite 'sedes'.*nor one that ships "
        r"\(answerability-train, desk, seeds, seeds-dev, seeds-held-out\)",
    ):
        find("sedes")


def test_suites_of_ones_own_have_names_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names() == ["answerability-train", "desk", "seeds", "seeds-dev", "seeds-held-out"]
    mine = suite(tmp_path / "suites" / "mine", CASE)
    suite(tmp_path / "suites" / "seeds", CASE)
    (tmp_path / "suites" / "other").mkdir()
    monkeypatch.setenv("FOOTNOTED_SUITES", str(tmp_path / "suites"))
    assert names() == ["answerability-train", "desk", "mine", "seeds", "seeds-dev", "seeds-held-out"]
    assert find("mine") == mine
    assert find("seeds") == tmp_path / "suites" / "seeds"
    assert find("seeds-dev").parent == SHIPPED
    with pytest.raises(SuiteError, match=r"no suite 'other'.* nor in .*suites: mine, seeds nor one that ships"):
        find("other")
    monkeypatch.setenv("FOOTNOTED_SUITES", str(mine / "suite.json"))
    with pytest.raises(SuiteError, match=r"FOOTNOTED_SUITES is .*, which is no folder"):
        find("mine")


def cases(*ids: str) -> list[Case]:
    return [Case(id=name, question=f"{name}?", answerable=True, kind="fact") for name in ids]


@given(st.lists(st.text("abc", min_size=1), unique=True), st.integers(0, 20), st.integers(0, 20), st.integers())
def test_a_sample_is_in_order_and_in_every_larger_one(ids: list[str], fewer: int, more: int, seed: int) -> None:
    small, large = (sample(cases(*ids), limit, seed) for limit in sorted((fewer, more)))
    assert len(small) == min(len(ids), fewer, more)
    assert all(case in large for case in small)
    assert [case.id for case in large] == [name for name in ids if name in {case.id for case in large}]


def test_a_sample_is_the_same_everywhere_and_another_with_another_seed() -> None:
    many = cases(*map(str, range(100)))
    smallest = sorted(map(str, range(100)), key=lambda name: hashlib.sha256(f"0:{name}".encode()).hexdigest())[:10]
    assert {case.id for case in sample(many, 10)} == set(smallest)
    assert sample(many, 10, seed=1) != sample(many, 10)


def test_what_is_fitted_on_and_what_is_reported_share_no_document() -> None:
    # By hand: SHA-256 of "a" ends in b, of "c" in 6.
    odd, even = ({"supplied": (name,)} for name in ("a", "c"))
    (case,) = cases("one")
    assert half(case.model_copy(update=odd)) == "report"
    assert half(case.model_copy(update=even)) == "fit"
    assert half(case.model_copy(update=even | {"relevant": ("a",)})) == "fit"
    assert half(case.model_copy(update={"relevant": ("c",)})) == "fit"
    gold = Gold(source="c", start=0, end=1, quote="c")
    assert half(case.model_copy(update={"evidence": (gold,)})) == "fit"
    assert half(case.model_copy(update={"evidence": (gold,), "relevant": ("a",)})) == "report"
    for opening, expected in (("a", "report"), ("c", "fit")):
        assert half(case.model_copy(update={"history": (("user", opening), ("assistant", "Well."))})) == expected
        assert half(case.model_copy(update={"question": opening})) == expected


def pool(*some: Case) -> Suite:
    return Suite(name="mine", mode="end-to-end", cases=some, documents={})


def test_turns_of_a_conversation_are_one_cluster() -> None:
    first, second, third, other = cases("first", "second", "third", "other")
    second = second.model_copy(update={"history": (("user", "first?"), ("assistant", "Yes."))})
    third = third.model_copy(update={"history": (("user", "first?"), ("assistant", "Yes."), ("user", "second?"))})
    found = clusters(pool(first, second, third, other))
    assert found["first"] == found["second"] == found["third"] != found["other"]
    assert found["other"] == "case: other"


def test_documents_are_clusters_where_there_are_enough_of_them() -> None:
    def about(number: int) -> list[Case]:
        return [
            case.model_copy(update={"relevant": (f"{at % number}.txt",)})
            for at, case in enumerate(cases(*map(str, range(20))))
        ]

    ten, nine = clusters(pool(*about(10))), clusters(pool(*about(9)))
    assert len(set(ten.values())) == 10
    assert ten["3"] == ten["13"] == "document: 3.txt"
    assert len(set(nine.values())) == 20


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
def test_every_quote_of_a_suite_that_ships_stands_in_its_document(name: str) -> None:
    loaded = read(find(name))
    assert loaded.name == name
    for case in loaded.cases:
        for gold in case.evidence:
            assert loaded.documents[gold.source].text[gold.start : gold.end] == gold.quote


@pytest.mark.parametrize("name", ["seeds", "seeds-held-out", "desk"])
def test_the_gold_of_a_suite_that_is_reported_is_whole(name: str) -> None:
    for case in read(find(name)).cases:
        assert bool(case.evidence) == case.answerable, case.id
        # A summary, a list or a comparison can be worded in too many ways for a reference; its sentences are the gold.
        assert bool(case.answers) == (case.answerable and case.kind not in LONG), case.id
        assert bool(case.history) == case.kind.startswith("follow-up"), case.id


def test_what_is_trained_on_is_answered_half_and_half_and_asked_alike() -> None:
    cases = read(find("answerability-train")).cases
    assert len({case.id for case in cases}) == len({(case.supplied, case.question) for case in cases}) == len(cases)
    near = [case for case in cases if case.kind.endswith("-near")]
    assert [case for case in cases if not case.answerable] == near
    for kind in {case.kind for case in cases if case.answerable}:
        answered, not_answered = (sum(case.kind == name for case in cases) for name in (kind, f"{kind}-near"))
        assert answered == pytest.approx(not_answered, rel=0.05), kind
    for case in cases:
        assert bool(case.answers) == bool(case.evidence) == (case.answerable and case.kind != "about"), case.id


def test_the_kinds_of_the_shipped_suite_say_what_its_cases_are() -> None:
    for case in read(find("seeds")).cases:
        assert (case.kind in {"near", "follow-up-near", "false-premise", "off-topic"}) == (not case.answerable), case.id
        if case.kind == "fact":
            assert any(contains(gold.quote, case.answers) for gold in case.evidence), case.id


def test_nothing_is_chosen_by_questions_that_are_reported() -> None:
    asked = {
        name: {normalised(case.question) for case in read(find(name)).cases}
        for name in ("answerability-train", "seeds", "seeds-dev", "seeds-held-out")
    }
    assert asked["seeds-dev"] & (asked["seeds"] | asked["seeds-held-out"]) == set()
    assert asked["seeds"] & asked["seeds-held-out"] == set()
    assert asked["answerability-train"] & (asked["seeds"] | asked["seeds-dev"] | asked["seeds-held-out"]) == set()
