"""Mail as .eml files: who, when, what about, the words, and what was attached by name."""

import email
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from typing import TYPE_CHECKING

from index.formats import markup
from index.formats.content import Block, Content, Unreadable, compose
from index.formats.plain import decoded

MAX_HEADER = 50_000
"""Characters of one header, some thousand receivers: the parser takes the square of their number, here two seconds."""

MAX_PARTS = 50_000
"""Of a mail, each of which takes as long as a page of text."""

_SHOWN = ("From", "To", "Cc", "Date")


if TYPE_CHECKING:
    _Policy = EmailPolicy[EmailMessage]
else:
    _Policy = EmailPolicy


class _Bounded(_Policy):
    """Refuses a header before it is parsed, which attachments have too."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        if sum(map(len, sourcelines)) > MAX_HEADER:
            name = sourcelines[0].partition(":")[0][:20]
            raise Unreadable(f"has a header of more than {MAX_HEADER:,} characters, {name}: shorten it")
        return super().header_source_parse(sourcelines)


def read(data: bytes) -> Content:
    """Read a mail; its title is its subject. Where it has its words twice, plain ones are preferred."""
    if data.count(b"\n--") > MAX_PARTS:
        raise Unreadable(
            f"has more than {MAX_PARTS:,} parts, as no mail has: if it is text, let its name end with .txt"
        )
    message = email.message_from_bytes(data, EmailMessage, policy=_Bounded())
    if not any(name in message for name in ("From", "Subject", "Date")):
        raise Unreadable("is not a mail: it has no sender, subject or date; if it is text, let its name end with .txt")
    subject = str(message.get("Subject", ""))
    return compose(_blocks(message, subject), subject)


def _blocks(message: EmailMessage, subject: str) -> Iterator[Block]:
    yield Block(subject, level=1)
    yield Block("\n".join(f"{name}: {_unfolded(message, name)}" for name in _SHOWN if message.get(name)))
    body = message.get_body(("plain", "html"))
    if body is not None:
        yield from _body(body)
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    if names:
        yield Block("Attachments: " + ", ".join(names))


def _body(body: MIMEPart) -> Iterator[Block]:
    payload = body.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    text = decoded(data, body.get_content_charset()).replace("\r\n", "\n")
    if body.get_content_subtype() == "html" and text.strip():
        yield from markup.blocks(markup.parse_html(text))
    else:
        yield Block(text)


def _unfolded(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name)).split())
