"""What there is to choose from, as HTML: conversations, collections, documents. Pure, and every string is escaped."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from assistant.web.render import button, counted, escape
from assistant.web.store import Entry
from assistant.web.uploads import Refused, Taken
from index.types import Listed, Progress

# More would be no list to read; all can be found by their names in the selector above the source.
MOST_DOCUMENTS = 300


@dataclass(frozen=True, slots=True)
class News:
    """What has just become of documents.

    Attributes:
        said: What, in a sentence.
        refused: What was not taken, and why.
        removed: The document that was removed just now, and can be had back.
        deleted: The place of the collection that was.
    """

    said: str = ""
    refused: tuple[Refused, ...] = ()
    removed: str | None = None
    deleted: str | None = None


def chats(
    entries: Sequence[Entry],
    current: str | None,
    deleted: Sequence[Entry] = (),
    undo: str | None = None,
    about: str = "",
) -> str:
    """A reader's conversations to choose from.

    Args:
        entries: The newest first.
        current: Which of them is open.
        deleted: Those that can be had back.
        undo: Which of them was deleted just now.
        about: The name of the collection that they are about: each has its own.
    """
    items = "".join(_chat(entry, current) for entry in entries)
    listed = f"<ul>{items}</ul>" if items else '<p class="fn-empty">What you ask is kept here.</p>'
    back = f'<p class="fn-undo">Deleted. {button("restore_chat", "Undo", chat=undo)}</p>' if undo else ""
    gone = [(one.title, button("restore_chat", "Restore", f"Restore {one.title}", chat=one.id)) for one in deleted]
    shown = escape(current or "")
    whose = f' <span class="fn-from">about {escape(about)}</span>' if about else ""
    return (
        f'<nav class="fn-chats" aria-label="Conversations" data-current="{shown}">'
        f'<h2>Conversations{whose}</h2><div role="status">{back}</div>{listed}'
        f"{_bin(gone, 'forget_chats')}</nav>"
    )


def chat_head(title: str | None, fault: str | None = None, only: Sequence[str] = ()) -> str:
    """What the open conversation is called and what can be done with it; nothing before it has begun.

    Args:
        title: What it is called.
        fault: Something that the reader has to know.
        only: The documents that are asked alone.
    """
    said = f'<p class="fn-fault" role="alert">{escape(fault)}</p>' if fault else ""
    if only:
        said = f'<p class="fn-only">Asking only {escape(", ".join(only))} {button("ask_all", "Ask all")}</p>{said}'
    if title is None:
        return said
    buttons = "".join(
        (
            button("rename_chat", "Rename"),
            button("save_chat", "Markdown", label="Save as Markdown", kind="md"),
            button("save_chat", "JSON", label="Save as JSON", kind="json"),
            button("delete_chat", "Delete"),
        )
    )
    return f'<div class="fn-chat-head"><h2 class="fn-title">{escape(title)}</h2>{buttons}</div>{said}'


def collections(
    names: Mapping[str, str],
    place: str,
    *,
    can_change: bool = False,
    deleted: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The collections to choose from.

    Args:
        names: Their names, by their places.
        place: Which is asked.
        can_change: Whether that one can be renamed and deleted.
        deleted: The names of those that can be had back, by their places.
    """
    items = "".join(
        f"<li>{button('ask_collection', name, current=where == place, place=where)}</li>"
        for where, name in names.items()
    )
    changes = ""
    if can_change:
        name = names[place]
        changes = button("rename_collection", "Rename", f"Rename {name}", title=name)
        changes += button("delete_collection", "Delete", f"Delete {name}")
    gone = [
        (name, button("restore_collection", "Restore", f"Restore {name}", place=where))
        for where, name in deleted.items()
    ]
    return (
        f'<section class="fn-shelf"><h2>Collections</h2><ul>{items}</ul>'
        f"{button('make_collection', 'New collection')}{changes}"
        f"{_bin(gone, 'forget_collections')}</section>"
    )


def documents(listed: Sequence[Listed], only: Collection[str] = (), removed: Sequence[Path] = (), *, own: bool) -> str:
    """The documents of a collection.

    Args:
        listed: In order.
        only: The ids of those that are asked; empty for all.
        removed: The copies of those that can be had back.
        own: Whether they can be removed.
    """
    gone = [
        (path.name, button("bring_back", "Restore", f"Restore {path.name}", removed=path.parent.name))
        for path in removed
    ]
    items = "".join(_document(one, asked=one.id in only, own=own) for one in islice(listed, MOST_DOCUMENTS))
    again = button("read_again", "Read again", "Read again the files that have changed") if own and listed else ""
    more = f'<p class="fn-empty">{len(listed) - MOST_DOCUMENTS:,} more.</p>' if len(listed) > MOST_DOCUMENTS else ""
    empty = "" if listed else '<p class="fn-empty">None yet. Add some, or drop them anywhere on the page.</p>'
    bin_ = _bin(gone, "forget_documents")
    return f'<section class="fn-documents"><h2>Documents</h2><ul>{items}</ul>{more}{empty}{again}{bin_}</section>'


def news(event: Progress | Taken) -> News:
    """How far an add has come, or what has become of it."""
    if isinstance(event, Progress):
        return News(f"Reading {min(event.done + 1, event.total)} of {event.total}: {event.source}")
    report = event.report
    done = {"added": report.added, "read anew": report.updated, "there already": report.unchanged}
    said = ", ".join(f"{len(files)} {what}" for what, files in done.items() if files) or "None added"
    failed = tuple(Refused(one.source, one.reason or "") for one in report.failed)
    return News(f"{said}.", (*event.refused, *failed))


def told(news: News) -> str:
    """What has just become of documents, announced by screen readers."""
    undo = f" {button('bring_back', 'Undo', source=news.removed)}" if news.removed else ""
    if news.deleted:
        undo = f" {button('restore_collection', 'Undo', place=news.deleted)}"
    said = f'<p class="fn-news">{escape(news.said)}{undo}</p>' if news.said else ""
    refused = "".join(f"<li><b>{escape(one.name)}</b> {escape(one.reason)}</li>" for one in news.refused)
    listed = f'<ul class="fn-refused">{refused}</ul>' if refused else ""
    return f'<div role="status">{said}{listed}</div>'


def _bin(gone: Sequence[tuple[str, str]], forget: str) -> str:
    """What was deleted and can be had back, by its names and the buttons for that, out of the way."""
    if not gone:
        return ""
    items = "".join(f"<li><span>{escape(name)}</span>{button_}</li>" for name, button_ in gone)
    forget_ = button(forget, "Delete for good")
    return f'<details class="fn-bin"><summary>Deleted ({len(gone)})</summary><ul>{items}</ul>{forget_}</details>'


def _document(one: Listed, *, asked: bool, own: bool) -> str:
    facts = [counted(one.passages, "passage")]
    if one.size:
        facts.append(_size(one.size))
    if one.embedded < one.passages:
        facts.append(f"by meaning {one.embedded / one.passages:.0%}")
    only = button("ask_only", "Ask only", f"Ask only {one.source}", pressed=asked, document=one.id)
    removing = button("remove_document", "Remove", f"Remove {one.source}", source=one.source) if own else ""
    size = f'<span class="fn-from">{" · ".join(facts)}</span>'
    return f"<li>{button('view_document', one.source, document=one.id)}{size}{only}{removing}</li>"


def _size(size: int) -> str:
    """Bytes, for people."""
    for unit, bytes_ in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= bytes_:
            return f"{size / bytes_:,.0f} {unit}"
    return f"{size} bytes"


def _chat(entry: Entry, current: str | None) -> str:
    here = ' aria-current="true"' if entry.id == current else ""
    id_ = escape(entry.id)
    return f'<li><a href="?chat={id_}" data-do="open_chat" data-chat="{id_}"{here}>{escape(entry.title)}</a></li>'
