"""What the class answered, question by question, and the vote: put, shown, put again."""

from collections import Counter

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.exports.answer_charts import bars, dots
from ctdenoise.lessons.model import Choice, Click, Slider
from ctdenoise.lessons.tally import Ask, in_words, places
from ctdenoise.lessons.tally import bars as counted_bars
from ctdenoise.ui.classroom import board, looks, vote
from ctdenoise.ui.components.text import plain, tell, telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace import classes, votes
from ctdenoise.workspace.care import require_teacher
from ctdenoise.workspace.class_export import lesson_of, questions
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.votes import Vote

FOLLOW = "The one that the class answers now"
LEAST, MOST = 2, 6
"""Answers that a question typed on the spot may have."""
RECENT = 20
"""Answers that tell where the class is."""


def answers(found: Class, named: bool) -> None:
    """Which question, and its bars, drawn anew every second."""
    asked = questions(found)
    choice, marking = st.columns([4, 1], vertical_alignment="bottom")
    key = choice.selectbox(
        "Question",
        [FOLLOW, *asked],
        format_func=lambda key: key if key == FOLLOW else plain(asked[key].question),
        key=f"answers-{found.id}",
    )
    right = marking.toggle("Mark what is right", key=f"right-{found.id}")
    with st.container():
        st.fragment(_answers, run_every=looks.PACE_SECONDS)(found.id, key, named, right)


@telling_problems
def _answers(class_id: str, key: str, named: bool, right: bool) -> None:
    found = classes.find(class_id)
    given, asked = looks.given(class_id), questions(found)
    if key == FOLLOW:
        newest = sorted(given, key=lambda each: each.id)[-RECENT:]
        common = Counter(each.step for each in newest if each.step in asked).most_common(1)
        if not common:
            st.info("Nobody has answered anything yet.")
            return
        key = common[0][0]
    label = board.called(found, named=named)
    mine = [each for each in given if each.step == key and each.workspace in label]
    ask = asked[key]
    st.markdown(f"##### {plain(ask.question)}")
    people = len({each.workspace for each in mine})
    st.caption(f"{counted(people, 'learner')} of {len(label)} answered.")
    rounds = [[e.value for e in mine if e.round == n] for n in sorted({e.round for e in mine})]
    if not rounds:
        return
    if isinstance(ask, Choice | Slider):
        st.html(bars([counted_bars(ask, values) for values in rounds], right=right))
    elif isinstance(ask, Click):
        st.html(dots(places(rounds[-1])))
    else:
        for value in rounds[-1]:
            st.markdown(f"- {plain(value)}")
    if named:
        rows = [(label[e.workspace], in_words(ask, e.value)) for e in mine]
        with st.expander("Who answered what"):
            for name, told in rows:
                st.markdown(f"- **{plain(name)}**: {plain(told)}")


def voting(found: Class) -> None:
    """The vote that goes on, or the ways to put one."""
    with st.container():
        st.fragment(_voting, run_every=looks.PACE_SECONDS)(found.id)
    current = votes.current(found)
    label = "Ask something else" if current else "Ask the class"
    with st.expander(label, icon=":material/how_to_vote:", expanded=current is None):
        _put(found)


@telling_problems
def _voting(class_id: str) -> None:
    found = classes.find(class_id)
    current = votes.current(found)
    if current is None:
        return
    people = looks.learners(class_id)
    answered = {
        each.workspace
        for each in looks.given(class_id)
        if (each.step, each.round) == (current.key, current.round)
    }
    with st.container(border=True):
        st.markdown(f"##### {plain(current.ask.question)}")
        if isinstance(current.ask, Choice) and not current.shown:
            for option in current.ask.options:
                st.markdown(f"- {plain(option)}")
        round = "Second vote" if current.round == 2 else "First vote"
        st.progress(
            len(answered) / max(len(people), 1),
            f"{round}: {len(answered)} of {counted(len(people), 'learner')} have answered.",
        )
        with st.container(horizontal=True):
            _steps(found, current)
        peek = not current.shown and st.toggle(
            "Bars here alone", key=f"peek-{current.key}", help="Not for the projector."
        )
        right = current.shown and st.toggle("Mark what is right", key=f"mark-{current.key}")
        if current.shown or peek:
            vote.rounds(found, current, right=right)


def _steps(found: Class, current: Vote) -> None:
    """Show, discuss, vote again, end."""

    def button(label: str, icon: str, **changes: object) -> None:
        if st.button(label, icon=icon, key=f"vote-step-{label}"):
            require_teacher(found, workspace())
            votes.change(found.id, **changes)
            st.rerun(scope="app" if "open" in changes else "fragment")

    if not current.shown:
        button("Show the bars to all", ":material/bar_chart:", shown=True)
    else:
        button("Hide the bars", ":material/visibility_off:", shown=False)
    if current.round == 1:
        button("Vote again", ":material/replay:", round=2, shown=False)
    button("End the vote", ":material/stop_circle:", open=False)


def _put(found: Class) -> None:
    lesson = lesson_of(found)
    asked: dict[str, Ask] = dict(lesson.asked()) if lesson else {}
    fit = {key: ask for key, ask in asked.items() if isinstance(ask, Choice | Slider)}
    if fit:
        chosen, press = st.columns([4, 1], vertical_alignment="bottom")
        key = chosen.selectbox(
            "A question of the lesson", list(fit), format_func=lambda key: plain(fit[key].question)
        )
        if press.button("Ask it", width="stretch"):
            _ask(found, fit[key])
    with st.form("typed", border=False):
        question = st.text_input("Or one of your own", max_chars=300)
        options = st.text_area(
            f"Its answers, {LEAST} to {MOST}, one a line", max_chars=1200, height=120
        )
        pressed = st.form_submit_button("Ask this")
    if pressed:
        try:
            _ask(found, typed(question, options))
        except Problem as problem:
            tell(problem)


def typed(question: str, options: str) -> Choice:
    """A question that was typed on the spot; :class:`Problem` where it is none yet."""
    lines = [" ".join(line.split())[:200] for line in options.splitlines() if line.strip()]
    if not question.strip():
        raise Problem("The question", "is empty", "type what you want to ask")
    if not LEAST <= len(lines) <= MOST:
        told = counted(len(lines), "answer")
        raise Problem("The question", f"has {told}", f"give {LEAST} to {MOST}, one a line")
    return Choice(kind="choice", question=question.strip(), options=tuple(lines))


def _ask(found: Class, ask: Ask) -> None:
    if isinstance(ask, Choice | Slider):
        require_teacher(found, workspace())
        votes.put(found.id, ask)
        st.rerun()
