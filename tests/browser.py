"""A real browser for the tests of pages: Chromium, as the machine has it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
# A busy machine is slow, not wrong.
PATIENCE = 60_000


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium; where there is none the tests are skipped, except where ``CI`` is set."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        missing = f"none of {', '.join(_NAMES)} is on this machine"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS])
        yield browser
        browser.close()
