"""Words of others in Streamlit's own Markdown, one a line, for tests/browser."""

import json
import os

import streamlit as st

from ctdenoise.ui.components.text import plain

for text in json.loads(os.environ["WORDS"]):
    st.markdown(f"|{plain(text)}|")
    st.checkbox(f"|{plain(text)}|", key=text)
