"""One click may mean a part or the whole: look at the candidates and choose."""

from skimage.data import coins

import napari_sam as sam

image = sam.PromptableImage(coins(), sam.load_backend("pocket"))
click = sam.Prompts().point(130, 275)

for k, candidate in enumerate(image.segment(click).candidates):
    print(f"candidate {k}: {candidate.area} pixels, score {candidate.score:.2f}")

# What was chosen is part of what was said, and the next click refines that one.
refined = image.segment(click.choose(0).point(105, 270))
print(f"refined: {refined.area} pixels in {refined.region}")
