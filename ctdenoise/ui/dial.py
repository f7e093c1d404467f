"""The Dial page: ordering a network with a dial, and turning it."""

import streamlit as st

from ctdenoise.config.config import Config, override
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.shipped import Shipped
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.train import launch
from ctdenoise.losses.term import LOSS_TERMS, term_title
from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise_power import noise_power_spectrum
from ctdenoise.ui import menu
from ctdenoise.ui.compare import view
from ctdenoise.ui.components import cards, charts, figures, limits, panes
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.pictures import DIAL_STEPS
from ctdenoise.ui.session import free_name, pairs, usual_pairs, workspace
from ctdenoise.ui.viewer import Dial, Pane, ViewerState, viewer
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run

STOPS = {1: DIAL_STEPS + 1, 2: 5}
"""Settings a dial for which the network itself is asked; the browser mixes between them."""


def order() -> None:
    """Choose the terms on the dial and the scans, and start the training."""
    preset = PRESETS["dial"]
    terms, scans, start = st.columns([3, 3, 2], vertical_alignment="bottom")
    chosen = terms.multiselect(
        "From squared error towards",
        [name for name in LOSS_TERMS if name != "mse"],
        wrap=True,
        default=preset.loss.dial,
        max_selections=2,
        format_func=term_title,
        help="One term makes a slider, two make a pad.",
    )
    available = pairs()
    learn_from = scans.multiselect(
        "Learn from",
        list(available),
        wrap=True,
        default=usual_pairs(available),
        format_func=cards.pair_names(available).__getitem__,
        key="dial-learn-from",
    )
    st.caption(
        "In every step the weights on the dial are drawn anew and the network is told them. So one "
        "training gives all the networks between the ends, and you choose afterwards, by eye."
    )
    configs = [with_dial(preset, chosen)] if chosen else []
    limit = limits.said(configs)
    limits.show(limit, configs)
    if start.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not (chosen and learn_from) or isinstance(limit, Problem),
    ):
        name = free_name("Dial: " + " and ".join(term_title(term) for term in chosen))
        run = launch(workspace(), name, *configs, learn_from)
        st.switch_page(menu.page("Watch"), query_params={"run": run.id})


def with_dial(preset: Config, terms: list[str]) -> Config:
    """The preset with these terms on its dial, each as strong as the preset's own."""
    (usual,) = preset.loss.dial
    strength = getattr(preset.loss, usual)
    weights = {
        f"loss.{name}": str(strength * (name in terms)) for name in LOSS_TERMS if name != "mse"
    }
    return override(preset, weights | {"loss.dial": ",".join(terms)})


@st.fragment
@cards.telling_problems
def show(network: Run | Shipped, owner: str, record: PairRecord) -> None:
    """Low dose, the network as far as the dial is turned, what it removed, and full dose."""
    terms = network.config.loss.dial
    trained = [network] if isinstance(network, Run) else []
    low, full = panes.low(owner, record), panes.full(owner, record)
    dialled = panes.dialled(view.pane(network, owner, record))
    images = [low, dialled, full]
    unseen = view.test_slices(record, trained)
    pictures = st.container()
    overlay = view.outlines(record, trained)  # its switch stands below the pictures
    with pictures:
        state = viewer(
            [*images, panes.difference("Removed noise", images, of=0, minus=1, like=1)],
            key=f"dial-{network.id}-{record.id}",
            overlay=overlay,
            height=300,
            window=panes.first_window(low, record.unit),
            frame=unseen[len(unseen) // 2],
            dials=[Dial(term_title(name), "smooth", LOSS_TERMS[name].leads_to) for name in terms],
            stops=STOPS[len(terms)],
            **panes.geometry(library_of(owner).pair(record.id)),
        )
    view.offer_newer(trained)
    rows = view.judged_rows(record, trained)
    view.tell_seen(record, trained, state.frame, rows)
    view.tell_unknown([network] if isinstance(network, Shipped) else [], owner)
    turned = panes.turned(dialled, state.dial)
    texture, numbers = st.columns([3, 2], gap="medium")
    with texture:
        _texture([low, turned, full], record, state)
    with numbers:
        figures.show([low, turned, full], record, rows, unseen, state)


def _texture(images: list[Pane], record: PairRecord, state: ViewerState) -> None:
    """The noise power spectrum of each image in the region, as the dial was left."""
    st.markdown("##### Noise texture")
    if record.spacing is None:
        st.info(
            "The size of a pixel is not known for this scan, so there is no noise power spectrum."
        )
        return
    if state.region is None:
        st.info(
            "Draw a region in even tissue: its mean and SD follow the dial, and its noise power "
            "spectrum appears here.",
            icon=":material/crop_free:",
        )
        return
    curves = []
    for pane in images:
        roi = Region(*state.region).of(figures.values(pane, state.frame))
        try:
            power = noise_power_spectrum(roi, record.spacing)
        except Problem as problem:  # such as a region that is too small
            st.info(plain(problem))
            return
        curves.append(
            charts.Curve(pane.name, power.frequencies, power.radial, pane.color, pane.dash)
        )
    unit = f"{record.unit}² mm²" if record.unit else "mm²"
    st.plotly_chart(
        charts.lines(curves, "Spatial frequency (line pairs per mm)", f"Noise power ({unit})"),
        key="dial-texture",
    )
