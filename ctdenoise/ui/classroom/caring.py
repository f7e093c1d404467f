"""Looking after a class: its queue, its learners, its limits, its end."""

from contextlib import suppress

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor
from ctdenoise.ui import downloads
from ctdenoise.ui.classroom import board, looks, making
from ctdenoise.ui.components.text import plain, telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace import care, classes
from ctdenoise.workspace import limits as known_limits
from ctdenoise.workspace.access import Thing, Visitor, allowed
from ctdenoise.workspace.classes import Class, Member
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.runs import remove_run


def buttons(found: Class) -> None:
    """Pause or go on, and clear the queue."""
    with st.container(horizontal=True):
        if found.paused:
            st.button(
                "Go on", icon=":material/play_arrow:", type="primary",
                on_click=telling_problems(resume), args=(found, workspace()),
            )  # fmt: skip
        else:
            st.button(
                "Pause all", icon=":material/pause:", on_click=telling_problems(pause),
                args=(found, workspace()),
                help="No run of a learner is begun, and those that train give way in a moment. "
                "Nothing is lost.",
            )  # fmt: skip
        with st.popover("Clear the queue …", icon=":material/clear_all:"):
            st.write(
                "Stops every run and other job of the learners. What a run has learned so far is "
                "kept, and each learner can let it go on."
            )
            if st.button("Stop them all", type="primary"):
                st.toast(f"{counted(clear(found, workspace()), 'job')} stopped.")


def pause(found: Class, teacher: str) -> None:
    """Hold all jobs of the class's learners."""
    care.require_teacher(found, teacher)
    classes.change(found.id, paused=True)


def resume(found: Class, teacher: str) -> None:
    """Let them go on, where they were."""
    care.require_teacher(found, teacher)
    classes.change(found.id, paused=False)
    for job in _live(found):
        if job.state == "queued":
            executor().dispatch(job)


def clear(found: Class, teacher: str) -> int:
    """Stop all live jobs of the learners that the policy lets the teacher stop; how many."""
    visitor = Visitor(teacher)
    mine = [j for j in _live(found) if allowed(visitor, "cancel", Thing(j.workspace, "job", j.id))]
    for job in mine:
        with suppress(Problem):  # it ended meanwhile
            queue.stop(job.id)
    return len(mine)


def _live(found: Class) -> list[Job]:
    people = {each.workspace for each in classes.learners(found.id)}
    return [each for each in queue.live() if each.workspace in people]


def learner(found: Class, named: bool) -> None:
    """One learner: reset, or remove from the class."""
    people = {each.workspace: each for each in looks.learners(found.id)}
    if not people:
        return
    label = board.called(found, named=named)
    chosen = st.selectbox(
        "Learner", list(people), format_func=lambda id: plain(label.get(id, "")), index=None,
        placeholder="Choose one", key=f"learner-{found.id}",
    )  # fmt: skip
    if chosen not in people:
        return
    person = people[chosen]
    with st.container(horizontal=True):
        with st.popover("Reset …", icon=":material/restart_alt:"):
            runs = care.runs_in_lesson(found, person)
            st.write(
                f"Removes this learner's answers in the lesson, their place in it and "
                f"{counted(len(runs), 'run')} that they started there. Their scans, and runs that "
                "they started elsewhere, stay."
            )
            if st.button("Reset", type="primary"):
                reset(found, person, workspace())
                st.rerun()
        with st.popover("Remove from the class …", icon=":material/person_remove:"):
            st.write(
                "They keep what is theirs, show none of it any more, and can come in again with "
                "the code."
            )
            if st.button("Remove", type="primary"):
                care.require_teacher(found, workspace())
                classes.leave(found.id, person.workspace)
                st.rerun()


def reset(found: Class, person: Member, teacher: str) -> None:
    """Forget what a learner did in the lesson of the class."""
    care.require_teacher(found, teacher)
    _remove_runs(care.runs_in_lesson(found, person))
    care.forget_lesson(found, person, teacher)


def _remove_runs(ids: list[str]) -> None:
    for id in ids:
        with suppress(Problem):
            queue.remove(id)  # a worker that still trains it notices, and stops
            remove_run(id)


def limits(found: Class) -> None:
    """What each learner may have, to be changed at any time."""
    with st.form("limits", border=False):
        st.markdown("##### Limits for each learner")
        chosen = making.limits(
            found.id, found.run_minutes, found.runs_at_once, found.storage_mb, found.retention_days
        )
        st.caption("An empty field leaves what is allowed on this server, which is never exceeded.")
        if st.form_submit_button("Set the limits"):
            care.require_teacher(found, workspace())
            classes.change(found.id, **chosen)
            known_limits.forget()
            st.toast("The limits are set. They hold from the next run on.")


def ending(found: Class) -> None:
    """Taking it all home, ending the class, deleting it."""
    st.markdown("##### Take home")
    with st.container(horizontal=True):
        for name, named in (("Anonymous", False), ("With names", True)):
            st.link_button(
                f"{name} (zip)", downloads.of_class(found.id, named=named),
                icon=":material/download:",
            )  # fmt: skip
    st.caption("Answers, places and runs as CSV, and a report to read (HTML, no internet needed).")
    if found.ended is None:
        with st.popover("End the class …", icon=":material/event_busy:"):
            st.write(
                "Nobody comes in any more, nothing is shown to the class any more, and its limits "
                "hold no longer. Everybody keeps what is theirs. You can still take it all home."
            )
            if st.button("End it", type="primary"):
                care.require_teacher(found, workspace())
                classes.end(found.id)
                known_limits.forget()
                st.rerun()
    else:
        _delete(found)


def _delete(found: Class) -> None:
    people = classes.learners(found.id)
    runs = [id for each in people for id in care.runs_since(found, each)]
    st.markdown("##### Delete")
    st.write(
        f"Goes for good: the class with its {counted(len(people), 'learner')}, their nicknames, "
        "everything they answered in it, how far they are in its lesson, and what was shown. "
        f"Stays: everybody's scans and results and, unless you choose otherwise, "
        f"{counted(len(runs), 'run')} of theirs."
    )
    with_runs = st.checkbox(f"Their {counted(len(runs), 'run')} since they joined, too")
    typed = st.text_input("To confirm, type the name of the class", placeholder=found.name)
    if st.button("Delete for good", type="primary", disabled=typed.strip() != found.name):
        remove(found, workspace(), runs if with_runs else [])
        st.session_state.pop(making.CHOSEN, None)
        st.rerun()


def remove(found: Class, teacher: str, runs: list[str]) -> None:
    """Delete a class, and some runs of its learners with it."""
    care.require_teacher(found, teacher)
    _remove_runs(runs)
    care.delete_class(found, teacher)
