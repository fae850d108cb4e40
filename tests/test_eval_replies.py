"""Replies of models, kept."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from assistant.adapters import Adapter
from assistant.llm import Delta, Message
from eval.errors import EvalError
from eval.replies import KeptModel, Replies
from tests.fakes import DeltaModel

ASKED = (Message("system", "Answer."), Message("user", "Who?"))
PIECES = (
    Delta("Anna", -0.5, {"Anna": -0.5, "Not": -2.0}),
    Delta(" Berg."),
    Delta("", prompt_tokens=9, completion_tokens=2),
)


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[Replies]:
    kept = Replies(tmp_path / "new" / "replies.sqlite3")
    yield kept
    kept.close()


class Warm(DeltaModel):
    """Notes what was prepared and kept."""

    def __init__(self, *replies: tuple[Delta, ...]) -> None:
        super().__init__(*replies)
        self.notes: list[str] = []

    def prepare(self, key: str) -> None:
        self.notes.append(f"prepare {key}")

    def keep(self, key: str) -> None:
        self.notes.append(f"keep {key}")


def test_what_was_asked_once_is_not_asked_again(replies: Replies) -> None:
    real = DeltaModel(PIECES)
    first, second = KeptModel(real, replies), KeptModel(DeltaModel(), replies)
    assert tuple(first.stream(ASKED, 10)) == PIECES
    assert tuple(second.stream(ASKED, 10)) == PIECES
    assert len(real.calls) == 1


@pytest.mark.parametrize(
    ("messages", "most"), [(ASKED, 11), (ASKED[1:], 10), ((Message("user", "Answer."), Message("user", "Who?")), 10)]
)
def test_another_call_is_another_reply(replies: Replies, messages: tuple[Message, ...], most: int) -> None:
    list(KeptModel(DeltaModel(PIECES), replies).stream(ASKED, 10))
    other = DeltaModel((Delta("Nobody."),))
    assert [delta.text for delta in KeptModel(other, replies).stream(messages, most)] == ["Nobody."]


def test_another_model_replies_for_itself(replies: Replies) -> None:
    list(KeptModel(DeltaModel(PIECES), replies).stream(ASKED, 10))
    other = DeltaModel((Delta("Nobody."),))
    other.name = "another"
    assert [delta.text for delta in KeptModel(other, replies).stream(ASKED, 10)] == ["Nobody."]


def test_another_way_of_asking_is_another_reply(replies: Replies) -> None:
    class Warmer(DeltaModel):
        def parameters(self) -> Mapping[str, str | float]:
            return {**super().parameters(), "temperature": 0.7}

    list(KeptModel(DeltaModel(PIECES), replies).stream(ASKED, 10))
    other = Warmer((Delta("Nobody."),))
    assert [delta.text for delta in KeptModel(other, replies).stream(ASKED, 10)] == ["Nobody."]


def test_another_adapter_asks_anew_only_what_it_replies_to(replies: Replies, tmp_path: Path) -> None:
    class Taught(DeltaModel):
        def __init__(self, adapter: str, *replies: tuple[Delta, ...]) -> None:
            super().__init__(*replies)
            self.adapter: Adapter = Adapter(tmp_path / adapter, "Check?")

        def identity(self, prompt: str | None = None) -> str:
            assert prompt is not None
            return f"{self.name} {self.adapter.path}" if prompt.endswith(self.adapter.words) else self.name

    check = (*ASKED, Message("user", "Who? Check?"))
    first = KeptModel(Taught("one", PIECES, PIECES), replies)
    assert tuple(first.stream(ASKED, 10)) == tuple(first.stream(check, 10)) == PIECES
    second = KeptModel(Taught("two", (Delta("No"),)), replies)
    assert second.adapter == Adapter(tmp_path / "two", "Check?")
    assert tuple(second.stream(ASKED, 10)) == PIECES
    assert tuple(second.stream(check, 10)) == (Delta("No"),)


def test_a_reply_with_half_a_character_is_kept(replies: Replies) -> None:
    pieces = (Delta("\ud800"),)
    assert tuple(KeptModel(DeltaModel(pieces), replies).stream(ASKED, 10)) == pieces
    assert tuple(KeptModel(DeltaModel(), replies).stream(ASKED, 10)) == pieces


def test_a_reply_that_can_not_be_kept_is_given_all_the_same(replies: Replies, caplog: pytest.LogCaptureFixture) -> None:
    replies.close()
    with pytest.raises(EvalError, match="kept replies can't be used"):
        replies.get("key")
    replies.put("key", [(0.0, PIECES[0])])
    assert "a reply can't be kept" in caplog.text


def test_a_reply_that_broke_off_or_was_not_heard_out_is_not_kept(replies: Replies) -> None:
    heard = KeptModel(DeltaModel(PIECES, PIECES), replies).stream(ASKED, 10)
    next(heard)
    del heard
    real = DeltaModel(PIECES)
    assert tuple(KeptModel(real, replies).stream(ASKED, 10)) == PIECES
    assert len(real.calls) == 1


def test_the_time_goes_on_as_if_kept_replies_had_been_waited_for(replies: Replies) -> None:
    class Slow(DeltaModel):
        def stream(self, messages: object, max_tokens: int) -> Iterator[Delta]:
            for delta in PIECES:
                time.sleep(0.05)
                yield delta

    list(KeptModel(Slow(), replies).stream(ASKED, 10))
    model = KeptModel(DeltaModel(), replies)
    begun, really = model.now(), time.perf_counter()
    moments = [model.now() - begun for _ in model.stream(ASKED, 10)]
    assert moments[0] >= 0.05
    assert moments == sorted(moments)
    assert moments[-1] >= 0.15
    assert time.perf_counter() - really < 0.15


def test_a_prompt_is_made_ready_only_where_the_model_is_asked(replies: Replies) -> None:
    real = Warm(PIECES)
    for _ in range(2):
        model = KeptModel(real, replies)
        model.prepare("article")
        list(model.stream(ASKED, 10))
        model.keep("article")
    assert real.notes == ["prepare article", "keep article"]


def test_afresh_the_model_is_asked_again_but_not_by_who_repeats_it(replies: Replies) -> None:
    list(KeptModel(DeltaModel(PIECES), replies).stream(ASKED, 10))
    changed = (Delta("Berg."),)
    fresh = KeptModel(DeltaModel(changed), replies, fresh=True)
    assert tuple(fresh.stream(ASKED, 10)) == changed
    assert tuple(fresh.keeping().stream(ASKED, 10)) == changed


def test_a_file_that_is_something_else_is_said(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite3"
    path.write_text("something else that is long enough to be read as a page of a database" * 20)
    with pytest.raises(EvalError, match="delete that file"):
        Replies(path)
