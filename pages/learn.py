"""Learn: a lesson, step by step; what one expects is asked before it is shown."""

import streamlit as st

from ctdenoise.lessons.model import AFTER, BEFORE, END
from ctdenoise.lessons.reading import lessons
from ctdenoise.ui import menu
from ctdenoise.ui.components import next_step
from ctdenoise.ui.lesson import contents, step, trial, visit

found = lessons(tuple(menu.ICONS))
here = visit.arrive(found)
if isinstance(here, str):
    lesson = found[here].lesson if here else None
    if lesson:
        contents.beginning(here, lesson)
    else:
        contents.choice(found)
        next_step.after("Learn")
    st.stop()
visit.to_the_top(here)
contents.bar(here)
if here.at in (BEFORE, AFTER):
    trial.draw(here, here.at)
elif here.at == END:
    trial.results(here)
else:
    step.draw(here)
