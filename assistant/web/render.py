"""Questions, answers and errors as HTML. Pure, and every string that is not ours is escaped here."""

import html
from collections.abc import Sequence

from assistant.answering import NEAREST
from assistant.llm import Model
from assistant.types import Answer, Claim
from assistant.web.conversation import ASIDES, REFUSALS, WARMING, Exchange, Place
from index.types import State

TINTS = 6
"""How many colours footnotes have before they repeat; ``page.css`` defines them."""

_QUOTE_CHARACTERS = 320
_LINK_CHARACTERS = 140
_PROGRESS = {
    "": "Searching…",
    "condense": "Searching…",
    "search": "Searching…",
    WARMING: "The model starts, and reads the documents once for all questions…",
}
_STALE = "A document that this rests on has changed since, or is gone. Ask again for what it says now."
_REFUSED = "No answer found"
_KINDS = {"clarification": "A question back"}


def escape(text: str) -> str:
    """Text as HTML shows it, in elements and in quoted attributes, character for character.

    A carriage return would otherwise become a line feed; what HTML or JSON can't carry is shown as a replacement.
    """
    carried = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return html.escape(carried).replace("\r", "&#13;")


def shortened(text: str, characters: int) -> str:
    """Text on one line, cut at a word where it is longer than that."""
    line = " ".join(text.split())
    if len(line) <= characters:
        return line
    kept = line[:characters]
    return f"{kept.rsplit(' ', 1)[0] if ' ' in kept else kept}…"


def counted(count: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def tint(label: int) -> int:
    """Which colour a footnote has, from 1."""
    return (label - 1) % TINTS + 1


def where(model: Model) -> str:
    """Who answers, and where text goes for it."""
    if model.embedded:
        return f"Answers by <b>{escape(model.name)}</b> on this machine. Nothing leaves it."
    return (
        f"Answers by <b>{escape(model.name)}</b>. Questions and the passages found are sent to "
        f"<b>{escape(model.where)}</b>."
    )


def holdings(state: State) -> str:
    """What there is to ask about, and how much of it is ready."""
    passages = f"{state.passages:,} passage{'' if state.passages == 1 else 's'}"
    said = f"{state.documents:,} document{'' if state.documents == 1 else 's'}, {passages}"
    if state.embedded < state.passages:
        share = state.embedded / state.passages
        said += f". Found by their words; by their meaning too: {share:.0%}"
    return f'<p class="fn-library">{said}</p>'


def fault(state: State) -> str:
    """What is wrong with it, which screen readers tell at once."""
    return f'<p class="fn-fault" role="alert">{escape(state.fault)}</p>' if state.fault else ""


def file(name: str, text: str, serial: int) -> str:
    """A file for ``page.js`` to save; without another serial number the browser would not see that it is another."""
    return f'<i data-name="{escape(name)}" data-text="{escape(text)}" data-serial="{serial}"></i>'


def button(
    do: str,
    text: str,
    label: str | None = None,
    *,
    pressed: bool | None = None,
    current: bool = False,
    **data: object,
) -> str:
    """A button whose click the page hands on, with its data."""
    given = "".join(f' data-{name}="{escape(str(value))}"' for name, value in data.items())
    named = f' aria-label="{escape(label)}" title="{escape(label)}"' if label else ""
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    here = ' aria-current="true"' if current else ""
    return f'<button type="button" class="fn-do" data-do="{do}"{given}{named}{state}{here}>{escape(text)}</button>'


def welcome(suggestions: Sequence[str], *, making: bool = False, can_be_made: bool = False) -> str:
    """What stands where the conversation will, with questions to begin with.

    Args:
        suggestions: Those.
        making: Whether more are being made.
        can_be_made: Whether the reader may have some made.
    """
    items = "".join(f"<li>{button('ask_suggested', text, question=text)}</li>" for text in suggestions)
    more = '<p class="fn-empty" role="status">Reading for questions to begin with…</p>' if making else ""
    if can_be_made:
        more = f"<p>{button('suggest', 'Suggest questions')}</p>"
    return (
        '<div class="fn-welcome"><h2>Ask your documents</h2>'
        "<p>Every sentence of the answer carries a footnote to the exact words it came from.</p><p>"
        f"When the documents don’t say, you are told so.</p>{f'<ul>{items}</ul>' if items else ''}{more}</div>"
    )


def question(exchange: Exchange) -> str:
    """What the reader asked."""
    return f'<div class="fn-question">{escape(exchange.question)}</div>'


def reply(exchange: Exchange, *, newest: bool = False, stale: bool = False) -> str:
    """What the reader is told: an answer, a refusal or an error, or how far it has come.

    Args:
        exchange: The question and what has become of it.
        newest: Whether it can be asked again.
        stale: Whether a document that it cites has changed since, or is gone.
    """
    actions = "" if exchange.open else _actions(exchange, newest=newest)
    if stale:
        actions = f'<p class="fn-stale">{_STALE}</p>{actions}'
    if exchange.failure is not None:
        return _failure(exchange.failure, actions)
    answer = exchange.answer
    if answer is not None and answer.kind in REFUSALS:
        return _refusal(answer, exchange, actions)
    kind = _KINDS.get(answer.kind) if answer else None
    title = f'<p class="fn-kind">{kind}</p>' if kind else ""
    return f'<div class="fn-reply">{title}{_words(exchange)}{_status(exchange)}{actions}</div>'


def footnote(place: Place) -> str:
    """A superscript link to the words that a claim rests on."""
    page = f", page {place.page}" if place.page else ""
    quote = escape(shortened(place.quote, _QUOTE_CHARACTERS))
    source = escape(f"{place.source}{page}")
    return (
        f'<sup><a class="fn-note fn-tint-{tint(place.label)}" href="#{place.key}" data-fn="{place.key}" '
        f'data-quote="{quote}" data-source="{source}" aria-label="Footnote {place.label}: {quote} ({source})">'
        f"{place.label}</a></sup>"
    )


def _actions(exchange: Exchange, *, newest: bool) -> str:
    """What can be done with a reply."""
    number = exchange.number
    buttons = []
    if exchange.answer is not None and exchange.answer.kind not in ASIDES:
        for liked, sign, label in ((True, "Right", "This is right"), (False, "Wrong", "This is wrong")):
            buttons.append(
                button(
                    "like_answer", sign, label, pressed=exchange.liked is liked, number=number, liked=str(liked).lower()
                )
            )
        buttons += _gold(exchange)
    if newest:
        buttons += [button("ask_again", "Ask again"), button("edit_question", "Edit question")]
    return f'<div class="fn-actions">{"".join(buttons)}</div>' if buttons else ""


def _gold(exchange: Exchange) -> list[str]:
    """What can be made of a judged reply: a case that an eval can run."""
    if exchange.gold:
        return ['<span class="fn-kept">Kept as a gold case</span>']
    if exchange.liked is None:
        return []
    number = exchange.number
    if exchange.liked:
        return [button("keep_gold", "Keep as a gold case", number=number)]
    return [
        button(
            "keep_marked",
            "Keep the marked words as gold",
            "Keep the marked words as gold: mark the right words in the source first",
            number=number,
        ),
        button(
            "keep_unanswered",
            "The documents don’t say",
            "The documents don’t say: keep that as a gold case",
            number=number,
        ),
    ]


def _words(exchange: Exchange) -> str:
    claims = exchange.answer.claims if exchange.answer else tuple(said.claim for said in exchange.said)
    places = {place.label: place for place in exchange.cited}
    if claims:
        return f'<p class="fn-words">{" ".join(_claim(claim, places) for claim in claims)}</p>'
    return f'<p class="fn-words">{escape(exchange.answer.text)}</p>' if exchange.answer else ""


def _claim(claim: Claim, places: dict[int, Place]) -> str:
    notes = "".join(footnote(places[marker]) for marker in claim.markers if marker in places)
    return f"<span>{escape(claim.text)}{notes}</span>"


def _status(exchange: Exchange) -> str:
    """The quiet line under an answer."""
    if exchange.answer is not None:
        return _figures(exchange, exchange.answer)
    if exchange.stopped:
        return '<p class="fn-status">Stopped.</p>'
    return f'<p class="fn-status fn-working">{_progress(exchange)}</p>'


def _progress(exchange: Exchange) -> str:
    if exchange.before:
        return f"Waiting: {counted(exchange.before, 'question')} before this one…"
    if exchange.said:
        return "Checking the next sentence…"
    if exchange.stage in _PROGRESS:
        return _PROGRESS[exchange.stage]
    return f"Reading {counted(len(exchange.hits), 'passage')}…"


def _figures(exchange: Exchange, answer: Answer) -> str:
    """How sure the answer is and how long it took; behind that, what each stage did, open where it is said wrong."""
    # What needed no document took no time, and no stage, that anybody would ask after.
    if answer.kind in ASIDES:
        return '<p class="fn-status"></p>'
    figures = [f"Confidence {answer.confidence:.0%}"] if answer.answered else []
    if "total" in answer.timings:
        figures.append(f"{answer.timings['total']:.1f} s")
    opened = " open" if exchange.liked is False else ""
    return (
        f'<details class="fn-status"{opened}><summary>{" · ".join(figures) or "What was done"}</summary>'
        f"{_stages(answer)}</details>"
    )


def _stages(answer: Answer) -> str:
    """What each stage did, in the order in which they are run."""
    usage = answer.usage
    found = "".join(
        f"<li>{escape(shortened(hit.passage.text, _LINK_CHARACTERS))} "
        f'<span class="fn-from">{escape(hit.passage.source)}</span></li>'
        for hit in answer.hits
    )
    sentences = "".join(
        f"<li>{escape(claim.text)} <span class='fn-from'>carried {claim.support:.0%}, confidence {claim.confidence:.0%}"
        f"{_features(claim)}</span></li>"
        for claim in answer.claims
    )
    seconds = " · ".join(f"{escape(name)} {value:.2f}" for name, value in answer.timings.items())
    told = {
        "Read as": escape(answer.query),
        "Found": f"<ol>{found}</ol>" if found else "nothing",
        "Asked": f"{escape(usage.model)}, {counted(usage.calls, 'time')}: {usage.prompt_tokens:,} tokens read, "
        f"{usage.cached_tokens:,} of them before; {usage.completion_tokens:,} written",
        "Stands": f"<ol>{sentences}</ol>" if sentences else "nothing",
        "Decided": escape(answer.reason or "answered"),
        "Seconds": seconds,
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{what}</dd>' for name, what in told.items() if what)}</dl>"


def _features(claim: Claim) -> str:
    """What the confidence was computed from."""
    named = ", ".join(f"{escape(name)} {value:.3g}" for name, value in claim.features.items())
    return f" from {named}" if named else ""


def _refusal(answer: Answer, exchange: Exchange, actions: str) -> str:
    links = "".join(f"<li>{_passage_link(place)}</li>" for place in exchange.places if not place.cited)
    near = f'<p class="fn-near">The nearest passages, should they help:</p><ol class="fn-links">{links}</ol>'
    said = f" {NEAREST}</p>{_words(exchange)}" if answer.claims else "</p>"
    return (
        f'<div class="fn-reply fn-refusal"><p class="fn-kind">{_REFUSED}</p>'
        f'<p class="fn-words">{escape(answer.reason or answer.text)}{said}'
        f"{near if links else ''}{_figures(exchange, answer)}{actions}</div>"
    )


def _passage_link(place: Place) -> str:
    page = f", page {place.page}" if place.page else ""
    return (
        f'<a class="fn-link" href="#{place.key}" data-fn="{place.key}">'
        f"{escape(shortened(place.quote, _LINK_CHARACTERS))}</a> "
        f'<span class="fn-from">{escape(place.source)}{page}</span>'
    )


def _failure(why: str, actions: str) -> str:
    return (
        '<div class="fn-reply fn-failure" role="alert"><p class="fn-kind">That didn’t work</p>'
        f'<p class="fn-words">{escape(why)}</p>'
        f'<p class="fn-status">Your question is back in the box, to ask again.</p>{actions}</div>'
    )
