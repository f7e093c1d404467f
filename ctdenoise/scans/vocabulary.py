"""Makers' words in headers: kernels, scanners. Only known ones get past, since people type others.

A header is free text wherever a scanner lets its operator type; a known word names no patient.
"""

import re

_KERNEL = re.compile(
    r"""[A-DH-JQ-V][acdeflprsuvx]?\d{2}[a-z]{0,2}  # Siemens: B30f, Br40d, Qr40; Neusoft: F20
    | F[CL]\d{2}[A-Z]?                           # Toshiba, Canon: FC18
    | [A-FHL] | [UY][A-D] | [ES][A-C]            # Philips: C, YB, SB; United Imaging: H_SOFT_A
    | \d{1,2}                                    # Fujifilm, Hitachi: 11; admired iterations: \3
    | V?(SOFT|SHARP) | (BONE|LUNG|CHEST|CHST|NECK|EDGE|HD|UHD|STND)\d{0,2}
    | STANDARD | STD | DETAIL | ULTRA | PLUS | SMOOTH | MEDIUM | BONEPLUS | EDGEPLUS | FINE | BRAIN
    | HEAD | BODY | ABDOMEN | CARDIAC | CARDIO | INNER | EAR | SINUS | SPINE | MEDIASTINUM | FBP
    | RAM-?LAK | SHEPP-?LOGAN | HANN | HANNING | HAMMING | COSINE | BUTTERWORTH | GAUSS | GAUSSIAN
    | XYZ | ALLPASS | NONE
    """,
    re.X,
)
_MAKERS = """ge siemens philips toshiba canon hitachi fujifilm fuji neusoft uih united_imaging
neurologica samsung shimadzu picker elscint marconi imatron varian elekta accuray planmeca
carestream kodak agfa agfa-gevaert konica hologic lorad sirona dentsply vatech newtom morita
curvebeam bruker esaote mindray anke sinovision minfound toshiba_mec cps adac mediso"""
_COMPANY = """medical systems system healthcare healthineers health electric general ag gmbh co
ltd inc corp corporation company imaging united group nederland europe photo film"""
_FAMILIES = """somatom sensation emotion definition biograph symbia naeotom perspective scope spirit
lightspeed brightspeed hispeed prospeed discovery optima revolution apex maxima brilliance ingenuity
ict iqon incisive gemini vereos precedence mx8000 mx aquilion asteion alexion xvision celesteion
activion vantage supria scenaria eclos robusto presto uct umi umr neuviz anatom scintcare ceretom
bodytom omnitom avanto symphony skyra prisma aera espree verio trio vida sola magnetom signa intera
achieva ingenia eclipse millennium volume ct mct genesis"""
_VARIANTS = """as as+ flash edge force drive go go.up go.now go.all go.top open confidence x.cite
alpha peak duo zoom plus pro ultra qx/i vct xt hd hdct gsi st ste rx iq ls es evo elite premium
prime one lightning cxl lb rxl big bore tof core fusion speed apex ascend power elite 64e ex"""

_known_makers = frozenset(_MAKERS.split())
_known_company = _known_makers | frozenset(_COMPANY.split())
_known_families = frozenset(_FAMILIES.split())
_known_variants = _known_families | frozenset(_VARIANTS.split())

_LONGEST = 16
"""Characters of a value of DICOM's short strings, SH."""


def kernel(text: str) -> str:
    r"""A convolution kernel's code as its maker writes it, "" for other text.

    >>> kernel("Br40d"), kernel("BONE PLUS"), kernel("B_VSHARP_C"), kernel("Doe Jane 1957")
    ('Br40d', 'BONE PLUS', 'B_VSHARP_C', '')
    """
    text = text.strip()
    words = [word for word in re.split(r"[\s_+]+", text) if word]
    known = all(_KERNEL.fullmatch(word) or _KERNEL.fullmatch(word.upper()) for word in words)
    return text if known and len(words) <= 3 and len(text) <= _LONGEST else ""


def maker(text: str) -> str:
    """A manufacturer's name without what else stands beside it, "" for one that is not known.

    >>> maker("GE MEDICAL SYSTEMS"), maker("Siemens, Dr. Doe"), maker("Doe Inc.")
    ('GE MEDICAL SYSTEMS', 'Siemens', '')
    """
    words = text.replace("G.E.", "GE").replace(",", " ").split()
    plain = {word: word.rstrip(".").lower() for word in words}
    kept = [word for word in words if plain[word] in _known_company]
    return " ".join(kept[:6]) if any(plain[word] in _known_makers for word in kept) else ""


def model(text: str) -> str:
    """A scanner's model from the name of its family on, as far as the words are known.

    >>> model("SOMATOM Definition AS+"), model("Emotion 16 (2007)"), model("Dr. Doe's LightSpeed16")
    ('SOMATOM Definition AS+', 'Emotion 16', 'LightSpeed16')
    >>> model("Discovery CT750 HD"), model("Doe 64")
    ('Discovery CT750 HD', '')
    """
    words = re.split(r"[\s_]+", text)
    stems = [re.sub(r"\d{1,4}[a-z]?$", "", word.lower()) for word in words]
    first = next((n for n, stem in enumerate(stems) if stem in _known_families), len(words))
    last, bare = first, 0
    while last < min(len(words), first + 4):
        bare += not stems[last]  # a number alone: one belongs to a scanner, three are a telephone's
        if bare > 1 or not (
            not stems[last] or {stems[last], words[last].lower()} & _known_variants
        ):
            break
        last += 1
    return " ".join(words[first:last])
