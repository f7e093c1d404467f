"""Train: choose the network and its recipe, see what it will be, press Train."""

import streamlit as st

from ctdenoise.config.config import Config
from ctdenoise.config.split import Split, split
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.train import branch, launch
from ctdenoise.losses.term import term_title
from ctdenoise.ui import menu
from ctdenoise.ui.components import cards, limits, next_step, panes
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import (
    free_name,
    just_brought,
    recall,
    remember,
    runs,
    workspace,
)
from ctdenoise.ui.train import estimate, form, link
from ctdenoise.ui.viewer import viewer
from ctdenoise.workspace.library import library_of, outlined
from ctdenoise.workspace.runs import Run

st.title("Which network shall learn?")
available = cards.pairs_to_learn_from()

if fresh := just_brought():
    st.session_state[link.PAIRS] = fresh
link.take(available)
form.preset_picker()
chosen = cards.pairs_picker(
    available,
    link.PAIRS,
    "With three patients or more, whole patients are kept aside for validation and test.",
)
picture, controls = st.columns([3, 2], gap="large")
with controls:
    config = form.config_form()


def default_name(config: Config) -> str:
    """What a run is called where nobody named it: what makes it different."""
    kind = "residual" if config.residual else "direct"
    loss = " + ".join("MSE" if n == "mse" else term_title(n) for n in config.loss.weights())
    return f"{config.layers} × {config.filters} {kind}, {loss}"


def show_branch() -> tuple[Run, int] | None:
    """The run and epoch that the new one goes on from, if it was asked for on Watch."""
    run_id, epoch = st.session_state.get(link.BRANCH, ("", 0))
    parent = next((run for run in runs() if run.id == run_id), None)
    if not parent:
        return None
    told, drop = st.columns([4, 1], vertical_alignment="center")
    told.info(
        f"Goes on from **{plain(parent.name)}**, epoch {epoch}, on the same scans: change the loss "
        "or the learning rate and leave the network as it is.",
        icon=":material/fork_right:",
    )
    if drop.button("Begin anew", width="stretch"):
        del st.session_state[link.BRANCH]
        st.rerun()
    return parent, epoch


def show_division(chosen: list[tuple[str, str]], division: Split) -> None:
    """Where slices are divided into bands: which is for what, on the first of them."""
    for number, (owner, id) in enumerate(chosen):
        if (owner, id) in available and (marked := panes.bands(division, number)):
            low = panes.low(owner, available[owner, id])
            viewer(
                [low],
                key=f"division-{id}",
                height=300,
                window=panes.first_window(low, available[owner, id].unit),
                tools=("window",),
                overlay=marked,
                report=(),
                **panes.geometry(library_of(owner).pair(id)),
            )
            return


with picture:
    units = {available[key].unit for key in chosen}
    if not chosen:
        st.info("Choose at least one scan to learn from.")
    elif len(units) > 1:
        st.error("These scans have different units: train on one kind of picture at a time.")
    if config is None:
        st.info("A setting cannot be used as it stands: see the red sentence beside it.")
        st.stop()
    network = config.spec
    st.image(network.svg(config), width="stretch", alt=network.in_words(config))
    facts = st.columns(3)
    facts[0].metric(
        "Weights",
        f"{network.parameters(config):,}",
        help="The numbers inside the network that training finds.",
    )
    facts[1].metric(
        "Sees around each pixel",
        f"{network.receptive_field(config)} px",
        help="Receptive field: the side of the square of input pixels that one output pixel "
        "depends on.",
    )
    time_needed = facts[2].empty()
    refusal = st.container()  # above the button, since it is in view there
    naming, pressing = st.columns([3, 2], vertical_alignment="bottom")
    recall(link.NAME, "")
    name = naming.text_input(
        "Name of the run", placeholder=default_name(config), max_chars=80, key=link.NAME
    )
    remember(link.NAME)
    parent = show_branch()
    if parent:  # it learns from the same scans
        chosen = [key for key in parent[0].pairs if key in available]
        units = {available[key].unit for key in chosen}
    link.write(config)
    limit = limits.said([config])
    start = pressing.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not chosen or len(units) > 1 or isinstance(limit, Problem),
        width="stretch",
    )
    with refusal if isinstance(limit, Problem) else st.container():
        limits.show(limit, [config])
    if start:
        title, run = free_name(name or default_name(config)), None
        try:
            estimate.check(config)
            with st.spinner("Giving the run to the queue …"):
                if parent:
                    run = branch(*parent, title, config)
                else:
                    run = launch(workspace(), title, config, chosen)
        except Problem as problem:  # here, where the button was pressed
            tell(problem)
        if run:
            link.begun()
            st.switch_page(menu.page("Watch"), query_params={"run": run.id})
    if chosen:
        if parent:  # it keeps to the same split
            chosen, division = list(parent[0].pairs), panes.division(parent[0])
        else:
            division = split([outlined(*key) for key in chosen], config.seed)
        (st.warning if division.flatters else st.info)(
            plain(division.sentence), icon=":material/call_split:"
        )
        show_division(chosen, division)
    if config.stride > 1:
        st.warning(
            f"With stride {config.stride} the picture shrinks inside the network and is enlarged "
            "again at its end: faster, but fine detail cannot come back.",
            icon=":material/photo_size_select_small:",
        )
    with st.expander("Layer by layer"):
        st.dataframe(
            [
                {
                    "Layer": row.name,
                    "Kernel": row.kernel,
                    "Stride": row.stride,
                    "Output (512 × 512 in)": " × ".join(map(str, row.output_shape)),
                    "Weights": row.parameters,
                }
                for row in network.layer_table(config)
            ],
            hide_index=True,
        )

with controls:
    link.share(config)
if runs():
    next_step.after("Train")
estimate.show(time_needed, config)  # last: it takes a second or two
if str(limits.said([config])) != str(limit):  # now that it is known how long it takes
    st.rerun()
