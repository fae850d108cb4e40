import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.llm import Model
from assistant.types import Claim, Found, Said, Settled, Usage, Working
from assistant.web import export, lists, render, source, stored
from assistant.web.conversation import WARMING, Conversation, Exchange, Place, Waiting
from assistant.web.store import Entry
from index.types import Document, Span
from tests.fakes import ScriptedLLM, document
from tests.test_web_conversation import HITS, OPENED, SELLS, answer, refusal

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</mark></section><svg/onload=alert(1)>",
    "<style>*{display:none}</style><!-- <![CDATA[",
    "javascript:alert(1)",
    "${alert(1)} {{alert(1)}} {{{value}}} #{1} <%= 1 %>",
    "![x](http://elsewhere.example/x.png) <b>bold</b> **bold** $$x$$",
    "&lt;script&gt; &amp;amp; &#13; &nosuch;",
    "\0\r\n\x1b[31m\u202e\u2028\ufeff",
)
TAGS = {
    "a",
    "b",
    "button",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "h2",
    "i",
    "li",
    "mark",
    "nav",
    "ol",
    "p",
    "section",
    "span",
    "summary",
    "sup",
    "ul",
}
ATTRIBUTES = {
    *("aria-label", "class", "data-asked", "data-back", "data-fn", "data-goto", "data-label", "data-marks"),
    *("data-quote", "data-source", "href", "id", "role", "aria-current", "aria-pressed", "data-chat", "data-current"),
    *("data-do", "data-kind", "data-liked", "data-name", "data-number", "data-serial", "data-text", "title", "type"),
    *("data-document", "data-place", "data-question", "data-page", "data-removed", "data-title", "open"),
}

texts = st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE), st.text("<>&\"'/=ab \n\r", max_size=60))


class Parsed(HTMLParser):
    """HTML as a browser would see it: its text, the text within each mark, its tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.marks: dict[str, str] = {}
        self.links: list[dict[str, str]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        values = {name: value or "" for name, value in attrs}
        assert values.keys() <= ATTRIBUTES
        if tag == "a":
            assert re.fullmatch(r"#([ap]\d+-\d+)?|\?chat=[\w-]+", values["href"])
            self.links.append(values)
        self._open.append((tag, values.get("data-marks", "").split()))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for key in (key for _, keys in self._open for key in keys):
            self.marks[key] = self.marks.get(key, "") + data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


@st.composite
def texts_with_places(draw: st.DrawFn) -> tuple[str, list[Place]]:
    text = draw(texts)
    points = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(points, points).filter(lambda span: span[0] < span[1]), max_size=6 if text else 0))
    places = [place(text, start, end, label) for label, (start, end) in enumerate(spans, start=1)]
    return text, places


def place(text: str, start: int, end: int, label: int = 1, of: Document | None = None) -> Place:
    of = of or document(text)
    return Place(f"a1-{label}", label, start, end, text[start:end], of.id, of.sha256, of.source, None)


def shown(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


@given(texts)
def test_escaped_text_is_text_and_nothing_else(text: str) -> None:
    assert Parsed(f"<p>{render.escape(text)}</p>").text == shown(text)
    assert Parsed(f'<a href="#" aria-label="{render.escape(text)}"></a>').links[0]["aria-label"] == shown(text)


def test_what_json_cannot_carry_is_replaced() -> None:
    assert render.escape("a\ud800b") == "a?b"


@given(texts_with_places(), st.data())
def test_marks_change_nothing_of_the_text_and_hold_their_words(
    case: tuple[str, list[Place]], data: st.DataObject
) -> None:
    text, places = case
    pages = sorted(data.draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=3)))
    parsed = Parsed(source.marked(text, places, pages=pages))
    assert parsed.text == shown(text)
    assert parsed.marks == {place.key: shown(place.quote) for place in places}
    assert sorted(link["data-back"] for link in parsed.links) == sorted(place.key for place in places)


def test_overlapping_footnotes_are_both_marked() -> None:
    text = "one two three"
    html = source.marked(text, [place(text, 0, 7, 1), place(text, 4, 13, 2)])
    assert re.sub("<a[^>]*></a>", "", html) == (
        '<mark class="fn-tint-1" data-marks="a1-1">one </mark>'
        '<mark class="fn-tint-2" data-marks="a1-1 a1-2">two</mark>'
        '<mark class="fn-tint-2" data-marks="a1-2"> three</mark>'
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_document_is_shown_as_it_is(hostile: str) -> None:
    text = f"{hostile}\n\n{hostile} said the {hostile}"
    name = f"{hostile}.txt"
    hostile_document = replace(document(text, name), title=hostile)
    parsed = Parsed(source.pane(hostile_document, [place(text, 2, len(text) - 1, of=hostile_document)], "a1-1"))
    assert shown(text) in parsed.text
    assert shown(name) in parsed.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_in_a_conversation_are_shown_as_they_are(hostile: str) -> None:
    text = f"{hostile} and so on"
    words = Said("", Claim(hostile, (1,), 1.0, 0.9), OPENED.citations)
    quoted = place(text, 0, len(text), of=document(text, hostile))
    for html in (
        render.question(Exchange(1, hostile)),
        render.reply(Exchange(1, "Who?").told(words)),
        render.reply(Exchange(1, "Who?").told(Settled(answer(words)))),
        render.reply(Exchange(1, "Who?", failure=hostile)),
        render.reply(Exchange(1, "Who?").told(Settled(replace(refusal(), reason=hostile)))),
        render.reply(Exchange(1, "Who?").told(Settled(answer(kind="chat", text=hostile)))),
        render.reply(Exchange(1, "Who?").told(Settled(answer(OPENED, query=hostile)))),
        render.welcome([hostile]),
        render.where(Model(ScriptedLLM(), hostile, "there")),
        render.where(Model(ScriptedLLM(), "model", hostile)),
        lists.chats([Entry("c1", hostile, 0.0)], None),
        lists.chat_head(hostile),
        lists.chat_head(None, hostile),
        source.note(hostile),
    ):
        assert shown(hostile) in Parsed(html).text
    assert Parsed(render.file(hostile, hostile, 1)).text == ""
    link = Parsed(render.footnote(quoted)).links[0]
    assert link["data-source"] == shown(hostile)
    assert link["data-quote"] == shown(" ".join(text.split()))


def test_a_sentence_is_followed_by_its_footnotes() -> None:
    parsed = Parsed(render.reply(Exchange(4, "Who?").told(OPENED).told(SELLS)))
    assert parsed.text.startswith("Anna Berg opened it.1 It sells bread.2")
    assert [link["data-fn"] for link in parsed.links] == ["a4-1", "a4-2"]
    assert parsed.links[0]["aria-label"] == "Footnote 1: Anna Berg opened the bakery in 1987. (d.txt)"


def test_a_footnote_names_the_page() -> None:
    paged = replace(Exchange(1, "Who?").told(OPENED).places[0], page=7)
    assert Parsed(render.footnote(paged)).links[0]["data-source"] == "d.txt, page 7"


def test_tints_repeat_after_the_last_one() -> None:
    assert [render.tint(label) for label in (1, 2, render.TINTS, render.TINTS + 1)] == [1, 2, render.TINTS, 1]


def test_an_answer_says_how_sure_it_is_and_how_long_it_took() -> None:
    settled = Exchange(1, "Who?").told(Settled(answer(OPENED, timings={"total": 1.234})))
    assert "Confidence 90% · 1.2 s" in Parsed(render.reply(settled)).text


def test_of_an_answer_one_can_say_whether_it_is_right_and_of_the_newest_what_to_do() -> None:
    settled = replace(Exchange(3, "Who?").told(Settled(answer(OPENED))), liked=False)
    assert pressed(render.reply(settled)) == {
        "like_answer true": "false",
        "like_answer false": "true",
        "keep_marked": None,
        "keep_unanswered": None,
    }
    right = list(pressed(render.reply(replace(settled, liked=True), newest=True)))
    assert right == ["like_answer true", "like_answer false", "keep_gold", "ask_again", "edit_question"]
    assert "keep_gold" not in pressed(render.reply(replace(settled, liked=True, gold=True)))
    assert pressed(render.reply(Exchange(3, "Who?").told(OPENED), newest=True)) == {}
    assert list(pressed(render.reply(Exchange(3, "Who?", stopped=True), newest=True))) == ["ask_again", "edit_question"]


def test_what_each_stage_did_is_told_and_stands_open_where_the_answer_is_said_wrong() -> None:
    usage = Usage("small", prompt_tokens=3804, cached_tokens=3749, completion_tokens=15, calls=2)
    told = answer(OPENED, query="Who opened the bakery?", usage=usage, timings={"search": 0.25, "total": 1.0})
    settled = Exchange(1, "Who?").told(Settled(told))
    text = Parsed(render.reply(settled)).text
    for what in ("Who opened the bakery?", "3,804 tokens read, 3,749 of them before; 15 written", "search 0.25"):
        assert what in text
    assert "carried 100%, confidence 90%" in text
    assert "<details" in render.reply(settled)
    assert " open>" not in render.reply(settled)
    assert " open>" in render.reply(replace(settled, liked=False))


def test_questions_to_begin_with_are_buttons() -> None:
    assert 'data-do="ask_suggested" data-question="Who?"' in render.welcome(["Who?"])
    assert "<ul>" not in render.welcome([])


def pressed(html: str) -> dict[str, str | None]:
    """What can be done, and whether that is pressed."""
    found = re.findall(r"<button([^>]*)>", html)
    buttons = [dict(re.findall(r'([\w-]+)="([^"]*)"', one)) for one in found]
    return {" ".join(filter(None, (one["data-do"], one.get("data-liked")))): one.get("aria-pressed") for one in buttons}


def test_conversations_are_listed_with_the_open_one_marked() -> None:
    html = lists.chats([Entry("c2", "What?", 1.0), Entry("c1", "Who?", 0.0)], "c1", undo="c3")
    assert [link["data-chat"] for link in Parsed(html).links] == ["c2", "c1"]
    assert [link.get("aria-current") for link in Parsed(html).links] == [None, "true"]
    assert 'data-do="restore_chat" data-chat="c3"' in html
    assert 'data-current="c1"' in html
    assert "kept here" in lists.chats([], None)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_conversation_as_markdown_is_words_and_no_markup(hostile: str) -> None:
    hostile = hostile.replace("\0", "")
    words = Said("", Claim(hostile, (1,), 1.0, 0.9), OPENED.citations)
    conversation = Conversation((Exchange(1, hostile).told(Settled(answer(words))), Exchange(2, "x", failure=hostile)))
    html = MarkdownIt("commonmark", {"html": True}).render(export.markdown(hostile, conversation))
    parsed = Rendered(html)
    assert parsed.tags <= {"h1", "h2", "p", "em"}
    assert parsed.text.count(" ".join(hostile.split())) == 4


class Rendered(HTMLParser):
    """The text and the tags of what Markdown was made into."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", set[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_conversation_is_taken_away_with_its_quotes_and_offsets() -> None:
    conversation = Conversation((Exchange(1, "Who?", hits=HITS).told(Settled(answer(OPENED, SELLS))),))
    name, text = export.file("Who? / What: a..b", conversation, "md")
    assert name == "Who What a b.md"
    assert "Anna Berg opened it.[^1-1] It sells bread.[^1-2]" in text
    assert "[^1-2]: “It sells forty kinds of bread.” — d.txt, characters 37–67" in text
    name, text = export.file(None, conversation, "json")
    assert name == "Conversation.json"
    (exchange,) = json.loads(text)["exchanges"]
    assert stored.loads(1, json.dumps(exchange)) == conversation.exchanges[0]


def test_what_needed_no_document_is_shown_without_seconds() -> None:
    chat = answer(kind="chat", text="Hello. Ask me.", citations=(), claims=(), timings={"total": 0.001})
    assert Parsed(render.reply(Exchange(1, "Hi").told(Settled(chat)))).text == "Hello. Ask me."


def test_a_refusal_gives_its_reason_and_leads_to_the_nearest_passages() -> None:
    parsed = Parsed(render.reply(Exchange(5, "Who?").told(Settled(refusal()))))
    assert "No answer found" in parsed.text
    assert "They don't say." in parsed.text
    assert [link["data-fn"] for link in parsed.links] == ["p5-1", "p5-2", "p5-3"]
    assert "Confidence" not in parsed.text


def test_a_rebuttal_quotes_what_the_documents_say_instead() -> None:
    rebuttal = answer(OPENED, kind="rebuttal", reason="They don't say.", text="They don't say. What they do say: …")
    parsed = Parsed(render.reply(Exchange(5, "Who?").told(Settled(rebuttal))))
    assert "No answer found" in parsed.text
    assert "They don't say. What they do say:Anna Berg opened it." in parsed.text
    assert [link["data-fn"] for link in parsed.links] == ["a5-1", "p5-1", "p5-2", "p5-3"]
    assert "Confidence" not in parsed.text


def test_a_refusal_without_passages_promises_none() -> None:
    nothing = replace(refusal(), hits=())
    assert "nearest" not in render.reply(Exchange(5, "Who?").told(Settled(nothing)))


def test_an_error_says_that_the_question_can_be_asked_again() -> None:
    text = Parsed(render.reply(Exchange(1, "Who?", failure="no model at 127.0.0.1; start it"))).text
    assert "no model at 127.0.0.1; start it" in text
    assert "back in the box" in text


def test_progress_is_told() -> None:
    exchange = Exchange(1, "Who?")
    assert "reads the documents once" in render.reply(exchange.told(Working(WARMING)))
    reading = exchange.told(Found("Who?", HITS)).told(Working("read"))
    assert [Parsed(render.reply(one)).text for one in (
        exchange,
        exchange.told(Waiting(1)),
        exchange.told(Waiting(2)),
        exchange.told(Working("search")),
        reading,
    )] == [
        "Searching…",
        "Waiting: 1 question before this one…",
        "Waiting: 2 questions before this one…",
        "Searching…",
        "Reading 5 passages…",
    ]  # fmt: skip
    assert Parsed(render.reply(reading.told(OPENED))).text == "Anna Berg opened it.1Checking the next sentence…"
    stopped = Conversation((reading,)).stopped().last
    assert stopped is not None
    assert Parsed(render.reply(stopped)).text == "Stopped."


def test_long_passages_are_cut_at_a_word() -> None:
    assert render.shortened("one two\nthree", 20) == "one two three"
    assert render.shortened("one two three", 9) == "one two…"
    assert render.shortened("onetwothree", 5) == "onetw…"


def test_where_text_goes_is_said() -> None:
    local = Model(ScriptedLLM(), "tiny", "this machine")
    local.embedded = True
    assert Parsed(render.where(local)).text == "Answers by tiny on this machine. Nothing leaves it."
    away = render.where(Model(ScriptedLLM(), "big", "api.example.com"))
    assert Parsed(away).text == "Answers by big. Questions and the passages found are sent to api.example.com."


def test_a_title_that_the_text_begins_with_is_not_repeated() -> None:
    titled = replace(document("\nThe bakery\n\nIt opened."), title="The bakery")
    assert Parsed(source.pane(titled, ())).text.count("The bakery") == 1
    assert '<span class="fn-heading">\nThe bakery</span>' in source.pane(titled, ())
    untitled = replace(document("It opened."), title="The bakery")
    assert '<h2 class="fn-heading">The bakery</h2>' in source.pane(untitled, ())


def test_the_title_of_a_markdown_file_is_its_heading() -> None:
    titled = replace(document("# The bakery\n\nIt opened."), title="The bakery")
    assert Parsed(source.pane(titled, ())).text.count("The bakery") == 1
    assert '<span class="fn-heading"># The bakery</span>' in source.pane(titled, ())


def test_pages_are_numbered_where_they_begin() -> None:
    text = "One page.Another page."
    paged = replace(document(text), pages=(Span(0, 9), Span(9, 9), Span(9, 22)))
    html = source.pane(paged, [place(text, 4, 16, of=paged)], "a1-1")
    first, third = '<span class="fn-page" data-page="1"></span>', '<span class="fn-page" data-page="3"></span>'
    assert html.count("fn-page") == html.count(first) + html.count(third) == 2
    assert html.index(first) < html.index("One ") < html.index(third) < html.index("Another")
    assert Parsed(html).marks == {"a1-1": "page.Another"}


def test_words_that_no_longer_stand_are_not_marked() -> None:
    before = document("Anna opened it.")
    cited = place(before.text, 0, 4, of=before)
    changed = replace(document("Anna closed it."), id=before.id)
    html = source.pane(changed, [cited], "a1-1")
    assert Parsed(html).marks == {}
    assert "has changed since" in html
    assert "has changed since" not in source.pane(before, [cited], "a1-1")


def test_places_of_other_documents_are_left_out() -> None:
    here, there = document("Anna opened it.", "a.txt"), document("Anna opened it.", "b.txt")
    html = source.pane(here, [place(there.text, 0, 4, of=there)])
    assert Parsed(html).marks == {}
    assert "has changed since" not in html


def test_the_pane_says_where_to_scroll_and_who_asked() -> None:
    text = "Anna opened it."
    one = place(text, 0, 4)
    assert 'data-goto="a1-1"' in source.pane(document(text), [one], "a1-1")
    assert "data-asked" not in source.pane(document(text), [one], "a1-1")
    assert "data-asked" in source.pane(document(text), [one], "a1-1", asked=True)
