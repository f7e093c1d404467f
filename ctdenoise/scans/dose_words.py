"""Which dose a description or a file's name tells, in the languages of the field."""

import re
import unicodedata


def _plain(text: str) -> str:
    """Without accents and underscores: "Düşük_Doz" is "Dusuk Doz"."""
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare).replace("_", " ").replace("\N{FRACTION SLASH}", "/")


def _one_of(words: str) -> str:
    return "|".join(_plain(words).split())


def _word(pattern: str) -> str:
    """No part of a longer word: "ld" is in "LD_001" and "T LD 5", but not in "gold"."""
    return rf"(?<![^\W\d])(?:{pattern})(?![^\W\d])"


_LOW = _one_of(
    "low lower lowest ultralow reduced minimal quarter half third tenth "  # English
    "niedrig niedrige niedriger niedrigste reduziert reduzierte halbe viertel "  # German
    "faible basse bas réduite demi quart "  # French
    "baja bajas bajo reducida bassa basse basso ridotta mezza baixa baixas reduzida meia "
    "lage verlaagde lav lave låg redusert reduceret "  # Dutch, Danish, Norwegian, Swedish
    "nízká nízké nízko niska niskiej nisko obniżona alacsony scăzută redusă düşük "
    "низкая низкой низко сниженная малая "
    "низька низької низько знижена ниска ниско намалена "  # Ukrainian, Bulgarian
    "matala matalan pieni pienen χαμηλή χαμηλής μειωμένη "  # Finnish, Greek
    "thấp giảm rendah "  # Vietnamese, Indonesian
    "منخفضة منخفض مخفضة المنخفضة נמוך נמוכה מופחת कम निम्न"  # Arabic, Hebrew, Hindi
)
_FULL = _one_of(
    "full normal standard routine regular high higher conventional usual "
    "voll volle hoch hohe normale standaard pleine complète haute élevée conventionnelle "
    "completa plena alta estándar convencional piena intera elevata cheia padrão "
    "volledige hoge fuld høj høy hög hel pełna wysoka plná teljes tam yüksek "
    "полная полной стандартная высокая "
    "повна повної звичайна висока пълна нормална "
    "täysi täyden normaali normaalin korkea πλήρης πλήρη πλήρους κανονική υψηλή "
    "chuẩn tiêu\\schuẩn thường cao đầy\\sđủ toàn penuh standar tinggi "
    "كاملة عادية قياسية عالية الكاملة العادية מלא רגיל גבוה पूर्ण सामान्य मानक उच्च"
)
_NOUN = _plain(
    r"(?:dos(?:[ei]|ag)\w*|doz\w*|davk\w*|dawk\w*|доз\w*|anno[sk]\w*|δόσ\w*|liều"
    r"|(?:ال)?جرع\w*|ב?מינון|खुराक|डोज़|मात्रा)"
)
_SIGN = "(?:剂量|劑量|線量|线量|선량|용량)"
_SIGN_LOW = f"(?:[低微半减減저]|四分之一){_SIGN}|{_SIGN}低減|低被ばく"
_SIGN_FULL = f"(?:[全满滿高고]|标准|標準|常规|常規|正常|通常|표준|정상|전체|일반){_SIGN}"
_THAI = r"(?:รังสี|โดส|ปริมาณ|ขนาด)\s*"
_PERCENT = r"\s*(?:%|percent|pct|prozent|pour cent|por ciento|per cento)"
_LESS = rf"(?<![\d.,/])(?:\d\d?(?:[.,]\d+)?{_PERCENT}|1\s*/\s*(?:[2-9]|[1-9]\d+)(?!\d))"
_WHOLE = rf"(?<![\d.,/])100{_PERCENT}"
_OF = r"(?:\s*\b(?:of|de|der|da|di)(?: the| la)?(?: full| normal| standard| routine)?\b)?"
_GAP = r"[\s.:=-]*"


def _told(adjective: str, share: str, alone: str, signs: str) -> str:
    """A pattern for "low dose", "dose bassa", "25 % of the dose", "dose 1/4", "LDCT", "低剂量"."""
    noun = f"(?:{_NOUN}|{_SIGN})"
    return "|".join(
        (
            rf"(?<![^\W\d])(?:{adjective}){_GAP}(?:radiation )?{_NOUN}",
            _word(f"{_NOUN}{_GAP}(?:{adjective})"),
            f"{share}{_OF}{_GAP}{noun}",
            f"{noun}{_GAP}{share}",
            _word(alone),
            _plain(signs),
        )
    )


def _either(low: str, full: str) -> re.Pattern[str]:
    return re.compile(f"(?P<low>{low})|(?P<full>{full})", re.IGNORECASE)


_CT = r"(?:[\s-]*ct)?"
_SAID = _either(
    _told(
        _LOW,
        _LESS,
        rf"quarter|u?ld{_CT}|qd{_CT}|lagdos|(?<![\d.,])0[.,](?:05|1|2|25|5|75) dos(?:e|is)",
        rf"{_SIGN_LOW}|{_THAI}(?:ต่ำ|น้อย)",
    ),
    _told(
        _FULL,
        _WHOLE,
        rf"fd{_CT}|[nsrh]d[\s-]*ct|fulldos|normaldos",
        rf"{_SIGN_FULL}|{_THAI}(?:เต็ม|ปกติ|สูง|มาตรฐาน)",
    ),
)
_ROLES = _either(_word("input|noisy"), _word("clean|target"))
_LEVELS = _either(_word("low|quarter|ld|qd"), _word("full|high|fd|hd|nd"))
"""Words that tell the dose in a file's name; in a description they may mean anything."""
_DENIED = re.compile(
    rf"(?:{_word('no|not|non|without|kein|keine|nicht|ohne|pas|sans|sin|senza|sem|nao|geen|ingen')}"
    rf"|{_word('ikke|inte|ei|bez|nie|не|без')}|w/o|[非不无無]|不是)[\s-]*"
    r"(?:(?:an?|the|de|of|very|ultra)[\s-]+)*$",
    re.IGNORECASE,
)
"""What before a dose takes it back."""
_AGENT = r"(?:contrast|kontrast|km\b|iod|jod|gadolin|контраст|造影|对比|對比|조영)"
_ELSE = re.compile(
    rf"[\s-]*(?:(?:of|de|di|do|von|i\.?v\.?)\s+)*{_AGENT}(?!\w*[\s-]*enhanced)"
    r"|\s*[:=]\s*(?:no|off|false|nein|aus)\b|\s+(?:no|off)\s*$",
    re.IGNORECASE,
)
"""What after a dose makes it one of contrast agent, or takes it back."""


def dose_word(text: str) -> str:
    """ "low", "full" or "" as a description says it; "" also where it says both.

    >>> dose_word("Low Dose Images"), dose_word("Full Dose Images"), dose_word("Thorax 1.0")
    ('low', 'full', '')
    >>> dose_word("ThoraxLowDose"), dose_word("Volldosis"), dose_word("10 % Dosis")
    ('low', 'full', 'low')
    """
    said = _kinds(_SAID, text)
    return said.pop() if len(said) == 1 else ""


def dose_word_of_name(name: str) -> str:
    """The same of a file's or folder's name, where "low", "target" and the like tell it, too;
    "" where it says both.

    >>> dose_word_of_name("ct_low_001"), dose_word_of_name("target12"), dose_word_of_name("follow")
    ('low', 'full', '')
    """
    said = next(
        filter(None, (_kinds(pattern, name) for pattern in (_SAID, _ROLES, _LEVELS))), set()
    )
    return said.pop() if len(said) == 1 else ""


def without_dose(name: str) -> str:
    """What the names of a low-dose and a full-dose image of the same thing have in common.

    >>> without_dose("ct_low_001"), without_dose("ctFullDose_001")
    ('ct 001', 'ct 001')
    """
    for pattern in (_SAID, _ROLES, _LEVELS):
        name = pattern.sub(" ", _apart(pattern.sub(" ", _plain(name))))
    return re.sub(r"\W+", " ", name).strip()


def _kinds(pattern: re.Pattern[str], text: str) -> set[str]:
    """The kinds of dose that are told in the text as it stands, or else with its words apart."""
    whole = _plain(text)
    for each in (whole, _apart(whole)):
        found = {
            str(match.lastgroup)
            for match in pattern.finditer(each)
            if not _DENIED.search(each[: match.start()]) and not _ELSE.match(each[match.end() :])
        }
        if found:
            return found
    return set()


def _apart(text: str) -> str:
    """ "CTLowDose" is "CT Low Dose"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
