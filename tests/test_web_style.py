"""The colours of the page, by the contrast that WCAG 2.2 asks of text: 4.5 (AA)."""

import re
from importlib.resources import files

import pytest

from assistant.web.render import TINTS

AA = 4.5
CSS = (files("assistant.web") / "page.css").read_text("utf-8")
GROUNDS = ("paper", "ground", "nearby", "line", *(f"tint-{number}" for number in range(1, TINTS + 1)))


def colours(dark: bool) -> dict[str, str]:
    """The colours that the style sheet defines, by name."""
    light_rules, dark_rules = re.findall(r"^:root[^{]*\{(.*?)^\}", CSS, re.DOTALL | re.MULTILINE)
    defined = light_rules + dark_rules if dark else light_rules
    return dict(re.findall(r"--fn-([\w-]+): (#[0-9a-f]{6});", defined))


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ground", GROUNDS)
def test_ink_can_be_read_on_every_ground(ground: str, dark: bool) -> None:
    palette = colours(dark)
    assert contrast(palette["ink"], palette[ground]) >= AA


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("text", ["quiet", "accent", "warn"])
@pytest.mark.parametrize("ground", ["paper", "ground"])
def test_other_text_can_be_read(text: str, ground: str, dark: bool) -> None:
    palette = colours(dark)
    assert contrast(palette[text], palette[ground]) >= AA


@pytest.mark.parametrize("dark", [False, True])
def test_every_tint_is_a_colour_of_its_own(dark: bool) -> None:
    palette = colours(dark)
    assert len({palette[f"tint-{number}"] for number in range(1, TINTS + 1)}) == TINTS
    assert all(f".fn-tint-{number} {{" in CSS for number in range(1, TINTS + 1))
