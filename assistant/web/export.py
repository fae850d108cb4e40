"""A conversation as a file to take away: Markdown to read, JSON to work with. Pure."""

import json
import re
from collections.abc import Iterator

from assistant.web import stored
from assistant.web.conversation import Conversation, Exchange, Place

FORMAT = "footnoted-conversation-1"
_UNSAFE = re.compile(r"[^\w\- ]+")
# What would be markup, an image of another host say, where only words are meant.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#!|~&])")


def file(title: str | None, conversation: Conversation, kind: str) -> tuple[str, str]:
    """The name and the text of a file of that kind, ``md`` or ``json``."""
    title = title or "Conversation"
    return (
        (file_name(title, "json"), as_json(title, conversation))
        if kind == "json"
        else (file_name(title, "md"), markdown(title, conversation))
    )


def file_name(title: str, suffix: str) -> str:
    """A file name that every system takes, from a conversation's title."""
    words = " ".join(_UNSAFE.sub(" ", title).split())[:60].strip()
    return f"{words or 'conversation'}.{suffix}"


def markdown(title: str, conversation: Conversation) -> str:
    """The conversation with a note for each footnote: its quote, its document and where it stands there."""
    parts = [f"# {_plain(title)}"]
    for exchange in conversation.exchanges:
        parts += [f"## {_plain(exchange.question)}", *_reply(exchange)]
    return "\n\n".join(parts) + "\n"


def as_json(title: str, conversation: Conversation) -> str:
    """The conversation with whole answers: quotes, offsets, what was found, confidence, seconds."""
    exchanges = [json.loads(stored.dumps(exchange)) for exchange in conversation.exchanges]
    return json.dumps({"format": FORMAT, "title": title, "exchanges": exchanges}, ensure_ascii=False, indent=2) + "\n"


def _reply(exchange: Exchange) -> Iterator[str]:
    if exchange.failure is not None:
        yield f"*That didn’t work: {_plain(exchange.failure)}*"
        return
    answer = exchange.answer
    if answer is not None and answer.reason:
        yield f"*No answer found.* {_plain(answer.reason)}"
    claims = answer.claims if answer else [said.claim for said in exchange.said]
    if claims:
        yield " ".join(f"{_plain(claim.text)}{_marks(exchange, claim.markers)}" for claim in claims)
    elif answer is not None and not answer.reason:
        yield _plain(answer.text)
    if exchange.stopped:
        yield "*Stopped.*"
    notes = [_note(exchange, place) for place in exchange.cited]
    if notes:
        yield "\n".join(notes)


def _marks(exchange: Exchange, markers: tuple[int, ...]) -> str:
    return "".join(f"[^{exchange.number}-{marker}]" for marker in markers)


def _note(exchange: Exchange, place: Place) -> str:
    page = f", page {place.page}" if place.page else ""
    where = f"{_plain(place.source)}{page}, characters {place.start}–{place.end}"
    return f"[^{exchange.number}-{place.label}]: “{_plain(place.quote)}” — {where}"


def _plain(text: str) -> str:
    """The words on one line, read as words by whatever shows Markdown."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
