"""What the page's parts show of a session and its collection, as updates for Gradio. Changes nothing itself."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from assistant.web import lists, render, source, uploads
from assistant.web.conversation import Exchange, Place
from assistant.web.holdings import Look
from assistant.web.layout import Parts
from assistant.web.lists import News
from assistant.web.offers import Offer, Offers
from assistant.web.session import Session
from assistant.web.shelf import Collection, Shelf
from index.errors import DocumentError
from index.types import State

Update = dict[Any, Any]

LEFT = "The document that was shown here is no longer in the index."
NO_DOCUMENTS = "No documents yet. Add some under ☰, or drop them anywhere on this page."


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reader's page shows of the index, in so few words that a state of it costs nothing.

    Attributes:
        state: What the header tells.
        choices: The hash of the documents that can be chosen.
        offer: The questions to begin with.
    """

    state: State
    choices: int
    offer: Offer

    @property
    def ready(self) -> bool:
        """Whether all is found by its meaning too."""
        return self.state.embedded == self.state.passages


class Views:
    """Updates for the parts of a page.

    Args:
        shelf: The collections.
        offers: The questions to begin with.
        parts: What is updated.
        seen: Keeps a ``Seen`` for each reader.
        on_show: Keeps the id of the document in the pane; not asked of the selector, because Gradio refuses what is no
            longer among its choices.
    """

    def __init__(self, shelf: Shelf, offers: Offers, parts: Parts, seen: gr.State, on_show: gr.State) -> None:
        self._shelf = shelf
        self._offers = offers
        self._parts = parts
        self._seen = seen
        self._on_show = on_show

    @property
    def nothing(self) -> Update:
        """An update that changes nothing, where Gradio wants one."""
        return {self._parts.stop: gr.skip()}

    @property
    def nothing_new(self) -> Update:
        """The same for ``refreshed``."""
        return {self._seen: gr.skip()}

    def chat(self, session: Session) -> Update:
        """The chat and its buttons as they are now."""
        conversation = session.conversation
        return {
            self._parts.welcome: self._welcome(session, self._offers.of(self._shelf.at(session.place))),
            self._parts.chat: self._messages(session),
            self._parts.ask: gr.update(visible=not conversation.open),
            self._parts.stop: gr.update(visible=conversation.open),
        }

    def kept(self, session: Session, deleted: str | None = None) -> Update:
        """The list of conversations, and what the open one is called."""
        about = self._shelf.at(session.place).name
        return {
            self._parts.chats: lists.chats(session.entries(), session.chat, session.deleted(), deleted, about),
            self._parts.head: lists.chat_head(session.title, session.fault, self._confined(session)),
        }

    def asked(self, session: Session) -> Update:
        """What a question that has come, or has been settled, changes."""
        return self.chat(session) | self.kept(session)

    def remark(self, session: Session, text: str) -> Update:
        """Something to tell the reader about what they have just done, until they do something else."""
        return {self._parts.head: lists.chat_head(session.title, text, self._confined(session))}

    def documents(self, session: Session) -> Update:
        """The list of documents."""
        collection = self._shelf.at(session.place)
        index = collection.assistant.index
        removed = uploads.removed(index) if collection.own else []
        return {self._parts.documents: lists.documents(index.listing(), session.only, removed, own=collection.own)}

    def collections(self, session: Session) -> Update:
        """The list of collections."""
        place = self._shelf.at(session.place).place
        listed = lists.collections(
            self._shelf.names(),
            place,
            can_change=self._shelf.can_change(place),
            deleted=self._shelf.deleted(),
        )
        return {self._parts.collections: listed}

    def told(self, news: News) -> Update:
        """What has just become of documents."""
        return {self._parts.news: lists.told(news)}

    def whole(self, session: Session, deleted: str | None = None) -> Update:
        """All that a conversation shows, with its last words in the pane."""
        last = session.conversation.last
        cited = last.cited if last else ()
        first = self._shelf.at(session.place).library.look().first
        pane = self.view(session, last, cited[0]) if last and cited else self.document(session, first)
        return self.chat(session) | self.kept(session, deleted) | pane

    def side(self, session: Session) -> Update:
        """Conversations, collections and documents to choose from."""
        return self.kept(session) | self._holdings(session)

    def collection(self, session: Session) -> Update:
        """The whole, and all that is said of the collection that is asked."""
        collection = self._shelf.at(session.place)
        look = collection.library.look()
        return (
            self.whole(session)
            | self._holdings(session)
            | {
                self._parts.news: lists.told(News()),
                self._parts.counts: render.holdings(look.state),
                self._parts.fault: render.fault(look.state),
            }
            | self._offer(look, self._shown_by(session, look))
        )

    def news(self, session: Session, before: Exchange | None) -> Update:
        """What an event has changed in the newest exchange: nothing, the chat, or the pane too.

        The pane shows what was found as soon as it is, and what is cited once something is.
        """
        newest = session.conversation.last
        if newest is None or newest == before:
            return self.nothing
        places = newest.cited or newest.places
        new = places and (before is None or places != (before.cited or before.places))
        return self.chat(session) | (self.view(session, newest, places[0]) if new else {})

    def view(self, session: Session, exchange: Exchange, place: Place, *, asked: bool = False) -> Update:
        """The pane at a place, with all places of its exchange marked."""
        collection = self._shelf.at(session.place)
        pane = show(collection, place.document_id, exchange, place.key, asked=asked)
        return {self._parts.pane: pane} | self._select(collection, place.document_id)

    def document(self, session: Session, document_id: str | None) -> Update:
        """The pane at the beginning of a document."""
        collection = self._shelf.at(session.place)
        pane = show(collection, document_id, session.conversation.last)
        return {self._parts.pane: pane} | self._select(collection, document_id)

    def selected(self, session: Session, chosen: str | None, on_show: str | None) -> Update:
        """What was chosen, unless there is no such document: it may be gone, or half a name be typed."""
        collection = self._shelf.at(session.place)
        found = collection.library.look().find(chosen)
        if found is not None and found == on_show:
            # Whoever only leaves the selector must not be led away from an answer that has come meanwhile.
            return {self._on_show: gr.skip()}
        return self._select(collection, on_show) if found is None else self.document(session, found)

    def refreshed(self, session: Session, seen: Seen, on_show: str | None) -> Update:
        """What another process, or the embedding in the background, has changed in the index."""
        collection = self._shelf.at(session.place)
        look = collection.library.look()
        offer = self._offers.of(collection)
        if look.state == seen.state:
            return self.nothing_new if offer == seen.offer else self._offered(session, replace(seen, offer=offer))
        news: Update = {self._parts.counts: render.holdings(look.state)}
        if look.state.fault != seen.state.fault:
            news[self._parts.fault] = render.fault(look.state)
        shown = on_show if on_show in look.sources else look.first
        now = seen_of(look, shown, offer)
        if shown != on_show:
            above = LEFT if on_show else ""
            news[self._parts.pane] = show(collection, shown, session.conversation.last, above=above)
            news |= self._offer(look, shown)
        elif now.choices != seen.choices:
            # Without a value, which would end what is being typed there.
            news[self._parts.selector] = _selector(look, shown)
        if look.state.generation != seen.state.generation and not session.conversation.open:
            news |= self.chat(session)
        if now.choices != seen.choices or now.ready != seen.ready:
            news |= self.documents(session)
        return news | self._offered(session, now)

    def _holdings(self, session: Session) -> Update:
        """Collections and documents to choose from."""
        return self.documents(session) | self.collections(session)

    def _messages(self, session: Session) -> list[dict[str, Any]]:
        """The conversation for the chat, as components: those keep their attributes, and their place in the page."""
        conversation, library = session.conversation, self._shelf.at(session.place).library
        return [
            {"role": role, "content": gr.HTML(content, js_on_load=None, apply_default_css=False)}
            for exchange in conversation.exchanges
            for role, content in (
                ("user", render.question(exchange)),
                (
                    "assistant",
                    render.reply(
                        exchange,
                        newest=exchange is conversation.last,
                        stale=not all(library.stands(one.document_id, one.document_sha256) for one in exchange.cited),
                    ),
                ),
            )
        ]

    def _confined(self, session: Session) -> list[str]:
        """The documents that are asked alone."""
        sources = self._shelf.at(session.place).library.look().sources
        return [source for id_, source in sources.items() if id_ in session.only]

    @staticmethod
    def _welcome(session: Session, offer: Offer) -> str:
        """What stands where the conversation will, until there is one."""
        return "" if session.conversation.exchanges else welcome(offer)

    def _offered(self, session: Session, now: Seen) -> Update:
        """What has changed, with the questions to begin with, which a conversation hides."""
        return {self._seen: now, self._parts.welcome: self._welcome(session, now.offer)}

    def _shown_by(self, session: Session, look: Look) -> str | None:
        last = session.conversation.last
        return last.cited[0].document_id if last and last.cited else look.first

    def _select(self, collection: Collection, document_id: str | None) -> Update:
        """The selector at a document."""
        look = collection.library.look()
        if look.is_listed(document_id):
            return {self._parts.selector: document_id, self._on_show: document_id}
        return self._offer(look, document_id)

    def _offer(self, look: Look, shown: str | None) -> Update:
        """The selector at a document, with all that there is to select; at none where that is not there."""
        selected = shown if shown in look.sources else None
        return {self._parts.selector: _selector(look, shown, value=selected), self._on_show: shown}


def show(
    collection: Collection,
    document_id: str | None,
    exchange: Exchange | None = None,
    goto: str | None = None,
    *,
    asked: bool = False,
    above: str = "",
) -> str:
    """A document as the pane shows it, with the places of an exchange marked."""
    if document_id is None:
        return source.note(NO_DOCUMENTS)
    try:
        document = collection.assistant.index.document(document_id)
    except DocumentError:
        return source.note("This document is no longer in the index.")
    return source.pane(document, exchange.places if exchange else (), goto, asked=asked, above=above)


def seen_of(look: Look, shown: str | None, offer: Offer) -> Seen:
    """What a page shows of the index."""
    return Seen(look.state, hash(look.choices(shown)), offer)


def welcome(offer: Offer) -> str:
    """What stands where the conversation will."""
    return render.welcome(offer.questions, making=offer.making, can_be_made=offer.can_be_made)


def _selector(look: Look, shown: str | None, **value: str | None) -> Any:
    return gr.update(choices=list(look.choices(shown)), visible=len(look.sources) > 1, **value)
