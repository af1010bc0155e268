"""All coins like two examples: the threshold moves without the model."""

from skimage import data

import napari_sam as sam
from napari_sam.automatic import SimilarSettings

model = sam.load_backend("pocket")
image = data.coins()

# Two of the large coins are wanted, and one of the small ones is not.
large = [sam.Region(14, 305, 72, 366), sam.Region(156, 315, 218, 380)]
small = [sam.Region(34, 22, 76, 69)]
found = sam.segment_similar(image, large, negatives=small, model=model)

for object_id, similarity in list(found.similarities.items())[:5]:
    print(f"object {object_id}: similarity {similarity:.2f}")
for threshold in (0.2, 0.5, 0.8):
    count = len(found.with_threshold(threshold).similarities)
    print(f"at {threshold}: {count} coins")

# Coins are told apart by their size: what is on them does not matter.
by_size = found.with_settings(SimilarSettings(by_features=0, by_light=0))
print("of about this size:", len(by_size.similarities))

# What was learnt of the examples is looked for in another image.
mirrored = sam.segment_similar(image[:, ::-1], found.examples, model=model)
print("in the mirrored image:", len(mirrored.similarities))

sam.write_labels("large_coins.tif", by_size.labels, axes="yx", overwrite=True)
