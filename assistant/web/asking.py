"""What hears of questions: they are asked, wait in line, are answered, stopped, and asked again."""

import logging
import time
from collections.abc import Generator, Iterator, Set
from contextlib import closing

import gradio as gr

from assistant.types import Event, Working
from assistant.web import told
from assistant.web.conversation import WARMING, Waiting
from assistant.web.handlers import Handlers
from assistant.web.layout import Parts
from assistant.web.line import Line
from assistant.web.offers import Offers
from assistant.web.session import Session, Task
from assistant.web.shelf import Collection, Shelf
from assistant.web.views import Update, Views
from index.errors import FootnotedError

log = logging.getLogger(__name__)

# How often a waiting question looks whether its turn has come, and its reader is still there.
WAIT_SECONDS = 0.2
UNEXPECTED = "Something went wrong here. The terminal in which Footnoted runs says what; ask again, or differently."


class Asking(Handlers):
    """Handlers of what a reader asks.

    Args:
        shelf: The collections.
        offers: The questions to begin with.
        line: In which questions wait.
        parts: What is shown.
        views: How.
    """

    def __init__(self, shelf: Shelf, offers: Offers, line: Line, parts: Parts, views: Views) -> None:
        super().__init__(shelf, views)
        self._offers = offers
        self._line = line
        self._parts = parts

    def begin(self, question: str, session: Session) -> Update:
        """Show the question at once; ``answer`` may have to wait for its turn."""
        if gone := self.gone(session):
            return gone
        if not session.ask(question):
            return self._views.nothing
        return self._views.asked(session) | {self._parts.box: ""}

    def _begin_other(self, question: str, session: Session) -> Update:
        """The same for a question that is not in the box, where another may be being written."""
        if gone := self.gone(session):
            return gone
        return self._views.asked(session) if session.ask(question) else self._views.nothing

    def begin_suggested(self, session: Session, event: gr.EventData) -> Update:
        """Show a question to begin with at once, as one that was typed."""
        return self._begin_other(told.text(event, "question"), session)

    def suggested(self, session: Session) -> Update:
        """Have questions to begin with made, which appear as they come."""
        self._offers.make(self._shelf.at(session.place), asked_for=True)
        return self._views.chat(session)

    def begin_again(self, session: Session) -> Update:
        """Ask the newest question again."""
        question = session.again()
        return self._begin_other(question, session) if question else self._views.nothing

    def answer(self, session: Session) -> Iterator[Update]:
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
            while not self._line.open.wait(WAIT_SECONDS):
                yield Working(WARMING)
            # Of those that are asked alone some may have been removed since.
            there = only & collection.library.look().sources.keys()
            where = {"document_id": there} if there else None
            yield from collection.assistant.stream(task.question, task.history, where=where)

    def give_back(self, box: str, session: Session) -> Update:
        """Put the question whose answer failed back, unless the reader is writing another."""
        last = session.conversation.last
        return {self._parts.box: last.question if last and last.failure and not box else gr.skip()}

    def stopped(self, session: Session) -> Update:
        """Stop what is open."""
        session.stop()
        return self._views.chat(session)

    def edited(self, session: Session) -> Update:
        """Put the newest question back into the box, to be asked in other words."""
        question = session.again()
        return self._views.chat(session) | {self._parts.box: question} if question else self._views.nothing
