"""The script of every session: the menu, then the page that was asked for."""

from pathlib import Path

import streamlit as st

from ctdenoise.ui import foreign, history, menu
from ctdenoise.ui.classroom import presenting
from ctdenoise.ui.components import cards, jobs
from ctdenoise.ui.session import enter, workspace

st.set_page_config(
    page_title="CT Denoise", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide"
)
# Pictures come first: the page begins right under the menu. Links to pages are buttons, and the
# one that leads on is the most visible of them.
st.html(
    """<style>
.stMainBlockContainer { padding: 3.6rem 2.5rem 2rem }
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.6rem 1rem 2rem } }
[data-testid="stPageLink-NavLink"] {
  border: 1px solid rgb(128 128 128 / 45%);
  border-radius: 0.4rem; padding: 0.35rem 0.8rem; justify-content: center;
}
[data-testid="stPageLink-NavLink"] * { white-space: normal }
.st-key-next-step { align-items: flex-end; padding-top: 0.5rem }
:is(.st-key-next-step, .st-key-first-step) [data-testid="stPageLink-NavLink"] {
  background: #0b6e99; border-color: transparent; padding: 0.5rem 1.2rem;
}
:is(.st-key-next-step, .st-key-first-step) [data-testid="stPageLink-NavLink"]:hover {
  background: #095a7d;
}
:is(.st-key-next-step, .st-key-first-step) [data-testid="stPageLink-NavLink"] * {
  color: white;
}
.st-key-first-step [data-testid="stPageLink-NavLink"] { padding: 0.8rem 1rem }
.st-key-first-step [data-testid="stPageLink-NavLink"] p { font-size: 1.15rem }
:is([data-testid="stPageLink-NavLink"], [data-testid="stTopNavLink"]):focus-visible {
  outline: 2px solid; outline-offset: 2px;
}
/* On the bright colour of the dark theme, Streamlit's white letters could hardly be read. */
:is([data-testid^="stBaseButton-primary"], [data-tag]):not(:disabled),
:is([data-testid^="stBaseButton-primary"], [data-tag]):not(:disabled) * {
  color: light-dark(white, #040d12);
}
</style>"""
)
history.one_entry_a_page()

page = st.navigation(
    {
        group: [
            st.Page(
                menu.page(name),
                title=name,
                icon=icon,
                url_path=name.lower(),
                default=name == "Start",
            )
            for name, icon in pages.items()
        ]
        for group, pages in menu.GROUPS.items()
    },
    position="top",
)


def run() -> None:
    """The page, for whoever has a workspace."""
    workspace()
    if enter(page.title):
        jobs.forget_told()
        foreign.tell()
    presenting.bar(page.title, page.url_path)
    page.run()


cards.telling_problems(run)()
