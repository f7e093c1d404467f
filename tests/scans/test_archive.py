import gzip
import io
import tarfile
import zipfile
from dataclasses import replace

import pytest

from ctdenoise.errors import Problem
from ctdenoise.scans import archive, budget


@pytest.fixture
def limited(monkeypatch):
    def limit(**limits):
        changed = replace(archive.settings(), **limits)
        for each in (archive, budget):
            monkeypatch.setattr(each, "settings", lambda: changed)

    return limit


def pack(path, members, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return path


def test_files_come_out_whole_and_folders_keep_their_names(tmp_path):
    packed = pack(
        tmp_path / "a.zip",
        [
            ("p/low/1.dcm", b"one"),
            ("p/full/1.dcm", b"two"),
            ("__MACOSX/._1", b"-"),
            ("p/full/", b""),
        ],
    )
    files, problems = archive.unpack(packed, tmp_path / "out")
    assert problems == []
    assert [(f.parent.name, f.name, f.read_bytes()) for f in files] == [
        ("low", "1.dcm", b"one"),
        ("full", "1.dcm", b"two"),
    ]


@pytest.mark.parametrize(
    "name", ["../evil.dcm", "/etc/evil.dcm", "a/../../evil.dcm", "C:\\evil.dcm"]
)
def test_paths_that_lead_out_are_refused_and_the_others_load(tmp_path, name):
    packed = pack(tmp_path / "a.zip", [(name, b"x"), ("good.dcm", b"y")])
    files, [problem] = archive.unpack(packed, tmp_path / "in" / "out")
    assert [f.name for f in files] == ["good.dcm"]
    assert problem.subject == "evil.dcm" and "leads out" in problem.reason
    assert not list(tmp_path.rglob("evil.dcm"))


def test_a_bomb_by_its_own_account_writes_nothing(tmp_path, limited):
    limited(upload_total_mb=1)
    packed = pack(tmp_path / "bomb.zip", [(f"{n}", bytes(400_000)) for n in range(3)])
    assert packed.stat().st_size < 5000
    with pytest.raises(Problem, match="unpacks to more than 1 MB"):
        archive.unpack(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bomb_of_zips_in_zips(tmp_path, limited):
    limited(upload_total_mb=1)
    inner = pack(tmp_path / "inner.zip", [("zeros", bytes(400_000))]).read_bytes()
    packed = pack(tmp_path / "bomb.zip", [(f"{n}.zip", inner) for n in range(5)])
    with pytest.raises(Problem, match="unpacks to more than 1 MB"):
        archive.unpack(packed, tmp_path / "out")


def test_a_zip_that_lies_about_sizes(tmp_path, limited):
    limited(upload_total_mb=1)
    packed = pack(tmp_path / "liar.zip", [("zeros", bytes(3_000_000))])
    raw = packed.read_bytes().replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    packed.write_bytes(raw)
    files, [problem] = archive.unpack(packed, tmp_path / "out")
    assert files == [] and "damaged" in problem.reason
    assert sum(f.stat().st_size for f in (tmp_path / "out").rglob("*") if f.is_file()) <= 1 << 20


def test_ten_thousand_files(tmp_path):
    packed = pack(tmp_path / "many.zip", [(f"{n}", b"") for n in range(10_000)])
    with pytest.raises(Problem, match="holds more than 5,000 files"):
        archive.unpack(packed, tmp_path / "out")


def test_one_large_member_is_left_out(tmp_path, limited):
    limited(upload_file_mb=1)
    packed = pack(tmp_path / "a.zip", [("big", bytes(2 << 20)), ("small", b"1")])
    files, [problem] = archive.unpack(packed, tmp_path / "out")
    assert [f.name for f in files] == ["small"] and problem.subject == "big"


def test_cut_off_and_nested_too_deep(tmp_path):
    packed = pack(tmp_path / "a.zip", [("x", b"1" * 1000)])
    raw = packed.read_bytes()
    (tmp_path / "cut.zip").write_bytes(raw[:-30])
    with pytest.raises(Problem, match=r"cut\.zip is cut off"):
        archive.unpack(tmp_path / "cut.zip", tmp_path / "out")
    twice = pack(
        tmp_path / "2.zip", [("1.zip", pack(tmp_path / "1.zip", [("0.zip", raw)]).read_bytes())]
    )
    files, [problem] = archive.unpack(twice, tmp_path / "deep")
    assert files == [] and problem.subject == "0.zip"


def test_names_that_come_twice_are_both_kept(tmp_path):
    with pytest.warns(UserWarning):
        packed = pack(tmp_path / "a.zip", [("x", b"1"), ("x", b"2")])
    files, _ = archive.unpack(packed, tmp_path / "out")
    assert sorted(f.read_bytes() for f in files) == [b"1", b"2"]


@pytest.mark.parametrize("content", [b"", b"1"])
def test_names_that_come_often_are_all_kept(tmp_path, content):
    members = [(name, content) for name in ("x", "x", "x", "2 x", "4 x", "x")]
    files, problems = archive.unpack(pack_tar(tmp_path / "a.tar", members), tmp_path / "out")
    assert problems == [] and len(set(files)) == 6
    assert all(f.read_bytes() == content and f.name.endswith("x") for f in files)


@pytest.mark.parametrize("name", ["低" * 120 + ".dcm", "a?.dcm", "NUL", "con.dcm", "low. /a. "])
def test_names_that_a_system_cannot_keep_are_made_fit(tmp_path, name):
    packed = pack_tar(tmp_path / "a.tar", [(name, b"1")])
    [file], problems = archive.unpack(packed, tmp_path / "out")
    assert problems == [] and file.read_bytes() == b"1"
    for part in file.relative_to(tmp_path).parts:
        assert len(part.encode()) <= 255 and not set(part) & set('<>:"|?*')
        assert part == part.rstrip(". ") and part.split(".")[0].lower() not in ("nul", "con")


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_damage_anywhere_is_told_as_damage(tmp_path, method):
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", method) as packed:
        packed.writestr("x", bytes(range(256)))
    raw, path = whole.read_bytes(), tmp_path / "a.zip"
    told = []
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 0xFF]) + raw[place + 1 :])
        try:
            _, problems = archive.unpack(path, tmp_path / "out" / str(place))
            told += [problem.reason for problem in problems]
        except Problem as problem:
            told.append(problem.reason)
    assert set(told) == {
        "is cut off or not an archive",
        "is damaged inside its archive",
        "is encrypted",
        "is larger than 1024 MB",
    }


def pack_tar(path, members):
    """``members``: names with bytes, or with what makes them something else than a file."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as packed:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                packed.addfile(member, io.BytesIO(content))
            else:
                member.type, member.linkname = content
                packed.addfile(member)
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "without_suffix"])
def test_tar_files_are_unpacked_alike(tmp_path, name):
    members = [
        ("p/low/1.dcm", b"one"),
        ("p/full/1.dcm", b"two" * 1000),
        ("p", (tarfile.DIRTYPE, "")),
    ]
    packed = pack_tar(tmp_path / name, [*members, ("__MACOSX/._1", b"-")])
    files, problems = archive.unpack(packed, tmp_path / "out")
    assert problems == [] and archive.is_archive(packed)
    assert [(f.parent.name, f.name, f.read_bytes()) for f in files] == [
        ("low", "1.dcm", b"one"),
        ("full", "1.dcm", b"two" * 1000),
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("../evil.dcm", b"x", "leads out"),
        ("/etc/evil.dcm", b"x", "leads out"),
        ("evil.dcm", (tarfile.SYMTYPE, "/etc/passwd"), "is a link"),
        ("evil.dcm", (tarfile.LNKTYPE, "/etc/passwd"), "is a link"),
        ("evil.dcm", (tarfile.CHRTYPE, ""), "device"),
        ("evil.dcm", (tarfile.FIFOTYPE, ""), "device"),
    ],
)
def test_what_is_no_file_in_a_tar_is_refused_and_the_others_load(tmp_path, name, content, words):
    packed = pack_tar(tmp_path / "a.tar.gz", [(name, content), ("good.dcm", b"y")])
    files, [problem] = archive.unpack(packed, tmp_path / "in" / "out")
    assert [f.name for f in files] == ["good.dcm"]
    assert problem.subject == "evil.dcm" and words in problem.reason
    assert not list(tmp_path.rglob("evil.dcm"))


def test_a_single_file_in_gzip(tmp_path):
    path = tmp_path / "IM0001.dcm.gz"
    path.write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    [file], problems = archive.unpack(path, tmp_path / "out")
    assert (file.name, file.read_bytes(), problems) == ("IM0001.dcm", b"onetwo", [])


def test_archives_of_several_kinds_in_one_another(tmp_path):
    inner = gzip.compress(b"one")
    packed = pack_tar(tmp_path / "a.tgz", [("1.dcm.gz", inner), ("scan.nii.gz", inner)])
    files, _ = archive.unpack(packed, tmp_path / "out")
    assert {f.name for f in files} == {"1.dcm", "scan.nii.gz"}  # whose reader unpacks it
    deep = pack(tmp_path / "b.zip", [("a.tgz", packed.read_bytes())])
    files, [problem] = archive.unpack(deep, tmp_path / "deep")
    assert [f.name for f in files] == ["scan.nii.gz"] and "unpack it first" in str(problem)


def test_a_damaged_archive_inside_another_is_told_and_the_others_load(tmp_path):
    inner = pack(tmp_path / "inner.zip", [("x", b"1" * 1000)]).read_bytes()
    members = [("cut.zip", inner[:-30]), ("good.dcm", b"y"), ("whole.zip", inner)]
    files, [problem] = archive.unpack(pack(tmp_path / "a.zip", members), tmp_path / "out")
    assert sorted(f.name for f in files) == ["good.dcm", "x"]
    assert str(problem).startswith("cut.zip is cut off")


def test_archives_of_one_reading_share_what_they_may_unpack(tmp_path, limited):
    limited(upload_total_mb=1, upload_files=3)
    shared = budget.Budget()
    for n in range(2):
        packed = pack_tar(tmp_path / f"{n}.tar.gz", [("zeros", bytes(400_000))])
        archive.unpack(packed, tmp_path / f"out{n}", shared)
    with pytest.raises(Problem, match="unpacks to more than 1 MB"):
        archive.unpack(packed, tmp_path / "out2", shared)
    shared = budget.Budget()
    with pytest.raises(Problem, match="holds more than 3 files"):
        archive.unpack(
            pack_tar(tmp_path / "4.tar", [(f"{n}", b"") for n in range(4)]), tmp_path / "f", shared
        )


def test_damage_anywhere_in_a_tar_in_gzip_is_told(tmp_path):
    content, path = bytes(range(256)), tmp_path / "a.tgz"
    raw = pack_tar(path, [("x", content)]).read_bytes()
    flipped = [raw[:n] + bytes([raw[n] ^ 0xFF]) + raw[n + 1 :] for n in range(10, len(raw), 3)]
    cut = [raw[:length] for length in range(0, len(raw), 5)]
    for n, damaged in enumerate([*flipped, *cut]):
        path.write_bytes(damaged)
        try:
            files, problems = archive.unpack(path, tmp_path / "out" / str(n))
        except Problem as problem:
            files, problems = [], [problem]
        assert problems or [file.read_bytes() for file in files] == [content]
        assert problems or n < len(flipped)  # in the name that gzip keeps, which does not matter


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
@pytest.mark.parametrize(("times", "size"), [(3000, 0), (9, 20), (1, (1 << 20) + 1), (1, 1 << 40)])
def test_headers_of_tar_that_are_read_into_memory_are_few_and_small(tmp_path, kind, times, size):
    header = tarfile.TarInfo("long")
    header.type, header.size = kind, size
    content = b"20 comment=012345678\n"[:size] if size < 512 else bytes(min(size, 2 << 20))
    block = header.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)
    (tmp_path / "a.tar").write_bytes(block * times + tarfile.TarInfo("x").tobuf() + bytes(1024))
    with pytest.raises(Problem, match=r"a\.tar is cut off or not an archive"):
        archive.unpack(tmp_path / "a.tar", tmp_path / "out")


def test_a_long_name_is_read(tmp_path):
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "a.tar", "w", format=form) as packed:
            packed.addfile(tarfile.TarInfo("d" * 200 + "/" + "x" * 110))
        [file], problems = archive.unpack(tmp_path / "a.tar", tmp_path / f"out{form}")
        assert file.name == "x" * 110 and problems == []


@pytest.mark.parametrize("name", ["folder", ".junk"])
@pytest.mark.parametrize("suffix", ["zip", "tgz"])
def test_folders_and_junk_count_as_entries_too(tmp_path, limited, name, suffix):
    limited(upload_files=3)
    path, end = tmp_path / f"a.{suffix}", "/" if name == "folder" else ""
    for count in (30, 31):
        names = [f"{name}{n}{end}" for n in range(count)]
        if suffix == "zip":
            pack(path, [(each, b"") for each in names])
        else:
            pack_tar(path, [(each, (tarfile.DIRTYPE, "") if end else b"") for each in names])
        if count == 30:
            assert archive.unpack(path, tmp_path / "out") == ([], [])
    with pytest.raises(Problem, match="holds more than 30 files and folders"):
        archive.unpack(path, tmp_path / "out")


def test_the_time_that_folders_take_counts(tmp_path):
    path = pack_tar(tmp_path / "a.tar", [(f"{n}", (tarfile.DIRTYPE, "")) for n in range(50)])
    spent = budget.Budget()
    spent.seconds = 0
    with pytest.raises(Problem, match="took longer"):
        archive.unpack(path, tmp_path / "out", spent)


def test_methods_of_zip_that_are_not_read_are_told(tmp_path):
    raw = pack(tmp_path / "a.zip", [("x", b"1" * 1000)]).read_bytes()
    local, central = raw.index(b"PK\x03\x04") + 8, raw.index(b"PK\x01\x02") + 10
    changed = bytearray(raw)
    changed[local] = changed[central] = 9
    (tmp_path / "a.zip").write_bytes(changed)
    files, [problem] = archive.unpack(tmp_path / "a.zip", tmp_path / "out")
    assert files == [] and problem.reason == "is compressed as Deflate64, which is not read"
