"""The embedded model itself: the real weights, one child process, and what can happen to it."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from assistant import Answer, Turn, adapters, ask, llm, local, read
from assistant.core import default_assistant, shipped_files
from assistant.llm import EmbeddedModel, Message
from assistant.local import Child, Endpoint
from assistant.settings import EMBEDDED_MODEL, Settings
from assistant.types import Settled, Working
from index import weights
from tests.conftest import link
from tests.fakes import evidence

pytestmark = pytest.mark.models

MINISTER = "Who is Japan's foreign minister?"
PATIENCE = 240
# Reading this takes the model most of a minute on two cores.
LONG = " ".join(
    f"In the year {year} the harbour master counted {year * 7} ships and wrote it down." for year in range(200)
)
LIBRARY = evidence(
    "The reading room of the Aldous Library was opened in 1931 by the mayor, Ruth Calloway. It seats sixty. Since the "
    "flood of 2011 the maps are kept upstairs, where nobody may take photographs; the newspapers, which had been in "
    "the cellar, were sold to a dealer in Leith. Members may borrow six books for three weeks. A lost card costs four "
    "pounds."
)
STATED = (
    "Who opened the reading room?",
    "How many people can sit there?",
    "Where did the old papers go?",
    "What is charged for replacing a card?",
    "For how long can I keep a book?",
)
NOT_STATED = (
    "Who opened the Aldous Library's map room?",
    "How many newspapers were sold?",
    "When was Ruth Calloway born?",
    "What does it cost to become a member?",
    "How much is the fine for a late book?",
)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Iterator[Path]:
    """A cache of the tests' own, so that nobody else's child is touched; the weights are the machine's."""
    folder = tmp_path_factory.mktemp("embedded")
    link(weights.get(EMBEDDED_MODEL), models_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTNOTED_CACHE", str(folder))
        patch.setenv("FOOTNOTED_MODELS_DIR", str(models_folder))
        yield folder
        local.stop_all(folder / "llm")


@pytest.fixture
def child() -> Child:
    model = default_assistant().model
    assert isinstance(model, EmbeddedModel)
    return model.child


def works(answer: Answer) -> bool:
    """Whether the minister was found, and the footnote is a fact."""
    return "Kishida" in answer.text and holds(answer)


def holds(answer: Answer) -> bool:
    """Whether there is an answer each of whose sentences has a footnote, and all of these are facts."""
    (article,) = shipped_files()
    text = article.read_text("utf-8")
    cited = [text[citation.start : citation.end] == citation.quote for citation in answer.citations]
    return answer.answered and all(claim.markers for claim in answer.claims) and bool(cited) and all(cited)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def cpu_seconds(pid: int) -> float:
    shown = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    parts = [float(part) for part in re.split("[:-]", shown.strip())]
    return sum(part * unit for part, unit in zip(reversed(parts), (1, 60, 3600, 86400), strict=False))


def write_one_word(endpoint: Endpoint, key: str | None = None) -> httpx.Response:
    return httpx.post(
        f"{endpoint.url}/chat/completions",
        json={"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 1},
        headers={"Authorization": f"Bearer {key or endpoint.key}"},
        timeout=PATIENCE,
    )


def test_the_article_is_asked_with_nothing_set_up() -> None:
    answer = ask(MINISTER)
    assert works(answer)
    assert "Foreign Minister Fumio Kishida" in answer.citations[0].quote
    assert answer.confidence >= 1 - default_assistant().settings.risk
    assert answer.usage.prompt_tokens > 500
    assert answer.usage.completion_tokens > 0


@pytest.mark.parametrize("question", ["What is the capital of France?", "How old is Ashton Carter?"])
def test_what_the_article_does_not_say_is_refused_with_a_reason(question: str) -> None:
    answer = ask(question)
    assert (answer.kind, answer.answered, answer.citations) == ("refusal", False, ())
    assert answer.reason
    assert ("France" in answer.reason) == ("France" in question)


def test_the_article_is_summarised_with_a_footnote_to_each_sentence() -> None:
    answer = ask("Summarise the article.")
    assert holds(answer)
    assert len(answer.claims) > 1


def test_a_follow_up_is_understood() -> None:
    history = [Turn("user", "Who is Japan's Defence Minister?"), Turn("assistant", "It is Gen Nakatani [1].")]
    answer = ask("Who was he meeting with?", history)
    # Rewritten, or put behind the question before it: either finds what it is about.
    assert re.search("Nakatani|Defence Minister", answer.query)
    assert answer.answered
    assert "Carter" in answer.text
    # Rewriting, yes or no, and the answer; where this is the first question, what the model says to any other.
    assert answer.usage.calls in (3, 4)


def test_nobody_else_can_use_the_child(cache: Path, child: Child) -> None:
    (state,) = (cache / "llm").glob("*.json")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.parent.stat().st_mode) == 0o700
    endpoint = child.endpoint()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", endpoint.url)
    assert write_one_word(endpoint, key="guessed").status_code == 401
    assert httpx.post(f"{endpoint.url}/chat/completions", json={}).status_code == 401
    assert write_one_word(endpoint).status_code == 200


def test_a_child_that_was_killed_is_started_again(child: Child) -> None:
    killed = child.endpoint().pid
    os.kill(killed, signal.SIGKILL)
    assert works(ask(MINISTER))
    assert gone(killed)
    assert child.endpoint().pid != killed


def test_a_child_that_is_killed_in_the_middle_of_a_question_is_started_again(child: Child) -> None:
    killed = child.endpoint().pid
    reading = 0
    for event in default_assistant().stream(MINISTER):
        reading += event == Working("read")
        if reading == 3:
            os.kill(killed, signal.SIGKILL)
        if isinstance(event, Settled):
            assert works(event.answer)
    assert child.endpoint().pid != killed


def test_a_question_that_nobody_waits_for_any_more_stops(child: Child) -> None:
    # It would write for more than a minute.
    stream = default_assistant().model.stream([Message("user", "Count from one to a thousand in words.")], 2000)
    begun = time.monotonic()
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert write_one_word(child.endpoint()).status_code == 200
    assert time.monotonic() - begun < 30


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index whose passages take long to read."""
    folder = tmp_path_factory.mktemp("harbour")
    (folder / "harbour.txt").write_text(LONG, "utf-8")
    command = [sys.executable, "-m", "assistant", "index", "harbour.txt"]
    subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, check=True, timeout=PATIENCE)
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_question_that_is_interrupted_ends_and_nothing_is_read_on(
    harbour: Path, child: Child, number: signal.Signals
) -> None:
    endpoint = child.endpoint()
    before = cpu_seconds(endpoint.pid)
    with subprocess.Popen(
        [sys.executable, "-m", "assistant", "ask", f"How many ships came in the year {100 + number}?"],
        cwd=harbour,
        env={**os.environ, "FOOTNOTED_EVIDENCE_TOKENS": "3000", "FOOTNOTED_PASSAGES": "50"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while cpu_seconds(endpoint.pid) < before + 3:
            assert process.poll() is None
            time.sleep(0.2)
        process.send_signal(number)
        _, err = process.communicate(timeout=15)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    begun = time.monotonic()
    assert write_one_word(endpoint).status_code == 200
    assert time.monotonic() - begun < 20, "the interrupted question is still being read"
    assert works(ask(MINISTER))
    assert child.endpoint() == endpoint


def test_processes_that_start_together_share_one_child(cache: Path) -> None:
    local.stop_all(cache / "llm")
    code = "from assistant import llm, settings; print(llm.choose(settings.Settings()).child.endpoint().pid)"

    def start(_: int) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(start, range(2))
    assert first == second
    assert alive(int(first))


def test_children_are_stopped(cache: Path, child: Child) -> None:
    endpoint = child.endpoint()
    assert local.stop_all(cache / "llm") == 1
    assert gone(endpoint.pid)
    assert list((cache / "llm").glob("*.json")) == []
    assert local.stop_all(cache / "llm") == 0
    assert not child.stop()


def test_a_prompt_that_was_read_is_kept_for_the_next_child(cache: Path, child: Child) -> None:
    local.stop_all(cache / "llm")
    kept = [path.stem for path in (cache / "llm").glob("*-prompts/*.bin")]
    assert kept
    assert all(child.restore(key) for key in kept)
    assert not child.restore("another")
    assert works(ask(MINISTER))


def test_a_prompt_that_is_restored_leaves_the_others_in_memory(child: Child) -> None:
    assistant = default_assistant()
    assistant.warm()
    local.stop_all(child._folder)
    assistant.warm()
    assert len(child._warmed(child.endpoint())) == 2
    usage = ask(MINISTER).usage
    assert usage.prompt_tokens - usage.cached_tokens < 100


def test_with_the_adapter_it_tells_better_what_is_stated_and_writes_the_same(cache: Path) -> None:
    def told(adapter: Path | None) -> tuple[list[float], str]:
        local.stop_all(cache / "llm")
        model = llm.choose(Settings(adapter=adapter))
        first = [next(read.draft(model, question, LIBRARY, 40)).draft for question in (*STATED, *NOT_STATED)]
        *_, last = read.draft(model, STATED[0], LIBRARY, 40)
        return [one.verdict.probability or 0.0 for one in first], last.draft.text

    (before, written), (now, same) = told(None), told(adapters.SHIPPED)
    assert same == written
    assert min(now[: len(STATED)]) > max(now[len(STATED) :])
    assert min(before[: len(STATED)]) < max(before[len(STATED) :])
