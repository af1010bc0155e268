"""Nuclei of one frame, propagated through a z-stack, and their volumes."""

import napari_sam as sam
from napari_sam.synthetic import draw_volume

volume = draw_volume(9, size=96, planes=10, spacing=2.0)
middle = 5
seeds = {middle: volume.labels[middle]}  # yours are clicks, boxes or a label image

# From the middle upwards and downwards; an object ends where it is not seen any more.
tracks = sam.propagate(volume.image, seeds, axes="zyx")
print(tracks)

nuclei = sam.measure(
    tracks.labels,
    axes="zyx",
    scale={"z": 2.0, "y": 0.5, "x": 0.5},
    units=dict.fromkeys("zyx", "micrometer"),
)
print(nuclei[["object", "volume"]].round(1).to_string(index=False))
print("in", nuclei.attrs["units"]["volume"])

sam.write_labels("nuclei.tif", tracks.labels, axes="zyx")
