"""The script of every session: the menu, then the page that was asked for."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.settings import ROOT

st.set_page_config(page_title="CT Denoise", page_icon=":material/blur_on:", layout="wide")

PAGES = ROOT / "pages"
page = st.navigation(
    [
        st.Page(PAGES / "start.py", title="Start", icon=":material/home:", default=True),
        st.Page(PAGES / "scans.py", title="Scans", icon=":material/folder_open:"),
        st.Page(PAGES / "look.py", title="Look", icon=":material/visibility:"),
        st.Page(PAGES / "train.py", title="Train", icon=":material/model_training:"),
        st.Page(PAGES / "watch.py", title="Watch", icon=":material/monitoring:"),
        st.Page(PAGES / "compare.py", title="Compare", icon=":material/compare:"),
    ],
    position="top",
)
try:
    page.run()
except Problem as problem:
    st.error(str(problem), icon=":material/error:")
