"""The page's events and what hears them: handlers that hand on to ``assistant`` and to this package's other modules."""

import time
from collections.abc import Mapping
from typing import Any

import gradio as gr

from assistant.web import export, render, told
from assistant.web.asking import Asking
from assistant.web.holding import Holding
from assistant.web.judging import Judging
from assistant.web.layout import Begun, lay_out
from assistant.web.line import Line
from assistant.web.offers import Offer, Offers
from assistant.web.readers import LOCAL, NOBODY, READER, reader
from assistant.web.session import Session
from assistant.web.shelf import Collection, Shelf
from assistant.web.store import Owner, Store
from assistant.web.views import Seen, Update, Views, seen_of, show, welcome

UPLOADS_AT_ONCE = 4
_UNTAKEN_SECONDS = 3600

# Several at once, because the session decides which of them may change something.
_QUIET: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
_AT_ONCE: Mapping[str, Any] = {**_QUIET, "queue": False}


class Page:
    """The page over a shelf of collections, and the handlers of its events."""

    def __init__(self, shelf: Shelf, store: Store, line: Line, *, alone: bool) -> None:
        self._shelf = shelf
        self._alone = alone
        first = shelf.first
        look = first.library.look()
        self._line = line
        self._offers = Offers(self._line)
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
            self._holding = Holding(shelf, self._views)
            self._connect()

    def _connect(self) -> None:
        parts = self._parts
        asking = Asking(self._shelf, self._offers, self._line, parts, self._views)
        judging = Judging(self._shelf, self._views)
        holding = self._holding
        document = [parts.pane, parts.selector, self._on_show]
        chat = [parts.welcome, parts.chat, parts.box, parts.ask, parts.stop, parts.chats, parts.head, *document]
        everything = [*chat, parts.collections, parts.news, parts.documents, parts.counts, parts.fault]
        for begun in (
            gr.on(
                [parts.box.submit, parts.ask.click], asking.begin, [parts.box, self._session], everything, **_AT_ONCE
            ),
            parts.pane.ask_suggested(asking.begin_suggested, self._session, everything, **_AT_ONCE),
            parts.pane.ask_again(asking.begin_again, self._session, everything, **_AT_ONCE),
        ):
            # Not Gradio's queue but our line decides who is next, because only it can tell readers their place.
            answering = begun.then(asking.answer, self._session, chat, concurrency_limit=None, **_QUIET)
            answering.then(asking.give_back, [parts.box, self._session], parts.box, **_AT_ONCE)
        self.blocks.load(self._arrived, self._session, everything, **_AT_ONCE)
        parts.stop.click(asking.stopped, self._session, chat, **_AT_ONCE)
        parts.new.click(self._fresh, self._session, chat, **_AT_ONCE)
        for event, handler in {
            parts.pane.show_words: self._shown,
            parts.pane.suggest: asking.suggested,
            parts.pane.open_chat: self._opened,
            parts.pane.rename_chat: self._renamed,
            parts.pane.delete_chat: self._deleted,
            parts.pane.restore_chat: self._restored,
            parts.pane.forget_chats: self._forgot,
            parts.pane.edit_question: asking.edited,
            parts.pane.like_answer: judging.liked,
            parts.pane.keep_gold: judging.kept_right,
            parts.pane.keep_marked: judging.kept_marked,
            parts.pane.keep_unanswered: judging.kept_unanswered,
            parts.pane.view_document: self._viewed,
            parts.pane.ask_collection: holding.moved,
            parts.pane.make_collection: holding.made,
            parts.pane.rename_collection: holding.renamed,
            parts.pane.delete_collection: holding.deleted,
            parts.pane.restore_collection: holding.restored,
            parts.pane.forget_collections: holding.forgot,
            parts.pane.ask_only: holding.confined,
            parts.pane.ask_all: holding.unconfined,
            parts.pane.remove_document: holding.removed,
            parts.pane.forget_documents: holding.forgot_documents,
        }.items():
            event(handler, self._session, everything, **_AT_ONCE)
        parts.pane.save_chat(self._exported, self._session, parts.file, **_AT_ONCE)
        parts.pane.bring_back(holding.brought_back, self._session, everything, **_QUIET)
        parts.pane.read_again(holding.read_again, self._session, everything, **_QUIET)
        for button in (parts.upload, parts.upload_folder):
            button.upload(
                holding.uploaded, [button, self._session], everything, concurrency_limit=UPLOADS_AT_ONCE, **_QUIET
            )
        parts.selector.input(self._selected, [parts.selector, self._on_show, self._session], document, **_AT_ONCE)
        refreshed = [*everything, self._seen]
        parts.timer.tick(self._refresh, [self._seen, self._on_show, self._session], refreshed, **_AT_ONCE)

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
        opened = session.open(told.text(event, "chat"))
        return self._views.whole(session) | self._views.documents(session) if opened else self._views.nothing

    def _renamed(self, session: Session, event: gr.EventData) -> Update:
        session.rename(told.text(event, "title"))
        return self._views.kept(session)

    def _deleted(self, session: Session) -> Update:
        deleted = session.delete()
        return self._views.whole(session, deleted)

    def _restored(self, session: Session, event: gr.EventData) -> Update:
        session.restore(told.text(event, "chat"))
        return self._views.whole(session) | self._views.documents(session)

    def _forgot(self, session: Session) -> Update:
        """Delete for good the conversations that were deleted."""
        session.forget_deleted()
        return self._views.kept(session)

    def _exported(self, session: Session, event: gr.EventData) -> str:
        name, text = export.file(session.title, session.conversation, told.text(event, "kind"))
        return render.file(name, text, serial=time.monotonic_ns())

    def _viewed(self, session: Session, event: gr.EventData) -> Update:
        return self._views.document(session, told.text(event, "document"))

    def _shown(self, session: Session, event: gr.EventData) -> Update:
        """Show words that are not in the pane: those of an earlier answer, or in another document."""
        found = session.conversation.find(told.text(event, "key"))
        return self._views.view(session, *found, asked=True) if found else self._views.nothing

    def _selected(self, chosen: str | None, on_show: str | None, session: Session) -> Update:
        return self._views.selected(session, chosen, on_show)

    def _refresh(self, seen: Seen, on_show: str | None, session: Session) -> Update:
        if gone := self._holding.gone(session):
            return gone
        collection = self._shelf.at(session.place)
        collection.library.go_on()
        if not session.conversation.exchanges:
            self._offers.make(collection)
        return self._views.refreshed(session, seen, on_show)


def build(shelf: Shelf, store: Store, line: Line, *, alone: bool) -> gr.Blocks:
    """The page over a shelf, not yet served.

    Args:
        shelf: The collections.
        store: Where conversations are kept.
        line: In which questions wait.
        alone: Whether only this machine can open the page.
    """
    return Page(shelf, store, line, alone=alone).blocks


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
