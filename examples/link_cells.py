"""Cells that were found frame by frame become tracks, which are written and read."""

import numpy as np

import napari_sam as sam
from napari_sam.synthetic import draw_timelapse

movie = draw_timelapse(seed=1, frames=16, size=192, cells=6)

# Found frame by frame: the numbers of one frame have nothing to do with the next.
draw = np.random.default_rng(0)
numbers = np.append(0, 1 + draw.permutation(int(movie.labels.max())))
found = np.stack([np.roll(numbers[1:], t)[plane - 1] * (plane > 0)
                  for t, plane in enumerate(movie.labels)])  # fmt: skip

tracks = sam.link(found, axes="tyx")
print(tracks)
print("divisions:", tracks.divisions)
print("true ones:", len(set(movie.parents.values())))

# All that is known, for napari-sam and other programs; and the table of a spreadsheet.
tracks.save("cells.zarr")
tracks.save("cells.csv")
again = sam.read_tracks("cells.zarr")
print("read again:", again, again.edges == tracks.edges)

# The graph for viewer.add_tracks(data, graph=graph); labels stay where they are.
data, properties, graph = again.to_napari()
print("rows for napari:", data.shape, "daughters:", sorted(graph))
