"""Coins that a table lists become labels; the columns of the table stay with them."""

from pathlib import Path

from skimage import data, io

import napari_sam as sam

# A table as spreadsheets write it; x is the column and y the row, in pixels.
Path("coins.csv").write_text(
    "object,x,y,positive\n"
    "1,48,130,1\n"
    "2,336,45,1\n"
    "3,45,196,1\n"
    "3,45,225,0\n"  # the third coin ends above this place
)
io.imsave("coins.png", data.coins())

coins = sam.read_image("coins.png")
prompts = sam.read_prompts("coins.csv", image=coins)
image = sam.PromptableImage(coins.frames, sam.load_backend("pocket"))
masks = dict(zip(prompts, image.segment_many(list(prompts.values())), strict=True))

shape = image.frames.plane_shape
labels = sum(at.object_id * mask.full(shape) for at, mask in masks.items())
for at, mask in masks.items():
    print(f"coin {at.object_id}: {mask.area} pixels, score {mask.score:.2f}")

sam.write_labels("coins.tif", labels, like=coins)
