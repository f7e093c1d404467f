"""What is damaged on the disk, said where its list is, with the way to remove it."""

from collections.abc import Callable, Sequence

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.stored import Damaged
from ctdenoise.ui.components.text import plain


def show(damaged: Sequence[Damaged], remove: Callable[[str], object]) -> None:
    """A line for each, with a button."""
    for each in damaged:
        line = st.columns([6, 1], vertical_alignment="center")
        line[0].warning(plain(each.problem), icon=":material/broken_image:")
        line[1].button(
            "Remove",
            icon=":material/delete:",
            key=f"damaged-{each.id}",
            on_click=_remove,
            args=(each.id, remove),
            width="stretch",
        )


def _remove(id: str, remove: Callable[[str], object]) -> None:
    try:
        remove(id)
    except Problem as problem:
        st.toast(plain(problem), icon=":material/error:")
