"""The child as its clients see it, where no weights are needed to see it."""

import json
import os
from pathlib import Path

import pytest

from assistant import local
from assistant.errors import ModelFailed
from assistant.local import Child


def test_a_file_that_is_no_model_is_said_so_with_the_log(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(b"This is no model.")
    child = Child(file, tmp_path / "llm")
    with pytest.raises(
        ModelFailed, match=r"(?s)own\.gguf\) ended with status .*Its log ends:.*\(all of it: "
    ) as caught:
        child.endpoint()
    log = str(caught.value).rpartition("(all of it: ")[2].rstrip(")")
    assert Path(log).is_file()
    assert not child.stop()


def test_a_module_in_the_folder_where_the_user_stands_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted, trace = tmp_path / "httpx.py", tmp_path / "trace"
    planted.write_text(f"open({str(trace)!r}, 'w').close()", "utf-8")
    file = tmp_path / "own.gguf"
    file.write_bytes(b"This is no model.")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFailed):
        Child(file, tmp_path / "llm").endpoint()
    assert not trace.exists()


def test_another_file_at_the_same_path_is_another_model(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(b"one")
    first = Child(file, tmp_path / "llm")
    file.write_bytes(b"another")
    assert Child(file, tmp_path / "llm")._state != first._state


def test_with_another_adapter_it_is_another_model(tmp_path: Path) -> None:
    file, adapter = tmp_path / "own.gguf", tmp_path / "adapter.gguf"
    file.write_bytes(b"one")
    adapter.write_bytes(b"one")
    without, first = Child(file, tmp_path / "llm"), Child(file, tmp_path / "llm", adapter)
    adapter.write_bytes(b"another")
    assert len({without._state, first._state, Child(file, tmp_path / "llm", adapter)._state}) == 3


@pytest.mark.parametrize(
    "state",
    ["", "{", "[]", "{}", json.dumps({"url": "http://127.0.0.1:9/v1", "key": "k", "pid": os.getpid()})],
)
def test_a_state_that_leads_nowhere_stops_nothing(tmp_path: Path, state: str) -> None:
    # The process of that number may be anybody's by now: only one that knows the key is ours to end.
    (tmp_path / "0.json").write_text(state, "utf-8")
    assert local.stop_all(tmp_path) == 0


def test_there_may_be_nothing_to_stop(tmp_path: Path) -> None:
    assert local.stop_all(tmp_path / "missing") == 0
    own = tmp_path / "own.gguf"
    own.touch()
    assert not Child(own, tmp_path / "llm").stop()
