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
    "низкая низкой низко сниженная малая"
)
_FULL = _one_of(
    "full normal standard routine regular high higher conventional usual "
    "voll volle hoch hohe normale standaard pleine complète haute élevée conventionnelle "
    "completa plena alta estándar convencional piena intera elevata cheia padrão "
    "volledige hoge fuld høj høy hög hel pełna wysoka plná teljes tam yüksek "
    "полная полной стандартная высокая"
)
_NOUN = r"(?:dos(?:[ei]|ag)\w*|doz\w*|davk\w*|dawk\w*|доз\w*)"
_SIGN = "(?:剂量|劑量|線量|线量|선량|용량)"
_SIGN_LOW = f"(?:[低微半减減저]|四分之一){_SIGN}|{_SIGN}低減|低被ばく"
_SIGN_FULL = f"(?:[全满滿高고]|标准|標準|常规|常規|正常|通常|표준|정상|전체){_SIGN}"
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
    _told(_LOW, _LESS, f"quarter|u?ld{_CT}|qd{_CT}|lagdos", _SIGN_LOW),
    _told(_FULL, _WHOLE, rf"fd{_CT}|[nsrh]d[\s-]*ct|fulldos|normaldos", _SIGN_FULL),
)
_NAMED = _either(_word("low|input|noisy|quarter|ld|qd"), _word("full|high|clean|target|fd|hd|nd"))
"""Words that tell the dose in a file's name; in a description they may mean anything."""


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
    """The same of a file's or folder's name, where "low", "target" and the like tell it, too.

    >>> dose_word_of_name("ct_low_001"), dose_word_of_name("target12"), dose_word_of_name("follow")
    ('low', 'full', '')
    """
    named = _kinds(_NAMED, name)
    return dose_word(name) or ("low" if "low" in named else "full" if named else "")


def without_dose(name: str) -> str:
    """What the names of a low-dose and a full-dose image of the same thing have in common.

    >>> without_dose("ct_low_001"), without_dose("ctFullDose_001")
    ('ct 001', 'ct 001')
    """
    for pattern in (_SAID, _NAMED):
        name = pattern.sub(" ", _apart(pattern.sub(" ", _plain(name))))
    return re.sub(r"\W+", " ", name).strip()


def _kinds(pattern: re.Pattern[str], text: str) -> set[str]:
    """The kinds of dose that are told in the text as it stands, or else with its words apart."""
    whole = _plain(text)
    for each in (whole, _apart(whole)):
        found = {str(match.lastgroup) for match in pattern.finditer(each)}
        if found:
            return found
    return set()


def _apart(text: str) -> str:
    """ "CTLowDose" is "CT Low Dose"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
