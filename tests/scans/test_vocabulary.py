import pytest

from ctdenoise.scans.vocabulary import kernel, maker, model

KERNELS = """B30f B31s B70f H31s U90u T20s D40s I31f J30s Br40d Bf39 Bv40 Hr38 Qr40 Sa36 STANDARD
SOFT DETAIL LUNG BONE BONEPLUS EDGE CHEST ULTRA STND FC18 FC08 FL04 A B C D E L YA YB YC UB EC SB
11 3 B_SOFT_B B_VSHARP_C H_SOFT_A BODY BRAIN CHST+ LUNG+ SHARP SMOOTH Standard"""


@pytest.mark.parametrize("code", KERNELS.split())
def test_kernels_of_all_makers_stay(code):
    assert kernel(code) == code and kernel(f" {code} ") == code


@pytest.mark.parametrize(
    "text",
    ["Doe", "DOE JANE", "Jane57", "19570403", "04.03.57", "123", "B30f Doe", "Dr. B30f", "ÄB",
     "BONE" * 5, "for Mrs. D", "[link](http://x)", "B30f\n", "A B C D", "Ward 3", "Room B12x9"],
)  # fmt: skip
def test_other_text_is_no_kernel(text):
    assert kernel(text) in ("", "B30f")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GE MEDICAL SYSTEMS", "GE MEDICAL SYSTEMS"),
        ("SIEMENS", "SIEMENS"),
        ("Siemens Healthineers", "Siemens Healthineers"),
        ("Philips Medical Systems, Inc.", "Philips Medical Systems Inc."),
        ("TOSHIBA_MEC", "TOSHIBA_MEC"),
        ("Canon Medical Systems", "Canon Medical Systems"),
        ("UIH", "UIH"),
        ("FUJIFILM Corporation", "FUJIFILM Corporation"),
        ("Jane Doe", ""),
        ("General Hospital of Doeville", ""),
        ("SIEMENS, scanner of Dr. Doe, 19570403", "SIEMENS"),
        ("", ""),
    ],
)
def test_makers(text, kept):
    assert maker(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("SOMATOM Definition AS+", "SOMATOM Definition AS+"),
        ("LightSpeed VCT", "LightSpeed VCT"),
        ("Sensation 64", "Sensation 64"),
        ("Biograph40_mCT 4R", "Biograph40 mCT 4R"),
        ("Revolution CT", "Revolution CT"),
        ("Discovery CT750 HD", "Discovery CT750 HD"),
        ("Aquilion ONE", "Aquilion ONE"),
        ("Brilliance 64", "Brilliance 64"),
        ("iCT 256", "iCT 256"),
        ("NAEOTOM Alpha", "NAEOTOM Alpha"),
        ("uCT 760", "uCT 760"),
        ("SOMATOM of Jane Doe", "SOMATOM"),
        ("SOMATOM 040 123 456", "SOMATOM 040"),
        ("Doe's CT scanner", "CT"),
        ("Jane Doe 1957", ""),
        ("19570403", ""),
    ],
)
def test_models(text, kept):
    assert model(text) == kept
