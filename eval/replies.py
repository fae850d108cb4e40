"""What models replied, kept: a call that was made once, with the same model and the same words, is not made again.

So that changing how answers are checked, decided or scored re-runs a suite in seconds. Knows nothing of suites.
"""

import copy
import hashlib
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.errors import ModelError
from assistant.llm import Delta, Message, Model
from eval.errors import EvalError

# How a model may reuse what it has read before. A prefix that two prompts share changes nothing but the last digits of
# its sums; keys that were shifted would make its probabilities depend on what was asked before, so none are.
CACHE_MODE = "prefix"
# Of what is kept and how; another one keeps anew.
_VERSION = 2

logger = logging.getLogger(__name__)

_TABLE = "create table if not exists replies (key text primary key, deltas text not null) without rowid"


class Replies:
    """A file of replies. Safe to share between threads and processes.

    Args:
        path: The SQLite file; made, with its folder, where there is none.

    Raises:
        EvalError: The file can't be used.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def get(self, key: str) -> list[tuple[float, Delta]] | None:
        """The pieces of a reply, each with the seconds after the call at which it came; None where it isn't kept.

        Raises:
            EvalError: The file can't be read.
        """
        try:
            with self._lock:
                row = self._db.execute("select deltas from replies where key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return None if row is None else [(seconds, Delta(**fields)) for seconds, fields in json.loads(row[0])]

    def put(self, key: str, pieces: Sequence[tuple[float, Delta]]) -> None:
        """Keep a whole reply, if there is room: one that can't be kept is asked for again another time."""
        deltas = json.dumps([(round(seconds, 4), _compact(delta)) for seconds, delta in pieces])
        try:
            with self._lock:
                self._db.execute("insert or replace into replies values (?, ?)", (key, deltas))
        except sqlite3.Error as error:
            logger.warning("a reply can't be kept: %s: %s", self._path, error)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _unusable(self, error: Exception) -> EvalError:
        return EvalError(f"kept replies can't be used: {self._path}: {error}; delete that file to begin anew")


class KeptModel(Model):
    """A model whose replies are kept.

    Args:
        model: Who is asked what isn't kept.
        replies: Where replies are kept.
        fresh: Whether to ask even where a reply is kept; it is kept in its place.
    """

    def __init__(self, model: Model, replies: Replies, *, fresh: bool = False) -> None:
        self._model = model
        self._replies = replies
        self._fresh = fresh
        self._awaited: str | None = None
        self._asked = False
        self.embedded = model.embedded
        self.adapter = model.adapter
        self.name = model.name
        self.where = model.where
        self._failed: dict[str, ModelError] = {}
        self._skipped = 0.0

    def now(self) -> float:
        """The time in seconds as it would be had each kept reply been waited for as long as it once took."""
        return time.perf_counter() + self._skipped

    @contextmanager
    def honest(self) -> Iterator[None]:
        """Raise what went wrong in the block, where whoever asked made do without a reply and did not ask again.

        An assistant may well do so for a reader; but what is measured then is something else.
        """
        self._failed.clear()
        yield
        for error in self._failed.values():
            raise error

    def keeping(self) -> "KeptModel":
        """The same model for whoever asks the same again: what has been kept is never asked afresh."""
        other = copy.copy(self)
        other._fresh = False
        return other

    def identity(self, prompt: str | None = None) -> str:
        """That of the model behind it."""
        return self._model.identity(prompt)

    def parameters(self) -> Mapping[str, str | float]:
        """Those of the model behind it."""
        return self._model.parameters()

    def pid(self) -> int | None:
        """That of the model behind it."""
        return self._model.pid()

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[Delta]:
        """Give the kept reply, or ask and keep what comes, if all of it comes."""
        key = self._key(messages, max_tokens)
        kept = None if self._fresh else self._replies.get(key)
        if kept is None:
            yield from self._live(key, messages, max_tokens)
            return
        before = self._skipped
        for seconds, delta in kept:
            self._skipped = before + seconds
            yield delta

    def prepare(self, key: str) -> None:
        """Remember which prompt is to be made ready, should the model be asked at all."""
        self._awaited = key
        self._asked = False

    def keep(self, key: str) -> None:
        """Keep the prompt, if the model has read it."""
        if self._asked:
            self._model.keep(key)

    def close(self) -> None:
        """Hang up, and close the file of replies."""
        self._model.close()
        self._replies.close()

    def _live(self, key: str, messages: Sequence[Message], max_tokens: int) -> Iterator[Delta]:
        if self._awaited is not None:
            self._model.prepare(self._awaited)
            self._awaited = None
        self._asked = True
        begun = time.perf_counter()
        pieces: list[tuple[float, Delta]] = []
        try:
            for delta in self._model.stream(messages, max_tokens):
                pieces.append((time.perf_counter() - begun, delta))
                yield delta
        except ModelError as error:
            self._failed[key] = error
            raise
        self._failed.pop(key, None)
        self._replies.put(key, pieces)

    def _key(self, messages: Sequence[Message], max_tokens: int) -> str:
        said = [(message.role, message.text) for message in messages]
        identity = self._model.identity(messages[-1].text)
        call = [_VERSION, identity, self._model.parameters(), CACHE_MODE, max_tokens, said]
        return hashlib.sha256(json.dumps(call).encode()).hexdigest()


def _compact(delta: Delta) -> dict[str, Any]:
    """The fields that say something."""
    said = {name: value for name, value in asdict(delta).items() if value not in (None, {}, 0)}
    return {**said, "text": delta.text}
