"""Roofs of a georeferenced raster become polygons that a GIS puts in their place."""

import json
from pathlib import Path

import numpy as np
import rasterio

import napari_sam as sam
from napari_sam.synthetic import draw_scene

# A small town, put near Graz: half a metre a pixel, in UTM zone 33 north.
town = draw_scene(1, size=192, kind="roofs")
place = rasterio.Affine(0.5, 0, 532_000, 0, -0.5, 5_213_000)
with rasterio.open(
    "town.tif", "w", driver="GTiff", crs="EPSG:32633", transform=place,
    count=3, height=192, width=192, dtype="uint8", photometric="rgb",
) as out:  # fmt: skip
    out.write(town.image.transpose(2, 0, 1))

raster = sam.read_image("town.tif")
print(raster.axes, raster.crs, raster.scale)

image = sam.PromptableImage(raster.frames, sam.load_backend("pocket"))
boxes = {}
largest = np.bincount(town.labels.ravel())[1:].argsort()[-6:] + 1
for roof in largest.tolist():  # yours come from a file, or are drawn in napari
    rows, cols = np.nonzero(town.labels == roof)
    corners = rows.min(), cols.min(), rows.max() + 1, cols.max() + 1
    boxes[roof] = sam.Prompts.rectangle(*map(float, corners))
masks = image.segment_many(list(boxes.values()))

labels = np.zeros(image.frames.plane_shape, np.uint16)
for roof, mask in zip(boxes, masks, strict=True):
    labels[mask.full(labels.shape)] = roof

# GeoJSON is in longitude and latitude; GeoPackage and GeoTIFF keep EPSG:32633.
sam.write_labels("roofs.geojson", labels, like=raster)
sam.write_labels("roofs.gpkg", labels, like=raster)
sam.write_labels("roofs.tif", labels, like=raster)

first = json.loads(Path("roofs.geojson").read_text())["features"][0]
print("first corner:", np.round(first["geometry"]["coordinates"][0][0], 4).tolist())
print("area:", first["properties"]["area"], "square metres")
with rasterio.open("roofs.tif") as written:
    print("same grid:", written.crs == raster.crs, written.transform == place)
