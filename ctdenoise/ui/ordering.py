"""The Denoise page's choices: which scan, and what shall take its noise out."""

from collections.abc import Sequence

import streamlit as st

from ctdenoise.denoising.classical import FILTERS
from ctdenoise.runs import denoise
from ctdenoise.runs.denoisings import Source
from ctdenoise.runs.methods import ClassicalFilter, Method, RunNetwork, ShippedNetwork
from ctdenoise.runs.store import Run
from ctdenoise.scans.library import Library
from ctdenoise.training import epochs
from ctdenoise.training.config import term_title
from ctdenoise.training.shipped import Shipped, shipped
from ctdenoise.ui import cards
from ctdenoise.ui.session import pairs, recall, remember, runs, workspace

Choice = tuple[str, str]
"""Kind of a method ("shipped", "run" or "filter") and its name or id."""


def show(mine: Library) -> None:
    """Choose a scan and a method, see what the method does in a sentence, press Denoise."""
    networks = shipped()
    trained = {run.id: run for run in runs() if epochs.kept(run.folder)}
    scan, kind, knob, start = st.columns([3, 3, 3, 1.4], vertical_alignment="bottom")
    with scan:
        source = _scan(mine)
    with kind:
        choice = _choice(networks, trained)
    with knob:
        method, sentence = _method(choice, networks, trained)
    if start.button("Denoise", type="primary", icon=":material/auto_fix_high:", width="stretch",
                    disabled=source is None) and source:  # fmt: skip
        ordered = denoise.order(workspace(), source, method)
        st.session_state["denoise-result"] = ordered.record.id
        remember("denoise-result")
    st.caption(sentence)


def _scan(mine: Library) -> Source | None:
    """Own scans, then the low dose of every pair; whatever was just brought in is chosen."""
    names = {(workspace(), "scan", scan.id): f"{scan.name} ({cards.slices(scan.slices)})"
             for scan in mine.scans()}  # fmt: skip
    for (owner, id), record in pairs().items():
        names[owner, "pair", id] = f"{cards.pair_name(owner, record)}, its low dose"
    key, told = "denoise-scan", cards.told_apart(names)
    known = st.session_state.setdefault("denoise-known", set(names))
    if fresh := [each for each in names if each not in known]:
        st.session_state[key] = fresh[0]
    st.session_state["denoise-known"] = set(names)
    if not names:
        st.info("Bring a scan first.")
        return None
    if recall(key, next(iter(names))) not in names:
        st.session_state[key] = next(iter(names))
    owner, kind, id = st.selectbox("Scan", list(names), key=key, format_func=told.__getitem__)
    remember(key)
    return Source.model_validate({"owner": owner, "kind": kind, "id": id})


def _choice(networks: dict[str, Shipped], trained: dict[str, Run]) -> Choice:
    names: dict[Choice, str] = {("shipped", n): f"Network: {s.title}" for n, s in networks.items()}
    names |= {("run", id): f"Your run: {run.name}" for id, run in trained.items()}
    names |= {("filter", name): f"Filter: {known.title}" for name, known in FILTERS.items()}
    told, key = cards.told_apart(names), "denoise-method"
    if recall(key, next(iter(names))) not in names:
        st.session_state[key] = next(iter(names))
    chosen: Choice = st.selectbox(
        "Network or filter",
        list(names),
        key=key,
        format_func=told.__getitem__,
        help="Networks learned from pairs of low and full dose; filters follow a rule.",
    )
    remember(key)
    return chosen


def _method(
    choice: Choice, networks: dict[str, Shipped], trained: dict[str, Run]
) -> tuple[Method, str]:
    """The method with its own control, and a sentence about it."""
    kind, name = choice
    if kind == "filter":
        known = FILTERS[name]
        strength = st.slider(
            f"{known.parameter.capitalize()} ({known.unit})",
            known.lowest,
            known.highest,
            known.default,
            key=f"denoise-strength-{name}",
            persist_state="session",
        )
        return ClassicalFilter(name=name, strength=strength), known.sentence
    if kind == "shipped":
        dial = _dial(networks[name].config.loss.dial, name)
        return ShippedNetwork(name=name, dial=dial), networks[name].sentence
    run = trained[name]
    kept = epochs.kept(run.folder)[::-1]
    epoch = st.selectbox("Epoch", kept, key=f"denoise-epoch-{name}", persist_state="session")
    dial = _dial(run.config.loss.dial, name)
    return RunNetwork(run=name, epoch=epoch, dial=dial), (
        f"Your own network after epoch {epoch}. It knows only the scans that you gave it."
    )


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
