"""The Denoise page's choices: which scan, and what shall take its noise out."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ctdenoise.config import run_folder
from ctdenoise.config.shipped import Shipped, shipped
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.jobs.kinds import denoise
from ctdenoise.losses.term import term_title
from ctdenoise.metrics.noise import noise_level
from ctdenoise.ui import menu
from ctdenoise.ui.caching import once
from ctdenoise.ui.components import cards, upload
from ctdenoise.ui.denoise.networks import shelf, uploader
from ctdenoise.ui.session import (
    choose,
    just_brought,
    pairs,
    recall,
    remember,
    runs,
    workspace,
)
from ctdenoise.units import counted
from ctdenoise.workspace import networks
from ctdenoise.workspace.denoisers import (
    ClassicalFilter,
    DenoiserChoice,
    ImportedNetwork,
    RunNetwork,
    ShippedNetwork,
)
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.networks import NetworkRecord
from ctdenoise.workspace.results import Source, slices_of
from ctdenoise.workspace.runs import Run

Choice = tuple[str, str]
"""Kind of a method ("shipped", "run", "brought" or "filter") and its name or id."""
METHOD = "denoise-method"
"""The chosen method: its key in the session."""
USUAL_NOISE = 40.0
"""SD in HU of the quarter-dose CT that the filters' defaults suit."""


def show(mine: Library) -> None:
    """Choose a scan and a method, press Denoise."""
    ships = shipped()
    trained = {run.id: run for run in runs() if run_folder.kept(run.folder)}
    brought = {each.id: each for each in networks.networks(workspace())}
    scan, kind, knob, start = st.columns([3, 3, 3, 1.4], vertical_alignment="bottom")
    with scan:
        source = _scan(mine)
    with kind:
        choice = _choice(ships, trained, brought)
    with knob:
        method = _method(choice, ships, trained, brought, source)
    waits = upload.under_way()  # else the scan before would be taken for the one that comes
    pressed = start.button(
        "Denoise",
        type="primary",
        icon=":material/auto_fix_high:",
        width="stretch",
        disabled=source is None or waits,
        help="Your files are still being read." if waits else None,
    )
    if pressed and source:
        ordered = denoise.start(workspace(), source, method)
        upload.forget_last()
        st.switch_page(menu.page("Denoise"), query_params={"result": ordered.record.id})


def _scan(mine: Library) -> Source | None:
    """Own scans, then the low dose of every pair; whatever was just brought in is chosen."""
    names = {(workspace(), "scan", scan.id): f"{scan.name} ({counted(scan.slices, 'slice')})"
             for scan in mine.scans()}  # fmt: skip
    for (owner, id), record in pairs().items():
        names[owner, "pair", id] = f"{cards.pair_name(owner, record)}, its low dose"
    key, told = "denoise-scan", cards.distinct(names)
    own = {each for each in names if each[1] == "scan"}
    fresh = own - st.session_state.setdefault("denoise-known", own)
    st.session_state["denoise-known"] = own
    if pair := next(iter(just_brought()), None):
        st.session_state[key] = (pair[0], "pair", pair[1])
    elif fresh:
        st.session_state[key] = next(each for each in names if each in fresh)
        choose()
    if not names:
        cards.preparing_sample()
        return None
    if recall(key, next(iter(names))) not in names:
        st.session_state[key] = next(iter(names))
    owner, kind, id = st.selectbox("Scan", list(names), key=key, format_func=told.__getitem__,
                                   on_change=choose)  # fmt: skip
    remember(key)
    return Source.model_validate({"owner": owner, "kind": kind, "id": id})


def bring_network() -> None:
    """The drop zone for a network from a file, which is then chosen, and the list of those."""
    if new := uploader():
        st.session_state[METHOD] = ("brought", new.id)
    shelf()


def _choice(
    ships: dict[str, Shipped], trained: dict[str, Run], brought: dict[str, NetworkRecord]
) -> Choice:
    names: dict[Choice, str] = {("shipped", n): f"Network: {s.title}" for n, s in ships.items()}
    names |= {("run", id): f"Your run: {run.name}" for id, run in trained.items()}
    names |= {("brought", id): f"Network from a file: {n.name}" for id, n in brought.items()}
    names |= {("filter", name): f"Filter: {known.title}" for name, known in FILTERS.items()}
    told = cards.distinct(names)
    if recall(METHOD, next(iter(names))) not in names:
        st.session_state[METHOD] = next(iter(names))
    chosen: Choice = st.selectbox(
        "Network or filter",
        list(names),
        key=METHOD,
        format_func=told.__getitem__,
        help="Networks learned from pairs of low and full dose; filters follow a rule.",
    )
    remember(METHOD)
    return chosen


def _method(
    choice: Choice,
    ships: dict[str, Shipped],
    trained: dict[str, Run],
    brought: dict[str, NetworkRecord],
    source: Source | None,
) -> DenoiserChoice:
    """The method with its own control, or with a sentence about it where it has none."""
    kind, name = choice
    if kind == "filter":
        return ClassicalFilter(name=name, strength=_strength(name, source))
    if kind == "shipped":
        network = ships[name]
        with st.container(horizontal=True, wrap=False, vertical_alignment="bottom"):
            st.caption(network.sentence, width="stretch")
            with st.popover("Card", help="What it learned from, and how well it does."):
                st.markdown(network.card)
        return ShippedNetwork(name=name, dial=_dial(network.config.loss.dial, name))
    if kind == "brought":
        config = brought[name].config
        if not config.loss.dial:
            count = config.spec.parameters(config)
            st.caption(f"{count:,} weights, brought {cards.ago(brought[name].created)}.")
        return ImportedNetwork(workspace=workspace(), id=name, dial=_dial(config.loss.dial, name))
    run = trained[name]
    kept = run_folder.kept(run.folder)[::-1]
    epoch = st.selectbox(
        "Epoch",
        kept,
        key=f"denoise-epoch-{name}",
        persist_state="session",
        help="How long it had learned. Later is not always better on a scan that it never saw.",
    )
    return RunNetwork(run=name, epoch=epoch, dial=_dial(run.config.loss.dial, name))


def _strength(name: str, source: Source | None) -> float:
    """How strong a filter shall be: in pixels or HU by a slider or, for a scan in another unit, in
    that one, where the scan's own noise says what is usual."""
    known = FILTERS[name]
    label = f"{known.parameter[0].upper()}{known.parameter[1:]}"
    noise = _noise(source.owner, source.kind, source.id) if source and known.unit == "HU" else None
    if noise:
        return st.number_input(
            f"{label}, in the scan's unit",
            min_value=noise / 1000,
            value=noise * known.default / USUAL_NOISE,
            format="%.3g",
            key=f"denoise-strength-{name}-{noise}",
            help=known.sentence,
        )
    return st.slider(
        f"{label}, {known.unit}",
        known.lowest,
        known.highest,
        known.default,
        key=f"denoise-strength-{name}",
        persist_state="session",
        help=known.sentence,
    )


@once(size=64)
def _noise(owner: str, kind: str, id: str) -> float | None:
    """Noise of the middle slice of a source that is not in HU; None in HU."""
    source = Source.model_validate({"owner": owner, "kind": kind, "id": id})
    scan = source.load()
    if scan.unit == "HU":
        return None
    values = slices_of(scan)
    return noise_level(np.array(values[len(values) // 2]))


def _dial(terms: Sequence[str], name: str) -> tuple[float, ...]:
    """Where the dial of a network with one shall stand, 0 to 1 for each of its terms."""
    return tuple(
        st.slider(
            f"Dial: {term_title(term)} (%)",
            0,
            100,
            0,
            5,
            key=f"denoise-dial-{name}-{term}",
            persist_state="session",
            help="0 is the smooth end.",
        )
        / 100
        for term in terms
    )
