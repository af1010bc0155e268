"""A person reviews a labelled data set in JupyterLab, by keys and by clicks."""

import pytest

OPEN = """
import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend
review = sam.review({folder!r}, model=InstanceThresholdBackend())
review
"""
READ = """
review.save()
with sam.LabelledDataset(review.path) as dataset:
    print(dataset.counts)
    print(sorted({item.category for item in dataset.items()} - {""}))
"""
TEXT = "el.dataset.text.startsWith({!r})"


@pytest.fixture
def notebook(jupyter, labelled_folder):
    opened = jupyter("review", OPEN.format(folder=str(labelled_folder)), READ)
    opened.start(0)
    yield opened
    assert opened.errors == []
    opened.page.close()


def test_objects_are_accepted_classed_rejected_and_clicked_anew(notebook):
    widget = notebook.open_widget(0)
    widget.wait("el.dataset.left === '6'")
    unnamed = widget.value(
        """[...el.querySelectorAll('button, input, select, canvas')]
        .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim()
            || one.labels?.length)).map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    widget.root.focus()
    keyboard = notebook.page.keyboard
    keyboard.press("a")
    widget.wait(TEXT.format("1 of 6"))
    keyboard.press("r")
    widget.wait(TEXT.format("2 of 6"))
    widget.root.get_by_label("Class", exact=True).fill("cell")
    keyboard.press("Enter")
    widget.wait(TEXT.format("3 of 6"))
    keyboard.press("1")
    widget.wait(TEXT.format("4 of 6"))
    keyboard.press("z")
    widget.wait(TEXT.format("3 of 6"))
    widget.root.get_by_label("On", exact=True).select_option("a.tif")
    widget.wait("el.dataset.left === '3'")
    widget.root.get_by_role("button", name="Later").click()
    widget.wait("el.dataset.left === '3'")
    keyboard.press("c")
    inside = notebook.widget(1)
    inside.wait("el.dataset.ready === 'true' && app.view.scale > 8")
    top, left, bottom, right = inside.value("app.view.region()")
    inside.click((top + bottom) / 2, (left + right) / 2)
    inside.wait("Number(el.dataset.preview) === 64")
    inside.press("k")
    widget.wait(TEXT.format("4 of 6"))
    counts, classes = notebook.run(1).splitlines()
    assert counts == "{'found': 2, 'accepted': 2, 'rejected': 1, 'corrected': 1}"
    assert classes == "['cell']"
