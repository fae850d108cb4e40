"""Progress in the terminal, on standard error: bars where something can be counted, a spinner where it can't."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from assistant.plain import plain
from index import Progress as Adding
from index import weights

T = TypeVar("T")
# Between two lines of progress in a log, where no bar can be drawn.
_LOG_SECONDS = 15

_console = Console(stderr=True)


@contextmanager
def fetching() -> Iterator[weights.Report]:
    """Draw a bar for each model file that is being fetched."""
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=_console,
    )
    tasks: dict[str, TaskID] = {}

    def report(state: weights.Progress) -> None:
        if not tasks:
            bars.start()
        if state.name not in tasks:
            tasks[state.name] = bars.add_task("", total=state.total_bytes)
        words = f"Fetching {state.name} ({state.source})"
        bars.update(tasks[state.name], description=words, completed=state.done_bytes, total=state.total_bytes)

    try:
        yield report
    finally:
        # Bars that show nothing would still leave an empty line.
        if tasks:
            bars.stop()


@contextmanager
def indexing() -> Iterator[Callable[[Adding], None]]:
    """Draw a bar for the files that are read, and then one for their passages, which are embedded."""
    bars = Progress(
        TextColumn("{task.fields[what]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=_console,
        transient=True,
    )
    with bars:
        files = bars.add_task("", total=None, what="Reading")
        passages = bars.add_task("found by their words already", total=None, what="Embedding", visible=False)

        def report(state: Adding) -> None:
            source = plain(state.source).replace("\n", "�")
            bars.update(files, completed=state.done, total=state.total, description=source)
            if state.embedded:
                total = state.embedded + state.waiting
                bars.update(passages, completed=state.embedded, total=total, visible=True)

        yield report


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Show that something of unknown length goes on."""
    with _console.status(escape(f"{what} …")):
        yield


def counted(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items, with a bar that tells how many have come and how long the rest may take; in a log, a line at times."""
    if not _console.is_terminal:
        yield from _logged(items, total, what)
        return
    bars = Progress(
        TextColumn(what, markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_console,
        transient=True,
    )
    with bars:
        yield from bars.track(items, total=total)


def _logged(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    begun = told = time.monotonic()
    for done, item in enumerate(items, start=1):
        now = time.monotonic()
        if now - told >= _LOG_SECONDS and done < total:
            left = (now - begun) / done * (total - done)
            _console.print(f"{what}: {done} of {total}, about {left:.0f} s left", markup=False, highlight=False)
            told = now
        yield item
