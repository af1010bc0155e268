"""A person annotates in marimo: a real server, a real browser."""

import os
import subprocess
import sys
import time
import urllib.request

import pytest

APP = """
import marimo

app = marimo.App(width="full")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import napari_sam as sam
    from napari_sam.testing import InstanceThresholdBackend

    pixels = np.zeros((300, 400), np.uint8)
    pixels[40:120, 60:180] = 200
    annotation = sam.annotate(pixels, model=InstanceThresholdBackend())
    annotation
    return annotation, mo, np


@app.cell
def _(annotation, mo, np):
    count = lambda _: int((np.asarray(annotation.labels) == 1).sum())
    read = mo.ui.button(label="Read", on_click=count, value=0)
    read
    return (read,)


@app.cell
def _(read):
    f"{read.value} were read"
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def address(tmp_path):
    """Serve a notebook of marimo, and return its address."""
    pytest.importorskip("marimo")
    import _jupyter

    (tmp_path / "app.py").write_text(APP)
    port = _jupyter._free_port()
    command = [sys.executable, "-m", "marimo", "-y", "run", str(tmp_path / "app.py")]
    command += ["--headless", "--no-token", "--host=127.0.0.1", f"--port={port}"]
    home = {"NAPARI_SAM_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen(command, env=os.environ | home, stdout=log, stderr=log)
    found = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{found}/health", server)
        yield found
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def wait_for(address, server):
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_click_in_marimo_is_in_the_labels_of_another_cell(browser_context, address):
    import _jupyter

    page = browser_context.new_page()
    page.set_default_timeout(_jupyter.PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    widget = _jupyter.Widget(page)
    widget.wait("el.dataset.ready === 'true' && el.dataset.tiles === 'ready'")
    widget.click(80, 100)
    widget.wait("Number(el.dataset.preview) === 9600")
    widget.press("k")
    widget.wait("el.dataset.committed === '1'")
    page.get_by_role("button", name="Read").click()
    page.get_by_text("9600 were read").wait_for()
    assert errors == []
    page.close()
