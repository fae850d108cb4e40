"""A real Chroma server for tests: the one that comes with the package."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

_SILENT = {"ANONYMIZED_TELEMETRY": "False", "RUST_LOG": "off", "NO_COLOR": "1"}


class ChromaServer:
    """One server, which may go and come back at the same address. Use it in a ``with`` statement."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = Path(sys.executable).with_name("chroma")
        command = [str(program), "run", "--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_SILENT},
        )
        until = time.monotonic() + 60
        while not answers(self.port):
            assert self._process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It still takes connections, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def counts(self) -> dict[str, int]:
        """How much each collection on it holds, by name."""
        return {one["name"]: self.ask("get", f"/{one['id']}/count") for one in self.ask("get")}

    def ask(self, method: str, path: str = "", **body: Any) -> Any:
        """Ask about its collections, by the protocol itself: Chroma's client leaves its connections open."""
        url = f"{self.url}/api/v2/tenants/default_tenant/databases/default_database/collections{path}"
        reply = httpx.request(method, url, json=body or None)
        reply.raise_for_status()
        return reply.json()

    def __enter__(self) -> "ChromaServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
