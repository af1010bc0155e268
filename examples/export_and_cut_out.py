"""Labels for other programs: YOLO, split by experiment, and cut-outs on a sheet."""

import napari_sam as sam
from napari_sam.datasets import LabelledImage, read_labelled_images
from napari_sam.datasets.export import ExportSettings
from napari_sam.synthetic import draw_scene

scenes = {
    f"plate{plate}_well{well}": draw_scene(10 * plate + well, size=96, kind="nuclei")
    for plate in range(3)
    for well in range(2)
}
images = [
    LabelledImage(name, "plates", sam.Frames(scene.image, "yxc"), scene.labels)
    for name, scene in scenes.items()
]
settings = ExportSettings("yolo", split=(0.7, 0.3), experiment=r"plate\d")
report = sam.export_labels(images, "nuclei_yolo", settings=settings)
print(report.images, report.objects, "objects; changed:", dict(report.losses))

back = read_labelled_images("nuclei_yolo")
print({image.name: len(image.truth.ids) for image in back})

first = next(iter(scenes.values()))
count = sam.write_cutouts(sam.Frames(first.image, "yxc"), first.labels, "nuclei.png")
print(count, "nuclei on a sheet in nuclei.png")
