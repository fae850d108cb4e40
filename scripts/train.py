"""Train an adapter with which the embedded model tells whether documents state an answer.

    uv run --with torch --with gguf python scripts/train.py stated.gguf --minutes 120
    uv run --with torch --with gguf python scripts/train.py stated.gguf --minutes 40 --go-on  # from the one there
    FOOTNOTED_ADAPTER=stated.gguf uv run footnoted eval SUITE… --calibrate

The base model reads each document and its questions once. What is trained is how the upper layers read the words that
ask for a yes or no, and nothing before them; so all other prompts are read as before. A few documents are held out, and
how well their questions are told apart is printed on the way. Two cores and 16 GB of memory suffice.
"""

import argparse
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import httpx
import torch
from qwen2 import KeyValues, Lora, Qwen2, causal
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from assistant import read
from assistant.adapters import SUITE, Adapter
from assistant.llm import Message
from assistant.local import Child
from assistant.settings import EMBEDDED_MODEL
from assistant.types import Evidence
from eval import suite as suites
from eval.case import Case
from index import split, weights

ABOUT = "about"
FIRST_LAYER = 12
RANK, ALPHA = 8, 16.0
RATE = 3e-4
WARM_UP = 6
# Of each step's documents, those that were not read before; the others are met again.
BATCH, FRESH = 4, 2
HELD_OUT = 25
# What the chat template writes between a question and its reply.
REPLY = "<|im_end|>\n<|im_start|>assistant\n"


class Question(NamedTuple):
    """A question as tokens, up to the words that ask for a yes or no, and whether it is answered."""

    tokens: Sequence[int]
    answered: bool


class Page(NamedTuple):
    """A document as tokens, and its questions."""

    name: str
    tokens: Sequence[int]
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Ready:
    """What the base model has read of a document and its questions, and the words that ask, up to the first layer.

    Attributes:
        state: Of the words that ask, once for each question.
        past: What they attend to in each layer from the first on, without the prompt's beginning.
        mask: What of all that each attends to.
        rotation: Of their positions.
    """

    state: Tensor
    past: Sequence[KeyValues]
    mask: Tensor
    rotation: tuple[Tensor, Tensor]


class Tokenizer:
    """The tokens of text as the embedded model's own process makes them."""

    def __init__(self, model: Path) -> None:
        self._child = Child(model, weights.cache_folder() / "llm")
        endpoint = self._child.endpoint()
        self._client = httpx.Client(
            base_url=endpoint.url.removesuffix("/v1"), headers={"Authorization": f"Bearer {endpoint.key}"}, timeout=60
        )

    def __call__(self, text: str) -> list[int]:
        """The tokens of a text in which control tokens are such."""
        self._child.touch()
        asked = {"content": text, "add_special": False, "parse_special": True}
        reply = self._client.post("/tokenize", json=asked)
        return list(reply.raise_for_status().json()["tokens"])


class Reader:
    """The base model over the prompt's beginning.

    Args:
        model: The model.
        beginning: The tokens that every prompt begins with.
        words: The tokens that ask for a yes or no, and what stands between them and the reply.
        replies: The tokens with which it begins: no, and yes.
    """

    def __init__(self, model: Qwen2, beginning: Sequence[int], words: Sequence[int], replies: tuple[int, int]) -> None:
        self.model = model
        self.words = torch.tensor(words)
        self._replies = torch.tensor(replies)
        self._kept: dict[str, Ready] = {}
        self._length = len(beginning)
        state, mask = model.embed(torch.tensor(beginning)), causal(self._length)
        rotation = model.rotation(torch.arange(self._length))
        self._beginning: list[KeyValues] = []
        with torch.no_grad():
            for number in range(model.layers):
                state, own = model.layer(number, state, rotation, mask)
                self._beginning.append(own)

    def loss(self, page: Page, lora: Lora) -> Tensor:
        """The mean cross-entropy of the reply that each question should have."""
        wanted = self._replies[[int(one.answered) for one in page.questions]]
        return functional.cross_entropy(self._scores(page, lora), wanted)

    def log_odds(self, page: Page, lora: Lora) -> list[float]:
        """How likely yes is against no for each question."""
        with torch.no_grad():
            no, yes = self._scores(page, lora)[:, self._replies].T
        return [float(one) for one in yes - no]

    def _scores(self, page: Page, lora: Lora) -> Tensor:
        """Scores of the token with which the reply to each question begins, shape (questions, vocabulary)."""
        ready = self._ready(page)
        state = ready.state.float()
        for number, past in enumerate(ready.past, start=FIRST_LAYER):
            seen = self._beginning[number].then(past)
            state, _ = self.model.layer(number, state, ready.rotation, ready.mask, seen, lora)
        last = len(self.words) - 1
        return self.model.logits(state[last :: len(self.words)])

    def _ready(self, page: Page) -> Ready:
        if page.name not in self._kept:
            with torch.no_grad():
                self._kept[page.name] = self._read(page)
        return self._kept[page.name]

    def _read(self, page: Page) -> Ready:
        """Read a document, each of its questions after it, and after each the words, all in one sequence."""
        start, document, words = self._length, len(page.tokens), len(self.words)
        lengths = [len(one.tokens) for one in page.questions]
        count, total = len(lengths), document + sum(lengths)
        mask = torch.zeros(total, start + total, dtype=torch.bool)
        mask[:, :start] = True
        mask[:document, start : start + document] = causal(document)
        asking = torch.zeros(count * words, start + total + count * words, dtype=torch.bool)
        asking[:, : start + document] = True
        places, later = list(range(start, start + document)), []
        at = document
        for number, length in enumerate(lengths):
            mask[at : at + length, start : start + document] = True
            mask[at : at + length, start + at : start + at + length] = causal(length)
            rows = slice(number * words, (number + 1) * words)
            asking[rows, start + at : start + at + length] = True
            asking[rows, start + total + rows.start : start + total + rows.stop] = causal(words)
            end = start + document + length
            places.extend(range(start + document, end))
            later.extend(range(end, end + words))
            at += length
        rotation, of_words = (self.model.rotation(torch.tensor(some)) for some in (places, later))
        tokens = [*page.tokens, *(token for one in page.questions for token in one.tokens)]
        state, asked = self.model.embed(torch.tensor(tokens)), self.model.embed(self.words.repeat(count))
        past: list[KeyValues] = []
        for number in range(self.model.layers):
            beginning = self._beginning[number]
            state, own = self.model.layer(number, state, rotation, mask, beginning)
            if number < FIRST_LAYER:
                asked, _ = self.model.layer(number, asked, of_words, asking, beginning.then(own))
            else:
                past.append(KeyValues(own.keys.half(), own.values.half()))
        return Ready(asked.half(), past, asking, of_words)


def pages(tokens: Tokenizer, words: str) -> list[Page]:
    """The documents of the suite, some two and two, with their questions, as the product puts them before the model."""
    suite = suites.read(suites.find(SUITE))
    asked = {source: [case for case in suite.cases if case.supplied == (source,)] for source in suite.documents}
    return [
        page(
            Evidence.of(passage for source in group for passage in split.passages(suite.documents[source])),
            together([asked[source] for source in group]),
            tokens,
            words,
        )
        for group in groups(suite.documents)
    ]


def together(asked: Sequence[Sequence[Case]]) -> list[Case]:
    """All that is asked of one document, or half of what is of each of two.

    Whether anything is said of a subject was not looked up in the other one.
    """
    if len(asked) == 1:
        return list(asked[0])
    return [case for of_one in asked for case in of_one[:: len(asked)] if not case.kind.startswith(ABOUT)]


def page(evidence: Sequence[Evidence], cases: Sequence[Case], tokens: Tokenizer, words: str) -> Page:
    """What the product says to the model of each case, as tokens."""
    begun, questions = "", []
    for case in cases:
        *_, last = read.prompt(read.whether(case.question, evidence), evidence, words)
        begun, _, question = written([last]).rpartition("\nQuestion: ")
        questions.append(Question(tokens(f"Question: {question[: question.rindex(words)]}"), case.answerable))
    return Page(cases[0].id, tokens(f"{begun}\n"), questions)


def groups(sources: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """One document, another, and two at once: what is found for a question is seldom of one document alone."""
    rest = iter(sources)
    for size in cycle((1, 1, 2)):
        group = tuple(islice(rest, size))
        if not group:
            return
        yield group


def written(messages: Sequence[Message]) -> str:
    """Messages as the chat template has them."""
    return "".join(f"<|im_start|>{message.role}\n{message.text}<|im_end|>\n" for message in messages)


def order(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """Batches without end: some that were not read before, and some that were."""
    chosen = random.Random(0)  # noqa: S311 (no secret)
    fresh, seen = chosen.sample(pages, len(pages)), []
    while True:
        new, fresh = fresh[:FRESH], fresh[FRESH:]
        batch = [*new, *chosen.sample(seen, min(len(seen), BATCH - len(new)))]
        seen.extend(new)
        yield batch


def auroc(reader: Reader, lora: Lora, pages: Sequence[Page]) -> float:
    """How well the questions that are answered are told from the others."""
    answered = [one.answered for page in pages for one in page.questions]
    return float(roc_auc_score(answered, [odds for page in pages for odds in reader.log_odds(page, lora)]))


def train(reader: Reader, lora: Lora, pages: Sequence[Page], seconds: float, keep: Callable[[], None]) -> None:
    """Train until the time is over, at a rate that falls with it, and keep what has come of it after each step."""
    held, rest = pages[::HELD_OUT], [page for number, page in enumerate(pages) if number % HELD_OUT]
    say = partial(print, flush=True)
    say(f"{len(rest)} documents, {len(held)} held out: AUROC {auroc(reader, lora, held):.3f}")
    optimizer = torch.optim.AdamW(lora.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0)
    begun, quarter = time.monotonic(), 1
    for step, batch in enumerate(order(rest), start=1):
        spent = (time.monotonic() - begun) / seconds
        if spent >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / WARM_UP) * max(0.03, 0.5 * (1 + math.cos(math.pi * spent)))
        total = 0.0
        for page in batch:
            loss = reader.loss(page, lora) / len(batch)
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(lora.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        say(f"step {step}, {spent:.0%}: loss {total:.3f}")
        keep()
        if spent * 4 >= quarter:
            quarter += 1
            say(f"held out: AUROC {auroc(reader, lora, held):.3f}")
    say(f"held out: AUROC {auroc(reader, lora, held):.3f}")


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, metavar="FILE", help="where the adapter is written, as GGUF")
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--go-on", action="store_true", help="begin with the adapter that is there")
    options = parser.parse_args()
    adapter = Adapter(options.path)
    torch.manual_seed(0)
    path = weights.get(EMBEDDED_MODEL)
    tokens = Tokenizer(path)
    words = tokens(f"{adapter.words}{REPLY}")
    (no,), (yes,) = tokens("No"), tokens("Yes")
    *beginning, _ = read.prompt("", (), "")
    model = Qwen2(path)
    reader = Reader(model, tokens(written(beginning)), words, (no, yes))
    lora = Lora(model, FIRST_LAYER, RANK, ALPHA)
    if options.go_on:
        lora.read(adapter.path)
    # llama.cpp turns it on one token before those that it waits for.
    invocation = tokens(adapter.words)[1:]
    about = f"Trained on the suite {SUITE} for {options.minutes:g} minutes on {date.today()}"
    keep = partial(lora.write, adapter.path, invocation, about)
    train(reader, lora, pages(tokens, adapter.words), options.minutes * 60, keep)


if __name__ == "__main__":
    main()
