"""The same prompts in napari, in a notebook and at the shell: the same bytes.

napari opens a window and closes it again.
"""

import subprocess
import sys
import time

from qtpy.QtWidgets import QApplication
from skimage import data, io

import napari_sam as sam
from napari_sam.io import write_prompts

io.imsave("coins.png", data.coins())
said = {
    1: sam.Prompts.point(130, 48),
    2: sam.Prompts.rectangle(28, 131, 74, 179),
    3: sam.Prompts.point(120, 105).point(150, 105, positive=False),
}


def at_the_shell():
    write_prompts("coins.json", {sam.Address(0, n): one for n, one in said.items()})
    words = ["segment", "coins.png", "--prompts", "coins.json", "-o", "shell.tif"]
    command = [sys.executable, "-m", "napari_sam.apps.cli", *words, "--overwrite"]
    subprocess.run(command, check=True, capture_output=True)
    return sam.read_image("shell.tif").data[:]


def in_a_notebook():
    annotation = sam.annotate("coins.png", view="notebook")
    annotation.wait()  # until the model is there
    for prompts in said.values():
        annotation.session.set_prompts(prompts)
        annotation.wait()
        annotation.annotator.commits.commit()  # as the key K does
    labels = annotation.labels.copy()
    annotation.close()
    return labels


def in_napari():
    annotation = sam.annotate("coins.png", view="napari")
    annotator = annotation.annotator
    until(lambda: annotator.has_model)
    for prompts in said.values():
        annotation.session.set_prompts(prompts)
        until(lambda: annotation.session.preview is not None)
        annotator.commits.commit()
    labels = annotation.labels.copy()
    annotation.session.mark_saved()  # or the window asks whether to save
    annotation.viewer.close()
    return labels


def until(is_true):
    """Let napari do its work until something is true."""
    end = time.monotonic() + 120
    while not is_true():
        QApplication.processEvents()
        time.sleep(0.01)
        if time.monotonic() > end:
            raise TimeoutError("napari did not answer within two minutes")


if __name__ == "__main__":
    found = {door.__name__: door() for door in (at_the_shell, in_a_notebook, in_napari)}
    for door, labels in found.items():
        print(door, labels.shape, [int((labels == n).sum()) for n in said])
    bytes_of = {labels.astype("uint8").tobytes() for labels in found.values()}
    print("the same bytes:", len(bytes_of) == 1)
