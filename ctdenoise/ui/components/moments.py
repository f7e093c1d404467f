"""Stored times (seconds since 1970) in the words and the time zone of whoever looks."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def moment(seconds: float) -> str:
    """Day and time of day where the visitor's browser is; in UTC, and said so, where that is
    unknown."""
    zone = _zone()
    told = datetime.fromtimestamp(seconds, zone or ZoneInfo("UTC"))
    return f"{told:%d %b, %H:%M}{'' if zone else ' UTC'}"


def _zone() -> tzinfo | None:
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the browser says what it likes
        return None
