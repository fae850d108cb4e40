"""Which model writes: the embedded one, an OpenAI-compatible endpoint, or any LlamaIndex ``LLM`` that is passed in.

Turns all of them into one thing, a ``Model`` that streams ``Delta`` values, and their failures into ``ModelError``.
Knows nothing of prompts or answers.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike

from assistant.adapters import Adapter
from assistant.errors import ModelInterrupted, ModelRefused, ModelUnreachable, SettingsError
from assistant.local import CONTEXT_TOKENS, Child
from assistant.settings import EMBEDDED_MODEL, Settings
from assistant.types import Role, Usage
from index import weights

OPENAI_URL = "https://api.openai.com/v1"
# The alternatives to each token that endpoints are asked for; OpenAI's own limit.
TOP_LOGPROBS = 20
# The likeliest words, so that the same question has the same answer.
TEMPERATURE = 0.0
WRITERS = tuple(name for name, file in weights.KNOWN.items() if file.file.endswith(".gguf"))
NO_ENDPOINT = "does not answer as an OpenAI-compatible endpoint does; does OPENAI_BASE_URL end in /v1, as most do?"
# As much of a server's own words as an error repeats.
BRIEF = 200
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Role | str
    text: str


def example_chat(system: str, examples: Iterable[tuple[str, str]]) -> tuple[Message, ...]:
    """The beginning of a prompt: instructions, then what users said and what was hoped for, as a chat."""
    turns = ((Message("user", said), Message("assistant", reply)) for said, reply in examples)
    return (Message("system", system), *chain.from_iterable(turns))


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of what the model writes.

    Attributes:
        text: The new characters; may be empty.
        logprob: The mean log-probability of the tokens in it, None where the endpoint reports none.
        alternatives: Log-probability by token at the piece's first token, for the likeliest tokens.
        prompt_tokens: Tokens read, in the last piece only, where the endpoint counts them.
        cached_tokens: How many of those it had read before, likewise.
        completion_tokens: Tokens written, likewise.
    """

    text: str
    logprob: float | None = None
    alternatives: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class Model:
    """A language model that answers messages with a stream.

    Args:
        llm: Any LlamaIndex LLM.
        name: What it is called, for the reader.
        where: Where text goes, for the reader: ``this machine`` or a host.
        wire: The HTTP client that the LLM uses, where we made it.
        address: Where that is exactly, without what is secret; as ``where`` says when None.
    """

    embedded = False
    adapter: Adapter | None = None

    def __init__(self, llm: LLM, name: str, where: str, wire: "Wire | None" = None, address: str | None = None) -> None:
        self._llm = llm
        self._address = address or where
        self._wire = wire
        self._logprobs = isinstance(llm, OpenAI)
        self.name = name
        self.where = where

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[Delta]:
        """Write a reply at temperature 0.

        Closing the iterator ends the generation.

        Raises:
            ModelError: Of the kind that tells what went wrong.
        """
        chat = [ChatMessage(role=MessageRole(message.role), content=message.text) for message in messages]
        with _translated(self.where, self.name):
            yield from self._deltas(self._llm, chat, max_tokens)

    def identity(self, prompt: str | None = None) -> str:
        """What tells this model from every other: the SHA-256 of its weights, else its name and where it is asked.

        Args:
            prompt: Tell it only from those that might reply otherwise to a prompt that ends like this.
        """
        return f"{self.name} at {self._address}"

    def taught(self) -> str | None:
        """The SHA-256 of what the model is taught beside its weights, None where that is nothing."""
        return None if self.adapter is None else _sha256(self.adapter.path)

    def parameters(self) -> Mapping[str, str | float]:
        """What else a reply depends on, other than the messages and how long it may get."""
        return {"temperature": TEMPERATURE, "top_logprobs": TOP_LOGPROBS}

    def pid(self) -> int | None:
        """The process in which it runs on this machine, None where there is none that we know of."""
        return None

    def key(self, messages: Sequence[Message]) -> str:
        """What a prompt that begins with these messages is kept under."""
        text = "\n".join(message.text for message in messages)
        return hashlib.sha256(f"{self.name}\n{text}".encode()).hexdigest()[:32]

    def prepare(self, key: str) -> None:
        """Make a prompt that was read before, in another process perhaps, ready to be read again quickly."""

    def keep(self, key: str) -> None:
        """Keep the prompt that was just read under that key."""

    def close(self) -> None:
        """Hang up. Asking again after this fails."""
        if self._wire is not None:
            self._wire.close()

    def _deltas(self, llm: LLM, chat: Sequence[ChatMessage], max_tokens: int) -> Iterator[Delta]:
        if not isinstance(llm, OpenAI):
            yield from (Delta(text=encodable(response.delta or "")) for response in llm.stream_chat(chat))
            return
        finished, answered, reply = False, False, None
        try:
            for response in self._openai(llm, chat, max_tokens):
                reply = reply or (self._wire and self._wire.reply)
                answered = answered or response.raw is not None
                finished = finished or _finished(response)
                yield _delta(response)
        finally:
            # The client itself hangs up only when the garbage collector comes by: until then the server would write on.
            if reply is not None:
                reply.close()
        if not answered:
            raise ModelRefused(f"{self.where} {NO_ENDPOINT}")
        if not finished:
            raise ModelInterrupted(f"{self.name} at {self.where} stopped in the middle of a reply; ask again")

    def _openai(self, llm: OpenAI, chat: Sequence[ChatMessage], max_tokens: int) -> Iterator[ChatResponse]:
        options: dict[str, Any] = {"max_tokens": max_tokens, "stream_options": {"include_usage": True}}
        if not self._logprobs:
            yield from llm.stream_chat(chat, **options)
            return
        try:
            yield from llm.stream_chat(chat, logprobs=True, top_logprobs=TOP_LOGPROBS, **options)
        except openai.BadRequestError as error:
            if "logprob" not in str(error).lower():
                raise
            self._logprobs = False
            yield from llm.stream_chat(chat, **options)


class Wire(openai.DefaultHttpxClient):
    """An HTTP client that can tell what it is being answered, so that an answer nobody wants can be hung up."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._replies = threading.local()

    @property
    def reply(self) -> httpx.Response | None:
        """The response to this thread's last request."""
        return getattr(self._replies, "last", None)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request and remember its response."""
        reply = super().send(request, **options)
        self._replies.last = reply
        return reply


class EmbeddedModel(Model):
    """The embedded model: one that can be started, and whose prompts can be kept on disk.

    Args:
        path: The GGUF file.
        name: What it is called, for the reader.
        folder: Where its process keeps what it needs.
        timeout: How long is waited for it, in seconds.
        adapter: What it is taught beside its weights, if anything.
    """

    embedded = True

    def __init__(self, path: Path, name: str, folder: Path, timeout: float, adapter: Adapter | None = None) -> None:
        self.child = Child(path, folder, adapter.path if adapter else None)
        self.adapter = adapter
        self._timeout = timeout
        self._wire: Wire | None = None
        self._connected: tuple[str, LLM] | None = None
        self._connecting = threading.Lock()
        self._logprobs = True
        self.name = name
        self.where = "this machine"

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[Delta]:
        """Write a reply at temperature 0, starting the child if it is not there."""
        with self._connecting:
            endpoint = self.child.endpoint()
            if self._connected is None or self._connected[0] != endpoint.key:
                # No retries: the child is here or it is not, and the reader should not wait for a third attempt.
                self.close()
                self._wire = Wire(self._timeout)
                llm = _client(self.name, endpoint.url, endpoint.key, self._wire, retries=0)
                self._connected = (endpoint.key, llm)
            self._llm = self._connected[1]
        self.child.touch()
        yield from super().stream(messages, max_tokens)
        self.child.touch()

    def identity(self, prompt: str | None = None) -> str:
        """The SHA-256 of the model file, which takes a second or two to read, and of its adapter where that is used."""
        if self.adapter is None or (prompt is not None and not prompt.endswith(self.adapter.words)):
            return _sha256(self.child.model)
        return f"{_sha256(self.child.model)} {self.taught()}"

    def parameters(self) -> Mapping[str, str | float]:
        """Those of every model, and the engine: another version of it computes other sums."""
        return {**super().parameters(), "engine": f"xllamacpp {version('xllamacpp')}", "context": CONTEXT_TOKENS}

    def pid(self) -> int | None:
        """The process of the child, if it is up."""
        return self.child.pid()

    def prepare(self, key: str) -> None:
        """Restore a prompt from disk, if it is there and this child has not had it."""
        self.child.restore(key)

    def keep(self, key: str) -> None:
        """Save the prompt that was just read to disk, unless it is there."""
        self.child.save(key)


def choose(settings: Settings, progress: weights.Report | None = None) -> Model:
    """The model that the settings name; the embedded one where they name none.

    Raises:
        SettingsError: The settings name a model that nothing here can reach.
        ModelError: The endpoint can't say which models it has.
        WeightsError: The embedded model's weights can't be had.
    """
    if settings.model is None and settings.openai_base_url is None:
        return _embedded(EMBEDDED_MODEL, settings, progress)
    if settings.model in WRITERS or (settings.model or "").endswith(".gguf"):
        return _embedded(str(settings.model), settings, progress)
    return _endpoint(settings)


def wrap(llm: LLM) -> Model:
    """A LlamaIndex LLM of the caller's own as a ``Model``."""
    base = getattr(llm, "api_base", None)
    where, address = (host(base), _address(base)) if base else (type(llm).__name__, None)
    return Model(llm, name=llm.metadata.model_name, where=where, address=address)


def host(url: str) -> str:
    """The part of an endpoint's address that tells a reader where text goes."""
    parts = urlsplit(url)
    # Not netloc, which may hold a password.
    name = f"{parts.hostname or url}:{parts.port}" if parts.port else parts.hostname or "that address"
    return f"{name} (this machine)" if parts.hostname in LOOPBACK else name


def _address(url: str) -> str:
    """An endpoint's address without a password or a query, which may hold a key."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


def _embedded(model: str, settings: Settings, progress: weights.Report | None) -> EmbeddedModel:
    if model in WRITERS:
        path = weights.get(model, progress)
    else:
        path = Path(model).expanduser()
        if not path.is_file():
            raise SettingsError(f"there is no model file {path}; name a GGUF file, or one of: {', '.join(WRITERS)}")
    if settings.adapter is not None and not settings.adapter.is_file():
        raise SettingsError(
            f"there is no adapter {settings.adapter}; FOOTNOTED_ADAPTER names what scripts/train.py wrote"
        )
    adapter = Adapter(settings.adapter) if settings.adapter else None
    return EmbeddedModel(path, path.stem, weights.cache_folder() / "llm", settings.timeout_seconds, adapter)


def _sha256(path: Path) -> str:
    stat = path.stat()
    return _sha256_of(path, stat.st_size, stat.st_mtime_ns)


@cache
def _sha256_of(path: Path, _size: int, _changed: int) -> str:
    """The digest of a file as it was when it had that size and was last changed then: another one is read anew."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _endpoint(settings: Settings) -> Model:
    url = settings.openai_base_url or OPENAI_URL
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    if not key and settings.openai_base_url is None:
        raise SettingsError(
            f"the model {settings.model!r} is not an embedded one ({', '.join(WRITERS)} or a .gguf file), so it "
            f"is asked for at {host(OPENAI_URL)}, which wants OPENAI_API_KEY; set that, or OPENAI_BASE_URL for another "
            "endpoint"
        )
    if not url.startswith(("http://", "https://")):
        raise SettingsError("OPENAI_BASE_URL is no web address; it should look like http://localhost:11434/v1")
    # Local servers want no key, but the client wants one.
    key = key or "none"
    name = settings.model or _only_model(url, key, settings.timeout_seconds)
    wire = Wire(settings.timeout_seconds)
    return Model(_client(name, url, key, wire, retries=1), name=name, where=host(url), wire=wire, address=_address(url))


def _only_model(url: str, key: str, timeout: float) -> str:
    with (
        _translated(host(url), "the list of models"),
        openai.OpenAI(base_url=url, api_key=key, timeout=timeout) as client,
    ):
        try:
            names = sorted(model.id for model in client.models.list())
        except (AttributeError, TypeError) as error:
            # The client takes a web page for a list.
            raise ModelRefused(f"{host(url)} {NO_ENDPOINT}") from error
    if len(names) != 1:
        some = ", ".join(names[:8]) or "none"
        raise SettingsError(f"{host(url)} has these models: {some}; name one with --model or FOOTNOTED_MODEL")
    return names[0]


def _client(name: str, url: str, key: str, wire: Wire, retries: int) -> LLM:
    client: LLM = OpenAILike(
        model=name,
        api_base=url,
        api_key=key,
        is_chat_model=True,
        temperature=TEMPERATURE,
        timeout=wire.timeout.read,
        http_client=wire,
        max_retries=retries,
        context_window=CONTEXT_TOKENS,
    )
    return client


def _delta(response: ChatResponse) -> Delta:
    raw: Any = response.raw
    choices = raw.choices if raw is not None else []
    tokens = choices[0].logprobs.content or [] if choices and choices[0].logprobs else []
    usage = getattr(raw, "usage", None)
    return Delta(
        text=encodable(response.delta or ""),
        logprob=sum(token.logprob for token in tokens) / len(tokens) if tokens else None,
        alternatives={top.token: top.logprob for top in tokens[0].top_logprobs} if tokens else {},
        prompt_tokens=usage.prompt_tokens if usage else 0,
        cached_tokens=_cached(usage),
        completion_tokens=usage.completion_tokens if usage else 0,
    )


def _cached(usage: Any) -> int:
    details = getattr(usage, "prompt_tokens_details", None)
    return getattr(details, "cached_tokens", None) or 0


def counted(usage: Usage, delta: Delta) -> Usage:
    """The usage of one call with what another piece of its reply tells."""
    return replace(
        usage,
        prompt_tokens=max(usage.prompt_tokens, delta.prompt_tokens),
        cached_tokens=max(usage.cached_tokens, delta.cached_tokens),
        completion_tokens=max(usage.completion_tokens, delta.completion_tokens),
    )


def encodable(text: str) -> str:
    """The text without lone surrogates, which broken terminals and JSON can hold and no file, page or endpoint can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _finished(response: ChatResponse) -> bool:
    raw: Any = response.raw
    return bool(raw is not None and raw.choices and raw.choices[0].finish_reason)


@contextlib.contextmanager
def _translated(where: str, name: str) -> Iterator[None]:
    """Say in the user's words what the client says in its own."""
    try:
        yield
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise ModelRefused(
            f"{where} does not accept the key for {name}; check OPENAI_API_KEY ({_brief(error)})"
        ) from error
    except openai.NotFoundError as error:
        raise ModelRefused(
            f"{where} has no model {name!r}; check --model and OPENAI_BASE_URL ({_brief(error)})"
        ) from error
    except openai.RateLimitError as error:
        raise ModelRefused(f"{where} refuses for now: too many requests, or no quota left ({_brief(error)})") from error
    except openai.APITimeoutError as error:
        raise ModelUnreachable(f"{where} took too long; FOOTNOTED_TIMEOUT_SECONDS sets how long is waited") from error
    except openai.APIConnectionError as error:
        raise ModelUnreachable(
            f"nothing answers at {where}; is the server running, is OPENAI_BASE_URL right?"
        ) from error
    except openai.APIStatusError as error:
        raise ModelRefused(f"{where} answered with status {error.status_code}: {_brief(error)}") from error
    except (openai.APIError, httpx.TransportError) as error:
        raise ModelInterrupted(
            f"{name} at {where} stopped in the middle of a reply; ask again ({_brief(error)})"
        ) from error


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= BRIEF else f"{text[:BRIEF]}…"
