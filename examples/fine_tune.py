"""`pocket` learns from labels of your own, and is measured before and after.

Eight steps show how it goes; some hundreds, on images of yours, make a better model.
"""

from pathlib import Path

from skimage import io

import napari_sam as sam
from napari_sam.checkpoints import weights_path
from napari_sam.synthetic import draw_scene
from napari_sam.training.initial_weights import initial_learner
from napari_sam.training.training_data import read_data
from napari_sam.training.training_run import iter_train

for part in ("images", "labels"):
    Path("cells", part).mkdir(parents=True, exist_ok=True)
for seed in range(6):
    scene = draw_scene(100 + seed, size=128, kind="phase")
    io.imsave(f"cells/images/{seed}.png", scene.image)
    sam.write_labels(f"cells/labels/{seed}.tif", scene.labels, overwrite=True)

quick = {"steps": "8", "images": "1", "objects": "8", "crop": "128"}
recipe, learner = initial_learner(
    checkpoint=weights_path(sam.checkpoints.find("pocket")), settings=quick
)
data = read_data([(1.0, Path("cells"))])  # one image in ten is held back
for report in iter_train(
    recipe,
    learner,
    data.sources,
    Path("mine.safetensors"),
    validation=data.validation,
    parts="decoder",
    measure_every=8,
):
    measured = report.loss != report.loss  # such a report is a measurement
    what = "held back" if measured else f"loss {report.loss:.2f}"
    if measured or report.step % 4 == 0:
        print(f"step {report.step}, {what}: IoU {report.first:.2f}, {report.last:.2f}")

mine = sam.load_backend(checkpoint="mine.safetensors")
image = sam.PromptableImage(scene.image, mine, axes="yxc")
print(image.segment(sam.Prompts.rectangle(20, 20, 60, 60)))
