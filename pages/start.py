"""Start: what this is, and the button that leads to the first picture."""

import streamlit as st

from ctdenoise.ui.components import cards
from ctdenoise.ui.session import pairs, runs

st.title("What does a network see in the noise?")
st.markdown(
    "A CT scan with a quarter of the dose shows the same anatomy behind more noise. A small "
    "convolutional network, shown both pictures again and again, learns to take the noise away. "
    "Here you train one yourself, in minutes, and judge what it did."
)

cards.preparing_sample()
if available := pairs():
    (owner, _), record = next(iter(available.items()))
    cards.first_look(owner, record)

steps = st.columns(4)
cards.step(steps[0], "1", "Look", "See what less dose does to a picture: window, zoom, measure.")
cards.step(steps[1], "2", "Train", "Choose layers, filters and a loss. Press Train.")
cards.step(steps[2], "3", "Watch", "The picture clears up, epoch by epoch.")
cards.step(steps[3], "4", "Compare", "Judge with window, ruler, noise and line profile.")

st.markdown(
    "**Bring your own scan:** drop DICOM files, a folder or a zip on the Scans page; one "
    "series is enough, the program makes its low-dose twin."
)
if recent := runs()[:3]:
    st.subheader("Your latest runs")
    for run in recent:
        cards.run_line(run)
st.caption(
    "For teaching and research; not a medical device, never for a diagnosis. After Huber, Missert, "
    "Erickson: Magician's Corner 7, Radiology: AI 2020;2(5):e200036."
)
