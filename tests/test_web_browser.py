"""The page in a real browser."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

from assistant import llm
from assistant.core import Assistant, open_shipped, shipped_files
from assistant.errors import ModelUnreachable
from assistant.settings import Settings
from assistant.web import holdings, server
from eval import suite
from index import Index
from tests import index_fakes
from tests.browser import PATIENCE, launched
from tests.chroma_server import free_port
from tests.fakes import AnsweringLLM, ScriptedLLM
from tests.test_index_embedding import Failing, slow
from tests.test_web_render import HOSTILE

# The embedded model may have to be loaded, and to read the article on a busy machine.
MODEL_PATIENCE = 240_000

QUESTION = "Who is Japan's foreign minister?"
MINISTER = "The foreign minister is Fumio Kishida."
TROOPS = "The United States has around 47,000 service personnel stationed in Japan."
MINISTER_QUOTE = (
    "The guideline revisions the two men were discussing Wednesday will be officially completed in Washington at the "
    "end of April, when Abe visits the US, along with Nakatani and Foreign Minister Fumio Kishida."
)
NOT_STATED = "Not stated."
BAKERY = "Anna Berg opened the bakery in 1987."

# How many footnotes stand left of the last character of their sentence.
WRAPPED_AWAY = """[...document.querySelectorAll(".fn-words > span")].filter(sentence => {
    const text = sentence.firstChild, last = document.createRange();
    last.setStart(text, text.length - 1);
    last.setEnd(text, text.length);
    return sentence.querySelector(".fn-note").getBoundingClientRect().left < last.getBoundingClientRect().left;
}).length"""

WATCH_FOR_JUMPS = (
    "window.shift = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) "
    "window.shift += entry.value }).observe({type: 'layout-shift'})"
)

Opener = Callable[..., Page]


class Ready(Assistant):
    """Reads nothing beforehand: a script has no reply for that."""

    def warm(self) -> None:
        """Do nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def opened(browser: Browser, article: Index) -> Iterator[Opener]:
    """Opens the page with a model that says what the test wants, over the article unless another index is given."""
    with ExitStack() as stack:

        def open_page(
            model: ScriptedLLM, index: Index = article, *, one_at_a_time: bool = False, **context: Any
        ) -> Page:
            wrapped = llm.wrap(model)
            wrapped.embedded = one_at_a_time
            address = stack.enter_context(served(Ready(index, wrapped, Settings(risk=1))))
            return stack.enter_context(visited(browser, address, **context))

        yield open_page


@pytest.fixture
def bakery(tmp_path: Path) -> Iterator[Index]:
    """An index of two documents, one of which is hostile."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "bakery.md").write_text("# The bakery\n\nAnna Berg opened the bakery in 1987.\n", "utf-8")
    sentence = (
        'The <img src="http://elsewhere.example/x.png" onerror="alert(1)"> mill <script>alert(1)</script> is old.'
    )
    (folder / "mill.txt").write_text("\n\n".join([sentence, *HOSTILE]).replace("\0", ""), "utf-8")
    with Index.open(tmp_path / "index", index_fakes.model()) as index:
        index.add(folder)
        yield index


def served(assistant: Assistant) -> Any:
    def opener(path: Path) -> Index:
        return Index.open(path, index_fakes.model())

    return server.running(assistant, host="127.0.0.1", port=None, open_browser=False, opener=opener)


@contextmanager
def visited(browser: Browser, address: str, **context: Any) -> Iterator[Page]:
    """The page, once it can be used. It may raise no error and ask nothing of another host."""
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(f"a dialog says {dialog.message}"))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(address)
    expect(box(page)).to_be_visible()
    expect(page.locator(".fn-document")).to_be_attached()
    yield page
    page.context.close()
    assert errors == []
    # Addresses such as data: and blob: have no host.
    assert hosts - {""} == {urlsplit(address).netloc}


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your question")


def pane(page: Page) -> Locator:
    return page.get_by_role("region", name="Source")


def ask(page: Page, question: str = QUESTION) -> None:
    box(page).fill(question)
    box(page).press("Enter")


def conversations(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Conversations")


def make_collection(page: Page, title: str) -> Locator:
    """Make a collection where the panel is open; the field of its name, to be filled again by a rename."""
    page.get_by_role("button", name="New collection").click()
    name = page.get_by_role("textbox", name="Name of the collection")
    name.fill(title)
    name.press("Enter")
    return name


def footnote(page: Page, key: str) -> Locator:
    return page.locator(f'[data-fn="{key}"]')


def words(page: Page, key: str) -> str:
    """The words that are marked for a footnote."""
    return "".join(page.locator(f'[data-marks~="{key}"]').all_text_contents())


def said(page: Page, text: str) -> Locator:
    """A sentence of an answer."""
    return page.locator(".fn-words").get_by_text(text)


def marks(page: Page, key: str) -> Locator:
    return page.locator(f'[data-marks~="{key}"]').first


def answered(page: Page, times: int = 1) -> None:
    expect(page.get_by_text(re.compile(r"^(Confidence.*)?\d\.\d s$"))).to_have_count(times)


@pytest.mark.models
def test_the_embedded_model_answers_and_its_footnote_leads_to_the_words(browser: Browser) -> None:
    with open_shipped() as assistant, served(assistant) as address, visited(browser, address) as page:
        expect(page.get_by_text("on this machine")).to_be_visible()
        ask(page)
        note = footnote(page, "a1-1")
        expect(note).to_be_visible(timeout=MODEL_PATIENCE)
        expect(page.get_by_text("Fumio Kishida").first).to_be_visible()
        note.click()
        expect(marks(page, "a1-1")).to_be_in_viewport()
        document = assistant.index.documents()[0]
        assert words(page, "a1-1") in document.text
        assert words(page, "a1-1") == note.get_attribute("data-quote")


def test_sentences_appear_one_by_one(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"], pause=0.3))
    ask(page)
    expect(page.locator(".fn-question")).to_have_text([QUESTION])
    expect(page.get_by_text("Reading")).to_be_visible()
    seconds = "getComputedStyle(document.querySelector('.fn-working'), '::after').getPropertyValue('--fn-seconds')"
    assert page.evaluate(seconds).isdecimal()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(said(page, MINISTER)).to_be_visible()
    expect(page.get_by_text("Checking the next sentence")).to_be_visible()
    expect(said(page, TROOPS)).to_have_count(0)
    expect(said(page, TROOPS)).to_be_visible()
    answered(page)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_a_footnote_leads_to_its_words_and_back(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"]), viewport={"width": 1000, "height": 400})
    ask(page)
    answered(page)
    assert words(page, "a1-1") == MINISTER_QUOTE
    footnote(page, "a1-2").click()
    expect(marks(page, "a1-2")).to_be_in_viewport()
    expect(marks(page, "a1-2")).to_have_class(re.compile("fn-flash"))
    expect(marks(page, "a1-1")).not_to_be_in_viewport()
    page.get_by_role("link", name="Back to footnote 2").press("Enter")
    expect(footnote(page, "a1-2")).to_be_focused()


def test_footnotes_work_from_the_keyboard(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"]), viewport={"width": 1000, "height": 400})
    ask(page)
    answered(page)
    page.get_by_role("link", name=re.compile("Footnote 2: The United States has around 47,000")).press("Enter")
    expect(marks(page, "a1-2")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Back to footnote 2")).to_be_focused()


def test_arrows_lead_from_one_footnote_to_the_next(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"]))
    ask(page)
    answered(page)
    footnote(page, "a1-1").focus()
    page.keyboard.press("ArrowRight")
    expect(footnote(page, "a1-2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Back to footnote 2")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("link", name="Back to footnote 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(footnote(page, "a1-1")).to_be_focused()


def test_what_was_found_is_in_the_pane_while_the_model_still_writes(opened: Opener) -> None:
    page = opened(ScriptedLLM([MINISTER], pause=0.6))
    ask(page)
    expect(marks(page, "p1-1")).to_be_in_viewport()
    expect(page.locator(".fn-reply")).to_contain_text("Reading")
    answered(page)
    expect(page.locator(".fn-document mark.fn-nearby")).to_have_count(0)
    expect(marks(page, "a1-1")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_stands_in_the_way_of_those_who_cannot_see_or_point(opened: Opener, scheme: str, width: int) -> None:
    model = ScriptedLLM([f"{MINISTER} {TROOPS}", NOT_STATED])
    page = opened(model, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert violations(page) == []
    ask(page)
    answered(page)
    ask(page, "How old is Gen Nakatani?")
    expect(page.get_by_text("No answer found")).to_be_visible()
    page.get_by_role("button", name="This is wrong").first.click()
    page.get_by_role("button", name="Conversations and documents").click()
    expect(conversations(page)).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    footnote(page, "a1-2").click()
    expect(marks(page, "a1-2")).to_be_in_viewport()
    assert violations(page) == []


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe-core finds: the rule, and the first element that breaks it."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


def test_hovering_shows_the_quote_and_its_source(opened: Opener) -> None:
    page = opened(ScriptedLLM([MINISTER]))
    ask(page)
    answered(page)
    card = page.locator("#fn-card")
    expect(card).to_be_hidden()
    footnote(page, "a1-1").hover()
    expect(card).to_be_visible()
    expect(card).to_contain_text(MINISTER_QUOTE)
    expect(card).to_contain_text(shipped_files()[0].name)
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_the_answer_scrolls_its_words_into_view_but_not_the_page(opened: Opener) -> None:
    page = opened(ScriptedLLM([TROOPS]), viewport={"width": 1000, "height": 500})
    scrolled = "document.getElementById('fn-pane').scrollTop"
    assert page.evaluate(scrolled) == 0
    ask(page)
    answered(page)
    expect(marks(page, "a1-1")).to_be_in_viewport()
    assert page.evaluate(scrolled) > 0
    assert page.evaluate("scrollY") == 0
    expect(box(page)).to_be_focused()


def test_a_footnote_of_an_earlier_answer_still_leads_to_its_words(opened: Opener) -> None:
    page = opened(ScriptedLLM([MINISTER, TROOPS]), viewport={"width": 1280, "height": 800})
    ask(page)
    answered(page)
    ask(page, "How many US service personnel are stationed in Japan?")
    answered(page, times=2)
    expect(marks(page, "a2-1")).to_be_in_viewport()
    assert words(page, "a1-1") == ""
    footnote(page, "a1-1").click()
    expect(marks(page, "a1-1")).to_be_in_viewport()
    assert words(page, "a1-1") == MINISTER_QUOTE
    assert words(page, "a2-1") == ""


def test_a_suggested_question_is_asked_with_one_click(opened: Opener) -> None:
    model = ScriptedLLM([MINISTER])
    page = opened(model)
    page.get_by_role("button", name=QUESTION).click()
    answered(page)
    assert QUESTION in model.prompt()


def test_questions_to_begin_with_are_made_of_the_documents(opened: Opener, bakery: Index) -> None:
    question = "When did Anna Berg open the bakery?"
    page = opened(AnsweringLLM(lambda said: question if said.startswith("Document: ") else BAKERY), bakery)
    page.get_by_role("button", name="Suggest questions").click()
    page.get_by_role("button", name=question).click()
    answered(page)
    expect(said(page, BAKERY)).to_be_visible()


def test_a_refusal_says_why_and_offers_the_nearest_passages(opened: Opener) -> None:
    page = opened(ScriptedLLM([NOT_STATED]))
    ask(page, "How old is Gen Nakatani?")
    expect(page.get_by_text("No answer found")).to_be_visible()
    expect(said(page, "No answer to this was found")).to_be_visible()
    link = footnote(page, "p1-2")
    link.click()
    expect(marks(page, "p1-2")).to_be_in_viewport()
    assert " ".join(words(page, "p1-2").split()).startswith(link.inner_text().rstrip("…"))


def test_an_error_is_told_and_the_question_can_be_asked_again(opened: Opener) -> None:
    page = opened(ScriptedLLM([ModelUnreachable("nothing answers at localhost:1; is the server running?"), MINISTER]))
    ask(page)
    expect(page.get_by_text("nothing answers at localhost:1; is the server running?")).to_be_visible()
    expect(box(page)).to_have_value(QUESTION)
    box(page).press("Enter")
    expect(said(page, MINISTER)).to_be_visible()
    expect(box(page)).to_have_value("")


def test_an_unforeseen_error_is_told_without_its_text(opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    page = opened(ScriptedLLM([ZeroDivisionError("a secret"), MINISTER]))
    ask(page)
    expect(page.get_by_text("Something went wrong")).to_be_visible()
    expect(page.get_by_text("a secret")).to_have_count(0)
    assert "a secret" in caplog.text


def test_an_empty_question_does_nothing(opened: Opener) -> None:
    model = ScriptedLLM([MINISTER])
    page = opened(model)
    ask(page, "   ")
    page.get_by_role("button", name="Ask", exact=True).click()
    ask(page)
    answered(page)
    assert len(model.calls) == 1
    expect(page.locator(".fn-question")).to_have_text([QUESTION])


def test_stopping_ends_the_work(opened: Opener) -> None:
    model = ScriptedLLM([f"{MINISTER} {TROOPS}", TROOPS], pause=0.2)
    page = opened(model)
    ask(page)
    expect(said(page, MINISTER)).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(said(page, MINISTER)).to_be_visible()
    wait_until(page, lambda: model.closed == 1)
    ask(page, "How many US service personnel are stationed in Japan?")
    expect(said(page, TROOPS)).to_be_visible()
    expect(page.get_by_text("Stopped.")).to_be_visible()


def test_a_question_that_is_typed_meanwhile_is_asked_next_unless_that_is_taken_back(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}", f"{TROOPS} {MINISTER}"], pause=0.2))
    troops = "How many US service personnel are stationed in Japan?"
    waiting = page.get_by_text("Asked as soon as this answer is there.")
    ask(page)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    ask(page, troops)
    expect(waiting).to_be_visible()
    expect(page.locator(".fn-question")).to_have_text([QUESTION, troops])
    expect(waiting).to_have_count(0)
    expect(box(page)).to_have_value("")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    ask(page, "Who is Kishida?")
    expect(waiting).to_be_visible()
    box(page).press("Escape")
    answered(page, 2)
    expect(page.locator(".fn-question")).to_have_text([QUESTION, troops])
    expect(box(page)).to_have_value("Who is Kishida?")


@pytest.mark.parametrize("elsewhere", ["Stop", "New chat"])
def test_a_question_that_waits_is_asked_nowhere_else(opened: Opener, elsewhere: str) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"], pause=0.2))
    ask(page)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    ask(page, "How many US service personnel are stationed in Japan?")
    expect(page.get_by_text("Asked as soon as this answer is there.")).to_be_visible()
    page.get_by_role("button", name=elsewhere).click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(page.get_by_text("Asked as soon as this answer is there.")).to_have_count(0)
    expect(box(page)).to_have_value("How many US service personnel are stationed in Japan?")
    expect(page.locator(".fn-question")).to_have_count(1 if elsewhere == "Stop" else 0)


def test_a_question_that_comes_before_the_model_is_ready_waits_and_says_so(browser: Browser, article: Index) -> None:
    ready = threading.Event()

    class Slow(Assistant):
        def warm(self) -> None:
            assert ready.wait(PATIENCE)

    slow_one = Slow(article, llm.wrap(ScriptedLLM([MINISTER])), Settings(risk=1))
    with served(slow_one) as address, visited(browser, address) as page:
        ask(page)
        expect(page.get_by_text("reads the documents once for all questions")).to_be_visible()
        ready.set()
        answered(page)


def test_closing_the_tab_ends_the_work(opened: Opener) -> None:
    model = ScriptedLLM([f"{MINISTER} {TROOPS} " * 20], pause=0.2)
    page = opened(model)
    ask(page)
    expect(said(page, MINISTER)).to_be_visible()
    page.goto("about:blank")
    wait_until(page, lambda: model.closed == 1)


def test_questions_wait_in_line_and_say_so(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}", TROOPS], pause=0.2), one_at_a_time=True)
    second = page.context.new_page()
    second.goto(page.url)
    ask(page)
    expect(page.get_by_text("Reading")).to_be_visible()
    ask(second)
    expect(second.get_by_text("Waiting: 1 question before this one…")).to_be_visible()
    expect(said(page, TROOPS)).to_be_visible()
    expect(said(second, TROOPS)).to_be_visible()


def test_a_new_chat_forgets_the_old_one(opened: Opener) -> None:
    model = ScriptedLLM([MINISTER, TROOPS])
    page = opened(model)
    ask(page)
    answered(page)
    page.get_by_role("button", name="New chat").click()
    expect(said(page, MINISTER)).to_have_count(0)
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    assert words(page, "a1-1") == ""
    ask(page, "How many of them are there?")
    answered(page)
    assert len(model.calls) == 2
    assert "Kishida" not in model.prompt().rpartition("</document>")[2]


def test_a_conversation_goes_on_after_a_reload_and_after_a_restart(browser: Browser, article: Index) -> None:
    model = ScriptedLLM([MINISTER, TROOPS, MINISTER])
    with served(scripted(article, model)) as first, visited(browser, first) as page:
        ask(page)
        answered(page)
        kept = urlsplit(page.url).query
        assert kept.startswith("chat=")
        page.reload()
        expect(said(page, MINISTER)).to_be_visible()
        assert words(page, "a1-1") == MINISTER_QUOTE
        ask(page, "How many service personnel are in Japan?")
        answered(page, 2)
        assert urlsplit(page.url).query == kept
    with served(scripted(article, model)) as second, visited(browser, f"{second}?{kept}") as page:
        expect(page.locator(".fn-reply")).to_have_count(2)
        footnote(page, "a1-1").click()
        expect(marks(page, "a1-1")).to_be_in_viewport()
        page.get_by_role("button", name="New chat").click()
        expect(said(page, MINISTER)).to_have_count(0)
        assert urlsplit(page.url).query == ""
        page.get_by_role("button", name="Conversations").click()
        conversations(page).get_by_role("link", name=QUESTION).click()
        expect(page.locator(".fn-reply")).to_have_count(2)
        assert urlsplit(page.url).query == kept


def scripted(index: Index, model: ScriptedLLM) -> Assistant:
    return Assistant(index, llm.wrap(model), Settings(risk=1))


def test_a_conversation_is_renamed_deleted_and_had_back(opened: Opener) -> None:
    page = opened(ScriptedLLM([MINISTER]))
    ask(page)
    answered(page)
    page.get_by_role("button", name="Rename").click()
    name = page.get_by_role("textbox", name="Name of the conversation")
    name.fill("<b>The talks</b>")
    name.press("Enter")
    title = page.get_by_role("heading", name="<b>The talks</b>")
    expect(title).to_be_visible()
    page.get_by_role("button", name="Conversations").click()
    expect(conversations(page).get_by_role("link", name="<b>The talks</b>")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(title).to_have_count(0)
    expect(said(page, MINISTER)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(title).to_be_visible()
    expect(said(page, MINISTER)).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(title).to_have_count(0)
    page.get_by_role("button", name="New chat").click()
    conversations(page).get_by_text("Deleted (1)").click()
    conversations(page).get_by_role("button", name="Delete for good").click()
    expect(conversations(page).get_by_role("button", name="really delete?")).to_be_visible()
    conversations(page).get_by_role("button", name="Restore <b>The talks</b>").click()
    expect(said(page, MINISTER)).to_be_visible()
    expect(conversations(page).get_by_text("Deleted (1)")).to_have_count(0)


def test_a_conversation_is_saved_as_a_file(opened: Opener) -> None:
    page = opened(ScriptedLLM([MINISTER]))
    ask(page)
    answered(page)
    with page.expect_download() as markdown:
        page.get_by_role("button", name="Save as Markdown").click()
    assert markdown.value.suggested_filename == "Who is Japan s foreign minister.md"
    assert f"{MINISTER}[^1-1]" in markdown.value.path().read_text("utf-8")
    with page.expect_download() as whole:
        page.get_by_role("button", name="Save as JSON").click()
    (exchange,) = json.loads(whole.value.path().read_text("utf-8"))["exchanges"]
    (citation,) = exchange["answer"]["citations"]
    text = shipped_files()[0].read_text("utf-8")
    assert text[citation["start"] : citation["end"]] == citation["quote"] == MINISTER_QUOTE


def test_the_newest_question_is_asked_again_and_in_other_words(opened: Opener) -> None:
    model = ScriptedLLM([TROOPS, MINISTER, TROOPS])
    page = opened(model)
    ask(page)
    expect(said(page, TROOPS)).to_be_visible()
    page.get_by_role("button", name="Ask again").click()
    expect(said(page, MINISTER)).to_be_visible()
    expect(page.locator(".fn-reply")).to_have_count(1)
    page.get_by_role("button", name="Edit question").click()
    expect(box(page)).to_have_value(QUESTION)
    expect(page.locator(".fn-reply")).to_have_count(0)
    ask(page, "How many service personnel are in Japan?")
    expect(said(page, TROOPS)).to_be_visible()
    expect(page.locator(".fn-question")).to_have_text(["How many service personnel are in Japan?"])


def test_what_a_reader_finds_of_an_answer_is_kept(opened: Opener) -> None:
    page = opened(ScriptedLLM([MINISTER]))
    ask(page)
    answered(page)
    wrong = page.get_by_role("button", name="This is wrong")
    expect(page.get_by_text("tokens read")).not_to_be_visible()
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("tokens read")).to_be_visible()
    page.reload()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "false")


def test_documents_are_brought_asked_removed_and_had_back(opened: Opener, tmp_path: Path) -> None:
    good, bad = tmp_path / "bakery.md", tmp_path / "tool.exe"
    good.write_text("Anna Berg opened the bakery in 1987.\n", "utf-8")
    bad.write_bytes(b"MZ")
    model = ScriptedLLM(["Anna Berg opened the bakery in 1987."])
    page = opened(model)
    page.get_by_role("button", name="Conversations and documents").click()
    make_collection(page, "..")
    expect(page.get_by_text("is no name for a collection")).to_be_visible()
    make_collection(page, "Recipes")
    expect(page.get_by_role("button", name="Recipes", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.locator("#fn-adding input[type=file]").first.set_input_files([good, bad])
    expect(page.get_by_role("button", name="bakery.md", exact=True)).to_be_visible()
    expect(page.locator("#fn-news")).to_contain_text("1 added.")
    expect(page.locator("#fn-news")).to_contain_text("tool.exe .exe can't be read")
    ask(page, "Who opened the bakery?")
    answered(page)
    assert words(page, "a1-1") == "Anna Berg opened the bakery in 1987."
    page.get_by_role("button", name="Remove bakery.md").click()
    expect(page.locator("#fn-news")).to_contain_text("Removed bakery.md.")
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="bakery.md", exact=True)).to_be_visible()
    expect(page.locator("#fn-news")).to_contain_text("bakery.md is back.")
    page.reload()
    expect(page.get_by_role("button", name="Recipes", exact=True)).to_have_attribute("aria-current", "true")
    assert words(page, "a1-1") == "Anna Berg opened the bakery in 1987."


def test_a_collection_is_renamed_deleted_and_had_back(opened: Opener) -> None:
    page = opened(ScriptedLLM())
    page.get_by_role("button", name="Conversations and documents").click()
    name = make_collection(page, "Recipes")
    shelf = page.locator(".fn-shelf")
    page.get_by_role("button", name="Rename Recipes").click()
    expect(name).to_have_value("Recipes")
    name.fill("Old recipes")
    name.press("Enter")
    recipes = page.get_by_role("button", name="Old recipes", exact=True)
    expect(recipes).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Delete Old recipes").click()
    expect(page.locator("#fn-news")).to_contain_text("Deleted Old recipes.")
    expect(recipes).to_have_count(0)
    expect(shelf.get_by_role("button", name="article")).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Undo").click()
    expect(recipes).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Delete Old recipes").click()
    shelf.get_by_text("Deleted (1)").click()
    shelf.get_by_role("button", name="Restore Old recipes").click()
    expect(recipes).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Delete Old recipes").click()
    shelf.get_by_text("Deleted (1)").click()
    shelf.get_by_role("button", name="Delete for good").click()
    shelf.get_by_role("button", name="really delete?").click()
    expect(shelf.get_by_text("Deleted (1)")).to_have_count(0)


def test_who_is_in_a_collection_that_another_deletes_is_told_so(browser: Browser, article: Index) -> None:
    with served(scripted(article, ScriptedLLM([MINISTER]))) as address, visited(browser, address) as page:
        page.get_by_role("button", name="Conversations and documents").click()
        make_collection(page, "Recipes")
        expect(page.get_by_text("None yet.")).to_be_visible()
        with visited(browser, address) as other:
            other.get_by_role("button", name="Conversations and documents").click()
            other.get_by_role("button", name="Recipes", exact=True).click()
            other.get_by_role("button", name="Delete Recipes").click()
            expect(other.get_by_role("button", name="Recipes", exact=True)).to_have_count(0)
        expect(page.locator("#fn-news")).to_contain_text("is no longer there")
        ask(page)
        answered(page)
        assert words(page, "a1-1") == MINISTER_QUOTE


def test_some_documents_are_asked_alone(opened: Opener, bakery: Index) -> None:
    model = ScriptedLLM(["The mill is old."])
    page = opened(model, bakery)
    page.get_by_role("button", name="Conversations and documents").click()
    only = page.get_by_role("button", name="Ask only mill.txt")
    only.click()
    expect(only).to_have_attribute("aria-pressed", "true")
    ask(page, "Who opened the bakery?")
    expect(page.locator("details.fn-status")).to_have_count(1)
    assert "Anna Berg" not in model.prompt().rpartition("<document>")[2]
    expect(page.locator(".fn-only")).to_contain_text("Asking only mill.txt")
    page.reload()
    expect(page.locator(".fn-only")).to_contain_text("Asking only mill.txt")
    page.get_by_role("button", name="Ask all").click()
    expect(only).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".fn-only")).to_have_count(0)


def test_an_answer_whose_document_has_changed_says_so(opened: Opener, bakery: Index, tmp_path: Path) -> None:
    page = opened(ScriptedLLM(["Anna Berg opened the bakery in 1987."]), bakery)
    ask(page, "Who opened the bakery?")
    answered(page)
    stale = page.get_by_text("A document that this rests on has changed since")
    expect(stale).to_have_count(0)
    (tmp_path / "documents" / "bakery.md").write_text("Anna Berg closed the bakery in 1999.\n", "utf-8")
    page.get_by_role("button", name="Conversations and documents").click()
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("#fn-news")).to_contain_text("1 read anew, 1 there already.")
    expect(stale).to_be_visible()


def test_files_can_be_dropped_on_the_page(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    page.evaluate("""() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["Yeast makes bread rise."], "yeast.txt", { type: "text/plain" }));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }""")
    expect(page.get_by_role("button", name="yeast.txt", exact=True)).to_be_visible()
    assert [hit.passage.source for hit in bakery.search("yeast", 1)] == ["yeast.txt"]


def test_a_judged_answer_becomes_a_gold_case_that_an_eval_runs(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTED_DATA", str(tmp_path / "data"))
    page = opened(ScriptedLLM([MINISTER, TROOPS]))
    ask(page)
    answered(page)
    page.get_by_role("button", name="This is right").click()
    page.get_by_role("button", name="Keep as a gold case").click()
    expect(page.get_by_text("Kept. To run these cases: footnoted eval")).to_be_visible()
    ask(page, "When were the rules last revised?")
    answered(page, 2)
    page.get_by_role("button", name="This is wrong").last.click()
    page.get_by_role("button", name="Keep the marked words").click()
    expect(page.get_by_text("mark the right words in the source first")).to_be_visible()
    page.get_by_text("which were last revised in 1997").evaluate(
        """element => {
            const node = [...element.childNodes].find(one => one.textContent.includes("1997"));
            const at = node.textContent.indexOf("1997");
            getSelection().setBaseAndExtent(node, at, node, at + 4);
        }"""
    )
    page.get_by_role("button", name="Keep the marked words").click()
    expect(page.get_by_text("Kept as a gold case")).to_have_count(2)
    (folder,) = (tmp_path / "data" / "gold").iterdir()
    right, wrong = suite.read(folder).cases
    assert (right.question, right.answers, right.evidence[0].quote) == (QUESTION, (MINISTER,), MINISTER_QUOTE)
    assert (wrong.answers, wrong.evidence[0].quote, len(wrong.history)) == (("1997",), "1997", 2)
    page.reload()
    expect(page.get_by_text("Kept as a gold case")).to_have_count(2)


def test_the_history_is_told_to_the_model(opened: Opener) -> None:
    model = ScriptedLLM([MINISTER, "When will Kishida be in Washington?", MINISTER])
    page = opened(model)
    ask(page)
    answered(page)
    ask(page, "When will he be there?")
    answered(page, times=2)
    assert QUESTION in model.prompt(1)
    assert "Fumio Kishida" in model.prompt(1)


def test_a_citation_in_another_document_opens_it(opened: Opener, bakery: Index) -> None:
    page = opened(
        ScriptedLLM(['The <img src="http://elsewhere.example/x.png" onerror="alert(1)"> mill is old.']), bakery
    )
    expect(pane(page)).to_contain_text("Anna Berg")
    ask(page, "How old is the mill?")
    answered(page)
    expect(pane(page)).to_contain_text("is old.")
    page.get_by_role("combobox", name="Document").click()
    page.get_by_role("option", name="bakery.md").click()
    expect(pane(page)).to_contain_text("Anna Berg")
    footnote(page, "a1-1").click()
    expect(marks(page, "a1-1")).to_be_in_viewport()
    expect(pane(page)).to_contain_text("is old.")


def test_hostile_documents_and_questions_are_inert(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM([NOT_STATED] * 2 * len(HOSTILE)), bakery)
    page.get_by_role("combobox", name="Document").click()
    page.get_by_role("option", name="mill.txt").click()
    for number, hostile in enumerate(HOSTILE, start=1):
        ask(page, hostile)
        expect(page.get_by_text("No answer found")).to_have_count(number)
    expect(pane(page)).to_contain_text("<script>alert(1)</script>")
    expect(pane(page)).to_contain_text("${alert(1)} {{alert(1)}} {{{value}}}")
    ours = page.locator(".fn-document, .fn-question, .fn-reply")
    expect(ours.locator("script, img, svg, style, iframe, [onerror], [onmouseover], [onload]")).to_have_count(0)
    assert page.evaluate("[...document.images].filter(image => image.src.includes('elsewhere')).length") == 0


def test_the_page_fits_a_phone(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"]), viewport={"width": 390, "height": 844}, has_touch=True)
    for control in (box(page), page.get_by_role("button", name="Ask", exact=True)):
        expect(control).to_be_in_viewport(ratio=1)
    ask(page)
    answered(page)
    expect(said(page, MINISTER)).to_be_in_viewport()
    expect(pane(page)).not_to_be_visible()
    footnote(page, "a1-2").tap()
    expect(marks(page, "a1-2")).to_be_in_viewport()
    page.get_by_role("link", name="Back to footnote 2").tap()
    expect(pane(page)).not_to_be_visible()
    expect(footnote(page, "a1-2")).to_be_in_viewport()
    page.get_by_role("button", name="Conversations and documents").tap()
    expect(conversations(page).get_by_role("link")).to_be_in_viewport()
    page.mouse.click(380, 400)
    expect(conversations(page)).not_to_be_visible()
    # Nor does it do anything to what is hit.
    page.get_by_role("button", name="Conversations and documents").tap()
    page.evaluate("document.querySelector('[data-fn=\"a1-2\"]').click()")
    expect(conversations(page)).not_to_be_visible()
    expect(pane(page)).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_footnote_stays_on_the_line_of_its_sentence(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"]))
    ask(page)
    answered(page)
    for width in range(320, 640, 8):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WRAPPED_AWAY) == 0


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 254, 251)"), ("dark", "rgb(29, 32, 36)")])
def test_the_page_follows_the_colour_scheme(opened: Opener, scheme: str, paper: str) -> None:
    page = opened(ScriptedLLM(), color_scheme=scheme)
    assert page.locator("#fn-source").evaluate("element => getComputedStyle(element).backgroundColor") == paper


def test_nothing_jumps_while_an_answer_arrives(opened: Opener) -> None:
    page = opened(ScriptedLLM([f"{MINISTER} {TROOPS}"], pause=0.1))
    page.evaluate(WATCH_FOR_JUMPS)
    ask(page)
    answered(page)
    assert page.evaluate("window.shift") < 0.05


@pytest.mark.parametrize("documents", [0, 2])
def test_an_open_page_shows_what_another_process_adds(
    opened: Opener, bakery: Index, tmp_path: Path, documents: int
) -> None:
    with Index.open(bakery.path if documents else tmp_path / "empty", index_fakes.model()) as index:
        page = opened(ScriptedLLM([NOT_STATED]), index)
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        library = page.locator(".fn-library")
        expect(library).to_contain_text(f"{documents} documents, ")
        page.evaluate(WATCH_FOR_JUMPS)
        box(page).fill("Half a quest")
        with Index.open(index.path, index_fakes.model()) as another:
            for number, name in enumerate(("new.txt", "newer.txt"), start=documents + 1):
                (tmp_path / name).write_text(f"This is {name}.", "utf-8")
                another.add(tmp_path / name)
                page.wait_for_function(f"document.querySelector('.fn-library').innerText.startsWith('{number} doc')")
            assert library.inner_text() == f"{documents + 2} documents, {another.passage_count} passages"
        # The page has what it needs, so that nothing moves and what is being written stays.
        assert page.evaluate("window.shift") < 0.05
        expect(box(page)).to_have_value("Half a quest")
        expect(box(page)).to_be_focused()
        page.get_by_role("combobox", name="Document").click()
        page.get_by_role("option", name="newer.txt").click()
        expect(pane(page)).to_contain_text("This is newer.txt.")
        assert told == []


def test_an_open_page_outlives_the_document_that_it_shows(
    opened: Opener, bakery: Index, caplog: pytest.LogCaptureFixture
) -> None:
    page = opened(ScriptedLLM([NOT_STATED]), bakery)
    told = errors_of(page)
    expect(pane(page)).to_contain_text("Anna Berg")
    with Index.open(bakery.path, index_fakes.model()) as another:
        another.remove("bakery.md")
        expect(pane(page)).to_contain_text("The document that was shown here is no longer in the index.")
        expect(pane(page)).to_contain_text("is old.")
        expect(page.locator(".fn-library")).to_contain_text("1 document, ")
        expect(page.get_by_role("combobox", name="Document")).to_be_hidden()
        another.remove("mill.txt")
        expect(pane(page)).to_contain_text("No documents yet.")
        add_text(another, "oven.txt")
        expect(pane(page)).to_contain_text("This is oven.txt.")
        add_text(another, "yeast.txt")
        expect(page.get_by_role("combobox", name="Document")).to_have_value("oven.txt")
        page.get_by_role("button", name="New chat").click()
        expect(pane(page)).to_contain_text("This is oven.txt.")
    assert told == []
    assert "Traceback" not in caplog.text


def test_a_document_that_left_the_index_before_it_was_chosen_breaks_nothing(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    told = errors_of(page)
    with Index.open(bakery.path, index_fakes.model()) as another:
        for name in ("oven.txt", "yeast.txt"):
            add_text(another, name)
        oven = another.sources()["oven.txt"]

        def remove_first(route: Route) -> None:
            if oven in (route.request.post_data or "") and oven in another.sources().values():
                another.remove("oven.txt")
            route.continue_()

        page.route("**/gradio_api/**", remove_first)
        page.get_by_role("combobox", name="Document").click()
        page.get_by_role("option", name="oven.txt").click()
        expect(page.locator(".fn-library")).to_contain_text("3 documents")
        expect(page.get_by_role("combobox", name="Document")).to_have_value("bakery.md")
        expect(pane(page)).to_contain_text("Anna Berg")
        page.get_by_role("combobox", name="Document").click()
        page.get_by_role("option", name="yeast.txt").click()
        expect(pane(page)).to_contain_text("This is yeast.txt.")
    assert told == []


def test_half_a_name_in_the_list_of_documents_leaves_the_one_on_show(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    selector = page.get_by_role("combobox", name="Document")
    selector.fill("mil")
    box(page).click()
    expect(selector).to_have_value("bakery.md")
    selector.fill("mill.txt")
    selector.press("Enter")
    expect(pane(page)).to_contain_text("is old.")
    expect(selector).to_have_value("mill.txt")


def test_new_documents_leave_what_is_being_typed_in_the_list_of_them(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    selector = page.get_by_role("combobox", name="Document")
    selector.fill("mil")
    with Index.open(bakery.path, index_fakes.model()) as another:
        add_text(another, "oven.txt")
    expect(page.locator(".fn-library")).to_contain_text("3 documents")
    page.keyboard.type("l.t")
    expect(selector).to_have_value("mill.t")


def test_a_new_chat_begins_with_the_first_document_of_now(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    with Index.open(bakery.path, index_fakes.model()) as another:
        add_text(another, "apples.txt")
    expect(page.locator(".fn-library")).to_contain_text("3 documents")
    expect(pane(page)).to_contain_text("Anna Berg")
    page.get_by_role("button", name="New chat").click()
    expect(pane(page)).to_contain_text("This is apples.txt.")
    expect(page.get_by_role("combobox", name="Document")).to_have_value("apples.txt")


def test_an_open_page_goes_on_with_what_another_process_left_unembedded(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    with Index.open(bakery.path, Failing(model_name="word-hash")) as another:
        add_text(another, "oven.txt", wait=False)
    passages = bakery.state().passages
    expect(page.locator(".fn-library")).to_have_text(f"3 documents, {passages} passages")
    assert bakery.state().embedded == passages


def test_what_can_be_chosen_is_sent_only_when_it_has_changed(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM(), bakery)
    responses: list[Response | None] = []
    page.on("requestfinished", lambda request: responses.append(request.response()))
    embedding = slow()
    with Index.open(bakery.path, embedding) as another:
        add_text(another, "oven.txt", wait=False)
        counts = page.locator(".fn-library")
        expect(counts).to_contain_text("3 documents")
        embedding.let.set()
        expect(counts).not_to_contain_text("by their meaning too")
    for _ in range(2):
        page.wait_for_event("requestfinished")
    bodies = [response.text() for response in responses if response]
    assert sum("fn-library" in body for body in bodies) >= 2
    assert sum("choices" in body for body in bodies) == 1


def test_of_many_documents_the_first_can_be_chosen_and_the_one_on_show(
    opened: Opener, bakery: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdings, "MOST_CHOICES", 2)
    add_text(bakery, "oven.txt")
    add_text(bakery, "yeast.txt", "Ulla Lind sold the yeast in 1950.")
    page = opened(ScriptedLLM(["Ulla Lind sold the yeast in 1950."]), bakery)
    selector, options = page.get_by_role("combobox", name="Document"), page.get_by_role("option")
    selector.click()
    expect(options).to_have_text([re.compile("bakery.md"), re.compile("mill.txt")])
    selector.press("Escape")
    ask(page, "Who sold the yeast in 1950?")
    answered(page)
    expect(selector).to_have_value("yeast.txt")
    selector.click()
    expect(options).to_have_text([re.compile("bakery.md"), re.compile("mill.txt"), re.compile("yeast.txt")])
    selector.fill("oven.txt")
    selector.press("Enter")
    expect(pane(page)).to_contain_text("This is oven.txt.")
    expect(selector).to_have_value("oven.txt")


def test_the_counts_are_not_announced_but_a_fault_is_once(opened: Opener, bakery: Index) -> None:
    with Index.open(bakery.path, index_fakes.model(), chroma_url=f"http://127.0.0.1:{free_port()}") as index:
        page = opened(ScriptedLLM([NOT_STATED]), index)
        ask(page)
        alert = page.locator("#fn-fault [role=alert]")
        expect(alert).to_contain_text("can't be used")
        alert.evaluate("element => { window.alerted = element }")
        with Index.open(bakery.path, index_fakes.model()) as another:
            add_text(another, "oven.txt")
        counts = page.locator(".fn-library")
        expect(counts).to_contain_text("3 documents")
        assert alert.evaluate("element => element === window.alerted")
        assert counts.evaluate("element => element.closest('[aria-live], [role=alert], [role=status]')") is None


def test_an_open_page_shows_what_another_process_adds_within_about_a_second(opened: Opener, bakery: Index) -> None:
    page = opened(ScriptedLLM([NOT_STATED]), bakery)
    page.evaluate(
        "window.seen = null; new MutationObserver(() => { window.seen ??= performance.now() })"
        ".observe(document.querySelector('#fn-library'), {childList: true, subtree: true, characterData: true})"
    )
    with Index.open(bakery.path, index_fakes.model()) as another:
        another.remove("mill.txt")
    begun = page.evaluate("performance.now()")
    page.wait_for_function("window.seen !== null")
    # The page looks every 0.9 s; the rest is for a busy machine.
    assert page.evaluate("window.seen") - begun < 2500
    expect(page.locator(".fn-library")).to_contain_text("1 document, ")


def test_what_is_wrong_with_the_index_is_told_and_inert(opened: Opener, bakery: Index) -> None:
    # Nothing listens there, and the fault tells the address.
    address = f"http://127.0.0.1:{free_port()}/<img src=x onerror=alert(1)>"
    with Index.open(bakery.path, index_fakes.model(), chroma_url=address) as index:
        page = opened(ScriptedLLM([NOT_STATED]), index)
        fault = page.locator(".fn-fault")
        expect(page.locator(".fn-library")).to_contain_text("2 documents")
        expect(fault).to_have_count(0)
        ask(page)
        expect(fault).to_contain_text("<img src=x onerror=alert(1)> can't be used")
        expect(fault).to_contain_text("start it")
        expect(fault.locator("img")).to_have_count(0)


def add_text(index: Index, name: str, text: str | None = None, *, wait: bool = True) -> None:
    """Add a document, which says its name unless it is to say something else."""
    file = index.path.parent / name
    file.write_text(text or f"This is {name}.", "utf-8")
    index.add(file, wait=wait)


def errors_of(page: Page) -> list[str]:
    """The errors that the page will have told its console, failed requests among them."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    return told


def wait_until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(PATIENCE // 100):
        if true():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not come to pass")
