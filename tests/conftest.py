"""What all tests share: an environment that says nothing, patience with slow machines, and an index of the article."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from assistant.core import shipped_files
from index import Index, weights
from tests.index_fakes import model

# Where model files are kept is the machine's business; all else that is set there must not change what tests say.
_KEPT = ("FOOTNOTED_CACHE", "FOOTNOTED_MODELS_DIR")

# A machine that is busy with something else is slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


# Whoever runs the tests in the background has Ctrl-C ignored, which the processes started here would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in os.environ:
        if name.startswith(("FOOTNOTED_", "OPENAI_")) and name not in _KEPT:
            monkeypatch.delenv(name)
    # Nobody's own conversations are touched.
    monkeypatch.setenv("FOOTNOTED_DATA", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def article(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The shipped article, indexed with the embedding that needs no weights."""
    with Index.open(tmp_path_factory.mktemp("article"), model()) as opened:
        opened.add(shipped_files())
        yield opened


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ``FOOTNOTED_MODELS_DIR`` with the embedding's files, so that a new cache fetches none."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("minilm", "minilm-tokenizer"):
        link(weights.get(name), folder)
    return folder


def link(file: Path, folder: Path) -> None:
    """Make a file known in another folder."""
    try:
        (folder / file.name).symlink_to(file)
    except OSError:  # Windows wants a privilege for symbolic links
        (folder / file.name).hardlink_to(file)
