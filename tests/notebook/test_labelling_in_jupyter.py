"""A person looks for words and labels a folder in JupyterLab; and what goes wrong."""

import pytest

BEGIN = """
import time
from pathlib import Path
import numpy as np
import tifffile
import napari_sam as sam
from napari_sam.testing import ColourConcepts, InstanceThresholdBackend

class Patient(InstanceThresholdBackend):
    pause = 0.0
    def encode(self, images):
        time.sleep(self.pause)
        return super().encode(images)

def scene(shift):
    pixels = np.zeros((64, 64, 3), np.uint8)
    for row, col in ((4, 4), (4, 20), (4, 40)):
        pixels[row : row + 6, col + shift : col + shift + 6, 0] = 220
    for row in (20, 32, 44):
        pixels[row : row + 5, 4 + shift : 40 + shift, 2] = 220
    return pixels

folder = Path("images_to_label")
folder.mkdir(exist_ok=True)
for k, name in enumerate("abc"):
    tifffile.imwrite(folder / f"{name}.tif", scene(k), photometric="rgb")
backend = Patient(50)
annotation = sam.annotate(folder / "a.tif", model=backend, view="notebook")
annotation
"""
KNOW_WORDS = "annotation.annotator.words.models.use(ColourConcepts()); print('known')"
CLASSES = """
found = annotation.annotator.session.objects
print(sorted(info.category for info in found.values() if info.category))
"""
SLOWLY = "backend.pause = 1.0; print('slow')"
FAST = "backend.pause = 0.0; print('fast')"
DATASET = """
with sam.LabelledDataset("labelled_here") as dataset:
    print(len(dataset.images), dataset.classes, sum(dataset.counts.values()))
"""
SAID = "el.querySelector('.ns-status [role=status]').textContent.includes({!r})"
NAMED = (
    "[...el.querySelectorAll('button')]"
    ".find((one) => one.textContent === {!r}).disabled === {}"
)


@pytest.fixture(scope="module")
def notebook(jupyter):
    cells = BEGIN, KNOW_WORDS, CLASSES, SLOWLY, FAST, DATASET
    opened = jupyter("labelling", *cells)
    opened.start(0)
    yield opened
    assert opened.errors == []
    opened.page.close()


def unfold(widget, name):
    widget.value(
        f"[...el.querySelectorAll('details')].find((one) => "
        f"one.querySelector('summary').textContent === {name!r}).open = true"
    )


def test_words_are_found_and_become_classes(notebook):
    widget = notebook.open_widget(0)
    widget.wait("el.dataset.ready === 'true'")
    unfold(widget, "Words")
    # Nobody has told of a model: what to do is written, and a wrong folder is said.
    widget.wait(NAMED.format("Find these words", "true"))
    assert "huggingface.co" in widget.root.text_content()
    model = widget.root.get_by_placeholder("a name, or a folder of a model of words")
    names = "[...el.querySelectorAll('datalist option')].map((one) => one.value)"
    assert widget.value(names) == ["owlv2", "grounding-dino", "clip"]
    model.fill("nowhere")
    widget.button("Use this model").click()
    widget.wait(SAID.format("config.json"))
    assert widget.value("el.querySelector('.ns-status .ns-error') !== null")

    assert notebook.run(1) == "known"
    widget.wait(NAMED.format("Find these words", "false"))
    line = widget.root.get_by_placeholder("roof, tree; not: car").first
    line.fill("red, blue, green")
    line.press("Enter")
    widget.wait("el.textContent.includes('3 blue, 3 red')")
    widget.button("Commit words").click()
    widget.wait("el.dataset.committed === '6'")
    assert notebook.run(2) == "['blue', 'blue', 'blue', 'red', 'red', 'red']"

    # Objects of one class have one colour, none of them that of outlines.
    widget.root.get_by_label("Colour by class").check()
    ids = "[...el.querySelectorAll('[data-object]')].map((o) => +o.dataset.object)"
    colours = widget.value(f"{ids}.map((id) => app.colourOf(id).join())")
    assert len(colours) == 6
    assert len(set(colours)) == 2
    assert (86, 180, 233) not in {tuple(map(int, c.split(","))) for c in colours}
    swatches = widget.value(
        "[...el.querySelectorAll('.ns-id')].map((one) => one.style.borderLeftColor)"
    )
    assert len(set(swatches)) == 2


def test_a_folder_is_labelled_stopped_and_gone_on_with(notebook):
    widget = notebook.widget()
    unfold(widget, "Label a folder")
    widget.root.get_by_placeholder("a folder of images").fill("not_there")
    widget.root.get_by_placeholder("a new folder").fill("labelled_here")
    widget.button("Label the folder").click()
    widget.wait(SAID.format("not_there is not there"))

    assert notebook.run(3) == "slow"
    widget.root.get_by_placeholder("a folder of images").fill("images_to_label")
    widget.button("Label the folder").click()
    widget.wait("el.dataset.busy === 'labelling the folder'")
    widget.root.get_by_role("button", name="Cancel").click()
    widget.wait(SAID.format("Stopped"))
    widget.wait("el.dataset.busy === ''")

    assert notebook.run(4) == "fast"
    widget.button("Label the folder").click()
    widget.wait("""el.textContent.includes('sam.review("labelled_here")')""")
    assert notebook.run(5) == "3 ('blue', 'red') 18"
