"""What was reviewed teaches a model, and nothing else does."""

import numpy as np
import tifffile

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.labelling import count_reviewed, iter_reviewed


def review(dataset):
    """Accept, correct and reject one object each, the first of the image b."""
    one, other, third = [i for i in dataset.items() if i.image.stem == "b"][:3]
    dataset.accept(one)
    mask = dataset.mask(other)
    top, left = mask.region.top, mask.region.left
    half = Mask.from_array(mask.array[:, :3], top=top, left=left)
    dataset.correct(other, half)
    dataset.reject(third)
    return {one.row.object: dataset.mask(one).area, other.row.object: half.area}


def areas(labels):
    return {int(i): int((labels == i).sum()) for i in np.unique(labels) if i}


def test_only_what_was_accepted_or_corrected(dataset):
    expected = review(dataset)
    found = list(iter_reviewed(dataset))
    own = [example for example in found if areas(example.labels) == expected]
    assert len(own) == 1
    assert own[0].image.shape == (64, 64, 3)
    assert (own[0].image[own[0].labels > 0] == own[0].image.max()).all()
    (examples,) = [example for example in found if example is not own[0]]
    assert len(areas(examples.labels)) == 2, "what the classes were said by"
    assert count_reviewed(dataset) == 4


def test_planes_of_a_stack(tmp_path, backend):
    pixels = np.zeros((2, 40, 40), np.uint8)
    pixels[0, 4:12, 4:12] = pixels[1, 20:30, 20:30] = 200
    tifffile.imwrite(tmp_path / "z.tif", pixels, metadata={"axes": "ZYX"}, imagej=True)
    dataset = sam.label(tmp_path / "z.tif", tmp_path / "out", model=backend)
    assert list(iter_reviewed(dataset)) == []
    for item in dataset.items():
        dataset.accept(item)
    found = [areas(example.labels) for example in iter_reviewed(dataset)]
    assert [list(one.values()) for one in found] == [[64], [100]]
