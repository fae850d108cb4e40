import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from assistant import llm, web
from assistant.core import Assistant
from assistant.errors import SettingsError
from assistant.settings import Settings
from assistant.web import server
from assistant.web.readers import READER
from assistant.web.uploads import MOST_BYTES
from index import Index
from tests.fakes import ScriptedLLM


@pytest.fixture(scope="module")
def address(article: Index) -> Iterator[str]:
    """A page that is being served."""
    ended, told = threading.Event(), threading.Event()
    addresses: list[str] = []

    def ready(address: str) -> None:
        addresses.append(address)
        told.set()

    thread = threading.Thread(target=lambda: web.serve(scripted(article), ready=ready, until=ended))
    thread.start()
    assert told.wait(timeout=60)
    yield addresses[0]
    ended.set()
    thread.join(timeout=20)
    assert not thread.is_alive()


def scripted(article: Index) -> Assistant:
    return Assistant(article, llm.wrap(ScriptedLLM()), Settings())


def test_the_page_is_served_on_this_machine_only(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    response = httpx.get(address)
    assert response.status_code == 200
    assert "Footnoted" in response.text


def test_other_names_for_this_machine_are_refused(address: str) -> None:
    assert httpx.get(address, headers={"Host": "elsewhere.example"}).status_code == 400
    assert httpx.get(address, headers={"Host": "localhost"}).status_code == 200


def test_the_switches_are_off(address: str) -> None:
    config = httpx.get(f"{address}config").json()
    assert config["analytics_enabled"] is False
    assert config["run_history"] is False
    assert config["footer_links"] == []
    assert config["enable_queue"] is True
    assert httpx.get(f"{address}monitoring").status_code == 403
    assert httpx.get(f"{address}monitoring/summary").status_code == 403
    assert httpx.post(f"{address}gradio_api/mcp/", json={}).status_code == 404


def test_no_event_is_an_api(address: str) -> None:
    assert httpx.get(f"{address}gradio_api/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_what_is_larger_than_a_document_may_be_is_not_taken(address: str) -> None:
    response = httpx.post(f"{address}gradio_api/upload", files={"files": ("a.txt", b"x" * (MOST_BYTES + 1))})
    assert response.status_code == 413


def test_who_may_open_the_page_can_be_said(article: Index) -> None:
    guarded = Assistant(article, llm.wrap(ScriptedLLM()), Settings(login=SecretStr("anna:secret, nils:b:c")))
    with server.running(guarded, host="127.0.0.1", port=None, open_browser=False) as at, httpx.Client() as client:
        assert client.get(f"{at}config").status_code == 401
        assert client.post(f"{at}login", data={"username": "anna", "password": "wrong"}).status_code == 400
        assert client.post(f"{at}login", data={"username": "nils", "password": "b:c"}).status_code == 200
        assert client.get(f"{at}config").status_code == 200


@pytest.mark.parametrize("login", ["anna", ":secret", "anna:", "anna:secret,", ""])
def test_a_login_that_makes_no_sense_is_said_so(article: Index, login: str) -> None:
    wrong = Assistant(article, llm.wrap(ScriptedLLM()), Settings(login=SecretStr(login)))
    with pytest.raises(SettingsError, match="FOOTNOTED_LOGIN should be name:password"):
        server.running(wrong, host="127.0.0.1", port=None, open_browser=False).__enter__()


def test_readers_of_other_machines_are_told_apart(article: Index) -> None:
    shared = Assistant(article, llm.wrap(ScriptedLLM()), Settings())
    with server.running(shared, host="0.0.0.0", port=None, open_browser=False) as at:
        port = at.rsplit(":", 1)[1].strip("/")
        first, second = (httpx.get(f"http://127.0.0.1:{port}/").cookies[READER] for _ in range(2))
        assert first != second
        again = httpx.get(f"http://127.0.0.1:{port}/", cookies={READER: first})
        assert READER not in again.cookies
        assert READER in httpx.get(f"http://127.0.0.1:{port}/", cookies={READER: "anna"}).cookies


def test_the_icon_is_ours(address: str) -> None:
    assert "<svg" in httpx.get(f"{address}favicon.ico").text


def test_a_port_that_is_taken_is_said_so(article: Index) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} can't be had"):
            web.serve(scripted(article), ready=pytest.fail, port=port)


def test_importing_the_page_does_not_import_gradio() -> None:
    code = "import sys, assistant.web; assert not {'gradio', 'fastapi'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
