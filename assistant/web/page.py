"""The page's parts and what connects them. No logic: handlers hand on to ``assistant`` and to pure functions."""

import logging
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr

from assistant.core import Assistant
from assistant.types import Event
from assistant.web import export, render, source
from assistant.web.conversation import Conversation, Exchange, Place, Waiting
from assistant.web.holdings import Library, Look
from assistant.web.line import Line
from assistant.web.readers import READER
from assistant.web.session import Session, Task
from assistant.web.store import Store
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

_TOGGLE = """\
<button type="button" id="fn-toggle" data-toggle="fn-side" aria-controls="fn-side" aria-expanded="false"
 aria-label="Conversations" title="Conversations">☰</button>"""

_CLOSE = """\
<button type="button" id="fn-close" data-toggle="fn-source" aria-controls="fn-source">Back to the chat</button>"""

# Of an HTML component whose style is ours, and whose clicks ``page.js`` hears.
_PLAIN: Mapping[str, Any] = {"apply_default_css": False, "js_on_load": None}

UNEXPECTED = "Something went wrong here. The terminal in which Footnoted runs says what; ask again, or differently."

LEFT = "The document that was shown here is no longer in the index."

Update = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reader's page shows of the index, in so few words that a state of it costs nothing.

    Attributes:
        state: What the header tells.
        choices: The hash of the documents that can be chosen.
    """

    state: State
    choices: int


class Page:
    """The page over one Assistant: its parts, and the handlers of its events."""

    def __init__(self, assistant: Assistant, store: Store) -> None:
        self._assistant = assistant
        self._line = Line(EMBEDDED_AT_ONCE if assistant.model.embedded else ENDPOINT_AT_ONCE)
        self._library = Library(assistant.index)
        look = self._library.look()
        first = [assistant.index.document(look.first)] if look.first else []
        self._suggestions = [text for document in first for text in SUGGESTIONS.get(document.sha256, ())]
        self.blocks = gr.Blocks(title="Footnoted", analytics_enabled=False, fill_height=True, fill_width=True)
        with self.blocks:
            self._session = gr.State(Session(store))
            self._seen = gr.State(_seen(look, look.first))
            # Not asked of the selector, because Gradio refuses what is no longer among its choices.
            self._on_show = gr.State(look.first)
            self._timer = gr.Timer(REFRESH_SECONDS)
            self._lay_out(look)
            self._connect()

    def _lay_out(self, look: Look) -> None:
        with gr.Row(elem_id="fn-head"):
            gr.HTML(
                f'{_TOGGLE}<h1>Footnoted</h1><p class="fn-where">{render.where(self._assistant.model)}</p>',
                elem_id="fn-brand",
                **_PLAIN,
            )
            with gr.Column(elem_id="fn-index", scale=0, min_width=0):
                self._counts = gr.HTML(render.holdings(look.state), elem_id="fn-library", **_PLAIN)
                # By itself, so that it is announced when it changes and not whenever the counts do.
                self._fault = gr.HTML(render.fault(look.state), elem_id="fn-fault", **_PLAIN)
            self._new = gr.Button("New chat", elem_id="fn-new", size="sm")
        with gr.Row(elem_id="fn-main", equal_height=True):
            with gr.Column(elem_id="fn-side", scale=0, min_width=0):
                self._chats = gr.HTML(render.chats((), None), elem_id="fn-kept", **_PLAIN)
                self._file = gr.HTML("", elem_id="fn-file", **_PLAIN)
            with gr.Column(elem_id="fn-chat", scale=1, min_width=280):
                self._lay_out_chat()
            with gr.Column(elem_id="fn-source", scale=1, min_width=280):
                self._lay_out_source(look)

    def _lay_out_chat(self) -> None:
        self._head = gr.HTML(render.chat_head(None), elem_id="fn-about", **_PLAIN)
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

    def _lay_out_source(self, look: Look) -> None:
        gr.HTML(_CLOSE, elem_id="fn-closing", **_PLAIN)
        self._selector = gr.Dropdown(
            choices=list(look.choices(look.first)),
            value=look.first,
            label="Document",
            visible=len(look.sources) > 1,
            elem_id="fn-selector",
            filterable=True,
            # We look ourselves whether there is such a document: Gradio's choices may be older than what is chosen.
            allow_custom_value=True,
        )
        self._pane = gr.HTML(
            self._document(look.first),
            elem_id="fn-pane",
            apply_default_css=False,
            js_on_load=(files("assistant.web") / "page.js").read_text("utf-8"),
        )

    def _connect(self) -> None:
        # Several at once, because the session decides which of them may change something.
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
        at_once = quiet | {"queue": False}
        document = [self._pane, self._selector, self._on_show]
        everything = [self._chat, self._box, self._ask, self._stop, self._chats, self._head, *document]
        asking = gr.on(
            [self._box.submit, self._ask.click], self._begin, [self._box, self._session], everything, **at_once
        )
        suggested = self._chat.example_select(self._begin_suggested, self._session, everything, **at_once)
        again = self._pane.retry(self._begin_again, self._session, everything, **at_once)
        for begun in (asking, suggested, again):
            # Not Gradio's queue but our line decides who is next, because only it can tell readers their place.
            answering = begun.then(self._answer, self._session, everything, concurrency_limit=None, **quiet)
            answering.then(self._give_back, [self._box, self._session], self._box, **at_once)
        self._stop.click(self._stopped, self._session, everything, **at_once)
        self._new.click(self._fresh, self._session, everything, **at_once)
        self._pane.show(self._shown, self._session, everything, **at_once)
        self._pane.select(self._opened, self._session, everything, **at_once)
        self._pane.submit(self._renamed, self._session, everything, **at_once)
        self._pane.delete(self._deleted, self._session, everything, **at_once)
        self._pane.undo(self._restored, self._session, everything, **at_once)
        self._pane.edit(self._edited, self._session, everything, **at_once)
        self._pane.like(self._liked, self._session, everything, **at_once)
        self._pane.download(self._exported, self._session, self._file, **at_once)
        self.blocks.load(self._arrived, self._session, everything, **at_once)
        self._selector.input(self._selected, [self._selector, self._on_show, self._session], document, **at_once)
        refreshed = [self._counts, self._fault, self._seen, *document]
        self._timer.tick(self._refresh, [self._seen, self._on_show, self._session], refreshed, **at_once)

    def _begin(self, question: str, session: Session) -> Update:
        """Show the question at once; ``_answer`` may have to wait for its turn."""
        if not session.ask(question):
            return self._nothing
        return self._chat_of(session) | self._kept(session) | {self._box: ""}

    def _begin_suggested(self, session: Session, event: gr.SelectData) -> Update:
        return self._begin(str(event.value["text"]), session)

    def _begin_again(self, session: Session) -> Update:
        question = session.again()
        return self._begin(question, session) if question else self._nothing

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
        yield self._chat_of(session) | self._kept(session)

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
        return self._whole(session)

    def _arrived(self, session: Session, request: gr.Request) -> Update:
        """Go on with the conversation that the address names."""
        session.enter(request.username or request.cookies.get(READER, ""))
        there = session.open(request.query_params.get("chat", ""))
        return self._whole(session) if there else self._kept(session)

    def _opened(self, session: Session, event: gr.EventData) -> Update:
        session.stop()
        return self._whole(session) if session.open(str(event._data["chat"])) else self._nothing

    def _renamed(self, session: Session, event: gr.EventData) -> Update:
        session.rename(str(event._data["title"]))
        return self._kept(session)

    def _deleted(self, session: Session) -> Update:
        deleted = session.delete()
        return self._whole(session, deleted)

    def _restored(self, session: Session, event: gr.EventData) -> Update:
        session.restore(str(event._data["chat"]))
        return self._whole(session)

    def _edited(self, session: Session) -> Update:
        """Put the newest question back into the box, to be asked in other words."""
        question = session.again()
        return self._chat_of(session) | {self._box: question} if question else self._nothing

    def _liked(self, session: Session, event: gr.EventData) -> Update:
        session.like(int(event._data["number"]), {"true": True, "false": False}.get(event._data["liked"]))
        return self._chat_of(session)

    def _exported(self, session: Session, event: gr.EventData) -> str:
        name, text = export.file(session.title, session.conversation, str(event._data["kind"]))
        return render.file(name, text, serial=time.monotonic_ns())

    def _shown(self, session: Session, event: gr.EventData) -> Update:
        """Show words that are not in the pane: those of an earlier answer, or in another document."""
        found = session.conversation.find(str(event._data["key"]))
        return self._view(*found, asked=True) if found else self._nothing

    def _selected(self, chosen: str | None, on_show: str | None, session: Session) -> Update:
        """Show what was chosen, unless there is no such document: it may be gone, or half a name be typed."""
        found = self._library.look().find(chosen)
        if found is None:
            return self._select(on_show)
        return {self._pane: self._document(found, session.conversation.last)} | self._select(found)

    def _refresh(self, seen: Seen, on_show: str | None, session: Session) -> Update:
        """Show what another process, or the embedding in the background, has changed in the index."""
        self._library.go_on()
        look = self._library.look()
        if look.state == seen.state:
            return self._nothing_new
        news: Update = {self._counts: render.holdings(look.state)}
        if look.state.fault != seen.state.fault:
            news[self._fault] = render.fault(look.state)
        shown = on_show if on_show in look.sources else look.first
        now = _seen(look, shown)
        if shown != on_show:
            news[self._pane] = self._document(shown, session.conversation.last, above=LEFT if on_show else "")
            news |= self._offer(look, shown)
        elif now.choices != seen.choices:
            # Without a value, which would end what is being typed there.
            news[self._selector] = _selector(look, shown)
        return news | {self._seen: now}

    def _select(self, document_id: str | None) -> Update:
        """The selector at a document."""
        look = self._library.look()
        if look.is_listed(document_id):
            return {self._selector: document_id, self._on_show: document_id}
        return self._offer(look, document_id)

    def _offer(self, look: Look, shown: str | None) -> Update:
        """The selector at a document, with all that there is to select; at none where that is not there."""
        selected = shown if shown in look.sources else None
        return {self._selector: _selector(look, shown, value=selected), self._on_show: shown}

    @property
    def _nothing(self) -> Update:
        """An update that changes nothing, where Gradio wants one."""
        return {self._stop: gr.skip()}

    @property
    def _nothing_new(self) -> Update:
        """The same for a refresh."""
        return {self._seen: gr.skip()}

    def _chat_of(self, session: Session) -> Update:
        """The chat and its buttons as they are now."""
        conversation = session.conversation
        return {
            self._chat: _messages(conversation),
            self._ask: gr.update(visible=not conversation.open),
            self._stop: gr.update(visible=conversation.open),
        }

    def _kept(self, session: Session, deleted: str | None = None) -> Update:
        """The list of conversations, and what the open one is called."""
        return {
            self._chats: render.chats(session.entries(), session.chat, deleted),
            self._head: render.chat_head(session.title, session.fault),
        }

    def _whole(self, session: Session, deleted: str | None = None) -> Update:
        """All that a conversation shows, with its last words in the pane."""
        last = session.conversation.last
        cited = last.cited if last else ()
        shown = self._library.look().first
        pane = (
            self._view(last, cited[0]) if last and cited else {self._pane: self._document(shown)} | self._select(shown)
        )
        return self._chat_of(session) | self._kept(session, deleted) | pane

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
        return {self._pane: pane} | self._select(place.document_id)

    def _document(
        self,
        document_id: str | None,
        exchange: Exchange | None = None,
        goto: str | None = None,
        *,
        asked: bool = False,
        above: str = "",
    ) -> str:
        if document_id is None:
            return source.note("No documents yet. Index some with: footnoted index FOLDER")
        try:
            document = self._assistant.index.document(document_id)
        except DocumentError:
            return source.note("This document is no longer in the index.")
        return source.pane(document, exchange.places if exchange else (), goto, asked=asked, above=above)


def build(assistant: Assistant, store: Store) -> gr.Blocks:
    """The page over an Assistant, not yet served."""
    return Page(assistant, store).blocks


def _seen(look: Look, shown: str | None) -> Seen:
    return Seen(look.state, hash(look.choices(shown)))


def _selector(look: Look, shown: str | None, **value: str | None) -> Any:
    return gr.update(choices=list(look.choices(shown)), visible=len(look.sources) > 1, **value)


def _messages(conversation: Conversation) -> list[dict[str, Any]]:
    """The conversation for the chat, as components: those keep their attributes, and their place in the page."""
    return [
        {"role": role, "content": gr.HTML(content, js_on_load=None, apply_default_css=False)}
        for exchange in conversation.exchanges
        for role, content in (
            ("user", render.question(exchange)),
            ("assistant", render.reply(exchange, newest=exchange is conversation.last)),
        )
    ]
