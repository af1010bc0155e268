"""Cells of one frame, propagated, corrected, divided, linked, measured and saved."""

import numpy as np

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.synthetic import draw_timelapse
from napari_sam.tracking import track_edits

movie = draw_timelapse(seed=1, frames=8, size=128, cells=4)
tracks = sam.propagate(movie.image, {0: movie.labels[0]}, axes="tyx")
print(tracks)


def iou(frame, cell):
    found, true = tracks.labels[frame] == cell, movie.labels[frame] == cell
    return (found & true).sum() / max((found | true).sum(), 1)


cells = [int(i) for i in np.unique(movie.labels[0]) if i]
print("IoU on frame 3:", {cell: round(float(iou(3, cell)), 2) for cell in cells})

# The most doubtful frame of a cell that stays, put right: frames next to it change.
doubt = {s.id: (float(s.confidences.min()), int(s.frames[s.confidences.argmin()]))
         for s in tracks.segments if s.id in movie.labels[-1]}  # fmt: skip
cell = min(doubt, key=doubt.get)
frame = doubt[cell][1]
true = Mask.from_array(movie.labels[frame] == cell)
tracks = sam.propagate(
    movie.image, {sam.Address(frame, cell): true}, axes="tyx", tracks=tracks
)
print(f"cell {cell} on frame {frame} is now", tracks[cell].states.tolist())

# Cell 4 divides on frame 6: there it ends, and its daughters are given.
tracks = track_edits.remove_from(tracks, 4, 6)
daughters = {sam.Address(6, i): Mask.from_array(movie.labels[6] == i) for i in (5, 6)}
tracks = sam.propagate(movie.image, daughters, axes="tyx", tracks=tracks, frames=(6, 7))
tracks = track_edits.divide(tracks, 4, [5, 6])
print("divisions:", tracks.divisions)

# The same masks, linked frame by frame, as if nobody had followed them.
print("linked:", sam.link(np.asarray(tracks.labels), axes="tyx"))

objects = sam.measure(tracks.labels, movie.image, axes="tyx")
print(objects.pivot(index="frame", columns="object", values="area"))
sam.plot_measurements(objects, "area").figure.savefig("areas.png")

for name in ("cells_RES", "cells.geff"):
    tracks.save(name)
    again = sam.read_tracks(name)
    same = np.array_equal(again.labels, tracks.labels)
    print(name, "read again:", same and set(again.edges) == set(tracks.edges))

data, properties, graph = tracks.to_napari()  # viewer.add_tracks(data, graph=graph)
print("rows for napari:", data.shape)
