"""The page's events and what hears them: handlers that hand on to ``assistant`` and to this package's other modules."""

import logging
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.errors import CollectionError
from assistant.types import Event, Turn, Working
from assistant.web import export, gold, render, uploads
from assistant.web.conversation import WARMING, Exchange, Waiting
from assistant.web.layout import Begun, lay_out
from assistant.web.line import Line
from assistant.web.lists import News, news
from assistant.web.offers import Offer, Offers
from assistant.web.readers import LOCAL, NOBODY, READER, reader
from assistant.web.session import Session, Task
from assistant.web.shelf import Collection, Shelf
from assistant.web.store import Owner, Store
from assistant.web.uploads import Taken
from assistant.web.views import Seen, Update, Views, seen_of, show, welcome
from index import Progress
from index.errors import FootnotedError
from index.types import Span

log = logging.getLogger(__name__)

# The embedded model reads one question at a time; two would both take longer. An endpoint can do several.
EMBEDDED_AT_ONCE = 1
ENDPOINT_AT_ONCE = 8
UPLOADS_AT_ONCE = 4
# How often a waiting question looks whether its turn has come, and its reader is still there.
WAIT_SECONDS = 0.2

_UNTAKEN_SECONDS = 3600

UNEXPECTED = "Something went wrong here. The terminal in which Footnoted runs says what; ask again, or differently."

# Several at once, because the session decides which of them may change something.
_QUIET: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
_AT_ONCE: Mapping[str, Any] = {**_QUIET, "queue": False}


Maker = Callable[[str, Sequence[Turn], Exchange], gold.Case]


class Page:
    """The page over a shelf of collections, and the handlers of its events."""

    def __init__(self, shelf: Shelf, store: Store, warm: threading.Event, *, alone: bool) -> None:
        self._shelf = shelf
        self._alone = alone
        self._warm = warm
        first = shelf.first
        look = first.library.look()
        self._line = Line(EMBEDDED_AT_ONCE if first.assistant.model.embedded else ENDPOINT_AT_ONCE)
        self._offers = Offers(self._line, warm)
        offer = self._offers.of(first)
        self.blocks = gr.Blocks(
            title="Footnoted",
            analytics_enabled=False,
            fill_height=True,
            fill_width=True,
            # What was sent and never taken.
            delete_cache=(_UNTAKEN_SECONDS, _UNTAKEN_SECONDS),
        )
        with self.blocks:
            self._session = gr.State(Session(store, Owner(first.place, LOCAL if alone else NOBODY)))
            self._seen = gr.State(seen_of(look, look.first, offer))
            self._on_show = gr.State(look.first)
            self._parts = lay_out(_begun(first, offer))
            self._views = Views(shelf, self._offers, self._parts, self._seen, self._on_show)
            self._connect()

    def _connect(self) -> None:
        parts = self._parts
        document = [parts.pane, parts.selector, self._on_show]
        chat = [parts.welcome, parts.chat, parts.box, parts.ask, parts.stop, parts.chats, parts.head, *document]
        everything = [*chat, parts.collections, parts.news, parts.documents, parts.counts, parts.fault]
        for begun in (
            gr.on([parts.box.submit, parts.ask.click], self._begin, [parts.box, self._session], chat, **_AT_ONCE),
            parts.pane.ask_suggested(self._begin_suggested, self._session, chat, **_AT_ONCE),
            parts.pane.ask_again(self._begin_again, self._session, chat, **_AT_ONCE),
        ):
            # Not Gradio's queue but our line decides who is next, because only it can tell readers their place.
            answering = begun.then(self._answer, self._session, chat, concurrency_limit=None, **_QUIET)
            answering.then(self._give_back, [parts.box, self._session], parts.box, **_AT_ONCE)
        self.blocks.load(self._arrived, self._session, everything, **_AT_ONCE)
        parts.stop.click(self._stopped, self._session, chat, **_AT_ONCE)
        parts.new.click(self._fresh, self._session, chat, **_AT_ONCE)
        for event, handler in {
            parts.pane.show_words: self._shown,
            parts.pane.suggest: self._suggested,
            parts.pane.open_chat: self._opened,
            parts.pane.rename_chat: self._renamed,
            parts.pane.delete_chat: self._deleted,
            parts.pane.restore_chat: self._restored,
            parts.pane.edit_question: self._edited,
            parts.pane.like_answer: self._liked,
            parts.pane.keep_gold: self._kept_right,
            parts.pane.keep_marked: self._kept_marked,
            parts.pane.keep_unanswered: self._kept_unanswered,
            parts.pane.view_document: self._viewed,
            parts.pane.ask_collection: self._moved,
            parts.pane.make_collection: self._made,
            parts.pane.ask_only: self._confined,
            parts.pane.ask_all: self._unconfined,
            parts.pane.remove_document: self._removed,
        }.items():
            event(handler, self._session, everything, **_AT_ONCE)
        parts.pane.save_chat(self._exported, self._session, parts.file, **_AT_ONCE)
        parts.pane.bring_back(self._brought_back, self._session, everything, **_QUIET)
        parts.pane.read_again(self._read_again, self._session, everything, **_QUIET)
        for button in (parts.upload, parts.upload_folder):
            button.upload(
                self._uploaded, [button, self._session], everything, concurrency_limit=UPLOADS_AT_ONCE, **_QUIET
            )
        parts.selector.input(self._selected, [parts.selector, self._on_show, self._session], document, **_AT_ONCE)
        refreshed = [parts.counts, parts.fault, parts.documents, parts.welcome, self._seen, *document]
        refreshed += [parts.chat, parts.ask, parts.stop]
        parts.timer.tick(self._refresh, [self._seen, self._on_show, self._session], refreshed, **_AT_ONCE)

    # Asking.

    def _begin(self, question: str, session: Session) -> Update:
        """Show the question at once; ``_answer`` may have to wait for its turn."""
        if not session.ask(question):
            return self._views.nothing
        return self._views.asked(session) | {self._parts.box: ""}

    def _begin_other(self, question: str, session: Session) -> Update:
        """The same for a question that is not in the box, where another may be being written."""
        return self._views.asked(session) if session.ask(question) else self._views.nothing

    def _begin_suggested(self, session: Session, event: gr.EventData) -> Update:
        return self._begin_other(_told(event, "question"), session)

    def _suggested(self, session: Session) -> Update:
        """Have questions to begin with made, which appear as they come."""
        self._offers.make(self._shelf.at(session.place), asked_for=True)
        return self._views.chat(session)

    def _begin_again(self, session: Session) -> Update:
        question = session.again()
        return self._begin_other(question, session) if question else self._views.nothing

    def _answer(self, session: Session) -> Iterator[Update]:
        """Tell the newest question's events as they come. Closing this ends the work at the next of them."""
        task = session.take()
        if task is None:
            yield self._views.nothing
            return
        try:
            with closing(self._events(task, self._shelf.at(session.place), session.only)) as events:
                for event in events:
                    before = session.conversation.last
                    if not session.tell(task, event):
                        break
                    yield self._views.news(session, before)
        except FootnotedError as error:
            session.fail(task, str(error))
        except Exception:
            log.exception("the question could not be answered")
            session.fail(task, UNEXPECTED)
        finally:
            # A reader who has closed the tab finds what was said, and that no more came.
            session.leave(task)
        # After a stop, the browser may have had older news than that.
        yield self._views.asked(session)

    def _events(self, task: Task, collection: Collection, only: Set[str]) -> Generator[Event | Waiting]:
        with self._line.joined() as before_us:
            while count := before_us():
                yield Waiting(count)
                time.sleep(WAIT_SECONDS)
            while not self._warm.wait(WAIT_SECONDS):
                yield Working(WARMING)
            # Of those that are asked alone some may have been removed since.
            there = only & collection.library.look().sources.keys()
            where = {"document_id": there} if there else None
            yield from collection.assistant.stream(task.question, task.history, where=where)

    def _give_back(self, box: str, session: Session) -> Update:
        """Put the question whose answer failed back, unless the reader is writing another."""
        last = session.conversation.last
        return {self._parts.box: last.question if last and last.failure and not box else gr.skip()}

    def _stopped(self, session: Session) -> Update:
        session.stop()
        return self._views.chat(session)

    def _edited(self, session: Session) -> Update:
        """Put the newest question back into the box, to be asked in other words."""
        question = session.again()
        return self._views.chat(session) | {self._parts.box: question} if question else self._views.nothing

    def _liked(self, session: Session, event: gr.EventData) -> Update:
        session.like(_number(event, "number"), {"true": True, "false": False}.get(_told(event, "liked")))
        return self._views.chat(session)

    def _kept_right(self, session: Session, event: gr.EventData) -> Update:
        return self._keep(session, event, gold.found_right)

    def _kept_unanswered(self, session: Session, event: gr.EventData) -> Update:
        return self._keep(session, event, gold.not_there)

    def _kept_marked(self, session: Session, event: gr.EventData) -> Update:
        index = self._shelf.at(session.place).assistant.index

        def make(name: str, history: Sequence[Turn], exchange: Exchange) -> gold.Case:
            span = Span(_number(event, "start"), _number(event, "end"))
            if span.start < 0:
                raise CollectionError(gold.NOTHING_MARKED)
            document = index.document(_told(event, "document"))
            return gold.marked(name, history, exchange, gold.Mark(document, span, _told(event, "words")))

        return self._keep(session, event, make)

    def _keep(self, session: Session, event: gr.EventData, make: Maker) -> Update:
        """Keep an exchange as a gold case, and say how to run it."""
        number = _number(event, "number")
        exchange = session.conversation.at(number)
        if exchange is None:
            return self._views.nothing
        collection = self._shelf.at(session.place)
        folder = collection.gold
        try:
            case = make(
                f"{session.chat or secrets.token_urlsafe(12)}-{number}", session.conversation.before(number), exchange
            )
            gold.keep(folder, collection.name, collection.assistant.index, case)
        except FootnotedError as error:
            return self._views.remark(session, str(error))
        session.keep_as_gold(number)
        kept = f"Kept. To run these cases: footnoted eval {shlex.quote(str(folder))}"
        return self._views.chat(session) | self._views.remark(session, kept)

    # Conversations.

    def _arrived(self, session: Session, request: gr.Request) -> Update:
        """Go on with the conversation that the address names."""
        session.enter(reader(request.username, request.cookies.get(READER), alone=self._alone))
        chat = request.query_params.get("chat", "")
        place = session.place_of(chat)
        if place is not None:
            session.move(self._shelf.at(place).place)
        # The first collection's documents are on the page already.
        return self._views.collection(session) if session.open(chat) else self._views.side(session)

    def _fresh(self, session: Session) -> Update:
        session.clear()
        return self._views.whole(session)

    def _opened(self, session: Session, event: gr.EventData) -> Update:
        return self._views.whole(session) if session.open(_told(event, "chat")) else self._views.nothing

    def _renamed(self, session: Session, event: gr.EventData) -> Update:
        session.rename(_told(event, "title"))
        return self._views.kept(session)

    def _deleted(self, session: Session) -> Update:
        deleted = session.delete()
        return self._views.whole(session, deleted)

    def _restored(self, session: Session, event: gr.EventData) -> Update:
        session.restore(_told(event, "chat"))
        return self._views.whole(session)

    def _exported(self, session: Session, event: gr.EventData) -> str:
        name, text = export.file(session.title, session.conversation, _told(event, "kind"))
        return render.file(name, text, serial=time.monotonic_ns())

    # Documents.

    def _moved(self, session: Session, event: gr.EventData) -> Update:
        """Ask another collection."""
        session.move(self._shelf.at(_told(event, "place")).place)
        return self._views.collection(session)

    def _made(self, session: Session, event: gr.EventData) -> Update:
        try:
            session.move(self._shelf.make(_told(event, "title")).place)
        except FootnotedError as error:
            return self._views.told(News(str(error)))
        return self._views.collection(session)

    def _uploaded(self, paths: Sequence[str] | None, session: Session) -> Iterator[Update]:
        """Take files in, those for the article that ships into a collection of the reader's own."""
        collection = self._shelf.own(session.place)
        session.move(collection.place)
        yield from self._adding(session, uploads.take(collection.assistant.index, [Path(path) for path in paths or ()]))

    def _removed(self, session: Session, event: gr.EventData) -> Update:
        collection = self._shelf.at(session.place)
        name = _told(event, "source")
        if not collection.own:
            return self._views.nothing
        try:
            session.removed = uploads.remove(collection.assistant.index, name)
        except FootnotedError as error:
            return self._views.documents(session) | self._views.told(News(str(error)))
        news = News(f"Removed {name}.", removed=name if session.removed else None)
        return self._views.documents(session) | self._views.told(news)

    def _brought_back(self, session: Session) -> Iterator[Update]:
        collection = self._shelf.at(session.place)
        path, session.removed = session.removed, None
        if path is not None:
            yield from self._adding(session, uploads.bring_back(collection.assistant.index, path))

    def _read_again(self, session: Session) -> Iterator[Update]:
        collection = self._shelf.at(session.place)
        if collection.own:
            yield from self._adding(session, uploads.read_again(collection.assistant.index))

    def _confined(self, session: Session, event: gr.EventData) -> Update:
        """Ask one document more, or one less, of those that are asked alone."""
        session.confine(_told(event, "document"))
        return self._views.documents(session) | self._views.kept(session)

    def _unconfined(self, session: Session) -> Update:
        session.ask_all()
        return self._views.documents(session) | self._views.kept(session)

    def _adding(self, session: Session, adding: Iterator[Progress | Taken]) -> Iterator[Update]:
        last = News()
        yield self._views.collection(session)
        try:
            for told in adding:
                last = news(told)
                yield self._views.told(last)
        except FootnotedError as error:
            last = News(str(error))
        yield self._views.collection(session) | self._views.told(last)

    def _viewed(self, session: Session, event: gr.EventData) -> Update:
        return self._views.document(session, _told(event, "document"))

    def _shown(self, session: Session, event: gr.EventData) -> Update:
        """Show words that are not in the pane: those of an earlier answer, or in another document."""
        found = session.conversation.find(_told(event, "key"))
        return self._views.view(session, *found, asked=True) if found else self._views.nothing

    def _selected(self, chosen: str | None, on_show: str | None, session: Session) -> Update:
        return self._views.selected(session, chosen, on_show)

    def _refresh(self, seen: Seen, on_show: str | None, session: Session) -> Update:
        collection = self._shelf.at(session.place)
        collection.library.go_on()
        if not session.conversation.exchanges:
            self._offers.make(collection)
        return self._views.refreshed(session, seen, on_show)


def build(shelf: Shelf, store: Store, warm: threading.Event, *, alone: bool) -> gr.Blocks:
    """The page over a shelf, not yet served.

    Args:
        shelf: The collections.
        store: Where conversations are kept.
        warm: Set once the model is ready for questions.
        alone: Whether only this machine can open the page.
    """
    return Page(shelf, store, warm, alone=alone).blocks


def _told(event: gr.EventData, name: str) -> str:
    """What a browser sent with an event: anything, or nothing at all."""
    data = event._data
    return str(data.get(name, "")) if isinstance(data, dict) else ""


def _number(event: gr.EventData, name: str) -> int:
    """The same as a number from 0 on; -1 where it is none."""
    told = _told(event, name)
    return int(told) if told.isdecimal() and told.isascii() else -1


def _begun(first: Collection, offer: Offer) -> Begun:
    look = first.library.look()
    return Begun(
        where=render.where(first.assistant.model),
        counts=render.holdings(look.state),
        fault=render.fault(look.state),
        document=show(first, look.first),
        shown=look.first,
        choices=look.choices(look.first),
        welcome=welcome(offer),
    )
