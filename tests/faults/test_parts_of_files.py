"""Several images in one file, files of other packages, and what `info` says of them."""

import json
from importlib.metadata import EntryPoint

import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner
from PIL import Image as Pillow

from napari_sam.apps.cli import main
from napari_sam.core.errors import ImageError, MissingPackageError, NapariSamError
from napari_sam.io import Image, read_image
from napari_sam.io.contents import contents_of
from napari_sam.io.readers import other_packages
from napari_sam.io.settings import ReadSettings

from .pictures import GREY, RGB

STACK = np.stack([GREY, GREY + 1, GREY + 2])


def run(*arguments):
    found = CliRunner().invoke(main, [str(a) for a in arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit)
    return found


@pytest.fixture
def two(tmp_path):
    """A thumbnail, and the image."""
    path = tmp_path / "two.tif"
    with tifffile.TiffWriter(path) as out:
        out.write(GREY[:5, :5], metadata=None)
        out.write(RGB, photometric="rgb", metadata=None)
    return path


def test_info_lists_the_images_of_a_file(two):
    found = run("info", two)
    assert found.exit_code == 0
    assert "2 images" in found.output
    assert "--series 1" in found.output
    assert "y 11, x 17, c 3" in found.output
    facts = json.loads(run("info", two, "--json").output)
    assert [f["options"] for f in facts] == [{"series": 0}, {"series": 1}]
    assert facts[0]["sizes"] == {"y": 5, "x": 5}


def test_info_of_what_is_no_image_is_one_line(tmp_path):
    (tmp_path / "a.txt").write_text("no image")
    for path in (tmp_path / "a.txt", tmp_path / "b.tif"):
        found = run("info", path)
        assert found.exit_code == 2
        assert len(found.stderr.splitlines()) == 1


def test_info_says_coordinates_and_pixel_sizes(tmp_path):
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}
    tifffile.imwrite(path, STACK, ome=True, metadata=metadata)
    (facts,) = contents_of(path)
    assert facts["planes"] == 3
    assert facts["pixel size"] == {"x": "0.5 micrometer"}
    Pillow.fromarray(GREY).save(tmp_path / "b.png")
    (tmp_path / "b.pgw").write_text("2\n0\n0\n-2\n101\n499\n")
    (facts,) = contents_of(tmp_path / "b.png")
    assert facts["transform"] == [2, 0, 100, 0, -2, 500]


def test_info_lists_what_has_no_axes_too(tmp_path):
    np.save(tmp_path / "a.npy", STACK)
    (facts,) = contents_of(tmp_path / "a.npy")
    assert facts["sizes"] == [3, 11, 17]
    assert "--axes" in facts["axes"]


@pytest.mark.parametrize("series", [0, 1])
def test_segment_takes_the_series(two, tmp_path, threshold_model, series):
    out = tmp_path / "out.tif"
    found = run("segment", two, "--point", "2,2", "--series", series, "-o", out)
    assert found.exit_code == 0, found.output
    assert tifffile.imread(out).shape == [(5, 5), (11, 17)][series]


def test_workers_take_the_series(two):
    from napari_sam.jobs import ModelSpec, PromptableSettings
    from napari_sam.jobs.image_spec import open_image
    from napari_sam.testing.threshold_backend import ThresholdBackend, open_threshold

    settings = PromptableSettings(ReadSettings(series=0))
    backend = ThresholdBackend()
    image = settings.open(settings.read.read(two), backend)
    spec = settings.spec(image, two, ModelSpec(open_threshold))
    assert open_image(spec, backend).frames.plane_shape == (5, 5)


def test_answers_of_another_series_are_not_believed(two):
    from napari_sam.jobs import PromptableSettings, results_setup
    from napari_sam.testing.threshold_backend import ThresholdBackend

    backend, setups = ThresholdBackend(), set()
    for part in (ReadSettings(series=1), ReadSettings()):
        image = PromptableSettings(part).open(part.read(two), backend)
        setups.add(results_setup(two, image, 0.0, part=str(part.part)))
    assert len(setups) == 2


@pytest.mark.parametrize("option", ["--series 1", "--field A/1/0", "--layer raw"])
def test_what_a_file_does_not_have_cannot_be_chosen(tmp_path, threshold_model, option):
    Pillow.fromarray(GREY).save(tmp_path / "a.png")
    found = run("segment", tmp_path / "a.png", "--point", "2,2", *option.split())
    assert found.exit_code == 2
    assert len(found.stderr.splitlines()) == 1
    assert "one image" in found.stderr


def test_the_dock_opens_the_series(two):
    from napari_sam.apps.dock.image_series import notice_of, parts_of
    from napari_sam.apps.dock.reader import read_image_file

    first, second = parts_of(two).values()
    ((data, *_),) = read_image_file(str(two), first)
    np.testing.assert_array_equal(data, GREY[:5, :5])
    ((data, *_),) = read_image_file(str(two), second)
    np.testing.assert_array_equal(data, RGB)
    assert "2 images" in notice_of(two)


def test_arrays_of_hdf5_are_layers(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = STACK
        file["raw"].attrs["element_size_um"] = (1.0, 0.5, 0.25)
        file["more/labels"] = STACK[:2]
        file["name"] = "not an array"
    found = read_image(path)
    assert (found.axes, found.scale) == ("zyx", {"z": 1.0, "y": 0.5, "x": 0.25})
    np.testing.assert_array_equal(found.frames[1], STACK[1])
    other = read_image(path, layer="more/labels", axes="tyx")
    assert len(other.frames) == 2
    with pytest.raises(ImageError, match=r"no array 'x'.*raw"):
        read_image(path, layer="x")
    layers = [f["options"]["layer"] for f in contents_of(path)]
    assert sorted(layers) == ["more/labels", "raw"]


def test_an_imaris_file_is_all_of_its_times_and_channels(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "a.ims"
    with h5py.File(path, "w") as file:
        for t in range(2):
            for c in range(2):
                at = f"DataSet/ResolutionLevel 0/TimePoint {t}/Channel {c}"
                padded = np.zeros((4, 16, 24), np.uint8)  # whole chunks, as Imaris has
                padded[:3, :11, :17] = STACK + 10 * t + c
                file[f"{at}/Data"] = padded
                for name, size in zip("ZYX", STACK.shape, strict=True):
                    letters = np.array(list(str(size)), "S1")
                    file[at].attrs[f"ImageSize{name}"] = letters
    found = read_image(path)
    assert found.data.shape == (2, 2, 3, 11, 17)
    np.testing.assert_array_equal(found.data[1, 1], STACK + 11)


def test_arrays_of_npz_are_layers(tmp_path):
    np.savez(tmp_path / "a.npz", small=GREY[:5, :5], large=GREY)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npz").data, GREY)
    small = read_image(tmp_path / "a.npz", layer="small")
    np.testing.assert_array_equal(small.data, GREY[:5, :5])


def test_a_zipped_zarr_is_read(tmp_path):
    path = tmp_path / "a.zarr.zip"
    with zarr.storage.ZipStore(path, mode="w") as store:
        names = ("z", "y", "x")
        array = zarr.create_array(store, shape=STACK.shape, dtype="u1",
                                  dimension_names=names)  # fmt: skip
        array[:] = STACK
    found = read_image(path)
    assert found.axes == "zyx"
    np.testing.assert_array_equal(found.frames[2], STACK[2])


def plate(path, wells=("A/1", "B/2")):
    root = zarr.open_group(path, mode="w")
    root.attrs["ome"] = {"plate": {"wells": [{"path": w} for w in wells]}}
    axes = [{"name": a, "type": "space"} for a in "yx"]
    for k, well in enumerate(wells):
        group = root.create_group(well)
        group.attrs["ome"] = {"well": {"images": [{"path": "0"}]}}
        field = group.create_group("0")
        scales = [{"axes": axes, "datasets": [{"path": "0"}]}]
        field.attrs["ome"] = {"multiscales": scales}
        field.create_array("0", data=GREY + k)
    return path


def test_fields_of_a_plate_are_chosen(tmp_path):
    path = plate(tmp_path / "a.zarr")
    np.testing.assert_array_equal(np.asarray(read_image(path).data), GREY)
    found = read_image(path, field="B/2/0")
    np.testing.assert_array_equal(np.asarray(found.data), GREY + 1)
    assert [f["options"]["field"] for f in contents_of(path)] == ["A/1/0", "B/2/0"]
    with pytest.raises(ImageError, match="C/1/0"):
        read_image(path, field="C/1/0")


def offer(monkeypatch, suffix, value):
    entry = EntryPoint(suffix, value, other_packages.READERS)
    monkeypatch.setattr(other_packages, "_entries", lambda: (entry,))


def read_ours(path, *, series=None):
    return Image(data=GREY + (series or 0), axes="yx", metadata={"series": (0, 2)})


def read_badly(path, *, series=None):
    return GREY


def test_another_package_offers_a_reader(tmp_path, monkeypatch):
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE")
    offer(monkeypatch, "czi", f"{__name__}:read_ours")
    np.testing.assert_array_equal(read_image(tmp_path / "a.czi").data, GREY)
    second = read_image(tmp_path / "a.czi", series=1)
    np.testing.assert_array_equal(second.data, GREY + 1)
    offer(monkeypatch, "czi", f"{__name__}:read_badly")
    with pytest.raises(NapariSamError, match="returned a ndarray"):
        read_image(tmp_path / "a.czi")
    offer(monkeypatch, "czi", "no_such_package:read")
    with pytest.raises(MissingPackageError, match="no_such_package"):
        read_image(tmp_path / "a.czi")


class FakeBioImage:
    """What `BioImage` is to us: two scenes of times, channels and planes."""

    scenes = ("one", "two")
    physical_pixel_sizes = type("Sizes", (), {"Z": 2.0, "Y": 0.5, "X": None})()
    channel_names = ("red", "green")

    def __init__(self, path):
        self.dims = type("Dims", (), {"order": "TCZYX"})()
        self.set_scene(0)

    def set_scene(self, index):
        self.dask_data = np.broadcast_to(STACK + 10 * index, (1, 2, *STACK.shape))


def test_files_of_microscopes_are_read_by_bioio(tmp_path, monkeypatch):
    import sys
    from types import ModuleType

    for name in ("bioio", "bioio_czi"):
        module = ModuleType(name)
        module.__spec__ = object()
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["bioio"].BioImage = FakeBioImage
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE")
    found = read_image(tmp_path / "a.czi", series=1)
    assert found.axes == "tczyx"
    assert found.scale == {"z": 2.0, "y": 0.5}
    assert found.channel_names == ("red", "green")
    np.testing.assert_array_equal(found.frames[1][..., 0], STACK[1] + 10)
    with pytest.raises(ImageError, match="no series 2"):
        read_image(tmp_path / "a.czi", series=2)


def test_nifti_is_read_with_its_axes_and_sizes(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    volume = nibabel.Nifti1Image(STACK.T, np.diag([0.5, 0.25, 2.0, 1.0]))
    volume.header.set_xyzt_units("mm", "sec")
    nibabel.save(volume, tmp_path / "a.nii.gz")
    found = read_image(tmp_path / "a.nii.gz")
    assert (found.axes, found.scale) == ("zyx", {"z": 2.0, "y": 0.25, "x": 0.5})
    assert found.units["x"] == "millimeter"
    np.testing.assert_array_equal(found.data[1:3, 2:9, 5:], STACK[1:3, 2:9, 5:])


def test_mrc_is_read_with_its_sizes(tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(STACK.astype(np.int16))
        file.voxel_size = 2.5
    found = read_image(tmp_path / "a.mrc")
    assert (found.axes, found.scale["y"]) == ("zyx", 2.5)
    np.testing.assert_array_equal(found.frames[2], STACK[2])
