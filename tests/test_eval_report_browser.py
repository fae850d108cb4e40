"""The report in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from eval import report
from eval.result import Estimate
from tests.browser import PATIENCE, launched
from tests.test_eval_report import BETTER, LABELS, WORSE
from tests.test_eval_report_cases import MILL, REFUSAL, RIGHT, WHO, WHY, cited, outcome, result, row, suite
from tests.test_web_render import HOSTILE

Opener = Callable[..., Page]

HOSTILE_CASES = [
    WHO.model_copy(update={"id": f"hostile {number}", "question": text.replace("\0", "") or "?", "kind": text})
    for number, text in enumerate(HOSTILE)
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything in it."""
    far = cited(2000, 2010, 2, source=MILL.source, quote=MILL.text[2000:2010])
    both = RIGHT.model_copy(update={"citations": (*RIGHT.citations, far)})
    figures = {"eager_confidence": 0.75, "eager_right": 1.0, "refused": 0.0, "total_seconds": 3.0}
    rows = [row(WHO, right=1.0, **figures), row(WHY, right=0.0), *(row(case, right=0.0) for case in HOSTILE_CASES)]
    outcomes = [outcome(WHO, both), outcome(WHY, RIGHT), *(outcome(case, REFUSAL) for case in HOSTILE_CASES)]
    estimates = {"answered_right": Estimate(value=0.5, low=0.25, high=0.75, n=8)}
    run = result(*rows, estimates=estimates, by_kind={"fact": estimates})
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.write(path, run, outcomes, suite(WHO, WHY, *HOSTILE_CASES), report.Changes([BETTER, WORSE]), LABELS)
    return path


@pytest.fixture
def opened(browser: Browser, written: Path) -> Iterator[Opener]:
    """Opens the report. It may raise no error, be refused nothing by its policy, and ask nothing of a host."""
    with ExitStack() as stack:
        said: list[str] = []
        asked: list[str] = []

        def open_page(anchor: str = "", **context: Any) -> Page:
            page = stack.enter_context(browser.new_context(**context)).new_page()
            page.set_default_timeout(PATIENCE)
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("dialog", lambda dialog: said.append(f"a dialog says {dialog.message}"))
            page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
            page.goto(f"{written.as_uri()}{anchor}")
            return page

        yield open_page
    assert said == []
    assert set(asked) == {written.as_uri()}


def shown(page: Page) -> list[str]:
    """The cases that can be seen, by their anchors."""
    found = page.locator(".case").evaluate_all("cases => cases.filter(one => one.checkVisibility()).map(one => one.id)")
    return [str(one) for one in found]


def test_cases_are_filtered(opened: Opener) -> None:
    page = opened()
    everything = len(HOSTILE_CASES) + 2
    assert len(shown(page)) == everything
    expect(page.locator("#shown")).to_have_text(f"{everything} cases")
    page.get_by_role("radio", name="Failed").check()
    assert "case-1" not in shown(page)
    assert len(shown(page)) == everything - 1
    page.get_by_role("radio", name="All").check()
    page.get_by_role("combobox", name="Kind").select_option("near")
    assert shown(page) == ["case-2"]
    expect(page.locator("#shown")).to_have_text("1 case")
    page.get_by_role("combobox", name="Kind").select_option("")
    page.get_by_role("searchbox", name="Words").fill("who OPENED the bakery?")
    assert shown(page) == ["case-1"]
    page.get_by_role("searchbox", name="Words").fill("nobody wrote this")
    assert shown(page) == []
    expect(page.get_by_text("No case is like that.")).to_be_visible()


def test_a_link_to_a_case_opens_it(opened: Opener) -> None:
    page = opened("#case-1")
    expect(page.locator("#case-1 .answer")).to_be_in_viewport()
    assert not opened().locator("#case-1 .answer").is_visible()


def test_without_script_everything_is_there(opened: Opener) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator(".case").count() == len(HOSTILE_CASES) + 2
    assert not page.locator("#filter").is_visible()
    page.locator("#case-1 > summary").click()
    expect(page.locator("#case-1 .answer")).to_be_visible()


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 254, 251)"), ("dark", "rgb(29, 32, 36)")])
def test_the_report_follows_the_colour_scheme(opened: Opener, scheme: str, paper: str) -> None:
    page = opened(color_scheme=scheme)
    assert page.locator("#case-2").evaluate("one => getComputedStyle(one).backgroundColor") == paper


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_screen(opened: Opener, width: int) -> None:
    page = opened(viewport={"width": width, "height": 900})
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_case_has_its_answer_beside_the_words(opened: Opener) -> None:
    page = opened("#case-1", viewport={"width": 1280, "height": 900})
    answer, words = page.locator("#case-1 .told").bounding_box(), page.locator("#case-1 .pane").bounding_box()
    assert answer is not None
    assert words is not None
    assert (answer["y"], answer["x"] + answer["width"]) == (words["y"], words["x"])
    marks = page.locator("#case-1 mark").evaluate_all("marks => marks.map(one => [one.className, one.textContent])")
    assert marks == [
        ["gold cited", "Anna Berg"],
        ["gold", " opened the bakery in 1987."],
        ["cited", MILL.text[2000:2010]],
    ]
