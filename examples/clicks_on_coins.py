"""Segment coins from clicks and boxes, and save labels and a picture."""

from tempfile import mkdtemp

from skimage.data import coins

import napari_sam as sam
from napari_sam.io import write_overlay

pixels = coins()
image = sam.PromptableImage(pixels, sam.load_backend("pocket"))

click = sam.Prompts().point(45, 336)
box = sam.Prompts().rectangle(95, 243, 146, 300)
corrected = sam.Prompts().point(196, 45).point(225, 45, positive=False)

# The image is looked at once; the three objects are decoded together.
said = {1: click, 2: box, 3: corrected}
coins_found = dict(zip(said, image.segment_many(list(said.values())), strict=True))

labels = sum(n * coin.full(pixels.shape) for n, coin in coins_found.items())
folder = mkdtemp()
sam.write_labels(f"{folder}/coins.tif", labels)
write_overlay(f"{folder}/coins.png", image.appearance.render(pixels), labels, said)
for number, coin in coins_found.items():
    print(f"coin {number}: {coin.area} pixels, score {coin.score:.2f}")
print(f"labels and picture: {folder}")
