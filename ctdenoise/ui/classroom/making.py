"""Making a class, and its door: the code, the link, the QR code, and the teacher's link."""

from html import escape
from urllib.parse import urlsplit

import segno
import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.lessons import reading
from ctdenoise.ui import addresses
from ctdenoise.ui.classroom.joining import guarded
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import classes
from ctdenoise.workspace.care import require_teacher
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.limits import limits_of

CHOSEN = "teach-class"
"""Session state: the id of the class that is looked after."""
USUAL_MINUTES, USUAL_RUNS = 5, 2
"""What a class of thirty gets along with in ninety minutes."""
USUAL_LESSON = "article"


def take_key() -> None:
    """A teacher's link makes whoever opens it a teacher; the key leaves the address at once."""
    key = st.query_params.get("key")
    if key is None:
        return
    code = st.query_params.get("code") or st.query_params.get("class") or ""
    st.query_params.clear()
    try:
        with guarded():
            found = classes.teach(code, key, workspace())
    except Problem as problem:
        tell(problem)
    else:
        st.session_state[CHOSEN] = found.id


def lesson_titles() -> dict[str, str]:
    """The lessons that can be taught, by id."""
    return {id: found.lesson.title for id, found in reading.lessons().items() if found.lesson} or {
        USUAL_LESSON: "The article, step by step"
    }


def form() -> None:
    """Name, lesson and limits of a new class, and the button that makes it."""
    lessons, here = lesson_titles(), limits_of(workspace())
    with st.form("new-class", border=False):
        name = st.text_input("Name of the class", max_chars=80, placeholder="Residents, Tuesday")
        lesson = st.selectbox("Lesson", list(lessons), format_func=lambda id: plain(lessons[id]))
        with st.expander("Limits for each learner"):
            usual = min(USUAL_MINUTES, here.longest_run // 60), min(USUAL_RUNS, here.runs)
            chosen = limits("new", *usual, None, None)
        pressed = st.form_submit_button("Make the class", type="primary")
    if not pressed:
        return
    made, key = classes.create(workspace(), name, lesson)
    classes.change(made.id, **chosen)
    st.session_state[CHOSEN] = made.id
    st.session_state[f"teach-key-{made.id}"] = key
    st.session_state.pop("teach-new", None)
    st.rerun()


def limits(
    id: str, minutes: int | None, runs: int | None, megabytes: int | None, days: int | None
) -> dict[str, int | None]:
    """The fields of the limits of the class of this id, and what they say; an empty one leaves this
    server's."""
    here, columns = limits_of(workspace()), st.columns(4, vertical_alignment="bottom")
    fields = (
        ("run_minutes", "Minutes a run", minutes, max(here.longest_run // 60, 1)),
        ("runs_at_once", "Runs at once", runs, here.runs),
        ("storage_mb", "Storage (MB)", megabytes, max(here.storage_bytes >> 20, 1)),
        ("retention_days", "Days to keep", days, 3650),
    )
    found = {}
    for column, (name, label, value, most) in zip(columns, fields, strict=True):
        found[name] = column.number_input(
            label,
            1,
            most,
            None if value is None else min(value, most),
            placeholder=f"up to {most}" if name != "retention_days" else "as on this server",
            key=f"limit-{name}-{id}",
        )
    return {name: None if value is None else int(value) for name, value in found.items()}


def origin() -> str:
    """Scheme, name and port by which this browser asked, as links for others begin."""
    parts = urlsplit(str(st.context.url or ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def link(found: Class) -> str:
    """What a learner opens."""
    return origin() + addresses.link("class", query=[("code", found.code)])


def alone() -> bool:
    """Whether this browser asked by an address that leads every other device to itself."""
    host = urlsplit(str(st.context.url or "")).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def door(found: Class) -> None:
    """The code in large letters, the link and its QR code."""
    if alone():
        st.warning(
            "Other devices cannot open this link: it leads to the computer itself. Open this page "
            "by the address that the server has in your network, and the link changes with it.",
            icon=":material/wifi_off:",
        )
    code, address, picture = st.columns([4, 5, 1], vertical_alignment="center")
    with code:
        _code(found, "3.4rem")
    with address:
        st.code(link(found), language=None, wrap_lines=True)
    with picture:
        _qr(found)


def projector(found: Class) -> None:
    """The same for a whole room: nothing else is on the page."""
    told, picture = st.columns([3, 2], vertical_alignment="center")
    with told:
        st.markdown("### Open this address, or point your camera at the square")
        address = escape(link(found).partition("?")[0])
        st.html(f'<div style="font-size:clamp(1.2rem,2.6vw,3rem);word-break:break-all">{address}'
                "</div>")  # fmt: skip
        st.markdown("### and type this code")
        _code(found, "clamp(4rem, 11vw, 12rem)")
    with picture:
        _qr(found)


def _code(found: Class, size: str) -> None:
    st.html(
        f'<div style="font:700 {size}/1.1 ui-monospace,monospace;letter-spacing:0.12em" '
        f'data-testid="class-code">{found.code}</div>'
    )


def _qr(found: Class) -> None:
    """Dark on light in both themes: some cameras read nothing else."""
    drawn = segno.make(link(found), error="m").svg_inline(scale=8, border=4, light="#fff")
    st.image(drawn, width="stretch", alt="QR code of the link")


def teachers_link(found: Class) -> None:
    """The link that makes others teachers, as long as its key is known, and a new one."""
    with st.popover("Teacher's link", icon=":material/key:"):
        st.warning(
            "Whoever has this link is a teacher of the class: sees names and answers, stops runs, "
            "ends and deletes the class. Keep it from the projector, and give it to colleagues "
            "alone.",
            icon=":material/warning:",
        )
        key = st.session_state.get(f"teach-key-{found.id}")
        if key:
            query = [("code", found.code), ("key", key)]
            st.code(origin() + addresses.link("teach", query=query), language=None, wrap_lines=True)
            return
        st.write("It was shown once, when it was made. A new one ends the one before.")
        if st.button("Make a new teacher's link"):
            require_teacher(found, workspace())
            st.session_state[f"teach-key-{found.id}"] = classes.new_key(found.id)
            st.rerun()
