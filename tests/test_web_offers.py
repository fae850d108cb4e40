"""Questions to begin with: made when nobody waits, kept, and offered for as long as their documents stand."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import llm
from assistant.core import Assistant
from assistant.settings import Settings
from assistant.web.line import Line
from assistant.web.offers import Offer, Offers
from assistant.web.shelf import Collection, Shelf
from index import Index
from tests import index_fakes
from tests.fakes import AnsweringLLM
from tests.test_assistant_suggest import ANSWERS, BAKERY, OPENED

QUESTIONS = (OPENED,)


@pytest.fixture
def gate() -> threading.Event:
    """The model words no question until it is set."""
    return threading.Event()


@pytest.fixture
def model(gate: threading.Event) -> llm.Model:
    def answer(said: str) -> str:
        if said.startswith("Document: "):
            gate.wait(20)
            return OPENED
        return ANSWERS[OPENED]

    return llm.wrap(AnsweringLLM(answer))


@pytest.fixture
def collection(tmp_path: Path, model: llm.Model) -> Iterator[Collection]:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "bakery.md").write_text(BAKERY, "utf-8")
    with Index.open(tmp_path / "notes" / ".footnoted", index_fakes.model()) as index:
        index.add(tmp_path / "notes" / "bakery.md")
        with closing(Shelf(Assistant(index, model, Settings()), tmp_path, Index.open)) as shelf:
            yield shelf.first


@pytest.fixture
def embedded(model: llm.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model costs nothing."""
    monkeypatch.setattr(model, "embedded", True)


def opened() -> Line:
    """A line before a model that is ready."""
    line = Line(at_once=1)
    line.open.set()
    return line


def settled(offers: Offers, collection: Collection, gate: threading.Event) -> Offer:
    """What is offered once none is being made any more."""
    gate.set()
    return until(lambda: not offers.of(collection).making, lambda: offers.of(collection))


def until(true: Callable[[], bool], then: Callable[[], Offer]) -> Offer:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
    return then()


@pytest.mark.usefixtures("embedded")
def test_the_embedded_model_makes_them_by_itself(collection: Collection, gate: threading.Event) -> None:
    offers = Offers(opened(), quiet_seconds=0.0)
    assert offers.of(collection) == Offer()
    offers.make(collection)
    assert offers.of(collection).making
    assert settled(offers, collection, gate) == Offer(QUESTIONS)
    calls = collection.questions.read_bytes()
    offers.make(collection)
    assert not offers.of(collection).making
    assert collection.questions.read_bytes() == calls


@pytest.mark.usefixtures("embedded")
def test_they_are_kept(collection: Collection, gate: threading.Event) -> None:
    offers = Offers(opened(), quiet_seconds=0.0)
    offers.make(collection)
    settled(offers, collection, gate)
    assert Offers(opened()).of(collection) == Offer(QUESTIONS)
    assert collection.questions.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("embedded")
def test_one_whose_document_has_changed_is_no_longer_offered(
    collection: Collection, gate: threading.Event, tmp_path: Path
) -> None:
    offers = Offers(opened(), quiet_seconds=0.0)
    offers.make(collection)
    settled(offers, collection, gate)
    (tmp_path / "notes" / "bakery.md").write_text(
        "Anna Berg opened the bakery in Oslo in the spring of 1987, they say.", "utf-8"
    )
    collection.assistant.index.add(tmp_path / "notes" / "bakery.md")
    assert until(lambda: not offers.of(collection).questions, lambda: offers.of(collection)) == Offer()
    # It is made again of what the document says now.
    gate.clear()
    offers.make(collection)
    assert offers.of(collection).making
    assert settled(offers, collection, gate) == Offer(QUESTIONS)


@pytest.mark.usefixtures("embedded")
def test_readers_come_first(collection: Collection, gate: threading.Event) -> None:
    line = opened()
    offers = Offers(line, quiet_seconds=0.0)
    with line.joined():
        offers.make(collection)
        assert not offers.of(collection).making
    offers.make(collection)
    with line.joined():
        assert settled(offers, collection, gate) == Offer()
    # Nothing was found before somebody came: it is begun again.
    gate.clear()
    offers.make(collection)
    assert settled(offers, collection, gate) == Offer(QUESTIONS)


@pytest.mark.usefixtures("embedded")
def test_nothing_is_made_before_the_model_is_ready_or_it_is_quiet(collection: Collection) -> None:
    cold = Offers(Line(1), quiet_seconds=0.0)
    cold.make(collection)
    assert not cold.of(collection).making
    restless = Offers(opened(), quiet_seconds=60.0)
    restless.make(collection)
    assert not restless.of(collection).making


def test_what_costs_money_is_made_only_for_who_asks_for_it(collection: Collection, gate: threading.Event) -> None:
    offers = Offers(opened(), quiet_seconds=0.0)
    offers.make(collection)
    assert offers.of(collection) == Offer(can_be_made=True)
    offers.make(collection, asked_for=True)
    assert settled(offers, collection, gate) == Offer(QUESTIONS)


def test_an_error_is_no_end(collection: Collection, gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = Offers(opened(), quiet_seconds=0.0)
    with monkeypatch.context() as broken:
        broken.setattr(collection.assistant.model, "stream", lambda *_: 1 / 0)
        offers.make(collection, asked_for=True)
        assert settled(offers, collection, gate) == Offer(can_be_made=True)
    offers.make(collection, asked_for=True)
    assert settled(offers, collection, gate) == Offer(QUESTIONS)


@pytest.mark.parametrize("content", ["", "{", '{"generation": "x"}', '{"generation": 1, "questions": [1]}'])
def test_a_file_that_cannot_be_read_is_made_anew(collection: Collection, gate: threading.Event, content: str) -> None:
    collection.questions.parent.mkdir(parents=True)
    collection.questions.write_text(content, "utf-8")
    offers = Offers(opened(), quiet_seconds=0.0)
    offers.make(collection, asked_for=True)
    assert settled(offers, collection, gate) == Offer(QUESTIONS)


def test_where_nothing_can_be_written_they_are_offered_all_the_same(
    collection: Collection, gate: threading.Event, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    nowhere = replace(collection, questions=tmp_path / "file" / "questions.json")
    offers = Offers(opened(), quiet_seconds=0.0)
    offers.make(nowhere, asked_for=True)
    assert settled(offers, nowhere, gate) == Offer(QUESTIONS)
