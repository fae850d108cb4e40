"""Our ``Model`` as a LlamaIndex ``LLM``, so that a peer or a judge asks through it.

Its replies can then be kept, and its errors are told in our words. Knows nothing of peers, judges or their prompts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

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

from assistant.errors import ModelInterrupted
from assistant.llm import Delta, Message, Model
from assistant.local import CONTEXT_TOKENS
from assistant.types import Usage

# Longer than any answer in a suite; LlamaIndex keeps as many tokens of the context free for it.
REPLY_TOKENS = 512


class ModelLLM(CustomLLM):
    """A ``Model`` that LlamaIndex can ask, at temperature 0 as ever. Counts what it is asked; for one thread at a time.

    Args:
        model: Who is asked.
    """

    _model: Model = PrivateAttr()
    _usage: Usage = PrivateAttr()

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self.reset()

    @classmethod
    def class_name(cls) -> str:
        """Name the class for LlamaIndex."""
        return "ModelLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex fits its prompts to."""
        return LLMMetadata(
            model_name=self._model.name,
            context_window=CONTEXT_TOKENS,
            num_output=REPLY_TOKENS,
            is_chat_model=True,
        )

    @property
    def usage(self) -> Usage:
        """Calls, and the tokens of those that ended, since it was made or last reset."""
        return self._usage

    def reset(self) -> None:
        """Begin to count anew."""
        self._usage = Usage(model=self._model.name)

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Reply to messages."""
        return _said("".join(self._words(messages)))

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Reply to messages, piece by piece."""
        text = ""
        for piece in self._words(messages):
            text += piece
            yield _said(text, piece)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Reply to one message of the user."""
        return CompletionResponse(text="".join(self._words(_asked(prompt))))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Reply to one message of the user, piece by piece."""
        text = ""
        for piece in self._words(_asked(prompt)):
            text += piece
            yield CompletionResponse(text=text, delta=piece)

    def _words(self, messages: Sequence[ChatMessage]) -> Iterator[str]:
        self._usage = replace(self._usage, calls=self._usage.calls + 1)
        asked = [Message(message.role.value, message.content or "") for message in messages]
        try:
            before = self._usage
            for delta in self._model.stream(asked, REPLY_TOKENS):
                self._count(before, delta)
                yield delta.text
        except (ValueError, TypeError) as error:
            # LlamaIndex takes these for replies that it can't parse, and makes "Empty Response" of them.
            raise ModelInterrupted(f"{self._model.name} at {self._model.where} failed; ask again ({error})") from error

    def _count(self, before: Usage, delta: Delta) -> None:
        """Add a call's tokens; endpoints that count as they go say in each piece what there is so far."""
        self._usage = replace(
            self._usage,
            prompt_tokens=max(self._usage.prompt_tokens, before.prompt_tokens + delta.prompt_tokens),
            completion_tokens=max(self._usage.completion_tokens, before.completion_tokens + delta.completion_tokens),
        )


def _asked(prompt: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=prompt)]


def _said(text: str, delta: str | None = None) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text), delta=delta)
