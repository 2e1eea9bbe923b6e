"""A real browser for the page's tests: Debian's chromium through Playwright, nothing else installed or fetched."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@contextmanager
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield opened
        opened.close()


def open_page(opened: Any, file: Path, anchor: str = "", **options: Any) -> Any:
    """A page that has come to life; ``said`` on it collects errors and requests."""
    page = opened.new_page(viewport=options.pop("viewport", {"width": 1280, "height": 900}), **options)
    page.said = []
    page.on("console", lambda m: page.said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda r: page.said.append(r.url) if r.url.split("#")[0] != file.as_uri() else None)
    page.goto(file.as_uri() + anchor)
    page.wait_for_selector("html[data-ready=yes]", timeout=20_000)
    return page


def wait_until(page: Any, expression: str, seconds: float = 20.0) -> None:
    """Ask until it is true, from outside: the page's policy lets nothing be evaluated inside it."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.05)
