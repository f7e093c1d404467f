"""The script of every session: the menu, then the page that was asked for."""

from pathlib import Path

import streamlit as st

from ctdenoise.ui import history, menu
from ctdenoise.ui.components import cards
from ctdenoise.ui.session import enter, workspace

st.set_page_config(
    page_title="CT Denoise", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide"
)
# Pictures come first: the page begins right under the menu.
st.html("<style>.stMainBlockContainer { padding: 3.6rem 2.5rem 2rem }</style>")
history.one_entry_a_page()

page = st.navigation(
    [
        st.Page(menu.page(name), title=name, icon=icon, url_path=name.lower(), default=not number)
        for number, (name, icon) in enumerate(menu.ICONS.items())
    ],
    position="top",
)


def run() -> None:
    """The page, for whoever has a workspace."""
    workspace()
    enter(page.title)
    page.run()


cards.telling_problems(run)()
