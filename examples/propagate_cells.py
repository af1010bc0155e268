"""Cells of one frame, propagated through a movie; the least certain is corrected."""

import numpy as np

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.synthetic import draw_timelapse

movie = draw_timelapse(seed=1, frames=6, size=128, cells=4)
tracks = sam.propagate(movie.image, {0: movie.labels[0]}, axes="tyx")
print(tracks)


def iou(frame, cell):
    found, true = tracks.labels[frame] == cell, movie.labels[frame] == cell
    return (found & true).sum() / max((found | true).sum(), 1)


cells = [int(i) for i in np.unique(movie.labels[0]) if i]
print("IoU on frame 3:", {cell: round(float(iou(3, cell)), 2) for cell in cells})

# The most doubtful frame, put right: only frames next to it change.
doubt = {s.id: (float(s.confidences.min()), int(s.frames[s.confidences.argmin()]))
         for s in tracks.segments}  # fmt: skip
cell = min(doubt, key=doubt.get)
frame = doubt[cell][1]
true = movie.labels[frame] == cell
if true.any():
    seed = {sam.Address(frame, cell): Mask.from_array(true)}
    tracks = sam.propagate(movie.image, seed, axes="tyx", tracks=tracks)
    print(f"cell {cell} on frame {frame} is now", tracks[cell].states.tolist())

data, properties, graph = tracks.to_napari()  # viewer.add_tracks(data, graph=graph)
print("rows for napari:", data.shape)
