"""The colours of the report, which are those of the chat page, by the contrast that WCAG 2.2 asks."""

import re
from importlib.resources import files

import pytest

from tests.test_web_style import AA, CSS, contrast

REPORT = (files("eval.report") / "report.css").read_text("utf-8")


def colours(style: str) -> tuple[dict[str, str], dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--fn-([\w-]+): (#[0-9a-f]{6});", rules))
        for rules in re.findall(r"^ *:root[^{]*\{(.*?)^ *\}", style, re.DOTALL | re.MULTILINE)
    )
    return light, light | dark


def test_the_report_has_the_colours_of_the_page() -> None:
    of_page, of_report = colours(CSS), colours(REPORT)
    for pages, reports in zip(of_page, of_report, strict=True):
        shared = pages.keys() & reports.keys()
        assert len(shared) == 8
        assert {name: pages[name] for name in shared} == {name: reports[name] for name in shared}
        assert reports["cited"] == pages["tint-3"]


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read(dark: bool) -> None:
    palette = colours(REPORT)[dark]
    for ground in ("paper", "ground", "cited", "line", "nearby"):
        assert contrast(palette["ink"], palette[ground]) >= AA
    for text in ("quiet", "accent", "warn"):
        for ground in ("paper", "ground"):
            assert contrast(palette[text], palette[ground]) >= AA
    # An underline is no text: WCAG asks 3 of what has to be told apart.
    assert contrast(palette["gold"], palette["paper"]) >= 3
