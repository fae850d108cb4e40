"""What hears of judgements: an answer is right or wrong, and becomes a gold case."""

import secrets
import shlex
from collections.abc import Callable, Sequence

import gradio as gr

from assistant.errors import CollectionError
from assistant.types import Turn
from assistant.web import gold, told
from assistant.web.conversation import Exchange
from assistant.web.handlers import Handlers
from assistant.web.render import counted
from assistant.web.session import Session
from assistant.web.views import Update
from index.errors import FootnotedError
from index.types import Span

Maker = Callable[[str, Sequence[Turn], Exchange], gold.Case]


class Judging(Handlers):
    """Handlers of what a reader thinks of answers."""

    def liked(self, session: Session, event: gr.EventData) -> Update:
        """Note that an answer is right, wrong, or neither."""
        session.like(told.number(event, "number"), {"true": True, "false": False}.get(told.text(event, "liked")))
        return self._views.chat(session)

    def kept_right(self, session: Session, event: gr.EventData) -> Update:
        """Keep an answer as the gold of its question."""
        return self._keep(session, event, gold.found_right)

    def kept_unanswered(self, session: Session, event: gr.EventData) -> Update:
        """Keep a question as one that the documents don't answer."""
        return self._keep(session, event, gold.not_there)

    def kept_marked(self, session: Session, event: gr.EventData) -> Update:
        """Keep the words that are marked in the source as the gold of a question."""
        index = self._shelf.at(session.place).assistant.index

        def make(name: str, history: Sequence[Turn], exchange: Exchange) -> gold.Case:
            span = Span(told.number(event, "start"), told.number(event, "end"))
            if span.start < 0:
                raise CollectionError(gold.NOTHING_MARKED)
            document = index.document(told.text(event, "document"))
            return gold.marked(name, history, exchange, gold.Mark(document, span, told.text(event, "words")))

        return self._keep(session, event, make)

    def _keep(self, session: Session, event: gr.EventData, make: Maker) -> Update:
        """Keep an exchange as a gold case, and say how to run it."""
        if gone := self.gone(session):
            return gone
        number = told.number(event, "number")
        exchange = session.conversation.at(number)
        if exchange is None:
            return self._views.nothing
        collection = self._shelf.at(session.place)
        folder = collection.gold
        try:
            case = make(
                f"{session.chat or secrets.token_urlsafe(12)}-{number}", session.conversation.before(number), exchange
            )
            stale = gold.keep(folder, collection.name, collection.assistant.index, case)
        except FootnotedError as error:
            return self._views.remark(session, str(error))
        session.keep_as_gold(number)
        kept = f"Kept. To run these cases: footnoted eval {shlex.quote(str(folder))}"
        if stale:
            kept += f". In stale.jsonl: {counted(stale, 'case')} whose words the documents no longer have"
        return self._views.chat(session) | self._views.remark(session, kept)
