"""The report of a run: the page, and the table for the terminal."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval import report
from eval.case import Gold
from eval.errors import EvalError
from eval.outcome import Cited, Outcome, Place, Reply, Stated, Verdict
from eval.report import Label
from eval.result import Comparison, Estimate, Result
from eval.suite import Suite
from tests.fakes import document
from tests.test_eval_report_cases import FOUND, MANIFEST, REFUSAL, RIGHT, WHO, WHY, outcome, result, row, suite
from tests.test_web_render import HOSTILE

TAGS = set(
    "a b bdi body code dd details div dl dt fieldset figcaption figure form h1 h2 h3 h4 head header html input label "
    "legend li main mark meta ol option output p pre q script section select span style sup summary table tbody td th "
    "thead title tr ul circle desc g line polyline rect svg text".split()
)
ATTRIBUTES = set(
    "aria-hidden aria-label aria-labelledby autocomplete charset checked class content cx cy data-failed data-kind "
    "data-marker data-name dir height hidden href http-equiv id lang name open placeholder points r role scope "
    "text-anchor title type value viewbox width x x1 x2 y y1 y2".split()
)
VOID = {"input", "meta"}
INLINE = {"a", "b", "bdi", "mark", "span", "sup"}

LABELS = {
    "answered_right": Label("answered right", "of the answerable questions", "share"),
    "total_p50": Label("median time", "", "seconds"),
}
ESTIMATES = {
    "answered_right": Estimate(value=0.5, low=0.25, high=0.75, n=8),
    "faithful": Estimate(value=None),
    "total_p50": Estimate(value=3.0, low=2.5, high=4.0, n=8),
}
BETTER = Comparison(
    metric="answered_right", before=0.25, now=0.5, difference=0.25, low=0.05, high=0.4, p=0.01, n=8, verdict="better"
)
WORSE = BETTER.model_copy(update={"metric": "total_p50", "verdict": "worse"})
UNSHOWN = BETTER.model_copy(update={"metric": "faithful", "verdict": "no difference shown"})
RUN = result(row(WHO, right=1.0), row(WHY, right=0.0), estimates=ESTIMATES)
OUTCOMES = (outcome(WHO, RIGHT), outcome(WHY, RIGHT))


class Page(HTMLParser):
    """The page as a browser would see it; only what we wrote ourselves may be an element or an attribute."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self.attributes += [(name, value or "") for name, value in attrs]
        self.words.append("" if tag in INLINE else " ")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self.words.append("" if tag in INLINE else " ")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"script", "style"}:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment


def page(run: Result = RUN, outcomes: tuple[Outcome, ...] = OUTCOMES, *comparisons: Comparison) -> str:
    return report.html(run, outcomes, suite(WHO, WHY), report.Changes(comparisons, ("Changed: it.",)), LABELS)


def test_it_says_first_what_was_run_and_what_came_of_it() -> None:
    text = Page(page()).text
    assert "tiny footnoted with small · 3 February 2026, 04:05 UTC · 2 of 4 cases, 1 failed" in text
    assert "answered right 50.0% 25.0–75.0% median time 3.00 s 2.50–4.00 s Under each figure" in text


def test_every_metric_has_its_row() -> None:
    text = Page(page()).text.partition("All metrics")[2]
    assert "answered right of the answerable questions answered_right 50.0% 25.0–75.0% 8" in text
    assert "faithful not scored 0" in text
    assert text.index("faithful") < text.index("median time")


def test_a_comparison_is_told_in_words_and_by_a_symbol() -> None:
    text = Page(page(RUN, OUTCOMES, BETTER, WORSE, UNSHOWN)).text
    assert "Changed: it." in text
    assert "answered right ▲ better 25.0% 50.0% +25.0 points +5.0 … +40.0 points 0.010 8" in text
    assert "▼ worse" in text
    assert "= no difference shown" in text
    assert "Compared" not in Page(page()).text


def test_a_failed_case_is_open_and_another_is_not() -> None:
    html = page()
    assert re.findall(r'<details class="case (\w+)" id="case-(\d)"[^>]*?( open)?>', html) == [
        ("wrong", "2", " open"),
        ("right", "1", ""),
    ]


def test_a_case_tells_all_that_happened() -> None:
    withheld = RIGHT.model_copy(update={"text": "Anna Berg did [1].", "confidence": 0.4})
    whole = outcome(
        WHY,
        REFUSAL,
        eager=withheld,
        plain=FOUND[:1],
        without=REFUSAL.model_copy(update={"text": "Nobody says."}),
        verdicts={"judge": Verdict(value=0.25, reason="half of it")},
        seconds=4.5,
    ).model_copy(update={"query": "Why did Anna Berg open the bakery?"})
    case = WHY.model_copy(update={"forbid": ("a secret",), "wrong": ("planted",)})
    text = Page(report.html(result(row(case, right=0.0)), [whole], suite(case))).text
    for told in (
        *("asked before Who opened it?", "Why did she?", "The documents don’t say.", "It may not say: a secret"),
        *("Planted, and wrong: planted", "Refusal confidence 0.20", "reason Nothing states it.", "confidence 0.40"),
        *("Anna Berg did 1.", "Searched Why did Anna Berg open the bakery?", "support 0.75", "Nobody says."),
        *("judge 0.25 – half of it", "Took 4.50 s", "mill.txt 0–30", "those of the answer that was withheld"),
    ):
        assert told in text, told


def test_an_error_is_told() -> None:
    broken = outcome(WHO, error="ModelUnreachable: nothing answers")
    assert "Error ModelUnreachable: nothing answers" in Page(page(RUN, (broken,))).text
    assert "Nothing was kept" in Page(page(RUN, ())).text


def test_what_is_not_marked_is_told() -> None:
    assert "Nothing is marked" in Page(page(RUN, (outcome(WHY, REFUSAL),))).text


def test_invalid_footnotes_are_told() -> None:
    bad = RIGHT.citations[0].model_copy(update={"quote": "Kari Berg"})
    gone = bad.model_copy(update={"source": "gone.txt", "marker": 2})
    text = Page(page(RUN, (outcome(WHY, RIGHT.model_copy(update={"citations": (bad, gone)})),))).text
    assert "Footnote 1 is not valid: these words don’t stand at 0–9: Kari Berg" in text
    assert "Footnote 2 is of a document that the suite doesn’t have, gone.txt: Kari Berg" in text
    assert "a footnote is not valid" in text


def test_the_manifest_tells_how_to_repeat_it() -> None:
    text = Page(page()).text.partition("To repeat it")[2]
    for told in ("5" * 64, "c" * 64, "m" * 64, "d" * 64, "risk 0.5", "python 3.11", "two cores", "1,200 MB"):
        assert told in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_stay_words(hostile: str) -> None:
    text = f"{hostile} said the {hostile}"
    source = f"{hostile}.txt"
    quoted = Gold(source=source, start=1, end=len(text) - 1, quote=text[1:-1])
    case = WHY.model_copy(
        update={
            **{"id": hostile, "question": hostile, "answers": (hostile,), "answerable": True, "kind": hostile},
            **{"history": (("user", hostile),), "forbid": (hostile,), "evidence": (quoted,), "wrong": (hostile,)},
        }
    )
    cited = Cited(source=source, start=0, end=3, marker=1, quote=hostile)
    stated = Stated(text=hostile, markers=(1,))
    reply = Reply(text=f"{hostile} [1]", kind="refusal", reason=hostile, citations=(cited,), claims=(stated,))
    one = Outcome(
        case=hostile,
        query=f"{hostile}!",
        passages=(Place(source=source, start=0, end=3),),
        reply=reply,
        eager=reply.model_copy(update={"kind": "answer"}),
        without=reply,
        verdicts={hostile: Verdict(value=None, reason=hostile)},
        error=hostile,
    )
    run = Result(
        manifest=MANIFEST.model_copy(update={"suite": hostile, "system": hostile, "settings": {hostile: hostile}}),
        estimates={hostile: Estimate(value=0.5, n=1)},
        by_kind={hostile: {"answered_right": Estimate(value=0.5, n=1)}},
        rows=(row(case, **{hostile: 1.0}, right=0.0),),
    )
    documents = {source: document(text, source)}
    asked = Suite(name=hostile, mode="end-to-end", cases=(case,), documents=documents)
    changes = report.Changes([BETTER.model_copy(update={"metric": hostile})], [hostile])
    html = report.html(run, [one], asked, changes, {})
    parsed = Page(html)
    assert all(value.startswith("#") for name, value in parsed.attributes if name == "href")
    assert not re.search(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e]", re.sub('<span class="hidden".*?</span>', "", html)
    )


def test_the_page_asks_nothing_of_anybody() -> None:
    html = page(RUN, OUTCOMES, BETTER)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert len(policy) == 1
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(policy[0]).split(";"))
    assert rules.keys() == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for name in ("style", "script"):
        (inline,) = re.findall(f"<{name}>(.*?)</{name}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert not re.search(r"https?:|//[a-z]|\bsrc=|url\(|@import|\bstyle=", html)


def test_three_hundred_cases_over_long_documents_stay_small() -> None:
    book = document("Ein langer Satz über Bäckereien, der nichts sagt. " * 4_000, "book.txt")
    spans = [(at, at + 700) for at in range(0, 150_000, 10_000)]
    cited = tuple(
        Cited(source="book.txt", start=start, end=end, marker=marker, quote=book.text[start:end])
        for marker, (start, end) in enumerate(spans, start=1)
    )
    cases = [WHO.model_copy(update={"id": str(number), "evidence": ()}) for number in range(300)]
    long = RIGHT.model_copy(update={"citations": cited})
    found = tuple(Place(source="book.txt", start=at, end=at + 900) for at in range(0, 45_000, 900))
    outcomes = [Outcome(case=case.id, passages=found, reply=long, eager=long) for case in cases]
    whole = Suite(name="books", mode="end-to-end", cases=tuple(cases), documents={"book.txt": book})
    run = result(*(row(case, **{f"figure {number}": 0.5 for number in range(40)}) for case in cases))
    assert len(report.html(run, outcomes, whole).encode()) < 5_000_000


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "report.html"
    report.write(path, RUN, OUTCOMES, suite(WHO, WHY), labels=LABELS)
    assert path.read_bytes().decode() == page()
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


def test_a_report_that_can_not_be_made_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", "utf-8")
    with pytest.raises(EvalError, match="has no case"):
        report.write(path, RUN, OUTCOMES, suite(WHO))
    assert path.read_text("utf-8") == "old"
    with pytest.raises(EvalError, match=r"report can't be written.*name another file"):
        report.write(path / "report.html", RUN, OUTCOMES, suite(WHO, WHY))
    (tmp_path / "folder").mkdir()
    with pytest.raises(EvalError, match="report can't be written"):
        report.write(tmp_path / "folder", RUN, OUTCOMES, suite(WHO, WHY))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "report.html"]


def test_the_public_names_are_these() -> None:
    assert report.__all__ == ["Changes", "Label", "html", "scored", "table", "write"]
