"""Class: come in by a code, vote, follow the teacher, and see what others show."""

import streamlit as st

from ctdenoise.ui.classroom import home, joining, presenting, sharing
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import classes

door = joining.arrive()
seat = None if door else classes.seat_of(workspace())
if door:
    st.title("Join your class")
    with st.container(width=460):
        joining.knock(door)
elif seat is None:
    st.title("Which class is yours?")
    with st.container(width=460):
        home.ended()
        joining.enter_code()
else:
    found, member = seat
    st.title(plain(found.name))
    home.show(found, member)
    with st.container(key="class-followed"):
        presenting.followed()
    with st.container(key="class-shown"):
        st.subheader("Shown to the class")
        sharing.shown_list(found, teacher=False)
    home.ways_out(found, member)
