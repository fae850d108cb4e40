"""Importing what others have: right files become suites that can be read, wrong ones are said by line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from eval.convert import FORMATS, Made, Options, convert, recognise, write
from eval.gold_cli import gold
from eval.lines import SuiteError
from eval.suite import Suite, read

BAKERY = "Anna Berg opened the Oslo bakery in 1987. It sells bread."
CAFE = "The café in Bergen opens at nine.\nIt sells cake."


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "deep").mkdir(parents=True)
    (folder / "Bakery.txt").write_text(BAKERY, "utf-8")
    (folder / "deep" / "cafe.md").write_text(CAFE, "utf-8")
    return folder


def put(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def made(tmp_path: Path, path: Path, **options: Any) -> Suite:
    """The suite that becomes of a file, written and read."""
    return write(convert(path, None, Options(**options)), tmp_path / "suite", "mine", "A test", replace=True)


def wrong(path: Path, **options: Any) -> str:
    with pytest.raises(SuiteError) as caught:
        convert(path, None, Options(**options))
    return str(caught.value)


def test_pairs_become_cases_over_the_documents_where_they_are(tmp_path: Path, documents: Path) -> None:
    text = (
        "ID,Question,Ground truth,Quote,File,note\n"
        'one,When was it opened?,1987|in 1987,"Anna Berg opened\n the Oslo bakery",Bakery.txt,x\n'
        "\n"
        ",Who bakes?,,,,y\n"
    )
    path = put(tmp_path, "pairs.csv", text)
    suite = made(tmp_path, path, documents=documents)
    assert (suite.name, suite.mode, suite.source) == ("mine", "end-to-end", "A test")
    one, two = suite.cases
    assert (one.id, one.question, one.answerable, one.answers) == (
        "one",
        "When was it opened?",
        True,
        ("1987", "in 1987"),
    )
    assert (one.kind, one.relevant) == ("answerable", ("Bakery.txt",))
    (quote,) = one.evidence
    assert (quote.source, quote.start, quote.end, quote.quote) == ("Bakery.txt", 0, 32, BAKERY[:32])
    assert (two.answerable, two.answers, two.kind) == (False, (), "unanswerable")
    assert json.loads((tmp_path / "suite" / "suite.json").read_text("utf-8"))["corpus"] == "../documents"
    assert set(suite.documents) == {"Bakery.txt", "deep/cafe.md"}
    # The quote spans two lines of the file, and a blank one follows.
    bare = "without an answer, and so taken for not answerable: line 5"
    assert convert(path, None, Options(documents)).remarks == ("not used: 'note'", bare)


def test_a_pair_keeps_its_id_wherever_it_stands(tmp_path: Path, documents: Path) -> None:
    first = made(tmp_path, put(tmp_path, "a.csv", "question,answer\nWho?,Anna\n"), documents=documents).cases
    text = "question,answer\nWhat is sold?,bread\n\nWho?,Anna\nWho?,Kari\n"
    folder = tmp_path / "other"
    folder.mkdir()
    ids = [case.id for case in made(folder, put(tmp_path, "b.csv", text), documents=documents).cases]
    assert ids[1] == first[0].id
    assert len(set(ids)) == 3


def test_a_quote_outlives_an_edit_of_its_document(tmp_path: Path, documents: Path) -> None:
    path = put(tmp_path, "pairs.csv", "question,answer,quote\nWhat is sold?,bread,It sells bread.\n")
    assert made(tmp_path, path, documents=documents).cases[0].evidence[0].start == 42
    (documents / "Bakery.txt").write_text(f"In short. {BAKERY}", "utf-8")
    assert read(tmp_path / "suite").cases[0].evidence[0].start == 52


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "pairs.csv",
            "question,answer\nWhat does the café, in Bergen, sell?,cake\n".replace("?,", '?",').replace("\nW", '\n"W'),
        ),
        ("pairs.csv", "q;expected\r\nWhat does the café, in Bergen, sell?;cake\r\n"),
        ("pairs.tsv", "Answer\tQuestion\ncake\tWhat does the café, in Bergen, sell?\n"),
        ("pairs.jsonl", lines({"question": "What does the café, in Bergen, sell?", "reference": ["cake"]})),
        (
            "pairs.json",
            json.dumps([{"user_input": "What does the café, in Bergen, sell?", "ground_truth": "cake"}], indent=1),
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_pairs_come_in_many_forms(tmp_path: Path, documents: Path, name: str, data: str, encoding: str) -> None:
    path = put(tmp_path, name, data.encode(encoding))
    (case,) = made(tmp_path, path, documents=documents).cases
    assert (case.question, case.answers) == ("What does the café, in Bergen, sell?", ("cake",))


def test_a_quote_without_a_document_is_looked_for_in_all_of_them(tmp_path: Path, documents: Path) -> None:
    rows = [{"q": "What is sold?", "a": "cake", "quote": ["It sells cake.", "opens at nine"]}]
    (case,) = made(tmp_path, put(tmp_path, "pairs.jsonl", lines(*rows)), documents=documents).cases
    assert [gold.source for gold in case.evidence] == ["deep/cafe.md"] * 2
    assert case.relevant == ("deep/cafe.md",)


@pytest.mark.parametrize("name", ["Bakery.txt", "bakery.TXT", "bakery", "docs\\Bakery.txt", "/data/me/bakery.txt"])
def test_a_document_is_known_by_its_file_name(tmp_path: Path, documents: Path, name: str) -> None:
    path = put(tmp_path, "pairs.csv", f"question,answer,document\nWho?,Anna,{name}\n")
    (case,) = made(tmp_path, path, documents=documents).cases
    assert case.relevant == ("Bakery.txt",)


def test_a_name_that_two_documents_have_is_no_name(tmp_path: Path, documents: Path) -> None:
    put(documents, "other/cafe.md", "Closed.")
    path = put(tmp_path, "pairs.csv", "question,answer,document\nWho?,Anna,cafe.md\nWhen?,nine,deep/cafe.md\n")
    said = wrong(path, documents=documents)
    assert "line 2: cafe.md may be deep/cafe.md or other/cafe.md; give the path in the folder" in said
    assert "line 3" not in said


@pytest.mark.parametrize(
    ("said", "answerable"),
    [("yes", True), ("No", False), ("TRUE", True), ("false", False), ("1", True), ("0", False), ("", True)],
)
def test_it_may_be_said_what_is_answerable(tmp_path: Path, documents: Path, said: str, answerable: bool) -> None:
    path = put(tmp_path, "pairs.csv", f"question,answer,answerable\nWho?,Anna,{said}\n")
    assert made(tmp_path, path, documents=documents).cases[0].answerable is answerable
    value = {"": None}.get(said, said == "yes" if said in ("yes", "No") else said)
    path = put(tmp_path, "pairs.jsonl", lines({"question": "Who?", "answer": "Anna", "answerable": value}))
    assert made(tmp_path, path, documents=documents).cases[0].answerable is answerable


@pytest.mark.parametrize(
    "history",
    [
        [["user", "Hello."], ["assistant", "Hi."]],
        [{"role": "User", "content": "Hello."}, {"speaker": "agent", "text": "Hi."}],
    ],
)
def test_a_pair_may_have_a_history(tmp_path: Path, documents: Path, history: Any) -> None:
    path = put(tmp_path, "pairs.jsonl", lines({"question": "Who?", "answer": "Anna", "history": history}))
    (case,) = made(tmp_path, path, documents=documents).cases
    assert case.history == (("user", "Hello."), ("assistant", "Hi."))


def test_every_row_that_is_wrong_is_named_and_nothing_is_written(tmp_path: Path, documents: Path) -> None:
    rows = [
        "id,question,answer,quote,file,answerable",
        *(f'm{number},What?,cake,"It sells\n{number} cakes.",,' for number in range(30)),
        "a,,cake,,,",
        "b,What?,cake,It sells,,",
        "c,What?,cake,It sells cake.,Bakery.txt,",
        "d,What?,cake,,zoo.txt,",
        "e,What?,cake,,,perhaps",
        "f,What?,,It sells cake.,,",
        "g,What?,cake,,,,surplus",
        "h,What?,cake,,,",
        "h,Which?,cake,,,",
    ]
    path = put(tmp_path, "pairs.csv", "\n".join(rows))
    said = wrong(path, documents=documents).splitlines()
    assert said[0] == f"{path}:"
    assert said[1] == (
        "line 2: the quote 'It sells 0 cakes.' does not stand in any of the 2 documents; "
        "copy the words as they are there"
    )
    assert said[30].startswith("line 60: the quote 'It sells 29 cakes.'"), "all are listed, by the line they begin on"
    assert said[31:] == [
        "line 62: the question is empty; write one or take the row out",
        "line 63: the quote 'It sells' stands 2 times, in Bakery.txt, deep/cafe.md; name the document",
        "line 64: the quote 'It sells cake.' does not stand in Bakery.txt; copy the words as they are there",
        "line 65: there is no document zoo.txt; the folder has Bakery.txt, deep/cafe.md",
        "line 66: answerable is 'perhaps'; say yes or no",
        "line 67: it has a quote and no answer; write the answer, or say yes or no in a column 'answerable'",
        "line 68: it has more cells than the header; put cells that hold the delimiter into quotes",
        "line 70: the id 'h' stands at line 69 already; give it another",
        "nothing was written; mend these and import it again",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty; what can be imported is text"),
        (bytes(range(256)), "looks like a binary file"),
        (
            b"frage,antwort\nWer?,Anna\n",
            "no column holds the questions; call one 'question'. There are: 'frage', 'antw",
        ),
        (b",,\n,,\n", "no column holds the questions"),
        (b"question\nWho?\n", "no column holds the answers; call one 'answer', or say yes or no in one called"),
        (b"question,answer\n", "holds no cases"),
        (b"question,answer,reference\nWho?,Anna,Anna\n", "'answer' and 'reference' both hold the answers; rename"),
        (b'question,answer\nWho?,Anna\nWho?,"Anna" Berg\n', "line 3: can't be read as CSV"),
        (b'question,answer\nWho?,"Anna\nWho?,Anna\n', "line 2: can't be read as CSV: unexpected end of data"),
        (b'{"question": "Who?", "answer": "Anna"}\n{nonsense\n', "line 2: not JSON: Expecting property name"),
        (b'{"question": "Who?", "answer": "Anna"}\n[]\n', "line 2 is no object"),
        (b'[{"question": "Who?", "answer": "Anna"}, 3]', "item 2 is no object"),
        (b'[{"question": "Who?",\n"answer" "Anna"}]', "not JSON: .* at line 2, column 10"),
        (b'[{"question": "Who?", "answer": {"text": "Anna"}}]', "item 1: answers should be a text or a list of texts"),
        (b'[{"question": ["Who?", "What?"], "answer": "Anna"}]', "item 1: it has 2 of question; give one"),
        (b'{"question": "Who?", "answer": "Anna", "history": ["Hello."]}', "line 1: history should be a list of"),
        (
            b'{"question": "Who?", "answer": "Anna", "history": [["system", "Hi"]]}',
            "line 1: history should be a list of",
        ),
        (b'{"question": "Who?", "answer": "Anna", "history": "Hi"}', "line 1: history should be a list of"),
    ],
)
def test_a_file_that_is_no_table_is_said_so(tmp_path: Path, documents: Path, data: bytes, said: str) -> None:
    path = put(tmp_path, "pairs.csv", data)
    with pytest.raises(SuiteError, match=rf"(?s){path}.*{said}"):
        convert(path, None, Options(documents))


def test_pairs_need_documents(tmp_path: Path) -> None:
    path = put(tmp_path, "pairs.csv", "question,answer\nWho?,Anna\n")
    assert "say which documents it asks about, with --documents FOLDER" in wrong(path)
    assert "there are no documents at" in wrong(path, documents=tmp_path / "missing")
    assert "can't be read: No such file" in wrong(tmp_path / "missing.csv")


SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Oslo_bakery",
            "paragraphs": [
                {
                    "context": BAKERY,
                    "qas": [
                        {
                            "id": "q1",
                            "question": "When was it opened?",
                            "answers": [
                                {"text": "1987", "answer_start": 36},
                                {"text": "in 1987", "answer_start": 33},
                                {"text": "1987", "answer_start": 36},
                            ],
                            "is_impossible": False,
                        },
                        {
                            "id": "q2",
                            "question": "Who closed it?",
                            "answers": [],
                            "plausible_answers": [{"text": "Anna Berg", "answer_start": 0}],
                            "is_impossible": True,
                        },
                    ],
                },
                {"context": CAFE, "qas": []},
            ],
        },
        {"title": "Oslo bakery", "paragraphs": [{"context": "It is closed.", "qas": []}]},
    ],
}


def squad(**answer: Any) -> Mapping[str, Any]:
    """SQuAD 1.1 with one question, whose answer is given."""
    question = {"id": 1, "question": "When?", "answers": [answer]}
    return {"data": [{"title": "", "paragraphs": [{"context": BAKERY, "qas": [question]}]}], "version": "1.1"}


def test_squad_becomes_a_suite_that_supplies_paragraphs(tmp_path: Path) -> None:
    path = put(tmp_path, "dev.json", json.dumps(SQUAD, indent=2))
    suite = made(tmp_path, path)
    assert suite.mode == "supplied"
    assert list(suite.documents) == ["Oslo_bakery-p000", "Oslo_bakery-p001", "Oslo-bakery-p000"]
    assert suite.documents["Oslo_bakery-p000"].title == "Oslo bakery"
    one, two = suite.cases
    assert (one.id, one.answers, one.answerable) == ("q1", ("1987", "in 1987"), True)
    assert [(gold.start, gold.end, gold.quote) for gold in one.evidence] == [(36, 40, "1987")]
    assert one.supplied == one.relevant == ("Oslo_bakery-p000",)
    assert (two.answers, two.answerable, two.evidence, two.relevant) == ((), False, (), ())
    assert two.supplied == ("Oslo_bakery-p000",)


def test_squad_can_be_searched_as_well(tmp_path: Path) -> None:
    suite = made(tmp_path, put(tmp_path, "dev.json", json.dumps(SQUAD)), mode="end-to-end")
    assert suite.mode == "end-to-end"
    assert [case.supplied for case in suite.cases] == [(), ()]


def test_articles_of_one_name_have_documents_of_two(tmp_path: Path) -> None:
    article = {"title": "É/../x", "paragraphs": [{"context": BAKERY, "qas": SQUAD["data"][0]["paragraphs"][0]["qas"]}]}  # type: ignore[index]
    again = {"title": "é/../X", "paragraphs": [{"context": CAFE}]}
    suite = made(tmp_path, put(tmp_path, "dev.json", json.dumps({"data": [article, again]})))
    assert list(suite.documents) == ["É-..-x-p000", "é-..-X-2-p000"]


def test_an_offset_that_is_off_is_mended_where_the_words_stand_once(tmp_path: Path) -> None:
    path = put(tmp_path, "dev.json", json.dumps(squad(text="1987", answer_start=30)))
    assert made(tmp_path, path).cases[0].evidence[0].start == 36
    path = put(tmp_path, "dev.json", json.dumps(squad(text="1988", answer_start=36)))
    assert "question 1: the answer '1988' does not stand at 36 of its context" in wrong(path)
    path = put(tmp_path, "dev.json", json.dumps(squad(text="e", answer_start=0)))
    assert "question 1: the answer 'e' does not stand at 0" in wrong(path)


def test_a_squad_that_is_none_is_said_so(tmp_path: Path) -> None:
    path = put(tmp_path, "dev.json", json.dumps({"data": [{"title": "x", "paragraphs": [{"text": "y"}]}]}))
    assert "is not as SQuAD has it: data.0.paragraphs.0.context: Field required" in wrong(path)
    path = put(tmp_path, "dev.json", '{"data": [\n]')
    with pytest.raises(SuiteError, match=r"not JSON: .* at line 2"):
        convert(path, "squad")


def beir(folder: Path, **files: str) -> Path:
    rows = {
        "corpus.jsonl": lines(
            {"_id": "d1", "title": "Bakery", "text": BAKERY}, {"_id": 2, "text": CAFE, "metadata": {}}
        ),
        "queries.jsonl": lines(
            {"_id": "q1", "text": "Who?"}, {"_id": "q2", "text": "When?"}, {"_id": "q3", "text": "X"}
        ),
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\t2\t1\nq1\td1\t1\nq2\td1\t0\nq2\t2\t1\n",
    }
    for name, text in (rows | {name.replace("_", "/", 1) + ".tsv": text for name, text in files.items()}).items():
        put(folder, name, text)
    return folder


def test_a_beir_folder_becomes_a_suite_for_retrieval(tmp_path: Path) -> None:
    suite = made(tmp_path, beir(tmp_path / "scifact"))
    assert suite.mode == "end-to-end"
    assert [(case.id, case.question, case.relevant) for case in suite.cases] == [
        ("q1", "Who?", ("d1", "2")),
        ("q2", "When?", ("2",)),
    ]
    assert {(case.answerable, case.answers, case.kind) for case in suite.cases} == {(True, (), "retrieval")}
    assert suite.documents["d1"].title == "Bakery"
    assert suite.documents["2"].text == CAFE


def test_a_document_of_a_title_alone_is_its_title(tmp_path: Path) -> None:
    folder = beir(tmp_path / "scifact")
    (folder / "corpus.jsonl").write_text(lines({"_id": "d1", "title": "Bread", "text": " "}, {"_id": "2", "text": ""}))
    assert [text.text for text in convert(folder).texts] == ["Bread", ""]


def test_another_split_can_be_named(tmp_path: Path) -> None:
    folder = beir(tmp_path / "scifact", qrels_dev="q3\td1\t1\n")
    assert [case.id for case in made(tmp_path, folder, split="dev").cases] == ["q3"]
    assert "name a split that is there: dev, test" in wrong(folder, split="train")


def test_judgements_of_what_is_not_there_are_left_out_and_said_so(tmp_path: Path) -> None:
    folder = beir(tmp_path / "scifact", qrels_test="q1\td9\t1\nq1\td1\t1\nq2\td9\t1\nq7\td1\t1\n")
    found = convert(folder)
    assert [(case.id, case.relevant) for case in found.cases] == [("q1", ("d1",))]
    assert found.remarks == (
        "left out: 2 judgements of documents that the corpus lacks",
        "left out: 2 queries without a text or without a relevant document",
    )


def test_a_beir_folder_that_is_wrong_is_said_by_line(tmp_path: Path) -> None:
    folder = beir(tmp_path / "scifact", qrels_test="query-id\tcorpus-id\tscore\nq1\td1\tmuch\nq1 d1 1\n")
    said = wrong(folder)
    assert "test.tsv:\nline 2: should hold 3 cells" in said
    assert "\nline 3: should hold 3 cells" in said
    put(beir(folder), "corpus.jsonl", lines({"_id": "d1", "text": "x"}, {"_id": "d1", "text": "y"}, {"_id": "d2"}))
    said = wrong(folder)
    assert "line 2 (d1): this _id stands on line 1 already" in said
    assert "line 3" in said
    (folder / "queries.jsonl").unlink()
    assert "is a folder without queries.jsonl and corpus.jsonl" in wrong(folder)


def task(number: int, **change: Any) -> dict[str, Any]:
    """A task as the files of the benchmark have it."""
    return {
        "conversation_id": "c1",
        "task_id": f"c1::{number}",
        "turn": number,
        "contexts": [
            {"document_id": "d1", "text": BAKERY, "title": "Bakery", "score": 1.5, "url": "x"},
            {"document_id": "d2", "text": CAFE, "source": ""},
            {"document_id": "d1", "text": BAKERY, "title": "Bakery"},
        ],
        "input": [
            {"speaker": "user", "text": "Who opened it?", "metadata": {"author_type": "human"}},
            {"speaker": "agent", "text": "Anna Berg."},
            {"speaker": "user", "text": "And when?"},
        ],
        "targets": [{"speaker": "agent", "text": "In 1987.", "metadata": {}}],
        "Question Type": ["Factoid", "Follow-up"],
        "answerability": ["ANSWERABLE"],
        "Multi-Turn": float("nan"),
    } | change


def test_mtrag_tasks_become_conversations_that_supply_passages(tmp_path: Path) -> None:
    rows = [
        task(1),
        task(2, answerability=["UNANSWERABLE"], **{"Question Type": float("nan")}),
        task(3, contexts=[]),
        task(4, answerability="CONVERSATIONAL"),
        task(5, answerability=["PARTIAL"], contexts=[{"document_id": "d1", "text": "Another version."}]),
    ]
    path = put(tmp_path, "reference.jsonl", lines(*rows))
    suite = made(tmp_path, path)
    assert suite.mode == "supplied"
    one, two, five = suite.cases
    assert (one.id, one.question, one.kind, one.answers) == ("c1::1", "And when?", "factoid", ("In 1987.",))
    assert one.history == (("user", "Who opened it?"), ("assistant", "Anna Berg."))
    assert (one.supplied, one.answerable) == (("d1", "d2"), True)
    assert (two.answerable, two.kind) == (False, "unanswerable")
    assert (five.id, five.answerable, five.supplied) == ("c1::5", True, ("d1-2",))
    assert {source: document.text for source, document in suite.documents.items()} == {
        "d1": BAKERY,
        "d2": CAFE,
        "d1-2": "Another version.",
    }
    assert suite.documents["d1"].title == "Bakery"
    assert convert(path).remarks == ("left out: 2 tasks without passages or without a question",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answerability": ["MAYBE"]}, "line 2: answerability is MAYBE; it should be one of"),
        ({"answerability": float("nan")}, "line 2: answerability is empty"),
        ({"input": [{"speaker": "agent", "text": "Hi."}]}, "line 2: the last turn of 'input' is not the user's"),
        (
            {"input": [{"speaker": "cat", "text": "?"}, {"speaker": "user", "text": "?"}]},
            "line 2: the speaker of a turn",
        ),
        ({"input": []}, "line 2: input"),
        ({"task_id": "c1::1"}, "line 2: the id 'c1::1' stands at line 1 already"),
        ({"contexts": [{"text": "x"}]}, "line 2: contexts.0.document_id: Field required"),
    ],
)
def test_an_mtrag_task_that_is_wrong_is_named(tmp_path: Path, change: Mapping[str, Any], said: str) -> None:
    assert said in wrong(put(tmp_path, "RAG.jsonl", lines(task(1), task(2, **change))))


def test_formats_are_told_by_what_is_in_a_file(tmp_path: Path) -> None:
    assert recognise(put(tmp_path, "a.txt", json.dumps(SQUAD))) == "squad"
    assert recognise(put(tmp_path, "b.txt", json.dumps(SQUAD, indent=1))) == "squad"
    assert recognise(put(tmp_path, "c.txt", lines(task(1)))) == "mtrag"
    assert recognise(put(tmp_path, "d.txt", lines({"question": "Who?", "input": "x"}))) == "qa"
    assert recognise(put(tmp_path, "e.txt", "question;answer\n")) == "qa"
    assert recognise(beir(tmp_path / "beir")) == "beir"
    assert set(FORMATS) == {"squad", "mtrag", "qa", "beir"}


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("excel", {}, "there is no format 'excel' to import; there are: qa, squad, beir, mtrag"),
        ("squad", {"documents": Path("x")}, "--documents has no meaning for .*, whose format is squad"),
        ("squad", {"split": "dev"}, "--split has no meaning"),
        ("qa", {"mode": "supplied"}, "--mode has no meaning"),
    ],
)
def test_an_option_that_a_format_does_not_heed_is_said_so(
    tmp_path: Path, name: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(SuiteError, match=said):
        convert(put(tmp_path, "dev.json", json.dumps(SQUAD)), name, Options(**options))


@pytest.fixture
def ready(tmp_path: Path) -> Made:
    return convert(put(tmp_path, "dev.json", json.dumps(SQUAD)))


def test_a_suite_is_replaced_only_where_that_is_said(tmp_path: Path, ready: Made) -> None:
    folder = tmp_path / "deep" / "suite"
    written = write(ready, folder, "first", "A test")
    assert written == read(folder)
    assert written.folder == folder
    with pytest.raises(SuiteError, match="holds a suite already; replace it with --replace"):
        write(ready, folder, "second", "A test")
    assert read(folder).name == "first"
    write(ready, folder, "second", "A test", replace=True)
    assert read(folder).name == "second"
    assert [path.name for path in folder.parent.iterdir()] == ["suite"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, ready: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    put(folder, "thesis.md", "Years of work.")
    with pytest.raises(SuiteError, match=r"holds something else \(thesis.md\); name a folder for the suite alone"):
        write(ready, folder, "mine", "A test", replace=True)
    with pytest.raises(SuiteError, match="is a file; name a folder"):
        write(ready, folder / "thesis.md", "mine", "A test", replace=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(SuiteError, match="is where you are"):
        write(ready, Path(), "mine", "A test")
    monkeypatch.chdir(tmp_path)
    assert write(ready, empty, "mine", "A test").name == "mine"
    assert [path.name for path in folder.iterdir()] == ["thesis.md"]


def test_a_suite_that_can_not_be_read_back_leaves_nothing(tmp_path: Path, ready: Made) -> None:
    (tmp_path / "out").mkdir()
    broken = Made("supplied", ready.cases, ready.texts[1:])
    with pytest.raises(SuiteError, match="the corpus has no Oslo_bakery-p000"):
        write(broken, tmp_path / "out" / "suite", "mine", "A test")
    with pytest.raises(SuiteError, match="a suite can't be called 'a/b'"):
        write(ready, tmp_path / "out" / "suite", "a/b", "A test")
    write(ready, tmp_path / "out" / "suite", "mine", "A test")
    with pytest.raises(SuiteError, match="the corpus has no Oslo_bakery-p000"):
        write(broken, tmp_path / "out" / "suite", "mine", "A test", replace=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["suite"]
    assert len(read(tmp_path / "out" / "suite").documents) == 3


def test_a_suite_that_can_not_take_its_place_leaves_the_old_one(
    tmp_path: Path, ready: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out" / "suite"
    write(ready, folder, "first", "A test")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.suffix == ".new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(SuiteError, match="can't be written: No space left on device"):
        write(ready, folder, "second", "A test", replace=True)
    assert read(folder).name == "first"
    assert list(folder.parent.iterdir()) == [folder]


def typed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gold, [str(argument) for argument in arguments])


def test_the_command_says_what_it_made_and_what_comes_next(tmp_path: Path, documents: Path) -> None:
    text = "question,answer,quote,note\nWhat is sold?,bread,It sells bread.,x\nWho?,Anna,,\nWhy?,,,\n"
    folder = tmp_path / "suite"
    done = typed("import", put(tmp_path, "pairs.csv", text), "--into", folder, "--documents", documents)
    assert (done.exit_code, done.exception) == (0, None)
    assert done.stdout.splitlines() == [
        "not used: 'note'",
        "without an answer, and so taken for not answerable: line 4",
        f"{folder}: 3 cases, of which 1 not answerable and 1 answerable without evidence; 2 documents",
        f"Run it with: footnoted eval {folder}",
    ]
    assert (read(folder).name, read(folder).source) == ("suite", "Imported from pairs.csv")


def test_the_command_takes_its_options(tmp_path: Path) -> None:
    path = put(tmp_path, "dev.json", json.dumps(SQUAD))
    arguments = ("import", path, "--into", tmp_path / "suite", "--name", "squad-dev")
    assert typed(*arguments, "--format", "squad", "--mode", "end-to-end").exit_code == 0
    assert (read(tmp_path / "suite").name, read(tmp_path / "suite").mode) == ("squad-dev", "end-to-end")
    assert isinstance(typed(*arguments).exception, SuiteError)
    assert typed(*arguments, "--replace").exit_code == 0
    assert read(tmp_path / "suite").mode == "supplied"
    done = typed("import", beir(tmp_path / "beir", qrels_dev="q3\td1\t1\n"), "--into", tmp_path / "b", "--split", "dev")
    assert "1 case, of which 0 not answerable and 1 answerable without evidence; 2 documents" in done.stdout
