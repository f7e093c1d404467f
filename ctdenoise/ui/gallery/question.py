"""The question before the reveal, and what somebody answered."""

import streamlit as st

from ctdenoise.lessons.gallery import Entry
from ctdenoise.lessons.model import Choice, Slider, right
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import answers
from ctdenoise.workspace.classes import attended

LESSON = "gallery"
"""What the table of answers calls this page; its steps are the entries' ids."""
AGAIN = "mistakes-again"
"""Session state: the entries that are answered once more."""


def given() -> dict[str, float]:
    """The answers of this workspace that count, by the entry's id; without those that are to be
    given anew."""
    found = answers.newest(answers.of_person(workspace(), LESSON)).values()
    numbers = {each.step: each.value for each in found if isinstance(each.value, int | float)}
    return {id: value for id, value in numbers.items() if id not in _again()}


def ask(entry: Entry) -> None:
    """The question, with the button that hands in the answer."""
    what, key = entry.ask, f"answer-{entry.id}"
    with st.form(f"ask-{entry.id}"):
        st.markdown(f"**{what.question}**")
        value: float | None
        if isinstance(what, Choice):
            value = st.radio(
                "Your answer",
                range(1, len(what.options) + 1),
                index=None,
                format_func=lambda number: what.options[number - 1],
                key=key,
                label_visibility="collapsed",
            )
        else:
            value = st.slider(
                f"Your answer ({what.unit})" if what.unit else "Your answer",
                what.low,
                what.high,
                what.low + what.step * round((what.high - what.low) / what.step / 2),
                what.step,
                format=f"%.{_digits(what)}f",
                key=key,
            )
        if st.form_submit_button("Answer, then see", type="primary", icon=":material/visibility:"):
            if value is None:
                st.warning("Choose one of the answers first; a guess is enough.")
                return
            _keep(entry, value)
            st.rerun()


def tell(entry: Entry, value: float) -> None:
    """What was answered, and what was measured."""
    what = entry.ask
    if what.right is None:
        return
    own, measured = _said(what, value), _said(what, what.right)
    if right(what, value):
        st.success(f"You expected: {own} So it is.", icon=":material/check:")
    else:
        st.info(f"You expected: {own} What was found: {measured}", icon=":material/compare_arrows:")


def again(entry: Entry) -> None:
    """The button that asks once more; what was answered before is kept."""
    st.button(
        "Answer again",
        icon=":material/replay:",
        type="tertiary",
        key=f"again-{entry.id}",
        on_click=_again().add,
        args=(entry.id,),
        help="Your earlier answer is kept.",
    )


def _said(what: Choice | Slider, value: float) -> str:
    """An answer as a sentence."""
    if isinstance(what, Choice):
        chosen = what.options[min(max(int(value), 1), len(what.options)) - 1]
        return f"{chosen.rstrip('.')}."
    return f"{plain(f'{value:.{_digits(what)}f} {what.unit}'.strip())}."


def _keep(entry: Entry, value: float) -> None:
    seat = attended(workspace())
    class_id = seat[0].id if seat else ""
    answers.add(workspace(), LESSON, entry.id, value, class_id=class_id)
    _again().discard(entry.id)


def _again() -> set[str]:
    found: set[str] = st.session_state.setdefault(AGAIN, set())
    return found


def _digits(what: Slider) -> int:
    """Behind the point, as the slider's steps have them."""
    return len(f"{what.step:g}".partition(".")[2])
