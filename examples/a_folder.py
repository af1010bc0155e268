"""All objects of every image of a folder; a second call does only what is missing."""

from pathlib import Path

from skimage import io

import napari_sam as sam
from napari_sam.core.progress import drain
from napari_sam.jobs import EverythingFolderJob, ModelSpec, iter_everything_folder
from napari_sam.synthetic import draw_scene

images = Path("images")
images.mkdir(exist_ok=True)
for seed in (1, 2, 3):
    scene = draw_scene(seed, size=128, kind="nuclei")
    io.imsave(images / f"well_{seed}.png", scene.image)
(images / "notes.png").write_text("this is no image")  # does not stop the others

job = EverythingFolderJob(images, Path("labels"), ModelSpec(sam.load_backend, "pocket"))
for outcome in drain(iter_everything_folder(job)):
    print(outcome.path.name, outcome.state, outcome.reason)

for outcome in drain(iter_everything_folder(job)):
    print("again:", outcome.path.name, outcome.state)

for path in sorted(Path("labels").glob("*.tif")):
    objects = sam.measure(path)
    print(f"{path.name}: {len(objects)} nuclei of {objects['area'].mean():.0f} pixels")
