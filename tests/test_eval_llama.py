"""Our model as LlamaIndex sees it."""

import asyncio

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from assistant.errors import ModelInterrupted, ModelRefused
from assistant.llm import Delta, Message, wrap
from assistant.local import CONTEXT_TOKENS
from assistant.types import Usage
from eval.llama import REPLY_TOKENS, ModelLLM
from tests.fakes import Breaks, DeltaModel, ScriptedLLM

ASKED = [
    ChatMessage(role=MessageRole.SYSTEM, content="Be brief."),
    ChatMessage(role=MessageRole.USER, content="Who opened it?"),
]


def test_a_reply_comes_whole_or_in_pieces() -> None:
    llm = ModelLLM(wrap(ScriptedLLM(["Anna Berg did."] * 5)))
    assert llm.chat(ASKED).message.content == "Anna Berg did."
    assert llm.chat(ASKED).message.role == "assistant"
    assert llm.complete("Who?").text == "Anna Berg did."
    chatted = list(llm.stream_chat(ASKED))
    assert [one.delta for one in chatted] == ["Anna", " Berg", " did."]
    assert chatted[-1].message.content == "Anna Berg did."
    completed = list(llm.stream_complete("Who?"))
    assert [one.delta for one in completed] == ["Anna", " Berg", " did."]
    assert completed[-1].text == "Anna Berg did."


def test_the_model_is_asked_what_was_said_by_whom() -> None:
    model = DeltaModel([Delta("a")], [Delta("b")])
    llm = ModelLLM(model)
    llm.chat(ASKED)
    llm.complete("Who?")
    assert model.calls == [
        (Message("system", "Be brief."), Message("user", "Who opened it?")),
        (Message("user", "Who?"),),
    ]


def test_it_can_be_awaited() -> None:
    llm = ModelLLM(wrap(ScriptedLLM(["Anna Berg did."])))
    assert asyncio.run(llm.achat(ASKED)).message.content == "Anna Berg did."


def test_calls_and_tokens_are_counted_until_that_is_reset() -> None:
    replies = [[Delta("Anna "), Delta("Berg.", prompt_tokens=10, completion_tokens=2)] for _ in range(3)]
    llm = ModelLLM(DeltaModel(*replies))
    assert llm.usage == Usage("deltas")
    llm.complete("Who?")
    llm.chat(ASKED)
    assert llm.usage == Usage("deltas", prompt_tokens=20, completion_tokens=4, calls=2)
    llm.reset()
    assert llm.usage == Usage("deltas")
    list(llm.stream_chat(ASKED))
    assert llm.usage == Usage("deltas", prompt_tokens=10, completion_tokens=2, calls=1)


def test_a_call_that_fails_is_counted_and_its_error_is_ours() -> None:
    llm = ModelLLM(wrap(ScriptedLLM([ModelRefused("no such model")])))
    with pytest.raises(ModelRefused):
        llm.chat(ASKED)
    assert llm.usage.calls == 1


def test_an_error_that_llamaindex_would_swallow_is_not_lost() -> None:
    llm = ModelLLM(wrap(ScriptedLLM([Breaks("Anna", ValueError("out of memory"))])))
    with pytest.raises(ModelInterrupted, match=r"scripted at ScriptedLLM failed.*out of memory"):
        llm.chat(ASKED)


def test_llamaindex_is_told_how_much_fits() -> None:
    metadata = ModelLLM(wrap(ScriptedLLM())).metadata
    assert (metadata.model_name, metadata.is_chat_model) == ("scripted", True)
    assert (metadata.context_window, metadata.num_output) == (CONTEXT_TOKENS, REPLY_TOKENS)
