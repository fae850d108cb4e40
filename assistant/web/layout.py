"""The page's parts and where they stand. No handler, no logic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr

# How often an open page looks what other processes have added.
REFRESH_SECONDS = 0.9

_TOGGLE = """\
<button type="button" id="fn-toggle" data-toggle="fn-side" aria-controls="fn-side" aria-expanded="false"
 aria-label="Conversations and documents" title="Conversations and documents">☰</button>"""
# Where the panels slide over the chat.
_CLOSE = """\
<button type="button" class="fn-close" data-toggle="{0}" aria-controls="{0}">Back to the chat</button>"""

# Of an HTML component whose style is ours, and whose clicks ``page.js`` hears.
_PLAIN: Mapping[str, Any] = {"apply_default_css": False, "js_on_load": None}


@dataclass(frozen=True, slots=True)
class Begun:
    """What the page shows before anybody has done anything.

    Attributes:
        where: Who answers, as HTML.
        counts: What there is to ask about, as HTML.
        fault: What is wrong with it, as HTML.
        document: The document in the pane, as HTML.
        shown: The id of that document; None where there is none.
        choices: The documents to choose from, by name and id.
        welcome: What stands where the conversation will, as HTML.
    """

    where: str
    counts: str
    fault: str
    document: str
    shown: str | None
    choices: Sequence[tuple[str, str]]
    welcome: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that handlers read and change."""

    counts: gr.HTML
    fault: gr.HTML
    new: gr.Button
    chats: gr.HTML
    collections: gr.HTML
    news: gr.HTML
    documents: gr.HTML
    upload: gr.UploadButton
    upload_folder: gr.UploadButton
    file: gr.HTML
    head: gr.HTML
    welcome: gr.HTML
    chat: gr.Chatbot
    box: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    selector: gr.Dropdown
    pane: gr.HTML
    timer: gr.Timer


def lay_out(begun: Begun) -> Parts:
    """Make the parts, within the ``gr.Blocks`` that is open."""
    parts: dict[str, Any] = {"timer": gr.Timer(REFRESH_SECONDS)}
    with gr.Row(elem_id="fn-head"):
        parts |= _head(begun)
    with gr.Row(elem_id="fn-main", equal_height=True):
        with gr.Column(elem_id="fn-side", scale=0, min_width=0):
            parts |= _side()
        with gr.Column(elem_id="fn-chat", scale=1, min_width=280):
            parts |= _chat(begun)
        with gr.Column(elem_id="fn-source", scale=1, min_width=280):
            parts |= _source(begun)
    return Parts(**parts)


def _head(begun: Begun) -> dict[str, Any]:
    gr.HTML(
        f'{_TOGGLE}<h1>Footnoted</h1><p class="fn-where">{begun.where}</p>',
        elem_id="fn-brand",
        **_PLAIN,
    )
    with gr.Column(elem_id="fn-index", scale=0, min_width=0):
        counts = gr.HTML(begun.counts, elem_id="fn-library", **_PLAIN)
        # By itself, so that it is announced when it changes and not whenever the counts do.
        fault = gr.HTML(begun.fault, elem_id="fn-fault", **_PLAIN)
    return {"counts": counts, "fault": fault, "new": gr.Button("New chat", elem_id="fn-new", size="sm")}


def _side() -> dict[str, Any]:
    gr.HTML(_CLOSE.format("fn-side"), elem_classes="fn-closing", **_PLAIN)
    chats = gr.HTML("", elem_id="fn-kept", **_PLAIN)
    collections = gr.HTML("", elem_id="fn-collections", **_PLAIN)
    with gr.Row(elem_id="fn-adding"):
        # Of any kind: a file that can't be read is named with the reason, which the browser would not do.
        upload = gr.UploadButton("Add files", file_count="multiple", size="sm", elem_id="fn-upload")
        folder = gr.UploadButton("Add a folder", file_count="directory", size="sm", elem_id="fn-upload-folder")
    return {
        "chats": chats,
        "collections": collections,
        "upload": upload,
        "upload_folder": folder,
        "news": gr.HTML("", elem_id="fn-news", **_PLAIN),
        "documents": gr.HTML("", elem_id="fn-holdings", **_PLAIN),
        "file": gr.HTML("", elem_id="fn-file", **_PLAIN),
    }


def _chat(begun: Begun) -> dict[str, Any]:
    head = gr.HTML("", elem_id="fn-about", **_PLAIN)
    welcome = gr.HTML(begun.welcome, elem_id="fn-welcome", **_PLAIN)
    chat = gr.Chatbot(
        elem_id="fn-log",
        label="Conversation",
        show_label=False,
        height=None,
        layout="bubble",
        buttons=[],
        feedback_options=None,
        latex_delimiters=[],
        render_markdown=False,
    )
    with gr.Row(elem_id="fn-composer"):
        box = gr.Textbox(
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
        ask = gr.Button("Ask", elem_id="fn-ask", variant="primary", scale=0, min_width=88)
        stop = gr.Button("Stop", elem_id="fn-stop", visible=False, scale=0, min_width=88)
    return {"head": head, "welcome": welcome, "chat": chat, "box": box, "ask": ask, "stop": stop}


def _source(begun: Begun) -> dict[str, Any]:
    gr.HTML(_CLOSE.format("fn-source"), elem_classes="fn-closing", **_PLAIN)
    selector = gr.Dropdown(
        choices=list(begun.choices),
        value=begun.shown,
        label="Document",
        visible=len(begun.choices) > 1,
        elem_id="fn-selector",
        filterable=True,
        # We look ourselves whether there is such a document: Gradio's choices may be older than what is chosen.
        allow_custom_value=True,
    )
    pane = gr.HTML(
        begun.document,
        elem_id="fn-pane",
        apply_default_css=False,
        js_on_load=(files("assistant.web") / "page.js").read_text("utf-8"),
    )
    return {"selector": selector, "pane": pane}
