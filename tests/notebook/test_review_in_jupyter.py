"""A person reviews a labelled data set in JupyterLab, by keys and by clicks."""

import pytest

OPEN = """
import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend
review = sam.review({folder!r}, model=InstanceThresholdBackend())
review
"""
TRAIN = """
from napari_sam.api import improvement
from napari_sam.core.progress import Progress

def trained(folder, *_):
    while not (folder / "go").exists():
        yield Progress(1, 2, "learning")
    (folder / "improved.safetensors").touch()
    return {"before": [0.5] * 3, "after": [0.4] * 3, "objects": 2}

improvement._FEWEST, improvement._iter_train = 4, trained
print("a training that waits")
"""
GO = """
from napari_sam.core.home import home
(folder,) = (p for p in (home() / "improvements").iterdir() if p.is_dir())
(folder / "go").touch()
print(review.improvement.is_running)
"""
READ = """
review.save()
with sam.LabelledDataset(review.path) as dataset:
    print(dataset.counts)
    print(sorted({item.category for item in dataset.items()} - {""}))
"""
LEARNT = "el.querySelector('.ns-learnt').textContent.includes({!r})"
TEXT = "el.dataset.text.startsWith({!r})"


@pytest.fixture
def notebook(jupyter, labelled_folder):
    opened = jupyter(
        "review", OPEN.format(folder=str(labelled_folder)), READ, TRAIN, GO
    )
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


def test_a_model_learns_from_what_was_accepted(notebook):
    widget = notebook.open_widget(0)
    widget.wait("el.dataset.left === '6'")
    improve = widget.root.get_by_role("button", name="Improve with my corrections")
    improve.click()
    widget.wait(LEARNT.format("0 masks of yours"))
    assert notebook.run(2) == "a training that waits"
    widget.root.focus()
    for left in (5, 4, 3, 2):
        notebook.page.keyboard.press("a")
        widget.wait(f"el.dataset.left === '{left}'")
    improve.click()
    widget.wait(LEARNT.format("Learning, 1 of 2"))
    stop = widget.root.get_by_role("button", name="Stop")
    assert stop.is_visible()
    stop.click()
    widget.wait(LEARNT.format("Stopped; the same once more goes on."))
    improve.click()
    widget.wait(LEARNT.format("Learning, 1 of 2"))
    assert notebook.run(3) == "True"
    widget.wait(LEARNT.format("so it was dropped"))
    assert improve.is_enabled()
