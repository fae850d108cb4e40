"""Stock LlamaIndex as a peer: asked as it is, told where its words stand, read in its favour."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.settings import Settings, _Settings

from assistant.llm import Delta, wrap
from eval.footnoted import PASSAGES
from eval.outcome import Outcome, Place
from eval.peer import EXTRA, LlamaIndexPeer, PeerError
from eval.replies import KeptModel, Replies
from eval.score import valid
from eval.suite import Case, Suite
from eval.wording import markers, plain, refuses
from tests.fakes import AnsweringLLM, DeltaModel, ScriptedLLM, document
from tests.index_fakes import WordHash, model

BAKERY = "Anna Berg opened the Oslo bakery in 1987.\n\nIt sells bread, and   rolls."
ZOO = "The zoo of Bergen has two tigers. Ola Dahl feeds them."
# More than two of LlamaIndex's passages, with line breaks that its splitter meets.
LONG = "\n".join(f"Chapter {number} of the log tells what the weather was on day {number}." for number in range(200))
ASKED = Case(id="one", question="Who opened the Oslo bakery?", answerable=True, kind="fact", supplied=("bakery.txt",))
FOLLOW_UP = ASKED.model_copy(
    update={"question": "Who feeds them?", "history": (("user", "Has Bergen a zoo?"), ("assistant", "Yes [1]."))}
)


@pytest.fixture(autouse=True)
def nothing_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: _Settings) -> None:
        raise AssertionError("a model of the global settings was asked for")

    def connect(*_: object) -> None:
        raise AssertionError("something was fetched")

    for name in ("llm", "embed_model"):
        monkeypatch.setattr(type(Settings), name, property(none))
    monkeypatch.setattr(socket.socket, "connect", connect)


def suite(mode: str = "end-to-end", **texts: str) -> Suite:
    texts = texts or {"bakery": BAKERY, "zoo": ZOO, "log": LONG}
    documents = {f"{name}.txt": document(text, f"{name}.txt") for name, text in texts.items()}
    return Suite.model_validate({"name": "mine", "mode": mode, "cases": (), "documents": documents})


def answered(folder: Path, reply: str, case: Case = ASKED, of: Suite | None = None) -> Outcome:
    peer = LlamaIndexPeer(of or suite(), wrap(ScriptedLLM([reply])), folder, model())
    outcome = peer.answer(case)
    peer.close()
    return outcome


def test_passages_stand_where_it_says(tmp_path: Path) -> None:
    peer = LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, model())
    outcome = peer.retrieve(ASKED)
    peer.close()
    assert outcome.query == ASKED.question
    assert outcome.passages[0] == Place(source="bakery.txt", start=0, end=len(BAKERY))
    assert {place.source for place in outcome.passages} == {"bakery.txt", "zoo.txt", "log.txt"}
    log = [place for place in outcome.passages if place.source == "log.txt"]
    assert len(log) > 2
    assert all(LONG[place.start : place.end].startswith("Chapter") for place in log)
    assert {place.start for place in log} != {0}
    assert (outcome.plain, outcome.reply) == (None, None)


def test_no_more_than_fifty_passages_are_given(tmp_path: Path) -> None:
    texts = {f"d{number}": f"Day {number} was fine." for number in range(PASSAGES + 3)}
    peer = LlamaIndexPeer(suite(**texts), wrap(ScriptedLLM()), tmp_path, model())
    assert len(peer.retrieve(ASKED).passages) == PASSAGES == 50
    peer.close()


def test_a_follow_up_is_condensed_before_it_is_searched(tmp_path: Path) -> None:
    llm = ScriptedLLM(["Who feeds the tigers of the zoo of Bergen?"])
    peer = LlamaIndexPeer(suite(), wrap(llm), tmp_path, model())
    outcome = peer.retrieve(FOLLOW_UP)
    peer.close()
    assert outcome.query == "Who feeds the tigers of the zoo of Bergen?"
    assert outcome.passages[0].source == "zoo.txt"
    assert outcome.plain is not None
    assert {place.source for place in outcome.plain} == {"bakery.txt", "zoo.txt", "log.txt"}
    assert "Has Bergen a zoo?" in llm.prompt()
    assert "Who feeds them?" in llm.prompt()


def test_an_answer_cites_the_words_of_its_sources(tmp_path: Path) -> None:
    outcome = answered(tmp_path, " It was Anna Berg [1]. ")
    reply = outcome.reply
    assert reply is not None
    assert (reply.text, reply.kind, reply.confidence, reply.reason) == ("It was Anna Berg [1].", "answer", None, None)
    (cited,) = reply.citations
    assert (cited.source, cited.start, cited.end, cited.marker) == ("bakery.txt", 0, len(BAKERY), 1)
    assert cited.quote == BAKERY
    assert valid(cited, suite().documents)
    assert outcome.passages[0].source == "bakery.txt"
    assert (reply.model, reply.calls) == ("scripted", 1)
    assert set(reply.timings) == {"total"}


def test_sources_are_numbered_as_the_model_reads_them(tmp_path: Path) -> None:
    llm = ScriptedLLM(["Fine [2]."])
    peer = LlamaIndexPeer(suite(log=LONG), wrap(llm), tmp_path, model())
    reply = peer.answer(ASKED).reply
    peer.close()
    assert reply is not None
    (cited,) = reply.citations
    assert f"Source 2:\n{cited.quote}\n" in llm.prompt()
    assert LONG[cited.start : cited.end] == cited.quote
    # The best two passages of 1,024 tokens, in sources of 512.
    assert llm.prompt().count("\nSource ") - 2 == 4


def test_a_marker_without_a_source_is_an_invalid_citation(tmp_path: Path) -> None:
    reply = answered(tmp_path, "It was Anna Berg [1][7].").reply
    assert reply is not None
    assert [(one.marker, valid(one, suite().documents)) for one in reply.citations] == [(1, True), (7, False)]


def test_a_source_that_is_named_is_cited_where_there_is_one(tmp_path: Path) -> None:
    reply = answered(tmp_path, "According to Source 1 it was Anna Berg. Source 9 is not there.").reply
    assert reply is not None
    assert [(one.marker, valid(one, suite().documents)) for one in reply.citations] == [(1, True)]


def test_a_reply_that_says_that_it_can_not_tell_is_a_refusal(tmp_path: Path) -> None:
    reply = answered(tmp_path, "The sources do not mention her age.").reply
    assert reply is not None
    assert (reply.kind, reply.answered) == ("refusal", False)
    assert reply.reason == "The sources do not mention her age."


def test_an_answer_that_also_says_what_is_missing_is_one_where_it_has_the_reference(tmp_path: Path) -> None:
    said = "It was Anna Berg [Source 1]. The sources do not mention her age."
    case = ASKED.model_copy(update={"answers": ("Anna Berg",)})
    kinds = [
        reply.kind
        for number, one in enumerate((case, ASKED, case.model_copy(update={"answerable": False})))
        if (reply := answered(tmp_path / str(number), said, one).reply)
    ]
    assert kinds == ["answer", "refusal", "refusal"]


def test_a_follow_up_is_condensed_before_it_is_answered(tmp_path: Path) -> None:
    llm = ScriptedLLM(["Who feeds the tigers of the zoo of Bergen?", "Ola Dahl [1]."])
    peer = LlamaIndexPeer(suite(), wrap(llm), tmp_path, model())
    outcome = peer.answer(FOLLOW_UP)
    assert outcome.query == "Who feeds the tigers of the zoo of Bergen?"
    assert outcome.reply is not None
    assert (outcome.reply.calls, outcome.reply.citations[0].source) == (2, "zoo.txt")
    assert outcome.plain is not None
    assert "Query: Who feeds the tigers of the zoo of Bergen?" in llm.prompt()
    peer.close()


def test_what_an_answer_cost_is_that_answer_s_alone(tmp_path: Path) -> None:
    reply = [Delta("Anna Berg [1].", prompt_tokens=300, completion_tokens=5)]
    peer = LlamaIndexPeer(suite(), DeltaModel(reply, reply), tmp_path, model())
    for _ in range(2):
        outcome = peer.answer(ASKED).reply
        assert outcome is not None
        assert (outcome.prompt_tokens, outcome.completion_tokens, outcome.calls) == (300, 5, 1)
    peer.close()


def test_a_kept_reply_takes_as_long_as_it_once_took(tmp_path: Path) -> None:
    totals = []
    for replies in (["Anna Berg [1]."], []):
        kept = KeptModel(wrap(ScriptedLLM(replies, pause=0.2)), Replies(tmp_path / "replies.db"))
        peer = LlamaIndexPeer(suite(), kept, tmp_path / "index", model())
        reply = peer.answer(ASKED).reply
        peer.close()
        assert reply is not None
        totals.append(reply.timings["total"])
    assert min(totals) >= 0.6


def test_the_index_is_made_once_for_a_corpus(tmp_path: Path) -> None:
    def texts_embedded(of: Suite) -> int:
        embedding: WordHash = model()
        peer = LlamaIndexPeer(of, wrap(ScriptedLLM()), tmp_path, embedding)
        assert peer.retrieve(ASKED).passages[0].source == "bakery.txt"
        peer.close()
        return len(embedding.texts)

    assert texts_embedded(suite(bakery=BAKERY, zoo=ZOO)) == 2
    assert texts_embedded(suite(bakery=BAKERY, zoo=ZOO)) == 0
    assert texts_embedded(suite(bakery=BAKERY)) == 1
    assert texts_embedded(suite(bakery=BAKERY, zoo=ZOO)) == 0


def test_an_index_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    class Fails(WordHash):
        def _get_text_embedding(self, text: str) -> list[float]:
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, Fails(model_name="word-hash"))
    (broken,) = (path for path in tmp_path.iterdir() if path.is_dir())
    peer = LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, model())
    assert peer.retrieve(ASKED).passages[0].source == "bakery.txt"
    peer.close()
    assert not broken.exists()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    peer = LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, model())
    with pytest.raises(PeerError, match="another run uses"):
        LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, model())
    peer.close()


def test_chroma_does_not_phone_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANONYMIZED_TELEMETRY", "True")
    peer = LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, model())
    store: Any = peer._index(ASKED).vector_store
    assert store.client._client.get_settings().anonymized_telemetry is False
    peer.close()


@pytest.mark.parametrize(("mode", "supplied"), [("supplied", None), ("end-to-end", True)])
def test_a_case_that_names_its_documents_is_answered_from_them_alone(
    tmp_path: Path, mode: str, supplied: bool | None
) -> None:
    case = ASKED.model_copy(update={"supplied": ("zoo.txt",)})
    llm = AnsweringLLM(lambda prompt: "Anna Berg [1]." if "bakery in 1987" in prompt else "Ola Dahl [1].")
    peer = LlamaIndexPeer(suite(mode), wrap(llm), tmp_path / "index", model(), supplied=supplied)
    outcome = peer.answer(case)
    peer.close()
    assert outcome.reply is not None
    assert outcome.reply.text == "Ola Dahl [1]."
    assert outcome.reply.citations[0].quote == ZOO
    assert (outcome.query, outcome.passages) == (case.question, ())
    assert not (tmp_path / "index").exists()


def test_a_suite_with_supplied_documents_can_be_searched_all_the_same(tmp_path: Path) -> None:
    peer = LlamaIndexPeer(suite("supplied"), wrap(ScriptedLLM()), tmp_path, model(), supplied=False)
    assert peer.retrieve(ASKED.model_copy(update={"supplied": ("zoo.txt",)})).passages[0].source == "bakery.txt"
    peer.close()


def test_a_model_that_fails_is_no_refusal(tmp_path: Path) -> None:
    peer = LlamaIndexPeer(suite(), wrap(ScriptedLLM([ValueError("out of memory")])), tmp_path, model())
    with pytest.raises(Exception, match="out of memory"):
        peer.answer(ASKED)
    peer.close()


def test_without_the_extra_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, EXTRA, None)
    with pytest.raises(PeerError, match=r"uv run --extra peer"):
        LlamaIndexPeer(suite(), wrap(ScriptedLLM()), tmp_path, model())


@pytest.mark.parametrize(
    "text",
    [
        "The provided sources do not mention the name of the newspaper.",
        "The article does not explicitly state how old Carter is [1].",
        "Source 1 doesn't say.",
        "Sources [1] and [2] do not provide any details.",
        "Based on the context, the age of Carter is not provided in the given text.",
        "The wife of the minister isn’t mentioned in any of the sources [1].",
        "Her age is not specified.",
        "It has not been explicitly stated in the article.",
        "There is no information about her age in the sources.",
        "There is no specific mention of a zoo.",
        "The sources provide no details about it.",
        "None of the sources are helpful.",
        "None of the provided sources mention a zoo.",
        "The provided sources are not helpful in answering the query.",
        "There is not enough information to tell.",
        "Insufficient information.",
        "I cannot answer this question.",
        "I'm unable to find that.",
        "I'm sorry, but that isn't something I can help with.",
        "It is not possible to determine the date.",
        "The date cannot be determined from the provided sources.",
        "The question cannot be answered.",
        "I don't know.",
        "I do not have information on that.",
        "Empty Response",
        "Unknown",
        "N/A.",
        "",
        "Carter met Abe [1]. However, the sources do not say when.",
    ],
)
def test_a_refusal_is_known_by_its_words(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "It was Anna Berg [1].",
        "No.",
        "Not before 2015 [1].",
        "The drug is not available in Europe [1].",
        "The treaty did not contain a clause on fishing [2].",
        "The article says that Japan does not have an army [1].",
        "Scientists could not determine the cause [1].",
        "They were unable to find the plane [1].",
        "He did not mention his age to them [1].",
        "The cause is not known [1].",
        "The name was not found in 1990 [1].",
        "He said that he did not know the minister [1].",
        "It provides information about trains [1].",
        "The unknown soldier [1].",
        "The sources of the Nile are two lakes [1].",
    ],
)
def test_an_answer_with_such_words_is_none(text: str) -> None:
    assert not refuses(text)


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("Yes [2][1], and [2].", (1, 2)),
        ("Yes [1, 3; 4].", (1, 3, 4)),
        ("Yes [Source 2], [source 1 and source 3].", (1, 2, 3)),
        ("Yes (Source 2). According to Source 1, yes [3-5].", (2, 3, 4, 5)),
        ("Yes [0].", (0,)),
        ("In 1987 [1987], 2 [a] (3) [1.5].", ()),
    ],
)
def test_markers_are_read_as_they_are_written(text: str, cited: tuple[int, ...]) -> None:
    assert markers(text) == cited


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Yes [Source 1].", "Yes [1]."),
        ("Yes [1 and 2] (Source 3).", "Yes [1][2] [3]."),
        ("Yes [1-3].", "Yes [1][2][3]."),
        ("In 1987 [1987] (3).", "In 1987 [1987] (3)."),
    ],
)
def test_markers_are_written_as_everybody_does(text: str, written: str) -> None:
    assert plain(text) == written


@pytest.mark.parametrize(
    ("words", "start", "stands"),
    [
        ("Bread.", 7, (7, 13)),
        ("Bread.", None, (0, 6)),
        ("Bread.", 3, (0, 6)),
        ("Bread.  Rolls.", 14, None),
        ("", 0, None),
    ],
    ids=["offset", "no offset", "wrong offset", "other words", "no words"],
)
def test_words_stand_where_they_do_and_nowhere_else(
    tmp_path: Path, words: str, start: int | None, stands: tuple[int, int] | None
) -> None:
    peer = LlamaIndexPeer(suite("supplied", d="Bread. Bread. Rolls."), wrap(ScriptedLLM()), tmp_path, model())
    relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="d.txt")}
    place = peer._place(TextNode(text=words, start_char_idx=start, relationships=relationships), words)
    assert place == (stands and Place(source="d.txt", start=stands[0], end=stands[1]))
    assert peer._place(TextNode(text="Rolls."), "Rolls.") is None
    peer.close()
