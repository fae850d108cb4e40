"""Take the pictures of a run's report that the README shows.

    uv run python scripts/pictures.py footnoted-runs/RUN/report.html

Chromium has to be installed.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 1280


def main() -> None:
    """Open the report, and take its overview and one of the cases that failed."""
    (report,) = map(Path, sys.argv[1:])
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed; run: apt install chromium")
    DOCS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take(browser, report)
        browser.close()


def take(browser: Browser, report: Path) -> None:
    """Take both pictures."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
    page.goto(report.resolve().as_uri())
    end = page.locator("#metrics").bounding_box()
    assert end is not None, "the report has no table of metrics"
    page.screenshot(
        path=DOCS / "report.png", clip={"x": 0, "y": 0, "width": WIDTH, "height": end["y"] - 16}, full_page=True
    )
    page.locator(".case[data-failed=yes]").first.screenshot(path=DOCS / "case.png")


if __name__ == "__main__":
    main()
