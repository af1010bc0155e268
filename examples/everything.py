"""All coins at once: found without a prompt, filtered, and written as labels."""

import numpy as np
from skimage import data, measure

import napari_sam as sam
from napari_sam.automatic import AutomaticSettings, FilterSettings

model = sam.load_backend("pocket")
image = data.coins()

labels = sam.segment_everything(image, model=model)
sizes = np.bincount(labels.ravel())[1:]
print(f"{len(sizes)} objects of {sizes.min()} to {sizes.max()} pixels")

# Filters are applied last: whole objects, and no small ones.
whole = FilterSettings(smallest=1500, exclude_border=True)
large = sam.segment_everything(
    image, model=model, settings=AutomaticSettings(filters=whole)
)
found = measure.regionprops(large)
print("larger than 1,500 pixels:", len(found))
print("mean diameter:", round(np.mean([c.equivalent_diameter_area for c in found]), 1))

sam.write_labels("coins.tif", large, axes="yx")
