"""Dose words of many languages are heard, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdenoise.scans.dose_words import dose_word, dose_word_of_name, without_dose

LOW = """
LOW_DOSE; Low Dose Images; ThoraxLowDose; Thorax_LowDose_1mm; ULD; LD; ULDCT; LDCT 1.0 B30f; LD-CT
LD CT chest; ThoraxLD; CHEST LD 1.0 B60f; T LD SPOT; uLDCT; ultra low-dose; UltraLowDose; LOWDOSE
quarter_1mm; Quarter Dose Images; QD; low radiation dose; reduced dose; half dose; ct_lowdose_001
1/4 dose; ¼ dose; 1/10 dose; dose 1/4; 25% dose; 10 % Dosis; 25 % of full dose; dose 25%; 25%剂量
5 percent dose; Low dose, standard kernel; low dose 40% ASiR; lowDoseCT; ＬＤＣＴ
Niedrigdosis; Thorax Niedrigdosis 1.0; NIEDRIG-DOSIS; niedrigdosiert; reduzierte Dosis
faible dose; dose faible; dose réduite; baja dosis; TORAX BAJA DOSIS; dosis baja; dosis reducida
bassa dose; dose bassa; baixa dose; lage dosis; lavdosis; lågdos; niska dawka; niskodawkowa TK
низкодозная КТ; низкая доза; düşük doz
低剂量; 胸部低剂量平扫; 低劑量; 超低剂量; 低線量; 低線量CT; 胸部 低線量 肺野; 저선량
matala annos; pieni annos; matala-annos; χαμηλή δόση; ΧΑΜΗΛΗ ΔΟΣΗ; низька доза; низькодозова КТ
ниска доза; liều thấp; LIỀU THẤP; dosis rendah; جرعة منخفضة; منخفض الجرعة; מינון נמוך; במינון נמוך
कम खुराक; ปริมาณรังสีต่ำ; 0.25 dose; 0,1 Dosis; Low dose non-contrast; low dose without contrast
Low-dose contrast-enhanced; low dose, contrast; not full dose but low dose
"""
FULL = """
Full Dose Images; FULL_DOSE; FullDose; NDCT; FDCT; SDCT; FD; Routine dose chest; standard dose
StandardDose; normal dose; high dose; highdose; 100% dose; 100 % Dosis; full dose low kV
Full dose 40% ASiR; ASIR 40% full dose; Volldosis; volle Dosis; Normaldosis; Standarddosis
pleine dose; dose complète; dosis completa; dose plena; dose piena; полная доза; tam doz
全剂量; 全劑量; 标准剂量; 常规剂量; 標準線量; 通常線量; 표준선량
täysi annos; normaali annos; πλήρης δόση; повна доза; пълна доза; liều chuẩn; liều tiêu chuẩn
dosis penuh; جرعة كاملة; מינון מלא; पूर्ण खुराक; ปริมาณรังสีปกติ; 일반선량; no low dose, full dose
"""
NEITHER = """
follow; follow up dose; FDG PET CT; FDK recon; slow; Slow dose; slow-dose; yellow; Below dosel
gold; hold; FOLD; child; World; shoulder; LDL; bald; Thorax 1.0; Bone 0.6; Lung 1.25; body
Low contrast; low kV; low; high; half; HD; ND; input; clean; target; High resolution; highres
Full inspiration; full FOV; reduced FOV; Dose Report; DOSE INFO; Dose 100 mAs; 剂量; 高分辨
1/1; 1/2; 25%; ASIR 40%; 110% dose; full dose and low dose
no low dose; not low dose; NoLowDose; non-low-dose; not a low dose; without low dose; Not full dose
keine niedrige Dosis; nicht Niedrigdosis; pas de dose faible; 非低剂量; low dose: no; low dose off
half dose contrast; low dose contrast agent; halbe Dosis Kontrast; half dose of contrast; 10.25 dose
low dose gadolinium; halbe Dosis KM; demi dose de contraste; in lieu of; 0.25; Bone 0.625 dose
"""


def texts(lines: str) -> list[str]:
    return [text.strip() for line in lines.strip().splitlines() for text in line.split(";")]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (text, word)
        for lines, word in ((LOW, "low"), (FULL, "full"), (NEITHER, ""))
        for text in texts(lines)
    ],
)
def test_descriptions(text: str, word: str) -> None:
    assert dose_word(text) == word


@given(
    st.sampled_from([("low", text) for text in texts(LOW)] + [("full", t) for t in texts(FULL)]),
    st.sampled_from(["", "Thorax", "1.0 B30f", "ABD_C+", "5mm", "肺"]),
    st.sampled_from([" ", "_", ", ", " - ", "(", "\t"]),
    st.booleans(),
)
def test_a_word_is_heard_among_others(told, beside, between, first) -> None:
    word, text = told
    assert dose_word(f"{text}{between}{beside}" if first else f"{beside}{between}{text}") == word


@pytest.mark.parametrize(
    ("name", "word", "rest"),
    [
        ("ct_low_001", "low", "ct 001"),
        ("ct_fulldose_001", "full", "ct 001"),
        ("ctLow001", "low", "ct 001"),
        ("LDct_001", "low", "001"),
        ("L067_QD_3_1", "low", "L067 3 1"),
        ("high_input_001", "low", "001"),
        ("high_target_001", "full", "001"),
        ("slow_gold_7", "", "slow gold 7"),
        ("lowdose_fulldose_7", "", "7"),
        ("low_and_full_7", "", "and 7"),
        ("input_target_7", "", "7"),
    ],
)
def test_names_of_files(name: str, word: str, rest: str) -> None:
    assert (dose_word_of_name(name), without_dose(name)) == (word, rest)
