"""Fakes of what Footnoted talks to, and small values to try it with: a language model, an endpoint, evidence."""

import hashlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM
from pydantic import PrivateAttr

from assistant import prompts
from assistant.llm import Delta, Message, Model
from assistant.types import Evidence
from index import split
from index.types import Document


@dataclass(frozen=True, slots=True)
class Breaks:
    """A reply that breaks off: some text, then an error."""

    text: str
    error: Exception


class ScriptedLLM(CustomLLM):
    """A LlamaIndex LLM that streams the next of its replies word by word, or raises it.

    Args:
        replies: In the order in which they are given.
        pause: Seconds before each word.
        stated: What it says to whether a document states the answer, which is not one of its replies.

    Attributes:
        calls: The messages of each call that took one of its replies.
        closed: How many streams were closed before they had ended.
    """

    _replies: deque[str | Breaks | Exception] = PrivateAttr()
    _pause: float = PrivateAttr()
    _stated: str = PrivateAttr()
    _calls: list[list[ChatMessage]] = PrivateAttr(default_factory=list)
    _closed: int = PrivateAttr(default=0)

    def __init__(
        self, replies: Sequence[str | Breaks | Exception] = (), pause: float = 0.0, stated: str = "Yes."
    ) -> None:
        super().__init__()
        self._replies = deque(replies)
        self._pause = pause
        self._stated = stated

    @property
    def calls(self) -> list[list[ChatMessage]]:
        return self._calls

    @property
    def closed(self) -> int:
        return self._closed

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted")

    def prompt(self, call: int = -1) -> str:
        """All that was said to the model in one call."""
        return "\n".join(str(message.content) for message in self._calls[call])

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        if asks_for_a_verdict(str(messages[-1].content)):
            return self._speak(self._stated)
        self._calls.append(list(messages))
        return self._speak(self._next(messages))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        raise NotImplementedError

    def _next(self, messages: Sequence[ChatMessage]) -> str | Breaks | Exception:
        assert self._replies, "the model was called more often than it has replies"
        return self._replies.popleft()

    def _speak(self, reply: str | Breaks | Exception) -> ChatResponseGen:
        if isinstance(reply, Exception):
            raise reply
        said = ""
        try:
            for word in spoken(reply.text if isinstance(reply, Breaks) else reply):
                time.sleep(self._pause)
                said += word
                yield ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=said), delta=word)
        except GeneratorExit:
            self._closed += 1
            raise
        if isinstance(reply, Breaks):
            raise reply.error


class AnsweringLLM(ScriptedLLM):
    """A ``ScriptedLLM`` whose replies a function makes of the last message, for calls that come in any order."""

    _answer: Callable[[str], str] = PrivateAttr()

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__()
        self._answer = answer

    def _next(self, messages: Sequence[ChatMessage]) -> str:
        return self._answer(str(messages[-1].content))


class DeltaModel(Model):
    """A ``Model`` that streams given pieces, with their log-probabilities; ``calls`` are the messages."""

    def __init__(self, *replies: Sequence[Delta]) -> None:
        super().__init__(ScriptedLLM(), "deltas", "nowhere")
        self.calls: list[tuple[Message, ...]] = []
        self._replies = deque(replies)

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[Delta]:
        self.calls.append(tuple(messages))
        yield from self._replies.popleft()


def asks_for_a_verdict(said: str) -> bool:
    """Whether this is the end of the call that asks whether a document states the answer."""
    return said.endswith(prompts.STATED)


def spoken(text: str) -> list[str]:
    """The words of a text, each with the white space before it."""
    return re.findall(r"\s*\S+", text)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an ``Endpoint`` answers.

    Attributes:
        text: Streamed word by word, where the status is 200.
        status: Of the HTTP response; with any but 200 the error is sent as its body.
        error: The message of an error.
        logprobs: Log-probability by token, reported as the alternatives to every token; none where it is empty.
        cut: How the stream ends too early: ``quietly`` without a finish reason, ``abruptly`` inside a chunk.
        silence: Seconds before anything is sent.
        pause: Seconds before each word.
    """

    text: str = ""
    status: int = 200
    error: str = ""
    logprobs: Mapping[str, float] = field(default_factory=dict)
    cut: str | None = None
    silence: float = 0.0
    pause: float = 0.0


YES = Reply("Yes.", logprobs={"Yes": -0.1, "No": -2.4})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that an ``Endpoint`` has had."""

    path: str
    key: str
    body: Mapping[str, Any]

    @property
    def question(self) -> str:
        """The question of an answering prompt."""
        return str(self.body["messages"][-1]["content"]).rpartition("Question: ")[2].partition("\n")[0]


class Endpoint:
    """A server on the loopback that speaks the OpenAI protocol; a function gives its replies.

    Args:
        answer: Makes the reply to a chat request.
        models: The models that it says it has.
        verdict: The reply to whether a document states the answer, which is not asked of ``answer``.
    """

    def __init__(
        self, answer: Callable[[Asked], Reply], models: Sequence[str] = ("tiny",), verdict: Reply = YES
    ) -> None:
        self.asked: list[Asked] = []
        self.hung_up = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(answer, models, verdict))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(
        self, answer: Callable[[Asked], Reply], models: Sequence[str], verdict: Reply
    ) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

            def do_GET(self) -> None:
                self._note({})
                self._json(200, {"object": "list", "data": [_model(name) for name in models]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if asks_for_a_verdict(body["messages"][-1]["content"]):
                    self._stream(verdict if body.get("logprobs") else replace(verdict, logprobs={}))
                    return
                reply = answer(self._note(body))
                time.sleep(reply.silence)
                try:
                    if reply.status == 200:
                        self._stream(reply)
                    else:
                        self._json(reply.status, {"error": {"message": reply.error, "type": "error", "code": None}})
                except OSError:
                    endpoint.hung_up.set()
                    self.close_connection = True

            def _note(self, body: Mapping[str, Any]) -> Asked:
                asked = Asked(self.path, self.headers["Authorization"].removeprefix("Bearer "), body)
                endpoint.asked.append(asked)
                return asked

            def _json(self, status: int, value: Mapping[str, Any]) -> None:
                data = json.dumps(value).encode()
                self._head(status, "application/json", {"Content-Length": str(len(data))})
                self.wfile.write(data)

            def _head(self, status: int, kind: str, more: Mapping[str, str]) -> None:
                self.send_response(status)
                # One connection a request, so that nothing is left open when a test ends.
                for name, value in {"Content-Type": kind, "Connection": "close", **more}.items():
                    self.send_header(name, value)
                self.end_headers()

            def _stream(self, reply: Reply) -> None:
                self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
                for word in spoken(reply.text):
                    time.sleep(reply.pause)
                    self._event(_chunk(word, reply.logprobs))
                if reply.cut == "abruptly":
                    self.wfile.write(b"ff\r\ndata: {")
                    self.close_connection = True
                    return
                if reply.cut is None:
                    words = len(spoken(reply.text))
                    self._event(_chunk("", {}, finish="stop"))
                    self._event({**_chunk("", {}), "choices": [], "usage": _usage(words)})
                    self._send(b"data: [DONE]\n\n")
                self._send(b"")

            def _event(self, value: Mapping[str, Any]) -> None:
                self._send(f"data: {json.dumps(value)}\n\n".encode())

            def _send(self, data: bytes) -> None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        return Handler


@contextmanager
def endpoint(*replies: Reply, models: Sequence[str] = ("tiny",)) -> Iterator[Endpoint]:
    """An ``Endpoint`` with a queue of replies."""
    waiting = deque(replies)
    with Endpoint(lambda _: waiting.popleft(), models) as running:
        yield running


def _model(name: str) -> Mapping[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "nobody"}


def _chunk(word: str, logprobs: Mapping[str, float], finish: str | None = None) -> dict[str, Any]:
    top = [{"token": token, "logprob": logprob, "bytes": None} for token, logprob in logprobs.items()]
    content = [{"token": word, "logprob": max(logprobs.values()), "bytes": None, "top_logprobs": top}] if top else None
    choice = {
        "index": 0,
        "delta": {"role": "assistant", "content": word},
        "logprobs": {"content": content} if content else None,
        "finish_reason": finish,
    }
    return {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "tiny", "choices": [choice]}


def _usage(words: int) -> Mapping[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": words, "total_tokens": 100 + words}


def document(text: str, source: str = "d.txt") -> Document:
    """A document of one text; its hash is that of the text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(source, (source,), source, text, "text/plain", digest)


def evidence(*texts: str) -> tuple[Evidence, ...]:
    """The passages of documents with these texts, all of whose sentences are read."""
    documents = [document(text, f"{number}.txt") for number, text in enumerate(texts, start=1)]
    passages = [passage for one in documents for passage in split.passages(one)]
    return Evidence.of(passages)
