"""Growth of cells in a time-lapse: areas over time, growth rates, divisions."""

import napari_sam as sam
from napari_sam.synthetic import draw_timelapse

movie = draw_timelapse(seed=3, frames=16, size=192, cells=4)
objects = sam.measure(
    movie.labels,
    movie.image,
    axes="tyx",
    scale={"y": 0.65, "x": 0.65, "t": 10},
    units={"y": "micrometer", "x": "micrometer", "t": "minute"},
)
print(objects[["object", "time", "area", "intensity_mean", "speed"]].head())

cells = sam.measure_tracks(objects, movie.parents)
divided = cells[cells["daughters"] > 0]
print(f"{len(cells)} cells, {len(divided)} of which divide")
print(cells[cells["frames"] > 5][["object", "parent", "lifetime", "growth_rate"]])

spread = sam.mean_squared_displacement(objects, lags=4)
print(spread.groupby("lag")["mean_squared_displacement"].mean())

axes = sam.plot_measurements(objects, "area")
for _, cell in divided.iterrows():
    axes.axvline(cell["division_time"], color="grey", linewidth=0.5)
axes.figure.savefig("growth.png", dpi=120)
print("drawn in growth.png")
