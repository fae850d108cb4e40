"""Take the pictures of the page that the README shows, light and dark, with the embedded model.

    uv run python scripts/page_pictures.py

Chromium has to be installed.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from assistant.core import open_shipped
from assistant.web import server

DOCS = Path(__file__).parent.parent / "docs"
QUESTIONS = ("What is the capital of Australia?", "Who is Japan's foreign minister?")
PATIENCE = 240_000


def main() -> None:
    """Serve the page over the shipped article, and take it in both colour schemes."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed; run: apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FOOTNOTED_DATA"] = folder
        with (
            open_shipped() as assistant,
            server.running(assistant, host="127.0.0.1", port=None, open_browser=False) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                take(browser, address, scheme)
            browser.close()


def take(browser: Browser, address: str, scheme: str) -> None:
    """Ask, hover over the footnote, and take the picture."""
    page = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 840}).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(address)
    box = page.get_by_role("textbox", name="Your question")
    for asked, question in enumerate(QUESTIONS, start=1):
        box.fill(question)
        box.press("Enter")
        expect(page.locator("details.fn-status")).to_have_count(asked)
    page.locator('[data-fn="a2-1"]').click()
    page.locator('[data-fn="a2-1"]').hover()
    page.wait_for_timeout(2000)
    page.screenshot(path=DOCS / f"page-{scheme}.png")
    page.context.close()


if __name__ == "__main__":
    main()
