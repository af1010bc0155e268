"""A person annotates in JupyterLab: a real browser, a real kernel."""

import pytest

BEGIN = """
import numpy as np
import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend
pixels = np.zeros((300, 400), np.uint8)
pixels[40:120, 60:180] = 200
pixels[180:260, 200:320] = 240
pixels[20:60, 300:360] = 220
annotation = sam.annotate(pixels, model=InstanceThresholdBackend(), view="notebook")
annotation
"""
LABELS = """
values, counts = np.unique(annotation.result(), return_counts=True)
print(dict(zip(values[1:].tolist(), counts[1:].tolist())))
assert annotation.annotator.image.journal.flush()
"""
SEEN = "Number(el.dataset.preview) === {}"
COMMITTED = "el.dataset.committed === '{}' && el.dataset.tiles === 'ready'"


@pytest.fixture(scope="module")
def notebook(jupyter):
    """Open a notebook with an annotation, a cell that reads it, and another view."""
    opened = jupyter(
        "annotate", BEGIN, LABELS, "annotation", "import time; time.sleep(4)"
    )
    opened.run_all()
    yield opened
    assert opened.errors == []
    opened.page.close()


def test_clicks_boxes_undo_and_commits_reach_the_labels(notebook):
    widget = notebook.widget()
    widget.wait("el.dataset.ready === 'true'")
    widget.click(80, 100)
    widget.wait(SEEN.format(80 * 120))
    widget.press("k")
    widget.wait(COMMITTED.format(1))
    widget.root.get_by_role("button", name="Box").click()
    widget.drag((170, 190), (270, 330))
    widget.wait(SEEN.format(80 * 120))
    widget.button("Commit").click()
    widget.wait(COMMITTED.format(2))
    widget.press("Control+z")
    widget.wait(COMMITTED.format(1))
    widget.press("Control+Shift+Z")
    widget.wait(COMMITTED.format(2))
    assert notebook.run(1) == "{1: 9600, 2: 9600}"


def test_a_right_click_and_alt_say_what_is_not_the_object(notebook):
    widget = notebook.widget()
    widget.root.get_by_role("button", name="Point").click()
    widget.click(40, 330)
    widget.wait(SEEN.format(40 * 60))
    widget.click(30, 310, button="right")
    widget.wait("app.state.prompts.items.length === 2")
    widget.click(50, 350, modifiers=["Alt"])
    widget.wait("app.state.prompts.items.length === 3")
    signs = widget.value("app.state.prompts.items.map((item) => item.positive)")
    assert signs == [True, False, False]
    for _ in signs:
        widget.press("Control+z")
    widget.wait("app.state.prompts.items.length === 0")


def test_lines_are_drawn_and_the_image_is_moved_and_enlarged(notebook):
    widget = notebook.widget()
    widget.root.get_by_role("button", name="Lasso").click()
    widget.drag((10, 290), (10, 370), (70, 370), (70, 290), (12, 290))
    widget.wait("app.state.prompts.items[0]?.kind === 'polygon'")
    widget.wait(SEEN.format(40 * 60))
    widget.press("Control+z")
    widget.wait("app.state.prompts.items.length === 0")
    widget.root.get_by_role("button", name="Point").click()
    before = widget.value("app.view.scale")
    widget.canvas.hover(position=widget.place(80, 100))
    notebook.page.mouse.wheel(0, -400)
    widget.wait(f"app.view.scale > {before * 1.3} && el.dataset.tiles === 'ready'")
    at = widget.value("app.view.x")
    widget.drag((80, 100), (80, 120))
    widget.wait(f"app.view.x < {at}")
    assert widget.value("app.state.prompts.items.length") == 0
    widget.press("0")
    widget.wait(f"Math.abs(app.view.scale - {before}) < 1e-6")


def test_the_mask_under_the_mouse_follows_it(notebook):
    widget = notebook.widget()
    widget.press("h")
    widget.wait("app.state.candidates.hover")
    widget.canvas.hover(position=widget.place(40, 330))
    widget.wait("el.dataset.hover === 'shown'")
    widget.press("h")
    widget.wait("el.dataset.hover === ''")


def test_two_views_of_one_annotation_stay_in_step(notebook):
    first, second = notebook.widget(0), notebook.widget(1)
    first.click(40, 330)
    second.wait(SEEN.format(40 * 60))
    second.press("k")
    first.wait(COMMITTED.format(3))


def test_a_cell_that_runs_is_said_and_nothing_is_lost(notebook):
    widget = notebook.widget()
    notebook.start(3)
    widget.press("Control+z")
    words = widget.root.get_by_role("status").filter(has_text="Python is busy")
    words.wait_for()
    widget.wait(COMMITTED.format(2))
    notebook.wait_idle()


def test_a_page_that_is_loaded_again_shows_what_there_was(notebook):
    widget = notebook.widget()
    widget.click(40, 330)
    widget.wait(SEEN.format(40 * 60))
    notebook.save(notebook.path)
    notebook.page.reload()
    again = notebook.widget()
    again.wait(COMMITTED.format(2))
    again.wait(SEEN.format(40 * 60))
    again.press("k")
    again.wait(COMMITTED.format(3))


def test_after_a_restart_of_the_kernel_work_is_restored(notebook):
    # What was done in the last moment before a kernel dies may not be on the disk yet.
    assert notebook.run(1) == "{1: 9600, 2: 9600, 3: 2400}"
    notebook.restart_kernel()
    notebook.start(0)
    notebook.page.get_by_role("button", name="Restore").click()
    widget = notebook.widget()
    widget.wait(COMMITTED.format(3))
    assert notebook.run(1) == "{1: 9600, 2: 9600, 3: 2400}"


ODD = """
import numpy as np
import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend
model = InstanceThresholdBackend()
blobs = np.zeros((5, 64, 64, 3), np.uint8)
blobs[:, 20:40, 10:50] = [250, 200, 180]
for image, axes in [
    (np.full((1, 1), 200), None), (np.full((40, 60), np.nan), None), (blobs, "tyxc")
]:
    display(sam.annotate(image, axes=axes, model=model, view="notebook"))
display(sam.show(blobs[0], (blobs[0, ..., 0] > 0).astype(np.uint8), axes="yxc"))
"""


def test_odd_images_stacks_and_pictures(jupyter):
    notebook = jupyter("odd", ODD)
    notebook.run_all()
    pixel, nothing, stack, picture = (notebook.widget(i) for i in range(4))
    pixel.wait("el.dataset.ready === 'true'")
    pixel.click(0, 0)
    pixel.wait("app.state.prompts.items.length === 1 && el.dataset.busy === ''")
    status = nothing.root.get_by_role("status")
    status.filter(has_text="No pixel of the image is a finite number").wait_for()
    assert stack.value("app.state.frame.where") == {"t": 0}
    assert stack.root.locator("input[type=range][max='4']").count() == 1
    assert picture.value("app.objects.size") == 1
    assert picture.root.get_by_role("button", name="Commit").count() == 0
    assert notebook.errors == []
    notebook.page.close()


def test_every_control_has_a_name_and_text_is_large_enough(jupyter):
    notebook = jupyter("controls", BEGIN)
    notebook.run_all()
    widget = notebook.widget()
    unnamed = widget.value(
        """[...el.querySelectorAll('button, input, select, canvas, progress')]
        .filter((one) => !(one.getAttribute('aria-label') || one.innerText?.trim()
            || one.labels?.length || one.textContent.trim()))
        .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    smallest = widget.value(
        """Math.min(...[...el.querySelectorAll('*')]
        .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
    )
    assert smallest >= 12
    notebook.page.close()
