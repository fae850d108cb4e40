"""The wire: a real server on the loopback that speaks the OpenAI protocol, well or badly."""

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import llm, prompts
from assistant.adapters import Adapter
from assistant.core import Assistant
from assistant.errors import ModelInterrupted, ModelRefused, ModelUnreachable, SettingsError
from assistant.llm import Delta, Message, Model
from assistant.settings import Settings
from assistant.types import Said, Turn
from index import Index
from index.errors import WeightsCorrupt
from tests.fakes import Asked, Endpoint, Reply, ScriptedLLM, endpoint

MESSAGES = (Message("system", "Answer."), Message("user", "Who sleeps?"))
REPLY = "The foreign minister is Fumio Kishida."
MINISTER = "Who is Japan's foreign minister?"
LOGPROBS = {"The": math.log(0.75), "Not": math.log(0.25)}
# A port that nobody listens on: 9 is "discard".
NOBODY = "http://127.0.0.1:9/v1"


def model(url: str, name: str | None = "tiny", timeout: float = 30.0, key: str | None = None) -> Model:
    return llm.choose(Settings(openai_base_url=url, model=name, timeout_seconds=timeout, openai_api_key=key))  # type: ignore[arg-type]


def heard(model: Model) -> list[Delta]:
    return list(model.stream(MESSAGES, 20))


def text(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas).strip()


@pytest.fixture
def talkative() -> Iterator[Endpoint]:
    with Endpoint(lambda _: Reply(REPLY, logprobs=LOGPROBS)) as running:
        yield running


def test_a_reply_comes_word_by_word_with_probabilities_and_usage(talkative: Endpoint) -> None:
    deltas = heard(model(talkative.url))
    assert text(deltas) == REPLY
    assert deltas[0].text == "The"
    assert deltas[0].alternatives == pytest.approx(LOGPROBS)
    assert deltas[0].logprob == pytest.approx(math.log(0.75))
    assert (deltas[-1].prompt_tokens, deltas[-1].completion_tokens) == (100, 6)
    assert all(delta.prompt_tokens == 0 for delta in deltas[:-1])


def test_what_is_asked_of_an_endpoint(talkative: Endpoint) -> None:
    heard(model(talkative.url, key="sk-mine"))
    (asked,) = talkative.asked
    assert (asked.path, asked.key) == ("/v1/chat/completions", "sk-mine")
    assert asked.body["model"] == "tiny"
    assert asked.body["messages"] == [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": "Who sleeps?"},
    ]
    assert (asked.body["temperature"], asked.body["max_tokens"], asked.body["stream"]) == (0.0, 20, True)
    assert (asked.body["logprobs"], asked.body["top_logprobs"]) == (True, llm.TOP_LOGPROBS)


def test_a_server_that_reports_no_probabilities_is_used_all_the_same() -> None:
    with endpoint(Reply(REPLY)) as server:
        deltas = heard(model(server.url))
    assert text(deltas) == REPLY
    assert all(delta.logprob is None and not delta.alternatives for delta in deltas)


def test_a_server_that_wants_no_question_about_probabilities_is_asked_without() -> None:
    with endpoint(Reply(status=400, error="logprobs are not supported"), Reply(REPLY), Reply(REPLY)) as server:
        choice = model(server.url)
        assert text(heard(choice)) == text(heard(choice)) == REPLY
        assert [asked.body.get("logprobs") for asked in server.asked] == [True, None, None]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "status 400: .*too long"),
        (401, "does not accept the key .*OPENAI_API_KEY"),
        (403, "does not accept the key .*OPENAI_API_KEY"),
        (404, "has no model 'tiny'; check --model and OPENAI_BASE_URL"),
        (422, "status 422"),
    ],
)
def test_a_server_that_says_no_is_quoted(status: int, said: str) -> None:
    with endpoint(Reply(status=status, error="the prompt is too long")) as server:
        with pytest.raises(ModelRefused, match=said) as caught:
            heard(model(server.url))
        assert "127.0.0.1" in str(caught.value)
        assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "said"), [(429, "too many requests, or no quota left"), (500, "status 500")])
def test_a_server_that_is_overwhelmed_is_asked_twice(status: int, said: str) -> None:
    with endpoint(*[Reply(status=status, error="later")] * 2) as server:
        with pytest.raises(ModelRefused, match=said):
            heard(model(server.url))
        assert len(server.asked) == 2
    with endpoint(Reply(status=status, error="later"), Reply(REPLY)) as server:
        assert text(heard(model(server.url))) == REPLY


def test_a_long_error_is_shortened() -> None:
    with endpoint(Reply(status=400, error="blah " * 500)) as server, pytest.raises(ModelRefused) as caught:
        heard(model(server.url))
    assert len(str(caught.value)) < 400


def test_where_nothing_listens_the_address_is_named() -> None:
    with pytest.raises(ModelUnreachable, match=r"nothing answers at 127\.0\.0\.1:9 .*OPENAI_BASE_URL"):
        heard(model(NOBODY))


def test_a_server_that_stays_silent_is_given_up() -> None:
    with (
        Endpoint(lambda _: Reply(REPLY, silence=1.0)) as server,
        pytest.raises(ModelUnreachable, match="FOOTNOTED_TIMEOUT_SECONDS"),
    ):
        heard(model(server.url, timeout=0.1))


@pytest.mark.parametrize("cut", ["quietly", "abruptly"])
def test_a_stream_that_ends_half_way_is_an_error_and_no_answer(cut: str) -> None:
    with endpoint(Reply(REPLY, cut=cut)) as server:
        stream = model(server.url).stream(MESSAGES, 20)
        assert next(stream).text == "The"
        with pytest.raises(ModelInterrupted, match=r"tiny at .* stopped in the middle of a reply; ask again"):
            list(stream)


def test_a_stream_that_falls_silent_half_way_is_an_error() -> None:
    with endpoint(Reply(REPLY, pause=0.4)) as server, pytest.raises((ModelUnreachable, ModelInterrupted)):
        heard(model(server.url, timeout=0.2))


def test_closing_a_stream_hangs_up() -> None:
    with endpoint(Reply("word " * 2000, pause=0.01)) as server:
        stream = model(server.url).stream(MESSAGES, 20)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert server.hung_up.wait(5)


def test_an_assistant_over_an_endpoint_answers_with_footnotes(article: Index, talkative: Endpoint) -> None:
    assistant = Assistant(article, model(talkative.url), Settings(risk=1.0))
    assert (assistant.model.name, assistant.model.where) == (
        "tiny",
        f"{talkative.url.removeprefix('http://').removesuffix('/v1')} (this machine)",
    )
    answer = assistant.ask(MINISTER)
    assert answer.text == "The foreign minister is Fumio Kishida [1]."
    assert "Foreign Minister Fumio Kishida" in answer.citations[0].quote
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.calls) == (300, 8, 3)
    assert talkative.asked[0].question == MINISTER


def test_an_endpoint_that_is_surer_of_its_yes_makes_for_more_confidence(article: Index) -> None:
    def confidence(yes: float) -> float:
        verdict = Reply("Yes.", logprobs={"Yes": math.log(yes), "No": math.log(1 - yes)})
        with Endpoint(lambda _: Reply(REPLY), verdict=verdict) as server:
            return Assistant(article, model(server.url), Settings(risk=1.0)).ask(MINISTER).confidence

    assert confidence(0.6) < confidence(0.99)


def test_a_stream_cut_half_way_is_begun_again_unless_something_was_said(article: Index) -> None:
    with endpoint(Reply("The foreign", cut="abruptly"), Reply(REPLY)) as server:
        answer = Assistant(article, model(server.url), Settings(risk=1.0)).ask(MINISTER)
    assert answer.answered
    with endpoint(Reply(f"{REPLY} The rules were", cut="quietly"), Reply(REPLY)) as server:
        events = Assistant(article, model(server.url), Settings(risk=1.0)).stream(MINISTER)
        assert next(event for event in events if isinstance(event, Said)).claim.text == REPLY
        with pytest.raises(ModelInterrupted):
            list(events)


def test_broken_characters_in_a_conversation_reach_no_endpoint(article: Index) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply("Who is Abe?" if "Last question" in asked.body["messages"][-1]["content"] else "Not stated.")

    with Endpoint(answer) as server:
        assistant = Assistant(article, model(server.url), Settings(risk=1.0))
        assert not assistant.ask("Who is he\ud83d?", [Turn("user", "Is it Abe\udcff?")]).answered
        assert len(server.asked) == 2


def test_an_endpoint_with_one_model_needs_no_name(talkative: Endpoint) -> None:
    choice = model(talkative.url, name=None)
    assert choice.name == "tiny"
    assert talkative.asked[0].path == "/v1/models"


@pytest.mark.parametrize(("names", "said"), [(("one", "two"), "one, two"), ((), "none")])
def test_an_endpoint_with_several_models_or_none_wants_a_name(names: tuple[str, ...], said: str) -> None:
    with endpoint(models=names) as server:
        with pytest.raises(SettingsError, match=f"these models: {said}; name one with --model or FOOTNOTED_MODEL"):
            model(server.url, name=None)
        assert model(server.url, name="two").name == "two"


def test_an_endpoint_that_can_not_be_asked_for_its_models_is_unreachable() -> None:
    with pytest.raises(ModelUnreachable, match="nothing answers"):
        model(NOBODY, name=None)


def test_a_model_of_openai_wants_a_key() -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        llm.choose(Settings(model="gpt-4o-mini"))
    choice = llm.choose(Settings(model="gpt-4o-mini", openai_api_key="sk-mine"))  # type: ignore[arg-type]
    assert (choice.name, choice.where, choice.embedded) == ("gpt-4o-mini", "api.openai.com", False)


@pytest.mark.parametrize("url", ["localhost:11434/v1", "ftp://example.org", "nonsense"])
def test_an_address_that_is_none_is_said_so(url: str) -> None:
    with pytest.raises(SettingsError, match=r"OPENAI_BASE_URL is .* should look like"):
        model(url)


def test_a_model_file_of_the_users_own_is_embedded(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    with pytest.raises(SettingsError, match=r"there is no model file .*own\.gguf; name a GGUF file, or one of"):
        llm.choose(Settings(model=str(own)))
    own.write_bytes(b"GGUF")
    choice = llm.choose(Settings(model=str(own), openai_base_url=NOBODY))
    assert (choice.name, choice.where, choice.embedded) == ("own", "this machine", True)


def test_an_adapter_is_another_model_only_where_it_is_asked(tmp_path: Path) -> None:
    own, adapter = tmp_path / "own.gguf", tmp_path / "stated.gguf"
    own.write_bytes(b"GGUF")
    with pytest.raises(SettingsError, match=r"there is no adapter .*stated\.gguf; FOOTNOTED_ADAPTER names what"):
        llm.choose(Settings(model=str(own), adapter=adapter))
    adapter.write_bytes(b"GGUF too")
    bare, taught = llm.choose(Settings(model=str(own))), llm.choose(Settings(model=str(own), adapter=adapter))
    assert taught.adapter == Adapter(adapter)
    assert (bare.adapter, bare.taught()) == (None, None)
    assert taught.taught() == hashlib.sha256(b"GGUF too").hexdigest()
    assert bare.identity() == bare.identity(f"Who? {prompts.CHECK}") == taught.identity("Who?")
    assert taught.identity() == taught.identity(f"Who? {prompts.CHECK}") != bare.identity()


def test_a_key_alone_sends_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether the weights can be had is another question: it is they that are asked for, and not the key's owner.
    for variable in ("FOOTNOTED_CACHE", "FOOTNOTED_MODELS_DIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf").write_bytes(b"not the known file")
    with pytest.raises(WeightsCorrupt, match=r"qwen2\.5-coder-1\.5b"):
        llm.choose(Settings(openai_api_key="sk-mine"))  # type: ignore[arg-type]


def test_any_llamaindex_llm_is_a_model() -> None:
    writer = ScriptedLLM(["Cats sleep."])
    choice = llm.wrap(writer)
    assert (choice.name, choice.where, choice.embedded) == ("scripted", "ScriptedLLM", False)
    assert text(heard(choice)) == "Cats sleep."
    assert [(message.role, message.content) for message in writer.calls[0]] == [
        ("system", "Answer."),
        ("user", "Who sleeps?"),
    ]


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://api.example.org/v1", "api.example.org"),
        ("http://localhost:11434/v1", "localhost:11434 (this machine)"),
        ("http://[::1]:8000/v1", "::1:8000 (this machine)"),
        ("https://user:secret@api.example.org/v1", "api.example.org"),
        ("http://192.168.1.5:8000/v1", "192.168.1.5:8000"),
    ],
)
def test_a_reader_is_told_where_text_goes(url: str, where: str) -> None:
    assert llm.host(url) == where


def test_models_behind_one_host_are_told_apart_and_nothing_secret_is_told() -> None:
    def identity(url: str) -> str:
        chosen = llm.choose(Settings(openai_base_url=url, model="tiny"))
        chosen.close()
        return chosen.identity()

    first, second = (identity(f"http://me:secret@localhost:8080/{name}/v1?key=secret") for name in "ab")
    assert first == "tiny at http://localhost:8080/a/v1"
    assert second == "tiny at http://localhost:8080/b/v1"
