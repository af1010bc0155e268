import numpy as np
import pytest

from napari_sam.core.errors import AxesError, ImageError, NotAnImageError
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.images.frames import Frames
from napari_sam.core.images.sampling import sample_pixels


def shown(data, axes=None, **options):
    frames = Frames(data, axes)
    return Appearance.fit(frames, **options).render(frames[0])


@pytest.mark.parametrize(
    "kind", [np.uint8, np.uint16, np.int32, np.uint64, np.float16, np.float32, float]
)
def test_every_type_spans_the_whole_range(kind):
    ramp = np.linspace(10, 90, 64 * 64).reshape(64, 64).astype(kind)
    out = shown(ramp)
    assert out.dtype == np.uint8
    assert out.shape == (64, 64, 3)
    assert (out.min(), out.max()) == (0, 255)
    assert (out[..., 0] == out[..., 2]).all()


def test_limits_may_be_other_percentiles():
    ramp = np.linspace(-5.0, 300.0, 64 * 64).reshape(64, 64)
    usual = Appearance.fit(Frames(ramp))
    full = Appearance.fit(Frames(ramp), percentiles=(0.0, 100.0))
    assert full.limits == ((-5.0, 300.0),)
    assert full.token != usual.token


def test_scaling_a_float_image_changes_nothing():
    data = np.random.default_rng(0).random((40, 40))
    np.testing.assert_allclose(shown(data).astype(int), shown(data * 1000 - 7), atol=1)


def test_8_bit_rgb_is_shown_as_it_is_and_alpha_dropped():
    rgba = np.random.default_rng(0).integers(0, 99, (8, 9, 4), dtype=np.uint8)
    np.testing.assert_array_equal(shown(rgba, "yxc"), rgba[..., :3])
    np.testing.assert_array_equal(shown(rgba[..., :3], "yxc"), rgba[..., :3])


def test_rgb_of_other_types_keeps_its_colours():
    rgb = np.random.default_rng(0).integers(0, 999, (32, 32, 3)).astype(np.uint16)
    rgb[..., 2] //= 2
    out = shown(rgb, "yxc").astype(int)
    assert out[..., 2].max() < 140
    assert len(Appearance.fit(Frames(rgb, "yxc")).limits) == 1


def test_channels_of_a_stack_have_their_own_limits():
    data = np.random.default_rng(0).random((3, 32, 32)) * [[[1]], [[50]], [[900]]]
    assert [c.max() for c in np.moveaxis(shown(data, "cyx"), -1, 0)] == [255] * 3


def test_two_or_many_channels_are_chosen_explicitly():
    data = np.random.default_rng(0).random((5, 16, 16))
    for count in (2, 4, 5):
        with pytest.raises(AxesError, match=r"which one, two or three.*--channels"):
            shown(data[:count], "cyx")
    two = shown(data, "cyx", channels=(3, 1))
    assert (two[..., 2] == 0).all()
    assert two[..., 0].max() == two[..., 1].max() == 255
    one = shown(data, "cyx", channels=(3,))
    assert (one[..., 0] == two[..., 0]).all()
    assert (one[..., 1] == one[..., 0]).all()


@pytest.mark.parametrize("channels", [(5,), (-1,), (0, 1, 2, 3)])
def test_channels_that_are_not_there_are_refused(channels):
    with pytest.raises(ImageError, match="channels"):
        shown(np.zeros((5, 8, 8)), "cyx", channels=channels)


def test_channels_of_an_image_without_any_are_refused():
    with pytest.raises(AxesError, match="without channels"):
        shown(np.zeros((8, 8)), channels=(1,))


def test_booleans_are_black_and_white():
    assert set(np.unique(shown(np.eye(8, dtype=bool)))) == {0, 255}


@pytest.mark.parametrize("value", [0, 7, -3.5, 1e30])
def test_a_constant_image_is_shown(value):
    assert len(np.unique(shown(np.full((8, 8), value, float)))) == 1


def test_few_bright_pixels_on_black_are_seen():
    data = np.zeros((200, 200), np.uint16)
    data[3, 3] = 1000
    assert shown(data)[3, 3, 0] == 255


def test_nan_is_dark_and_infinity_bright():
    data = np.linspace(0, 1, 100).reshape(10, 10)
    data[0, 1], data[5, 5], data[6, 6] = np.nan, np.inf, -np.inf
    out = shown(data)
    assert (out[0, 1, 0], out[5, 5, 0], out[6, 6, 0]) == (0, 255, 0)


def test_an_image_of_nans_is_refused():
    with pytest.raises(NotAnImageError, match="finite"):
        shown(np.full((8, 8), np.nan))


def test_one_appearance_serves_all_planes():
    stack = np.stack([np.full((16, 16), 10.0), np.full((16, 16), 1000.0)])
    frames = Frames(stack, "tyx")
    look = Appearance.fit(frames)
    assert look.render(frames[0]).max() < look.render(frames[1]).min()


def test_the_sample_is_capped_fixed_and_spread():
    class Endless:
        shape, dtype, read = (500, 30_000, 40_000), np.dtype(np.uint16), 0

        def __getitem__(self, where):
            plane, rows, cols = where
            size = (rows.stop - rows.start, cols.stop - cols.start)
            self.read += size[0] * size[1]
            return np.full(size, rows.start + plane, np.uint16)

    frames = Frames(Endless(), "tyx")
    one, other = sample_pixels(frames), sample_pixels(frames)
    np.testing.assert_array_equal(one, other)
    assert frames.data.read <= 2_000_000
    assert len(np.unique(one)) > 50


def test_gamma_brightens_what_is_dark():
    ramp = np.linspace(0, 1, 64).reshape(8, 8)
    assert (shown(ramp, gamma=0.5) >= shown(ramp)).all()


def test_the_token_differs_when_the_result_would():
    looks = [
        Appearance(),
        Appearance(gamma=0.5),
        Appearance(limits=((0, 1),)),
        Appearance(limits=((0, 1.00000001),)),
        Appearance((0,)),
        Appearance((0, 1)),
    ]
    assert len({look.token for look in looks}) == len(looks)


@pytest.mark.parametrize(
    "options",
    [{"gamma": 0}, {"limits": ((1, 1),)}, {"limits": ((0, np.nan),)}, {"channels": ()}],
)
def test_an_appearance_that_makes_no_sense_is_refused(options):
    with pytest.raises(ImageError):
        Appearance(**options)


def test_an_index_is_shown_in_grey():
    red, near = np.full((8, 8), 20, np.uint16), np.full((8, 8), 60, np.uint16)
    near[0] = 20
    frames = Frames(np.stack([red, near]), "cyx")
    look = Appearance(index=(1, 0), limits=((-1.0, 1.0),))
    out = look.render(frames[0])
    assert np.unique(out[0]).tolist() == [128]  # (20 - 20) / 40 = 0
    assert np.unique(out[1:]).tolist() == [191]  # (60 - 20) / 80 = 0.5
    assert Appearance.fit(frames, index=(1, 0)).limits == ((0.0, 0.5),)
    tokens = {look.token, Appearance(index=(0, 1), limits=look.limits).token}
    assert len(tokens | {Appearance((1,), look.limits).token}) == 3


def test_an_index_of_nothing_is_black_and_not_a_warning():
    dark = np.zeros((2, 8, 8), np.uint8)
    dark[0, 0] = 9
    out = Appearance(index=(0, 1), limits=((-1, 1),)).render(Frames(dark, "cyx")[0])
    assert out[0].min() == 255
    assert out[1:].max() == 0


def test_an_index_needs_two_channels_that_are_there():
    frames = Frames(np.zeros((3, 8, 8)), "cyx")
    with pytest.raises(AxesError, match="of an image with 3 channels"):
        Appearance.fit(frames, index=(3, 0))
    with pytest.raises(ImageError, match="not both"):
        Appearance.fit(frames, index=(1, 0), channels=(1,))
    with pytest.raises(ImageError, match="two channels"):
        Appearance(index=(1,))


@pytest.mark.parametrize("index", [None, (0, 1)])
def test_nodata_has_no_part_in_the_limits_and_is_black(index):
    data = np.random.default_rng(0).integers(50, 90, (2, 32, 32)).astype(np.int16)
    data[:, :9] = -9999
    channels = None if index else (0, 1)
    with_it, without = (
        Appearance.fit(Frames(d, "cyx", nodata=n), channels=channels, index=index)
        for d, n in ((data, -9999), (data[:, 9:], None))
    )
    assert with_it.limits == without.limits
    assert with_it.token != without.token
    assert with_it.render(np.moveaxis(data, 0, -1))[:9].max() == 0


def test_nodata_that_is_brighter_than_all_is_black_too():
    data = np.full((8, 8), 65535, np.uint16)
    data[4:] = np.arange(32).reshape(4, 8)
    look = Appearance.fit(Frames(data, nodata=65535))
    assert look.render(data)[:4].max() == 0


def test_limits_that_are_given_are_not_looked_for():
    look = Appearance.fit(Frames(np.zeros((8, 8))), limits=[(3, 5)], gamma=2.0)
    assert look == Appearance(limits=((3, 5),), gamma=2.0)


@pytest.mark.parametrize("channels", [(0,), (0, 1), (2, 0, 1)])
def test_grey_is_the_mean_of_what_is_rendered(channels):
    pixels = np.random.default_rng(0).integers(0, 4000, (9, 7, 3)).astype(np.uint16)
    looks = Appearance(channels, limits=((100, 3000),), nodata=float(pixels[0, 0, 0]))
    expected = looks.render(pixels).mean(2) / 255
    np.testing.assert_allclose(looks.grey(pixels), expected, rtol=1e-6)
    assert looks.grey(pixels).dtype == np.float32
