from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_sam.core.errors import NapariSamError
from napari_sam.synthetic import KINDS, draw_scene
from napari_sam.synthetic.fibres import fibres
from napari_sam.synthetic.illumination import edges, out_of_focus
from napari_sam.synthetic.style import NUCLEI

SIZE = 96
SEEDS = range(6)
SCENES = {kind: [draw_scene(s, size=SIZE, kind=kind) for s in SEEDS] for kind in KINDS}
MIXTURE = [draw_scene(seed, size=SIZE) for seed in range(12)]


def mean(measure, kind):
    return np.mean([measure(scene) for scene in SCENES[kind]])


def filled(scene):
    return (scene.labels > 0).mean()


def colourful(scene):
    return np.ptp(scene.image.astype(float), axis=-1).mean() / 255


def slenderness(scene):
    """How many squares of an object's greatest width would cover it; the median."""
    depth = ndimage.distance_transform_edt(~borders(scene.labels))
    numbers = range(1, scene.labels.max() + 1)
    widths = 2 * (np.array(ndimage.maximum(depth, scene.labels, numbers)) + 1)
    return np.median(np.bincount(scene.labels.ravel())[1:] / widths**2)


def borders(labels):
    return ndimage.grey_dilation(labels, 3) != ndimage.grey_erosion(labels, 3)


def squareness(scene):
    """How much the borders of objects run in two directions at right angles; 0 to 1."""
    solid = ndimage.gaussian_filter((scene.labels > 0).astype(float), 1.5)
    down, right = np.gradient(solid)
    steep = np.hypot(down, right)
    return np.abs((steep * np.exp(4j * np.arctan2(down, right))).sum()) / steep.sum()


def touching(scene):
    """Pixels whose right neighbour is of another object."""
    left, right = scene.labels[:, :-1], scene.labels[:, 1:]
    return ((left > 0) & (right > 0) & (left != right)).sum()


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("seed", [1, 5])
def test_a_scene_is_a_function_of_its_seed(kind, seed):
    one, other = (draw_scene(seed, size=SIZE, kind=kind) for _ in range(2))
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_objects_are_numbered_without_gaps_and_none_is_a_sliver(kind):
    for scene in SCENES[kind] if kind else MIXTURE:
        assert scene.image.shape == (SIZE, SIZE, 3)
        assert scene.image.dtype == np.uint8
        assert scene.labels.shape == (SIZE, SIZE)
        assert scene.labels.dtype == np.int32
        areas = np.bincount(scene.labels.ravel())[1:]
        assert len(areas)
        assert areas.min() >= 16


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_scenes_differ(kind):
    scenes = SCENES[kind] if kind else MIXTURE
    assert len({scene.image.tobytes() for scene in scenes}) == len(scenes)


@pytest.mark.parametrize("size", [32, 33, 57])
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_any_size_can_be_drawn(kind, size):
    for seed in range(8):
        scene = draw_scene(seed, size=size, kind=kind)
        assert scene.labels.shape == (size, size)
        assert scene.labels.any()


def test_a_slope_may_be_too_steep_for_the_widths_that_were_drawn():
    assert fibres(np.random.default_rng(427), 32).shape == (32, 32)


def test_an_unknown_kind_is_refused_with_those_that_are_known():
    with pytest.raises(NapariSamError, match=r"'cats'.*nuclei, .*neurites") as error:
        draw_scene(0, kind="cats")
    assert isinstance(error.value, ValueError)


def test_a_size_that_holds_no_objects_is_refused():
    with pytest.raises(NapariSamError, match=r"32 or more .* not 16"):
        draw_scene(0, size=16)


def test_a_generator_goes_on():
    rng = np.random.default_rng(3)
    first, second = draw_scene(rng, size=64), draw_scene(rng, size=64)
    assert first.image.tobytes() != second.image.tobytes()
    assert first.image.tobytes() == draw_scene(3, size=64).image.tobytes()


def test_neurites_and_rods_are_long_for_their_width():
    assert mean(slenderness, "neurites") > 2.5
    assert mean(slenderness, "neurites") > 1.5 * mean(slenderness, "rods")
    assert mean(slenderness, "rods") > 1.5 * mean(slenderness, "nuclei")


def test_neurites_are_two_to_twelve_pixels_wide():
    for scene in SCENES["neurites"]:
        depth = ndimage.distance_transform_edt(~borders(scene.labels))
        assert np.median(depth[(scene.labels > 0) & (depth > 0)]) < 6


def test_membranes_and_fields_fill_the_plane():
    assert mean(filled, "membranes") > 0.7
    assert mean(filled, "fields") > 0.7
    assert max(mean(filled, kind) for kind in ("nuclei", "rods", "phase")) < 0.6


def test_fields_have_paths_between():
    assert all(filled(scene) < 1 for scene in SCENES["fields"])


def test_tissue_fields_and_roofs_have_colour_and_phase_contrast_none():
    for kind in ("tissue", "fields", "roofs"):
        assert mean(colourful, kind) > 0.1
    assert mean(colourful, "phase") == 0


def test_tissue_has_purple_nuclei_in_pink():
    inside, outside = (
        np.mean([s.image[(s.labels > 0) == part].mean(0) for s in SCENES["tissue"]], 0)
        for part in (True, False)
    )
    # Haematoxylin takes away red and green; eosin takes green, and some blue.
    assert inside[1] < inside[0] < inside[2]
    assert outside[1] < outside[2] < outside[0]


def test_phase_contrast_has_bright_halos():
    for scene in SCENES["phase"]:
        grey, inside = scene.image[..., 0].astype(float), scene.labels > 0
        halo = ndimage.binary_dilation(inside, iterations=3) & ~inside
        far = ~ndimage.binary_dilation(inside, iterations=12)
        if far.sum() > 100:
            assert grey[halo].mean() > grey[far].mean()
        assert grey[halo].mean() > grey[inside].mean() + 10


def test_roofs_and_fields_have_right_angles():
    assert mean(squareness, "roofs") > 3 * mean(squareness, "nuclei")
    assert mean(squareness, "fields") > 3 * mean(squareness, "nuclei")


@pytest.mark.parametrize("kind", ["nuclei", "membranes", "rods", "roofs", "neurites"])
def test_objects_touch(kind):
    assert sum(touching(scene) for scene in SCENES[kind]) > 20


def test_objects_lie_over_others():
    """Under another, an object is cut: its outline has a bay that its kind lacks."""
    solid = []
    for seed in range(12):
        labels = draw_scene(seed, size=SIZE, kind="nuclei").labels
        for number, where in enumerate(ndimage.find_objects(labels), start=1):
            mask = labels[where] == number
            pieces = ndimage.label(mask)[1]
            closed = ndimage.binary_closing(np.pad(mask, 9), iterations=8)
            solid.append(1.0 if pieces == 1 and closed.sum() < 1.15 * mask.sum() else 0)
    assert 0 < solid.count(0) < len(solid) / 3


def test_the_mixture_has_the_new_kinds_seldom(monkeypatch):
    from napari_sam.synthetic import draw

    drawn = []
    counted = {k: counting(drawn, k, f) for k, f in draw._DRAW.items()}
    monkeypatch.setattr(draw, "_DRAW", counted)
    for seed in range(300):
        draw_scene(seed, size=32)
    assert set(drawn) == {
        "neurites", "fields", "tissue", "phase", "cell walls", "smears", "colonies"
    }  # fmt: skip
    assert 55 < len(drawn) < 125


def counting(drawn, kind, function):
    def count(rng, size):
        drawn.append(kind)
        return function(rng, size)

    return count


def test_others_out_of_focus_have_no_label_and_no_edge():
    style = replace(NUCLEI, out_of_focus=1.0, contrast=(0.5, 0.9))
    labels = np.zeros((SIZE, SIZE), np.int32)
    labels[20:30, 20:30] = 1
    light = out_of_focus(np.random.default_rng(2), labels, 8.0, style)
    assert light.shape == labels.shape
    assert light.max() > 0.05  # bright, as the nuclei of this style are
    assert light.min() > -0.01
    sharp = np.abs(np.diff(light, axis=0)).max() / light.max()
    assert sharp < 0.3


def test_walls_bound_the_cells_of_a_tissue():
    """What borders on another cell is brighter, or darker, than what lies within."""
    differences = []
    for seed in range(12):
        scene = draw_scene(seed, size=SIZE, kind="cell walls")
        assert scene.labels.max() > 2
        grey = scene.image.mean(-1)
        inside = ndimage.distance_transform_edt(~edges(scene.labels))
        near, far = grey[inside <= 1].mean(), grey[inside > 5].mean()
        differences.append(abs(near - far))
    assert np.median(differences) > 15


def test_nuclei_of_smears_are_darker_than_their_cells():
    darker = []
    for seed in range(12):
        scene = draw_scene(seed, size=SIZE, kind="smears")
        grey = scene.image.mean(-1)
        nuclei = scene.labels > 0
        beside = ndimage.binary_dilation(nuclei, iterations=3) & ~nuclei
        darker.append(grey[beside].mean() - grey[nuclei].mean())
    assert np.median(darker) > 15


def test_bacteria_of_a_colony_touch_and_are_in_one_piece():
    touching = []
    for seed in range(12):
        labels = draw_scene(seed, size=SIZE, kind="colonies").labels
        for number in range(1, labels.max() + 1):
            _, pieces = ndimage.label(labels == number)
            assert pieces <= 2
        beside = ndimage.grey_dilation(labels, 3), ndimage.grey_erosion(labels, 3)
        touching.append(((beside[1] > 0) & (beside[0] != beside[1])).any())
    assert np.mean(touching) > 0.5
