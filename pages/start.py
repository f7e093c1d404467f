"""Start: what this is, and the button that leads to the first picture."""

import streamlit as st

from ctdenoise.ui import menu
from ctdenoise.ui.components import cards
from ctdenoise.ui.session import pairs, runs

told, picture = st.columns([2, 3], gap="large", vertical_alignment="center")
with told:
    st.title("What does a network see in the noise?")
    st.markdown(
        "CT with a quarter of the dose shows the same anatomy behind more noise. Here you **train "
        "a small network that takes the noise away**, in minutes and on real scans, and judge what "
        "it did to them."
    )
    with st.container(key="first-step"):
        st.page_link(
            menu.page("Look"),
            label="**Start here:** look at a noisy scan",
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
        )
    st.page_link(
        menu.page("Learn"),
        label="Take the lesson: predict, then see",
        icon=menu.ICONS["Learn"],
        width="stretch",
    )
    st.page_link(
        menu.page("Scans"),
        label="Or bring a scan of your own",
        icon=":material/upload:",
        width="stretch",
    )
with picture:
    cards.preparing_sample()
    if available := pairs():
        (owner, _), record = next(iter(available.items()))
        cards.first_look(owner, record)

steps = st.columns(4)
cards.step(steps[0], "Look", "What less dose does to a picture.")
cards.step(steps[1], "Train", "Choose a network and press *Train*.")
cards.step(steps[2], "Watch", "The picture clears up, epoch by epoch.")
cards.step(steps[3], "Compare", "Which picture would you rather read?")

if recent := runs()[:3]:
    st.subheader("Your latest runs")
    for run in recent:
        cards.run_line(run)
st.caption(
    "For teaching and research; not a medical device, never for a diagnosis. After Huber, Missert, "
    "Erickson: Magician's Corner 7, Radiology: AI 2020;2(5):e200036."
)
