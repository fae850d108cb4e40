"""The page's parts and what connects them. No logic: handlers hand on to ``assistant`` and to pure functions."""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from importlib.resources import files
from typing import Any

import gradio as gr

from assistant.core import Assistant
from assistant.types import Event
from assistant.web import render, source
from assistant.web.conversation import Conversation, Exchange, Place, Waiting
from assistant.web.line import Line
from assistant.web.session import Session, Task
from index.errors import DocumentError, FootnotedError
from index.types import State

log = logging.getLogger(__name__)

# The embedded model reads one question at a time; two would both take longer. An endpoint can do several.
EMBEDDED_AT_ONCE = 1
ENDPOINT_AT_ONCE = 8
# How often a waiting question looks whether its turn has come, and its reader is still there.
WAIT_SECONDS = 0.2
# How often an open page looks what other processes have added.
REFRESH_SECONDS = 0.9

SUGGESTIONS = {
    "1d277cccf9fc0d63ae95f600f236a0260f9617ed38839e538d7e438a2ea265da": (
        "Who is Japan's foreign minister?",
        "How many US service personnel are stationed in Japan?",
        "What will the new guidelines improve?",
        "How old is Gen Nakatani?",
    )
}
"""Questions to begin with, by the SHA-256 of the document that they are about."""

_WELCOME = """\
<div class="fn-welcome"><h2>Ask your documents</h2>
<p>Every sentence of the answer carries a footnote to the exact words it came from.<br>
When the documents don’t say, you are told so.</p></div>"""

UNEXPECTED = "Something went wrong here. The terminal in which Footnoted runs says what; ask again, or differently."

Update = dict[Any, Any]


class Page:
    """The page over one Assistant: its parts, and the handlers of its events."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._line = Line(EMBEDDED_AT_ONCE if assistant.model.embedded else ENDPOINT_AT_ONCE)
        sources = assistant.index.sources()
        self._first = next(iter(sources.values()), None)
        first = [assistant.index.document(self._first)] if self._first else []
        self._suggestions = [text for document in first for text in SUGGESTIONS.get(document.sha256, ())]
        self.blocks = gr.Blocks(title="Footnoted", analytics_enabled=False, fill_height=True, fill_width=True)
        with self.blocks:
            self._session = gr.State(Session())
            # What this reader's page shows of the index.
            self._shown_state = gr.State(None)
            self._timer = gr.Timer(REFRESH_SECONDS)
            self._lay_out()
            self._connect()

    def _lay_out(self) -> None:
        with gr.Row(elem_id="fn-head"):
            gr.HTML(
                f'<h1>Footnoted</h1><p class="fn-where">{render.where(self._assistant.model)}</p>',
                elem_id="fn-brand",
                apply_default_css=False,
                js_on_load=None,
            )
            library = render.library(self._assistant.index.state())
            self._library = gr.HTML(library, elem_id="fn-library", apply_default_css=False, js_on_load=None)
            self._new = gr.Button("New chat", elem_id="fn-new", size="sm")
        with gr.Row(elem_id="fn-main", equal_height=True):
            with gr.Column(elem_id="fn-chat", scale=1, min_width=280):
                self._lay_out_chat()
            with gr.Column(elem_id="fn-source", scale=1, min_width=280):
                self._lay_out_source()

    def _lay_out_chat(self) -> None:
        self._chat = gr.Chatbot(
            elem_id="fn-log",
            label="Conversation",
            show_label=False,
            height=None,
            layout="bubble",
            placeholder=_WELCOME,
            examples=[{"text": text} for text in self._suggestions],
            buttons=[],
            feedback_options=None,
            latex_delimiters=[],
            render_markdown=False,
        )
        with gr.Row(elem_id="fn-composer"):
            self._box = gr.Textbox(
                elem_id="fn-box",
                label="Your question",
                show_label=False,
                container=False,
                placeholder="Ask a question",
                lines=1,
                max_lines=6,
                autofocus=True,
                scale=1,
            )
            self._ask = gr.Button("Ask", elem_id="fn-ask", variant="primary", scale=0, min_width=88)
            self._stop = gr.Button("Stop", elem_id="fn-stop", visible=False, scale=0, min_width=88)

    def _lay_out_source(self) -> None:
        choices = self._choices()
        self._selector = gr.Dropdown(
            choices=choices,
            value=self._first,
            label="Document",
            visible=len(choices) > 1,
            elem_id="fn-selector",
            filterable=True,
        )
        self._pane = gr.HTML(
            self._document(self._first),
            elem_id="fn-pane",
            apply_default_css=False,
            js_on_load=(files("assistant.web") / "page.js").read_text("utf-8"),
        )

    def _connect(self) -> None:
        # Several at once, because the session decides which of them may change something.
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
        at_once = quiet | {"queue": False}
        everything = [self._chat, self._box, self._ask, self._stop, self._pane, self._selector]
        asking = gr.on(
            [self._box.submit, self._ask.click], self._begin, [self._box, self._session], everything, **at_once
        )
        suggested = self._chat.example_select(self._begin_suggested, self._session, everything, **at_once)
        for begun in (asking, suggested):
            # Not Gradio's queue but our line decides who is next, because only it can tell readers their place.
            answering = begun.then(self._answer, self._session, everything, concurrency_limit=None, **quiet)
            answering.then(self._give_back, [self._box, self._session], self._box, **at_once)
        self._stop.click(self._stopped, self._session, everything, **at_once)
        self._new.click(self._fresh, self._session, everything, **at_once)
        self._pane.show(self._shown, self._session, everything, **at_once)
        self._selector.input(self._selected, [self._selector, self._session], self._pane, **at_once)
        refreshed = [self._library, self._selector, self._pane, self._shown_state]
        self._timer.tick(self._refresh, [self._shown_state, self._selector], refreshed, **at_once)

    def _begin(self, question: str, session: Session) -> Update:
        """Show the question at once; ``_answer`` may have to wait for its turn."""
        return self._chat_of(session) | {self._box: ""} if session.ask(question) else self._nothing

    def _begin_suggested(self, session: Session, event: gr.SelectData) -> Update:
        return self._begin(str(event.value["text"]), session)

    def _answer(self, session: Session) -> Iterator[Update]:
        """Tell the newest question's events as they come. Closing this ends the work at the next of them."""
        task = session.take()
        if task is None:
            yield self._nothing
            return
        try:
            with closing(self._events(task)) as events:
                for event in events:
                    before = session.conversation.last
                    if not session.tell(task, event):
                        break
                    yield self._news(session, before)
        except FootnotedError as error:
            session.fail(task, str(error))
        except Exception:
            log.exception("the question could not be answered")
            session.fail(task, UNEXPECTED)
        # After a stop, the browser may have had older news than that.
        yield self._chat_of(session)

    def _events(self, task: Task) -> Generator[Event | Waiting]:
        with self._line.joined() as before_us:
            while count := before_us():
                yield Waiting(count)
                time.sleep(WAIT_SECONDS)
            yield from self._assistant.stream(task.question, task.history)

    def _give_back(self, box: str, session: Session) -> Update:
        """Put the question whose answer failed back, unless the reader is writing another."""
        last = session.conversation.last
        return {self._box: last.question if last and last.failure and not box else gr.skip()}

    def _stopped(self, session: Session) -> Update:
        session.stop()
        return self._chat_of(session)

    def _fresh(self, session: Session) -> Update:
        session.clear()
        return self._chat_of(session) | {self._pane: self._document(self._first), self._selector: self._first}

    def _shown(self, session: Session, event: gr.EventData) -> Update:
        """Show words that are not in the pane: those of an earlier answer, or in another document."""
        found = session.conversation.find(str(event._data["key"]))
        return self._view(*found, asked=True) if found else self._nothing

    def _selected(self, document_id: str, session: Session) -> str:
        return self._document(document_id, session.conversation.last)

    def _refresh(self, shown: State | None, selected: str | None) -> Update:
        """Show what another process, or the embedding in the background, has changed in the index."""
        state = self._assistant.index.state()
        if state == shown:
            return {self._shown_state: gr.skip()}
        choices = self._choices()
        news: Update = {
            self._library: render.library(state),
            self._shown_state: state,
            self._selector: gr.update(choices=choices, visible=len(choices) > 1),
        }
        if selected is None and choices:
            first = choices[0][1]
            news |= {
                self._selector: gr.update(choices=choices, visible=len(choices) > 1, value=first),
                self._pane: self._document(first),
            }
        return news

    def _choices(self) -> list[tuple[str, str]]:
        return list(self._assistant.index.sources().items())

    @property
    def _nothing(self) -> Update:
        """An update that changes nothing, where Gradio wants one."""
        return {self._stop: gr.skip()}

    def _chat_of(self, session: Session) -> Update:
        """The chat and its buttons as they are now."""
        conversation = session.conversation
        return {
            self._chat: _messages(conversation),
            self._ask: gr.update(visible=not conversation.open),
            self._stop: gr.update(visible=conversation.open),
        }

    def _news(self, session: Session, before: Exchange | None) -> Update:
        """What an event has changed in the newest exchange: nothing, the chat, or the pane too."""
        newest = session.conversation.last
        if newest is None or newest == before:
            return self._nothing
        cited = newest.cited
        new = cited and (before is None or cited != before.cited)
        return self._chat_of(session) | (self._view(newest, cited[0]) if new else {})

    def _view(self, exchange: Exchange, place: Place, *, asked: bool = False) -> Update:
        """The pane at a place, with all places of its exchange marked."""
        pane = self._document(place.document_id, exchange, place.key, asked=asked)
        return {self._pane: pane, self._selector: place.document_id}

    def _document(
        self, document_id: str | None, exchange: Exchange | None = None, goto: str | None = None, *, asked: bool = False
    ) -> str:
        if document_id is None:
            return source.note("No documents yet. Index some with: footnoted index FOLDER")
        try:
            document = self._assistant.index.document(document_id)
        except DocumentError:
            return source.note("This document is no longer in the index.")
        return source.pane(document, exchange.places if exchange else (), goto, asked=asked)


def build(assistant: Assistant) -> gr.Blocks:
    """The page over an Assistant, not yet served."""
    return Page(assistant).blocks


def _messages(conversation: Conversation) -> list[dict[str, Any]]:
    """The conversation for the chat, as components: those keep their attributes, and their place in the page."""
    return [
        {"role": role, "content": gr.HTML(content, js_on_load=None, apply_default_css=False)}
        for exchange in conversation.exchanges
        for role, content in (("user", render.question(exchange)), ("assistant", render.reply(exchange)))
    ]
