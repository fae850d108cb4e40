"""The embedded model: a llama.cpp server in a supervised child process that every process of the user shares.

The child (``python -m assistant.local``) listens on the loopback with a random port and a random key, both written to
a file that only the user can read. Whoever needs the model finds that file, or starts the child; a child that died is
started again; one that nobody has used for a while ends itself. It speaks the OpenAI protocol and knows nothing of
questions or documents. This is the only importer of xllamacpp.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from assistant.errors import ModelFailed

log = logging.getLogger(__name__)

# One slot reuses its cache better than two do, and a second question simply waits for its turn. 8,192 tokens cost
# 235 MB of memory with the default model; what is read for a question is bounded so that it fits.
CONTEXT_TOKENS = 8192
# Reading a prompt can be cancelled between batches only: 256 tokens answer a cancellation in 1.2 s at no loss of
# speed, 2,048 in 15 s.
BATCH_TOKENS = 256
# Prompts that other corpora were asked about stay in memory up to this size instead of being read again.
PROMPT_CACHE_MIB = 512
START_SECONDS = 120.0
IDLE_SECONDS = 600.0
PROBE_SECONDS = 5.0
SAVED_PROMPTS = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a running child listens.

    Attributes:
        url: Its OpenAI-compatible base address, ending in ``/v1``.
        key: The key it demands.
        pid: Its process.
    """

    url: str
    key: str
    pid: int


class Child:
    """The shared child process for one model file, as its clients see it.

    Args:
        model: The GGUF file.
        folder: Where the state file, the log and the saved prompts are kept; private to the user.
        adapter: What the model is taught beside its weights, an activated LoRA adapter as a GGUF file; None is nothing.
    """

    def __init__(self, model: Path, folder: Path, adapter: Path | None = None) -> None:
        self.model = model
        self.adapter = adapter
        # Another file at the same path is another model: its process and its saved prompts must not be taken for ours.
        identity = "\n".join(_identity(file) for file in (model, adapter) if file is not None)
        self._name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._folder = folder
        self._state = folder / f"{self._name}.json"
        self._log = folder / f"{self._name}.log"

    def endpoint(self) -> Endpoint:
        """A child that answers, started if there is none.

        Raises:
            ModelFailed: The child can't be started; the text ends with the last lines of its log.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if found := self._running():
            return found
        with FileLock(self._state.with_suffix(".lock")):
            return self._running() or self._start()

    def stop(self) -> bool:
        """End the child, if one is running, and say whether there was one."""
        return _stop(self._state)

    def pid(self) -> int | None:
        """The process of the child, if there is one; it is not started for this."""
        found = _read(self._state)
        return found.pid if found is not None and _answers(found) else None

    def touch(self) -> None:
        """Tell the child that it is in use, so that it stays."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._state)

    def restore(self, key: str) -> bool:
        """Give the child the saved prompt of that key, unless it has had it; say whether it now has it."""
        endpoint = self.endpoint()
        if key in self._warmed(endpoint):
            return True
        if not self._prompt(key).exists():
            return False
        self._set_aside(endpoint)
        if not self._slot("restore", endpoint, key):
            return False
        self._remember(endpoint, key)
        return True

    def save(self, key: str) -> None:
        """Keep what the child read last under that key, for the next process."""
        endpoint = self.endpoint()
        if not self._prompt(key).exists() and self._slot("save", endpoint, key):
            self._forget_oldest()
        self._remember(endpoint, key)

    def _running(self) -> Endpoint | None:
        endpoint = _read(self._state)
        return endpoint if endpoint is not None and _answers(endpoint) else None

    def _start(self) -> Endpoint:
        self._state.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-P",  # a file in the folder where the user stands must not be taken for one of our modules
            "-m",
            "assistant.local",
            str(self.model),
            str(self._state),
            str(self._prompts()),
            *([str(self.adapter)] if self.adapter else []),
        ]
        log.info("starting the embedded model %s", self.model.name)
        with self._log.open("wb") as output:
            # Its own session: Ctrl-C in the terminal that happened to start it must not end everybody's model.
            process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        try:
            return self._await(process)
        except BaseException:
            # Also at Ctrl-C: a child that nobody waits for would load beside the next one.
            process.kill()
            process.wait()
            raise

    def _await(self, process: "subprocess.Popen[bytes]") -> Endpoint:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := self._running():
                # Somebody has to take note of its end, or it stays behind as a zombie as long as we live.
                threading.Thread(target=process.wait, daemon=True).start()
                return found
            if process.poll() is not None:
                raise ModelFailed(self._explain(f"ended with status {process.returncode} while it was starting"))
            time.sleep(0.05)
        raise ModelFailed(self._explain(f"did not answer within {START_SECONDS:.0f} s"))

    def _explain(self, what: str) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        return "\n".join(
            [
                f"the embedded model's process ({self.model.name}) {what}. Is there enough free memory (about 2 GB for "
                "the default model), and is the file a GGUF model? Its log ends:",
                *(f"  {line}" for line in lines),
                f"(all of it: {self._log})",
            ]
        )

    def _slot(self, action: str, endpoint: Endpoint, key: str) -> bool:
        url = endpoint.url.removesuffix("/v1") + f"/slots/0?action={action}"
        try:
            reply = httpx.post(
                url, json={"filename": self._prompt(key).name}, headers=_headers(endpoint.key), timeout=START_SECONDS
            )
        except httpx.HTTPError as error:
            log.warning("could not %s the prompt cache: %s", action, error)
            return False
        if reply.is_error:
            # A cache written by another version: reading the prompt again is all that is lost.
            log.warning("could not %s the prompt cache: %s", action, reply.text)
            self._prompt(key).unlink(missing_ok=True)
        return reply.is_success

    def _set_aside(self, endpoint: Endpoint) -> None:
        """Have the child move what it read last into its memory of prompts: a prompt that is restored overwrites it."""
        if self._warmed(endpoint):
            url = endpoint.url.removesuffix("/v1") + "/completion"
            with contextlib.suppress(httpx.HTTPError):
                httpx.post(
                    url, json={"prompt": " ", "n_predict": 0}, headers=_headers(endpoint.key), timeout=START_SECONDS
                )

    def _prompts(self) -> Path:
        folder = self._folder / f"{self._name}-prompts"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _prompt(self, key: str) -> Path:
        return self._prompts() / f"{key}.bin"

    def _forget_oldest(self) -> None:
        saved = sorted(self._prompts().glob("*.bin"), key=lambda path: path.stat().st_mtime)
        for path in saved[:-SAVED_PROMPTS]:
            path.unlink(missing_ok=True)

    def _warmed(self, endpoint: Endpoint) -> list[str]:
        try:
            state = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return []
        return list(state.get("warmed", [])) if state.get("pid") == endpoint.pid else []

    def _remember(self, endpoint: Endpoint, key: str) -> None:
        with FileLock(self._state.with_suffix(".lock")):
            warmed = self._warmed(endpoint)
            # Only into its own state: a child that has taken its place must still be found.
            if key not in warmed and _read(self._state) == endpoint:
                _write_private(self._state, _state(endpoint) | {"warmed": [*warmed, key]})


def stop_all(folder: Path) -> int:
    """End every child whose state is kept in the folder, and say how many there were."""
    return sum(_stop(state) for state in folder.glob("*.json"))


def _stop(state: Path) -> bool:
    found = _read(state)
    if found is None or not _answers(found):
        return False
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + PROBE_SECONDS
    while state.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


def _identity(file: Path) -> str:
    stat = file.stat()
    return f"{file.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"


def _read(state: Path) -> Endpoint | None:
    try:
        fields = json.loads(state.read_text())
        return Endpoint(url=fields["url"], key=fields["key"], pid=fields["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _answers(endpoint: Endpoint) -> bool:
    """Whether it is our child that listens there: nobody else knows the key."""
    try:
        reply = httpx.get(f"{endpoint.url}/models", headers=_headers(endpoint.key), timeout=PROBE_SECONDS)
    except httpx.HTTPError:
        return False
    return reply.is_success


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _state(endpoint: Endpoint) -> dict[str, Any]:
    return {"url": endpoint.url, "key": endpoint.key, "pid": endpoint.pid}


def _write_private(path: Path, state: dict[str, Any]) -> None:
    """Write JSON that only the user can read, whole or not at all (``mkstemp`` makes files of mode 0600)."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state, file)
    Path(name).replace(path)


def serve(model: Path, state: Path, prompts: Path, adapter: Path | None = None) -> None:
    """Be the child: load the model, listen, and end when told to or when idle. Never returns."""
    signal.signal(signal.SIGTERM, lambda *_: _end(state))
    key = secrets.token_urlsafe(32)
    server = _server(model, prompts, key, adapter)
    _write_private(state, _state(Endpoint(f"{server.listening_address}/v1", key, os.getpid())))
    while True:
        time.sleep(1.0)
        try:
            here = json.loads(state.read_text())["pid"] == os.getpid()
            idle = time.time() - state.stat().st_mtime
        except (OSError, ValueError, KeyError):
            here, idle = False, 0.0
        # Without its state file nobody can find this process any more, so it has no reason to stay.
        if not here:
            os._exit(0)
        if idle > IDLE_SECONDS:
            _end(state)


def _server(model: Path, prompts: Path, key: str, adapter: Path | None) -> Any:
    import xllamacpp  # noqa: PLC0415 - only the child needs it

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    if adapter is not None:
        # Activated: it is at work only from the words on that it was trained to be asked with, and not at all in a
        # prompt without them, so that what was read before them is the same with it and without.
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = "http://127.0.0.1"
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.n_parallel = 1
    params.n_ctx = CONTEXT_TOKENS
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.slot_save_path = f"{prompts}{os.sep}"
    return xllamacpp.Server(params)


def _end(state: Path) -> None:
    found = _read(state)
    if found is not None and found.pid == os.getpid():
        state.unlink(missing_ok=True)
    # No destructors: taking the server apart while it generates crashes, and there is nothing to save.
    os._exit(0)


if __name__ == "__main__":
    serve(*(Path(argument) for argument in sys.argv[1:5]))
