import errno
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from tifffile import TiffWriter, imwrite

from ctdenoise.errors import Problem
from ctdenoise.scans.images import read_images
from ctdenoise.scans.pairing import recognise
from ctdenoise.scans.readers import READERS, Reader
from ctdenoise.scans.reading import read

VALUES = np.arange(48).reshape(6, 8)


@pytest.mark.parametrize(
    ("meaning", "offset", "unit"), [("HU", 0, "HU"), ("HU+1024", -1024, "HU"), ("own units", 0, "")]
)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_numbers_mean_what_was_said(tmp_path, suffix, meaning, offset, unit):
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        Image.fromarray(VALUES.astype(np.uint16)).save(path)
    elif suffix == ".tif":
        imwrite(path, VALUES.astype(np.int16))
    else:
        np.save(path, VALUES.astype(float))
    [scan] = read([path], meaning=meaning).scans
    np.testing.assert_array_equal(scan.values, VALUES[None] + float(offset))
    assert (scan.unit, scan.spacing, scan.values.dtype) == (unit, None, np.float32)


def test_names_say_what_belongs_together(tmp_path):
    for dose in ("low", "full"):
        for number in (2, 10, 1):
            np.save(tmp_path / f"ct_{dose}_{number}.npy", np.full((4, 4), number))
    scans = read([tmp_path], meaning="own units").scans
    full, low = sorted(scans, key=lambda s: s.facts.dose_word)
    assert (low.facts.dose_word, full.facts.dose_word) == ("low", "full")
    assert low.facts.series == full.facts.series
    for scan in (low, full):
        np.testing.assert_array_equal(scan.positions, [1, 2, 10])
        assert scan.numbers == (1, 2, 10) and not scan.located
        np.testing.assert_array_equal(scan.values[:, 0, 0], [1, 2, 10])


def test_folders_say_the_dose_and_a_stack_is_a_scan(tmp_path):
    for dose in ("low", "full"):
        (tmp_path / dose).mkdir()
        np.save(tmp_path / dose / "patient7.npy", np.zeros((3, 4, 4)))
    result = read([tmp_path], meaning="HU")
    assert sorted(s.facts.dose_word for s in result.scans) == ["full", "low"]
    assert [s.frame for s in result.sources[0]] == [0, 1, 2]
    assert all(scan.numbers is None and not scan.located for scan in result.scans)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nan.npy", np.array([[np.nan, 1]]), "not numbers"),
        ("pickle.npy", np.array([[{}]], object), "holds Python objects"),
        ("complex.npy", np.ones((2, 2), complex), "real numbers"),
        ("line.npy", np.ones(5), "shape 5"),
        ("none.npy", np.ones((0, 5)), "shape 0×5"),
    ],
)
def test_bad_arrays_are_told(tmp_path, name, content, words):
    np.save(tmp_path / name, content)
    result = read([tmp_path])
    assert result.scans == []
    assert str(result.problems[0]).startswith(name) and words in str(result.problems[0])


def test_colour_and_damage_are_told(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "rgb.png")
    imwrite(tmp_path / "rgb.tif", np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    for name in ("bad.png", "bad.tif", "bad.npy"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    reasons = {p.subject: p.reason for p in read([tmp_path]).problems}
    assert reasons.pop("rgb.png") == reasons.pop("rgb.tif") == "is a colour image"
    assert set(reasons) == {"bad.png", "bad.tif", "bad.npy"}


def test_an_unknown_meaning_is_told():
    with pytest.raises(Problem, match="is no meaning of image values"):
        read_images([], "volts", [])


def test_scans_whose_slices_are_numbered_alike_stay_apart(tmp_path):
    for patient, slices in (("L067", 3), ("L096", 2)):
        for n in range(slices):
            for dose in ("input", "target"):
                name = f"{patient}_{n}_{dose}.npy"
                np.save(tmp_path / name, np.linspace(0, 1, 16).reshape(4, 4) * (n + 1) / 3)
    scans = read([tmp_path], meaning="0-1").scans
    found = sorted((s.facts.series, s.facts.dose_word, len(s.values)) for s in scans)
    assert found == [
        ("L067 0", "full", 3),
        ("L067 0", "low", 3),
        ("L096 0", "full", 2),
        ("L096 0", "low", 2),
    ]


def test_input_and_target_are_a_pair_by_their_names(tmp_path):
    for patient in ("L000", "L001"):
        for n in range(2):
            for dose in ("input", "target"):
                values = np.linspace(0, 1, 16).reshape(4, 4)
                np.save(tmp_path / f"{patient}_{n}_{dose}.npy", values)
    scans = read([tmp_path], meaning="0-1").scans
    pairs = {(scans[pair.low].facts, scans[pair.full].facts) for pair in recognise(scans)}
    assert len(scans) == 4 and len(pairs) == 2
    for low, full in pairs:
        assert (low.dose_word, full.dose_word, low.series) == ("low", "full", full.series)


def test_a_full_disk_is_no_damage(tmp_path):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.full").touch()
    with READERS.added(Reader("full", 9, "FULL", (".full",), full)):
        [problem] = read([tmp_path]).problems
    assert "disk is full" in str(problem) and "damaged" not in str(problem)


def test_names_with_other_numbers_that_change_are_one_scan(tmp_path):
    for n in range(4):
        np.save(tmp_path / f"10332{n}_512_{n}.npy", np.full((4, 4), n))
    assert [len(s.values) for s in read([tmp_path], meaning="own units").scans] == [4]


@pytest.mark.parametrize("form", ["npy", "tif", "png"])
@pytest.mark.parametrize(
    ("low", "high", "kind", "unit", "words"),
    [
        (-1024, 1900, np.int16, "HU", ""),
        (0, 2900, np.uint16, None, '"HU+1024" fits'),
        (0, 255, np.uint8, None, '"own units" fits'),
        (20_000, 40_000, np.uint16, None, '"own units" fits'),
        (-0.02, 0.9, np.float32, None, '"0-1" fits'),
        (-160, 240, np.int16, None, "say what they mean."),
    ],
)
def test_only_plain_hu_need_no_word(tmp_path, form, low, high, kind, unit, words):
    if form == "png" and (low < 0 or kind is np.float32):
        pytest.skip("PNG holds no such numbers")
    values = np.linspace(low, high, 48).reshape(6, 8).astype(kind)
    if form == "npy":
        np.save(tmp_path / "a.npy", values)
    elif form == "tif":
        imwrite(tmp_path / "a.tif", values)
    else:
        Image.fromarray(values).save(tmp_path / "a.png")
    found = read([tmp_path])
    if unit:
        assert [scan.unit for scan in found.scans] == [unit]
    else:
        [problem] = found.problems
        assert f"from {values.min():.4g} to {values.max():.4g}" in str(problem)
        assert words in str(problem) and not found.scans


def test_the_training_sets_of_the_field(tmp_path):
    expected = np.arange(-1024, 3072, 64, dtype=np.float32).reshape(8, 8)
    np.save(tmp_path / "a.npy", (expected + 1024) / np.float32(4096))
    [scan] = read([tmp_path], meaning="0-1").scans
    np.testing.assert_array_equal(scan.values[0], expected)
    assert scan.unit == "HU"


@pytest.mark.parametrize("side", [3, 4])
def test_a_last_side_of_colours_is_a_colour_picture(tmp_path, side):
    np.save(tmp_path / "a.npy", np.zeros((32, 20, side), np.uint8))
    imwrite(tmp_path / "b.tif", np.zeros((32, 20, side), np.uint8), photometric="rgb")
    imwrite(tmp_path / "c.tif", np.zeros((32, 20, side), np.uint8), photometric="minisblack")
    imwrite(tmp_path / "d.tif", np.zeros((side, 32, 20), np.uint8), photometric="rgb")
    Image.fromarray(np.zeros((32, 20, side), np.uint8)).save(tmp_path / "e.png")
    told = {p.subject: p.reason for p in read([tmp_path], meaning="own units").problems}
    assert told == dict.fromkeys(("a.npy", "b.tif", "c.tif", "d.tif", "e.png"),
                                 "is a colour image")  # fmt: skip


def test_all_pages_of_a_tiff_become_slices(tmp_path):
    values = np.arange(5 * 48).reshape(5, 6, 8).astype(np.int16)
    imwrite(tmp_path / "pages.tif", values)
    with TiffWriter(tmp_path / "one_by_one.tif") as tiff:
        for page in values:
            tiff.write(page, contiguous=False)
    imwrite(tmp_path / "deflated.tif", values, compression="zlib")
    imwrite(tmp_path / "imagej.tif", values, imagej=True, metadata={"axes": "ZYX"})
    imwrite(tmp_path / "s.ome.tif", values, metadata={"axes": "ZYX"})
    scans = read([tmp_path], meaning="own units").scans
    assert len(scans) == 5
    for scan in scans:
        np.testing.assert_array_equal(scan.values, values)


def test_pages_that_are_no_one_stack_are_told(tmp_path):
    with TiffWriter(tmp_path / "sizes.tif") as tiff:
        tiff.write(np.zeros((6, 8), np.int16))
        tiff.write(np.zeros((4, 8), np.int16))
    with TiffWriter(tmp_path / "series.ome.tif", ome=True) as tiff:
        for _ in range(2):
            tiff.write(np.zeros((3, 32, 32), np.uint8), metadata={"axes": "ZYX"})
    with TiffWriter(tmp_path / "levels.tif") as tiff:
        tiff.write(np.zeros((64, 64), np.uint8), subifds=1)
        tiff.write(np.zeros((32, 32), np.uint8), subfiletype=1)
    four = np.zeros((2, 3, 6, 8), np.int16)
    imwrite(tmp_path / "channels.tif", four, imagej=True, metadata={"axes": "TZYX"})
    imwrite(tmp_path / "white.tif", np.zeros((6, 8), np.uint8), photometric="miniswhite")
    told = {p.subject: p.reason for p in read([tmp_path], meaning="own units").problems}
    for name in ("sizes.tif", "series.ome.tif", "levels.tif"):
        assert told.pop(name) == "holds images of several sizes or kinds"
    assert told.pop("white.tif") == "counts from white to black"
    assert told == {"channels.tif": "is a stack in 4 dimensions (TZYX: 2×3×6×8)"}


def test_a_tiff_does_not_lead_to_other_files(tmp_path):
    (tmp_path / "in").mkdir()
    secret, path = tmp_path / "secret.tif", tmp_path / "in" / "a.ome.tif"
    values = np.arange(3 * 48, dtype=np.int16).reshape(3, 6, 8)
    imwrite(secret, values + 1000, photometric="minisblack")
    blocks = "".join(
        f'<TiffData FirstZ="{z}" IFD="{z}" PlaneCount="1">'
        f'<UUID FileName="{secret}">urn:uuid:{z}</UUID></TiffData>'
        for z in range(3)
    )
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:9">'
        '<Image ID="Image:0"><Pixels ID="P:0" DimensionOrder="XYZCT" Type="int16" SizeX="8" '
        f'SizeY="6" SizeZ="3" SizeC="1" SizeT="1">{blocks}</Pixels></Image></OME>'
    )
    imwrite(path, values[0], description=xml, metadata=None)
    found = read([path], meaning="own units")
    assert all(scan.values.max() < 1000 for scan in found.scans)
    one = '<TiffData FirstZ="0" IFD="0" PlaneCount="1"/>'  # the others would be zeros
    imwrite(path, values[0], description=xml.replace(blocks, one), metadata=None)
    [problem] = read([path], meaning="own units").problems
    assert "has slices in other files" in problem.reason


@pytest.mark.parametrize("kind", ["pages", "alone", "deflated", "imagej", "ome", "pillow", "big"])
def test_a_tiff_cut_anywhere_loses_no_slice_without_a_word(tmp_path, kind):
    values, path = np.arange(1, 3 * 48 + 1, dtype=np.uint16).reshape(3, 6, 8), tmp_path / "a.tif"
    if kind == "pillow":
        first, *more = map(Image.fromarray, values)
        first.save(path, save_all=True, append_images=more)
    elif kind == "alone":
        with TiffWriter(path) as tiff:
            for page in values:
                tiff.write(page, contiguous=False)
    else:
        options = {"deflated": {"compression": "zlib"}, "big": {"bigtiff": True}}.get(kind, {})
        axes = {"metadata": {"axes": "ZYX"}} if kind in ("imagej", "ome") else {}
        imwrite(path, values, imagej=kind == "imagej", ome=kind == "ome",
                photometric="minisblack", **options, **axes)  # fmt: skip
    whole = path.read_bytes()
    for length in range(8, len(whole) + 1):
        path.write_bytes(whole[:length])
        found = read([path], meaning="own units")
        assert bool(found.scans) != bool(found.problems)
        for scan in found.scans:
            np.testing.assert_array_equal(scan.values, values)
    assert found.scans


def test_fewer_slices_than_imagej_or_tifffile_wrote_are_told(tmp_path):
    values = np.ones((2, 6, 8), np.uint16)
    said = "ImageJ=1.53\nimages=5\n"
    imwrite(tmp_path / "a.tif", values, description=said, metadata=None)
    imwrite(tmp_path / "b.tif", values, description='{"shape": [5, 6, 8]}', metadata=None,
            compression="zlib")  # fmt: skip
    told = [problem.reason for problem in read([tmp_path], meaning="own units").problems]
    assert told == [f"says that it holds 5 slices and has {n}" for n in (2, 1)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_read_upright(tmp_path, orientation):
    values, path = np.arange(2 * 48, dtype=np.uint8).reshape(2, 6, 8), tmp_path / "a.tif"
    tag = (274, "H", 1, orientation, True)
    imwrite(path, values, extratags=[tag], metadata=None)
    image = Image.fromarray(values[1])
    image.getexif()[274] = orientation
    [scan] = read([path], meaning="own units").scans
    np.testing.assert_array_equal(scan.values[1], ImageOps.exif_transpose(image))


def test_a_png_is_read_as_grey_where_it_is(tmp_path):
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    image = Image.fromarray(grey)
    opaque = Image.merge("LA", [image, Image.new("L", image.size, 255)])
    opaque.save(tmp_path / "a.png")
    palette = Image.fromarray(255 - grey).convert("P")
    palette.putpalette([255 - n for n in range(256) for _ in range(3)])
    palette.save(tmp_path / "b.png")
    for scan in read([tmp_path], meaning="own units").scans:
        np.testing.assert_array_equal(scan.values[0], grey)
    opaque.putpixel((1, 1), (9, 0))
    opaque.save(tmp_path / "c.png")
    palette.putpalette([each for n in range(256) for each in (n, 0, 0)])
    palette.save(tmp_path / "e.png")
    found = read([tmp_path], meaning="own units")
    assert [scan.name for scan in found.scans] == ["a", "b"]
    told = {problem.subject: problem.reason for problem in found.problems}
    assert told == {"c.png": "has transparency", "e.png": "is a colour image"}


def test_sixteen_bits_with_transparency_are_not_halved(tmp_path):
    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 2, 2, 16, 4, 0, 0, 0)
    rows = zlib.compress((b"\0" + struct.pack(">4H", 1000, 65535, 2000, 65535)) * 2)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    [problem] = read([tmp_path], meaning="own units").problems
    assert problem.reason == "has transparency"
