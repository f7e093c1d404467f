"""The settings of a run in words: first what differs from the recommended ones, then the rest."""

from typing import Any

import streamlit as st

from ctdenoise.config.config import Config, settings
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.record import Setting
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.ui.components.text import plain


def show(config: Config) -> None:
    """Two tables that wrap at any width."""
    usual = PRESETS["recommended"]
    told = [
        (f"{each.title} ({each.unit})" if each.unit else each.title,
         in_words(each, config), in_words(each, usual))
        for each in settings().values()
        if _counts(each, config, usual)
    ]  # fmt: skip
    other = [row for row in told if row[1] != row[2]]
    rest = [row[:2] for row in told if row not in other]
    left, right = st.columns(2)
    with left:
        if other:
            st.markdown("**Other than recommended**")
            _table([("Setting", "This run", "Recommended"), *other])
        else:
            st.markdown("**All settings are the recommended ones**")
    with right:
        st.markdown("**As recommended**")
        _table([("Setting", "This run"), *rest])


def in_words(setting: Setting, config: Config) -> str:
    """A setting's value as people say it; its unit stands in the setting's name."""
    value = _value(setting, config)
    name = setting.key.removeprefix("loss.")
    if name in LOSS_TERMS:
        if not value:
            return "off"
        return f"{value:g} %" if config.loss.weighting == "influence" else f"× {value:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(setting.options.get(str(each), f"{each}") for each in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else setting.options.get(value, value)


def _value(setting: Setting, config: Config) -> Any:
    of, _, name = setting.key.rpartition(".")
    return getattr(config.loss if of else config, name)


def _counts(setting: Setting, *configs: Config) -> bool:
    """Whether a setting means anything to one of these: weights of terms that are in use, and
    what belongs to VGG16 where it is."""
    if setting.key.removeprefix("loss.") in LOSS_TERMS:
        return any(_value(setting, config) for config in configs)
    return not setting.key.startswith("loss.vgg") or any(config.loss.vgg for config in configs)


def _table(rows: list[tuple[str, ...]]) -> None:
    """The first row is the head."""
    head, *rest = [f"| {' | '.join(map(plain, row))} |" for row in rows]
    st.markdown("\n".join([head, "|---" * len(rows[0]) + "|", *rest]))
