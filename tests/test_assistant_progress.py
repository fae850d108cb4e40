"""Progress where no bar can be drawn."""

import io

import pytest
from rich.console import Console

from assistant import progress


def test_a_log_gets_a_line_at_times(monkeypatch: pytest.MonkeyPatch) -> None:
    log, seconds = io.StringIO(), iter(range(0, 1000, 10))
    monkeypatch.setattr(progress, "_console", Console(file=log, width=80))
    monkeypatch.setattr("assistant.progress.time.monotonic", lambda: next(seconds))
    assert list(progress.counted("abcde", 5, "Asking [it]")) == list("abcde")
    assert log.getvalue().splitlines() == [
        "Asking [it]: 2 of 5, about 30 s left",
        "Asking [it]: 4 of 5, about 10 s left",
    ]
