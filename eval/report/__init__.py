"""A run's report: one page that can be sent to somebody, and a table for the terminal."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from eval.errors import EvalError
from eval.outcome import Outcome
from eval.report.figures import NO_CHANGES, Changes
from eval.report.labels import NO_LABELS, Label
from eval.report.page import html
from eval.report.terminal import scored, table
from eval.result import Result
from eval.suite import Suite

__all__ = ["Changes", "Label", "html", "scored", "table", "write"]


def write(  # noqa: PLR0917 - what a report is made of
    path: Path,
    result: Result,
    outcomes: Sequence[Outcome],
    suite: Suite,
    changes: Changes = NO_CHANGES,
    labels: Mapping[str, Label] = NO_LABELS,
) -> None:
    """Write the report of a run. A file that was there is replaced at once, or left as it was.

    Args:
        path: The HTML file; its folder is made.
        result: The run, scored.
        outcomes: What came of its cases.
        suite: What was asked, over which documents.
        changes: Since another run.
        labels: What metrics are called, by name; one that has none is called by its name.

    Raises:
        EvalError: The run was of another suite, or the file can't be written.
    """
    page = html(result, outcomes, suite, changes, labels)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(page, "utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        raise EvalError(f"the report can't be written: {path}: {error}; name another file") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
