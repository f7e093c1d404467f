import copy
import datetime
import io
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset
from planting import ATTRIBUTES, FLOATS, NEEDED, marked, plant, traces
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ctdenoise.scans.allowed import CODES, KEPT, SEQUENCES, UIDS
from ctdenoise.scans.deidentify import Pseudonyms, deidentify
from ctdenoise.scans.dicom import unit_of

SECRET = "SECRET"
PLANTED = {
    "PatientName": SECRET,
    "PatientID": SECRET,
    "PatientBirthDate": "19501231",
    "OtherPatientIDs": SECRET,
    "PatientAddress": SECRET,
    "PatientTelephoneNumbers": SECRET,
    "AccessionNumber": SECRET,
    "StudyID": SECRET,
    "InstitutionName": SECRET,
    "InstitutionAddress": SECRET,
    "ReferringPhysicianName": SECRET,
    "OperatorsName": SECRET,
    "StationName": SECRET,
    "DeviceSerialNumber": SECRET,
    "StudyDescription": SECRET,
    "SeriesDescription": f"Low Dose {SECRET}",
    "ImageComments": SECRET,
    "PatientComments": SECRET,
    "ProtocolName": SECRET,
    "StudyDate": "20191231",
    "AcquisitionDate": "20191231",
    "ContentTime": "235958",
    "PatientAge": "069Y",
}


def planted():
    dataset = ct_dataset(np.zeros((4, 4), np.int16), **PLANTED)
    dataset.StudyInstanceUID = "1.2.3.777"
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3.777.1"
    item.PatientName = SECRET
    item.add_new(0x00091001, "LO", SECRET)
    dataset.ReferencedImageSequence = [item]
    deeper = Dataset()
    deeper.RequestingPhysician = SECRET
    deeper.ReferencedImageSequence = [copy.deepcopy(item)]
    dataset.add_new(0x00181111, "DS", "500")
    dataset.CTExposureSequence = [deeper]  # a sequence that no rule names
    block = dataset.private_block(0x0009, SECRET, create=True)
    block.add_new(1, "LO", SECRET)
    dataset.add_new(0x60000022, "LO", SECRET)  # overlay description
    dataset.add_new(0xFFFCFFFC, "OB", SECRET.encode())
    dataset.preamble = SECRET.encode().ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = SECRET
    return dataset


@pytest.fixture
def pseudonyms():
    return Pseudonyms(b"key")


def test_nothing_planted_is_left(pseudonyms, tmp_path):
    dataset = planted()
    deidentify(dataset, pseudonyms, SECRET)
    dataset.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    raw = (tmp_path / "x.dcm").read_bytes()
    for trace in (b"SECRET", b"19501231", b"20191231", b"235958", b"069Y", b"1.2.3.777"):
        assert trace not in raw
    back = pydicom.dcmread(tmp_path / "x.dcm")
    assert back.PatientIdentityRemoved == "YES" and back.DeidentificationMethod
    assert back.PatientID == pseudonyms.patient(SECRET)
    assert back.file_meta.MediaStorageSOPInstanceUID == back.SOPInstanceUID


def test_what_the_picture_needs_stays(pseudonyms):
    dataset, before = planted(), planted()
    deidentify(dataset, pseudonyms, SECRET)
    for keyword in (
        "PixelData", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "Modality",
        "SliceThickness", "RescaleSlope", "RescaleIntercept", "ImageType", "SOPClassUID",
        "DistanceSourceToPatient",
    ):  # fmt: skip
        assert dataset[keyword].value == before[keyword].value
    reference = dataset.ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert reference == pseudonyms.uid("1.2.3.777.1")


def test_what_is_left_is_valid(pseudonyms):
    """No date of the year 1, which a PACS refuses, and no sequence with emptied references."""
    study = Dataset()
    study.ReferencedSOPClassUID = study.ReferencedSOPInstanceUID = "1.2.3.777"
    dataset = ct_dataset(
        np.zeros((4, 4), np.int16), StudyDate="20191231", AcquisitionDateTime="20191231235958",
        ReferencedStudySequence=[study],
    )  # fmt: skip
    deidentify(dataset, pseudonyms, SECRET)
    assert (dataset.StudyDate, dataset.AcquisitionDateTime) == ("19000101", "19000101000000")
    assert "ReferencedStudySequence" not in dataset


def test_equal_within_a_workspace_even_in_another_process(tmp_path):
    here = Pseudonyms.of(tmp_path)
    code = (
        "import sys, pathlib; from ctdenoise.scans.deidentify import Pseudonyms;"
        "p = Pseudonyms.of(pathlib.Path(sys.argv[1])); print(p.patient('A'), p.uid('1.2'))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    ).stdout
    assert there.strip() == f"{here.patient('A')} {here.uid('1.2')}"
    other = Pseudonyms.of(tmp_path / "other")
    assert other.patient("A") != here.patient("A") != here.patient("B")
    assert other.uid("1.2") != here.uid("1.2") and pydicom.uid.UID(here.uid("1.2")).is_valid
    assert here.patient("") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owner-only file modes")
def test_the_key_is_its_owners(tmp_path):
    Pseudonyms.of(tmp_path)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_unreadable_elements_go(pseudonyms, tmp_path):
    dataset = planted()
    tag = Tag(0x0008, 0x0012)
    dataset._dict[tag] = RawDataElement(tag, "??", 6, SECRET.encode(), 0, False, True)
    deidentify(dataset, pseudonyms, SECRET)
    assert tag not in dataset


def test_dates_are_no_todays_either(pseudonyms):
    dataset = planted()
    deidentify(dataset, pseudonyms, SECRET)
    assert datetime.date.today().strftime("%Y%m%d") not in str(dataset)


def item(**values):
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.fixture(scope="module")
def hostile():
    """Identifiers in every attribute of the dictionary, at the top and nested two deep."""
    dataset = ct_dataset(np.zeros((4, 4), np.int16))
    plant(dataset, ATTRIBUTES)
    sequences = [tag for tag, (vr, _) in ATTRIBUTES.items() if vr == "SQ"]
    others = [tag for tag, (vr, _) in ATTRIBUTES.items() if vr != "SQ"]
    stay = [tag for tag in others if ATTRIBUTES[tag][1] in KEPT or ATTRIBUTES[tag][1] in UIDS]
    listed = [tag for tag in sequences if ATTRIBUTES[tag][1] in SEQUENCES | CODES]
    for n, tag in enumerate(sequences):
        nested, deeper = Dataset(), Dataset()
        within = stay + others[n::20] if tag in listed else others[n::200]
        plant(nested, within)
        plant(deeper, within)
        for inner in (sequences[-n], listed[n % len(listed)]):
            nested.add_new(inner, "SQ", [copy.deepcopy(deeper)])
        nested.private_block(0x0009, "ZQ", create=True).add_new(1, "LO", "ZQ")
        dataset.add_new(tag, "SQ", [nested])
    for group in (0x5000, 0x5002, 0x6000, 0x601E):
        for element, vr in ((0x0022, "LO"), (0x1500, "LO"), (0x3000, "OB")):
            dataset.add_new(group << 16 | element, vr, marked(vr, 1))
    dataset.private_block(0x0029, "ZQ", create=True).add_new(1, "OB", b"ZQZQ")
    dataset.add_new(0x00100000, "UL", 0x515A515A)  # a group's length, or what somebody puts there
    dataset.add_new(0x7FE1FFFF, "UN", b"ZQZQ")
    dataset.SpecificCharacterSet = ["ISO_IR 100", "ISO 2022 IR 87"]
    dataset.PatientName = "Zq\u00e4^J\u00f6rg"
    dataset.preamble = b"ZQ".ljust(128, b"\0")
    for keyword in ("ImplementationVersionName", "SourceApplicationEntityTitle"):
        setattr(dataset.file_meta, keyword, "ZQ")
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.99999.1"
    dataset.file_meta.PrivateInformation = b"ZQZQ"
    return dataset


def as_bytes(dataset, **options):
    out = io.BytesIO()
    dataset.save_as(out, **options)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_what_is_planted_anywhere_is_gone(pseudonyms, hostile, syntax):
    hostile.file_meta.TransferSyntaxUID = syntax
    before = as_bytes(hostile, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    assert len(traces(before)) > 2000
    read_back = pydicom.dcmread(io.BytesIO(before + b"ZQ after the data set"), force=True)
    deidentify(read_back, pseudonyms, "ZQ")
    after = as_bytes(read_back)
    assert traces(after) == set()
    assert b"J\xf6rg" not in after and len(after) < 200_000
    assert "PerFrameFunctionalGroupsSequence" in read_back  # else little was tried


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", sorted(KEPT))
def test_text_in_an_attribute_that_stays_does_not(pseudonyms, keyword):
    """Whatever kind of text stands there: nothing of it comes through that is no known word."""
    tag = tag_for_keyword(keyword)
    vr = dictionary_VR(tag).split(" or ")[0]
    for text in ("Doe", "DOE JANE", "DOE_J", "Doe^Jane", "19570403", "B30f DOE", "HU;DOE", "5 DOE"):
        for encoded in (text, f"CW\\{text}", f"{text}\\AXIAL"):
            dataset = Dataset()
            raw = encoded.encode().ljust(len(encoded) + len(encoded) % 2)
            dataset[tag] = RawDataElement(Tag(tag), vr, len(raw), raw, 0, False, True)
            deidentify(dataset, pseudonyms, "")
            left = str(dataset.get(tag, ""))
            assert "DOE" not in left.upper()
            if keyword not in NEEDED | FLOATS:
                assert "19570403" not in left


def test_numbers_that_cannot_be_such_quantities_go(pseudonyms):
    dataset = ct_dataset(
        np.zeros((4, 4), np.int16), KVP="19570403", SeriesNumber="4711081", ExposureInuAs="123456",
        TableHeight="nan", InstanceNumber="19570403", Exposure="150",
    )  # fmt: skip
    deidentify(dataset, pseudonyms, "")
    for keyword in ("KVP", "SeriesNumber", "TableHeight", "InstanceNumber"):
        assert keyword not in dataset
    assert (dataset.Exposure, dataset.ExposureInuAs) == (150, 123460)


def test_half_a_window_goes(pseudonyms):
    dataset = ct_dataset(np.zeros((4, 4), np.int16), WindowCenter=40, WindowWidth=19570412)
    deidentify(dataset, pseudonyms, "")
    assert "WindowCenter" not in dataset and "WindowWidth" not in dataset


ENTRIES = np.arange(256)
CURVES = {
    "rising": ENTRIES * 250,
    "falling": ENTRIES[::-1] * 250,
    "flat at its ends": np.clip(ENTRIES * 300 - 10_000, 0, 40_000),
    "a sigmoid": np.rint(65535 / (1 + np.exp((128 - ENTRIES) / 20))),
}


def with_table(data, entries=256, vr="OW"):
    table = Dataset()
    table.LUTDescriptor = [entries, 0, 16]
    table.add_new("LUTData", vr, data)
    return ct_dataset(np.zeros((4, 4), np.int16), VOILUTSequence=[table])


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("kind", ["<u2", ">u2", "u1", "US"])
def test_a_curve_stays(pseudonyms, curve, kind):
    values = CURVES[curve].astype(int)
    if kind == "US":
        data = values.tolist()
    else:
        data = (values // (256 if kind == "u1" else 1)).astype(kind).tobytes()
    dataset = with_table(data, vr="US" if kind == "US" else "OW")
    deidentify(dataset, pseudonyms, "")
    assert dataset.VOILUTSequence[0].LUTData == data


@pytest.mark.parametrize("text", [b"SECRET^NAME", b"zoo", b"Doe", b"19570412", b"Abe", b"\xff"])
@pytest.mark.parametrize("filler", [b"\0", b" ", b"\xff", b"^"])
@pytest.mark.parametrize("entries", [2, 6, 256])
@pytest.mark.parametrize("size", [1, 2])
def test_no_table_has_room_for_text(pseudonyms, text, filler, entries, size):
    data = text.ljust(entries * size, filler)[: entries * size]
    for dataset in (with_table(data, entries), with_table(data[::-1], entries)):
        deidentify(dataset, pseudonyms, "")
        assert "VOILUTSequence" not in dataset


def test_a_modality_table_stays_as_it_is(pseudonyms):
    """Its entries are what pixels mean, and need be no curve."""
    table = item(LUTDescriptor=[4, 0, 16], ModalityLUTType="HU")
    table.add_new("LUTData", "US", [7, 60_000, 3, 5])
    dataset = ct_dataset(np.zeros((4, 4), np.int16), ModalityLUTSequence=[table])
    deidentify(dataset, pseudonyms, "")
    assert list(dataset.ModalityLUTSequence[0].LUTData) == [7, 60_000, 3, 5]


@pytest.mark.parametrize("told", [256, [256, 0], None])
def test_a_table_without_its_length_goes(pseudonyms, told):
    dataset = with_table(bytes(512))
    dataset.VOILUTSequence[0].LUTDescriptor = told
    deidentify(dataset, pseudonyms, "")
    assert "VOILUTSequence" not in dataset


def test_a_greyscale_image_needs_no_palette(pseudonyms):
    dataset = ct_dataset(np.zeros((4, 4), np.int16), PixelPresentation="COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", bytes(512))
    deidentify(dataset, pseudonyms, "")
    assert "Palette" not in str(dataset) and dataset.PixelPresentation == "MONOCHROME"


def test_codes_keep_the_standards_words_alone(pseudonyms):
    def code(value, scheme):
        return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=SECRET,
                    CodingSchemeVersion=SECRET)  # fmt: skip

    dataset = ct_dataset(np.zeros((4, 4), np.int16))
    dataset.AnatomicRegionSequence = [
        code("51185008", "SCT"), code("T-D3000", "SRT"), code("51185008", "99DOE"),
        code(SECRET, "SCT"),
    ]  # fmt: skip
    dataset.ProcedureCodeSequence = [code("77477000", "SCT")]
    deidentify(dataset, pseudonyms, "")
    said = [(c.CodeValue, c.CodeMeaning) for c in dataset.AnatomicRegionSequence]
    assert said == [("51185008", "Thorax"), ("T-D3000", "Thorax")] or said[0][0] == "51185008"
    assert SECRET.encode() not in as_bytes(dataset) and "ProcedureCodeSequence" not in dataset


def test_a_deep_nest_is_no_recursion_error(pseudonyms):
    nested = Dataset()
    nested.PatientName = SECRET
    for _ in range(300):
        nested = item(SourceImageSequence=[nested], ContentSequence=[nested])
    dataset = ct_dataset(np.zeros((4, 4), np.int16), SourceImageSequence=[nested])
    deidentify(dataset, pseudonyms, "")
    assert SECRET.encode() not in as_bytes(dataset)


def test_what_stays_is_what_the_profile_allows(pseudonyms):
    """dicom-anonymizer has PS3.15 table E.1-1: of what it removes, only cleaned values stay."""
    rules = pytest.importorskip("dicomanonymizer.simpledicomanonymizer").initialize_actions()
    named = {keyword_for_tag(tag) for tag in rules if len(tag) == 2}
    for keyword in named & set(KEPT):
        assert KEPT[keyword](["19570403"]) in ([], ["UNKNOWN"]) or "DOE" not in str(
            KEPT[keyword](["DOE"])
        )


def test_the_method_says_what_was_done(pseudonyms):
    dataset = planted()
    deidentify(dataset, pseudonyms, SECRET)
    [code] = dataset.DeidentificationMethodCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113100", "DCM")
    assert code.CodeMeaning == codes.DCM.BasicApplicationConfidentialityProfile.meaning
    assert len(dataset.DeidentificationMethod) <= 64


MAPS = """Z_EFF EFF_Z EFFECTIVE_Z EFF_ATOMIC ELECTRON_DENSITY RHO_Z IODINE_NO_WATER
CALCIUM_SUPP URIC_ACID FAT_FRACTION PERFUSION CBF RCBV MTT TTP TMAX MATERIAL_DENSITY DET_IODINE"""


@pytest.mark.parametrize("word", MAPS.split())
def test_a_map_stays_a_map(pseudonyms, word):
    """What is not in HU must not seem so once the words are cleaned."""
    dataset = ct_dataset(
        np.zeros((4, 4), np.int16),
        ImageType=["DERIVED", "PRIMARY", "AXIAL", word],
        RescaleType="HU",
    )
    assert unit_of(dataset) == ""
    deidentify(dataset, pseudonyms, "")
    assert unit_of(dataset) == ""


@pytest.mark.parametrize(
    "word", ["HU", "Hounsfield units", "US", "", "MGML", "mg of Jane Doe", "[HU]", "Doe's unit"]
)
def test_a_unit_stays_what_it_was(pseudonyms, word):
    dataset = ct_dataset(np.zeros((4, 4), np.int16), RescaleType=word)
    before = unit_of(dataset)
    deidentify(dataset, pseudonyms, "")
    assert unit_of(dataset) == before and "Doe" not in str(dataset)
