"""A real JupyterLab with a real kernel, seen by a real browser that nobody sees.

Needs JupyterLab, Playwright and Chromium (Debian: apt-get install chromium).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from pathlib import Path

#: Milliseconds after which something that should be seen is given up.
PATIENCE = 60_000
_SETTINGS = {"fetchNews": "false", "checkForUpdates": False}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
_FLAGS += ["--disable-background-networking", "--disable-component-update"]
#: Finds a widget by its number; marimo has them in a shadow tree.
_FIND = """
const shadow = document.querySelector("marimo-anywidget")?.shadowRoot;
const el = (shadow ?? document).querySelectorAll(".ns-root")[i];
const app = el?.parentElement?.napariSam;
"""


def find_chromium() -> str | None:
    """Return the path of a browser of the system, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


class Lab:
    """A JupyterLab server in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None):
        self.folder = folder
        self.root = folder / "notebooks"
        self.root.mkdir(parents=True)
        own = folder / "settings" / "@jupyterlab" / "apputils-extension"
        own.mkdir(parents=True)
        (own / "notification.jupyterlab-settings").write_text(json.dumps(_SETTINGS))
        self.address = f"http://127.0.0.1:{_free_port()}"
        self._log = (folder / "log").open("w")
        self._server = subprocess.Popen(
            self._command(),
            env=os.environ | self._places() | (environment or {}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def _command(self) -> list[str]:
        options = [f"--port={self.address.rpartition(':')[2]}", "--ip=127.0.0.1"]
        options += ["--no-browser", "--allow-root", "--IdentityProvider.token="]
        options += ["--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"]
        options += ["--LabApp.extension_manager=readonly"]
        options += [f"--ServerApp.root_dir={self.root}"]
        return [sys.executable, "-m", "jupyterlab", *options]

    def _places(self) -> dict[str, str]:
        places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
        found = {f"JUPYTER_{k}_DIR": str(self.folder / v) for k, v in places.items()}
        found["JUPYTERLAB_SETTINGS_DIR"] = str(self.folder / "settings")
        found["JUPYTERLAB_WORKSPACES_DIR"] = str(self.folder / "workspaces")
        return found

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/api", timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end or self._server.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.1)

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook, and return the address where it is opened."""
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in cells],
            metadata={"kernelspec": spec},
        )
        nbformat.write(made, self.root / f"{name}.ipynb")
        return f"{self.address}/lab/tree/{name}.ipynb?reset"

    def close(self) -> None:
        """End the server, and with it its kernels."""
        self._server.terminate()
        self._server.wait(30)
        self._log.close()


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, page, address: str):
        self.page = page
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=PATIENCE)
        self.wait_idle()

    def in_another_tab(self) -> Notebook:
        """Open the same notebook in another page."""
        page = self.page.context.new_page()
        page.set_default_timeout(PATIENCE)
        return Notebook(page, self.page.url)

    def wait_idle(self) -> None:
        """Wait until the kernel is there and idle, as the bar at the bottom says."""
        bar = self.page.locator("#jp-main-statusbar")
        bar.get_by_text("| Idle").wait_for(timeout=PATIENCE)

    def menu(self, menu: str, item: str) -> None:
        """Choose something from the menu."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def use_theme(self, name: str) -> None:
        """Choose a theme of JupyterLab, and wait until it is there."""
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        labels = self.page.locator(".lm-Menu-itemLabel")
        labels.get_by_text("Theme", exact=True).hover()
        labels.get_by_text(name, exact=True).click()
        self.page.wait_for_function(
            "(name) => document.body.dataset.jpThemeName === name", arg=name
        )

    def save(self, path: Path) -> None:
        """Save the notebook, and wait until its file has the widgets of its cells."""
        self.page.keyboard.press("Control+s")
        end = time.monotonic() + PATIENCE / 1000
        while "widget-view+json" not in path.read_text():
            if time.monotonic() > end:
                raise RuntimeError(f"{path.name} was not saved.")
            self.page.wait_for_timeout(50)

    def restart_kernel(self) -> None:
        """Restart the kernel of this notebook, and wait for it."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name="Restart Kernel…").click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.wait_idle()

    def run_all(self) -> None:
        """Run all cells."""
        self.menu("Run", "Run All Cells")

    def start(self, index: int) -> None:
        """Run one cell again, and do not wait for it."""
        cell = self.page.locator(".jp-CodeCell").nth(index)
        cell.locator(".cm-content").first.click()
        self.page.keyboard.press("Control+Enter")

    def run(self, index: int) -> str:
        """Run one cell again, wait for its end, and return what it printed."""
        cell = self.page.locator(".jp-CodeCell").nth(index)
        before = cell.locator(".jp-InputPrompt").first.inner_text()
        self.start(index)
        self.page.wait_for_function(
            """([i, before]) => {
                const cell = document.querySelectorAll(".jp-CodeCell")[i];
                const now = cell.querySelector(".jp-InputPrompt").innerText;
                return now !== before && !now.includes("*");
            }""",
            arg=[index, before],
            timeout=PATIENCE,
        )
        outputs = cell.locator(".jp-OutputArea-output")
        return "\n".join(outputs.all_inner_texts()).strip()

    def open_widget(self, index: int = 0) -> Widget:
        """Return a widget of the page, when it is there."""
        found = Widget(self.page, index)
        found.wait("app")
        return found

    def widget(self, index: int = 0) -> Widget:
        """Return a widget of the page, when its image is drawn."""
        found = self.open_widget(index)
        found.wait("el.dataset.tiles === 'ready'")
        return found


class Widget:
    """A widget in a page, as a person uses it."""

    def __init__(self, page, index: int = 0):
        self.page = page
        self.index = index
        self.root = page.locator(".ns-root").nth(index)
        self.canvas = self.root.locator("canvas.ns-canvas")

    def wait(self, condition: str, timeout: int = PATIENCE) -> None:
        """Wait until a condition on ``el`` (the widget) and ``app`` is true."""
        self.page.wait_for_function(
            f"""(i) => {{
                {_FIND}
                return app && ({condition});
            }}""",
            arg=self.index,
            timeout=timeout,
        )

    def value(self, expression: str):
        """Return the value of an expression on ``el`` and ``app``."""
        return self.page.evaluate(
            f"""(i) => {{
                {_FIND}
                return {expression};
            }}""",
            self.index,
        )

    def place(self, row: float, col: float) -> dict[str, float]:
        """Return where a pixel's middle lies on the canvas."""
        x, y = self.value(f"app.view.toScreen({col} + 0.5, {row} + 0.5)")
        return {"x": x, "y": y}

    def click(self, row: float, col: float, **options) -> None:
        """Click on a pixel."""
        self.canvas.click(position=self.place(row, col), **options)

    def drag(self, *positions: tuple[float, float]) -> None:
        """Press at the first position ``(row, col)``, and move to the others."""
        box = self.canvas.bounding_box()
        at = [self.place(*p) for p in positions]
        at = [(box["x"] + p["x"], box["y"] + p["y"]) for p in at]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        for position in at[1:]:
            self.page.mouse.move(*position, steps=3)
        self.page.mouse.up()

    def press(self, key: str) -> None:
        """Press a key on the image."""
        self.canvas.press(key)

    def button(self, name: str):
        """Return a button by its words."""
        return self.root.get_by_role("button", name=name)


@contextmanager
def browser(*, width: int = 1280, height: int = 1000):
    """Open a browser, and end it."""
    path = find_chromium()
    if path is None:
        raise RuntimeError("Install Chromium (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path, headless=True, args=_FLAGS
        )
        try:
            yield opened.new_context(viewport={"width": width, "height": height})
        finally:
            opened.close()


@contextmanager
def lab(folder: Path, environment: dict[str, str] | None = None):
    """Run a JupyterLab, and end it."""
    server = Lab(folder, environment)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
