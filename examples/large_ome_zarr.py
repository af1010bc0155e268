"""A click on an image too large for memory: only the tiles around it are read."""

import zarr

import napari_sam as sam
from napari_sam.synthetic import draw_scene

# An OME-Zarr of 20,000 x 20,000 pixels. Chunks that were never written take no space,
# so that this one, with something in one corner, is a few kilobytes.
side = 20_000
group = zarr.open_group("slide.ome.zarr", mode="w")
pixels = group.create_array("0", shape=(side, side), chunks=(512, 512), dtype="uint8")
scene = draw_scene(1, size=256, kind="nuclei")
pixels[15_000:15_256, 9_000:9_256] = scene.image[..., 0]
group.attrs["ome"] = {
    "version": "0.5",
    "multiscales": [{
        "axes": [{"name": a, "type": "space", "unit": "micrometer"} for a in "yx"],
        "datasets": [{"path": "0", "coordinateTransformations": [
            {"type": "scale", "scale": [0.25, 0.25]}]}],
    }],
}  # fmt: skip

slide = sam.read_image("slide.ome.zarr")
print(slide.axes, slide.data.shape, slide.scale, slide.units["x"])

# What is computed of a tile is kept: the next click there, or next week, is quick.
store = sam.open_store("slide-embeddings.zarr")
image = sam.PromptableImage(slide.frames, sam.load_backend("pocket"), store=store)

rows, cols = (scene.labels == 3).nonzero()
click = sam.Prompts.point(15_000 + rows.mean(), 9_000 + cols.mean())
nucleus = image.segment(click)
print(nucleus)
print("covers", nucleus.mask.shape, "of", image.frames.plane_shape)
print("once more encodes nothing:", image.segment(click).area == nucleus.area)
