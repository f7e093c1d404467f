"""The end of every page: the button that leads to the next one."""

import streamlit as st

from ctdenoise.ui import menu


def after(page: str, **query: str | list[str]) -> None:
    """Lead on from ``page``, with ``query`` in the address of the page that follows."""
    follows, sentence = menu.NEXT[page]
    with st.container(key="next-step"):
        st.page_link(
            menu.page(follows),
            label=f"**Next:** {sentence}",
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={name: value for name, value in query.items() if value} or None,
        )
