"""The form of a run, drawn from the config itself."""

from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.config.config import Config, Misfit, as_text, override, parse, settings
from ctdenoise.config.limits import refuse_unaffordable
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.record import Group, Setting
from ctdenoise.errors import Problem
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.losses.terms.vgg import layer_title
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import workspace
from ctdenoise.ui.train import weights
from ctdenoise.workspace.limits import limits_of

PRESET_NAMES = {
    "recommended": "Recommended",
    "article": "As in the article",
    "article-features": "Article + features",
    "dial": "Dial",
    "optimised": "Optimised",
}
SENTENCES = {
    "recommended": "Learns the noise instead of the whole picture, and many times faster than the "
    "article's recipe.",
    "article": "The published recipe, step by step, as the article's notebook has it: six layers "
    "and patches of 30 × 30 pixels, where the article's text says five and 64 × 64.",
    "article-features": "The published recipe with its second loss, the features of VGG16, weighed "
    "by factors as the article prints them, and not by shares in percent.",
    "dial": "Learns many weights of a loss at once, to choose from afterwards on the Dial page.",
    "optimised": "A stronger network, which takes minutes longer.",
}
NOTES = {
    "layers": "Five in the article's text, which counts those with an activation behind them. Its "
    "notebook, which made the pictures, builds this sixth, which puts the result together.",
    "patch": "64 × 64 in the article's text; its notebook, which made the pictures, cuts 30 × 30.",
}
"""Where the article's text and its notebook differ: said at the control, in the article's presets,
which follow the notebook."""
_VALUES = "config.values"  # the plain values behind the form; they outlive a page switch
_PRESET = "config.preset"
_LINK_PROBLEM = "config.link_problem"
_LINKED = "config.linked"  # what a link brought, until somebody changes it
_GENERATION = "config.generation"  # in every control's key: a preset makes new controls
_MOVED = "config.moved"  # the key of the setting that was changed last


def values() -> dict[str, Any]:
    """The plain values behind the form; the recommended ones where nothing was chosen yet."""
    if is_new():
        adopt(override(PRESETS["recommended"], {}))
    values: dict[str, Any] = st.session_state[_VALUES]
    return values


def is_new() -> bool:
    """Whether nothing has stood in the form yet in this session."""
    return _VALUES not in st.session_state


def preset() -> str:
    """The preset that the form started from."""
    return str(st.session_state.get(_PRESET, "recommended"))


def open_link(start: str, changes: Sequence[str]) -> None:
    """Show the settings of a link: a preset and what differs from it, each as "key=value"."""
    try:
        if start not in PRESETS:
            raise Problem(
                "The link",
                "names a preset that does not exist",
                "the recommended settings are shown instead",
            )
        config = override(PRESETS[start], dict(text.partition("=")[::2] for text in changes))
        if changes:
            st.session_state[_LINKED] = config
    except Problem as problem:
        start, config = "recommended", override(PRESETS["recommended"], {})
        st.session_state[_LINK_PROBLEM] = str(problem)
    _begin(start, config)


def untouched(config: Config) -> bool:
    """Whether these are the settings of a link that somebody opened and has changed nothing of."""
    return config == st.session_state.get(_LINKED)


def adopt(config: Config) -> None:
    """Show these settings in the form."""
    st.session_state.setdefault(_PRESET, "recommended")
    st.session_state[_VALUES] = config.model_dump(mode="json")
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1
    st.session_state.pop(_MOVED, None)


def _begin(start: str, config: Config) -> None:
    st.session_state[_PRESET] = st.session_state["preset-picker"] = start
    adopt(config)


def preset_picker() -> None:
    """Choose a preset: every setting takes its value."""

    def take() -> None:
        name = st.session_state["preset-picker"]
        _begin(name, override(PRESETS[name], {}))

    st.session_state.setdefault("preset-picker", preset())
    st.segmented_control(
        "Start from",
        list(PRESET_NAMES),
        format_func=PRESET_NAMES.__getitem__,
        key="preset-picker",
        wrap=True,
        on_change=take,
        required=True,
        help="Sets everything below at once. Every choice below still moves.",
    )
    st.caption(SENTENCES[preset()])
    if problem := st.session_state.pop(_LINK_PROBLEM, None):
        st.warning(f"{plain(problem)} The link's other settings were left out.")


def config_form() -> Config | None:
    """Draw the form and return its config, or None after saying, at the control, which setting
    cannot be used."""
    groups: dict[Group, list[Setting]] = {group: [] for group in Group}
    for each in settings().values():
        groups[each.group].append(each)
    top = st.container()
    places: dict[str, DeltaGenerator] = {"": top}
    for each in groups.pop(Group.FIRST):
        places[each.key] = _control(each)
        if each.key == "loss.vgg":
            weights.tell(values()["loss"])
            places["loss"] = st.container()
    with st.expander("More settings"):
        for group, members in groups.items():
            st.caption(group)
            for each in members:
                places[each.key] = _control(each)
    try:
        config = parse(values())
        refuse_unaffordable(config, limits_of(workspace()).longest_run)
        return config
    except Problem as problem:
        where, told = _misfit(problem, places)
        with places.get(where, top):
            tell(told)
    return None


def _misfit(problem: Problem, keys: Iterable[str]) -> tuple[str, Problem]:
    """The control that is at fault, or was moved last, and the problem in the control's words."""
    at = problem.key if isinstance(problem, Misfit) else ""
    known = max((k for k in keys if k and f"{at}.".startswith(f"{k}.")), key=len, default="")
    if not known:
        return st.session_state.get(_MOVED, ""), problem
    title = "The loss" if known == "loss" else settings()[known].title
    return known, Problem(title, problem.reason, problem.hint)


def changes(config: Config) -> list[str]:
    """What differs from the preset, as a link tells it."""
    base = override(PRESETS[preset()], {}).model_dump(mode="json")
    own = config.model_dump(mode="json")
    return [
        f"{key}={as_text(_get(own, key))}"
        for key in settings()
        if _get(own, key) != _get(base, key)
    ]


def _as_published() -> dict[str, Any]:
    return PRESETS["article"].model_dump(mode="json")


def _get(record: dict[str, Any], key: str) -> Any:
    for part in key.split("."):
        record = record[part]
    return record


def _set(record: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        record = record[part]
    record[last] = value


def _control(setting: Setting) -> DeltaGenerator:
    """One setting's control: label with unit, one sentence of help, the limits of the config. The
    place below it, for what has to be said of it."""
    key, kind, record = setting.key, setting.kind, values()
    value = _get(record, key)
    if key == "loss.vgg_shares":
        _share_controls()
        return st.container()
    term = key.removeprefix("loss.") in LOSS_TERMS
    percent = term and record["loss"]["weighting"] == "influence"
    generation = st.session_state[_GENERATION]
    widget = f"setting:{key}:{'percent' if percent else 'plain'}:{generation}"

    def keep(new: Any) -> None:
        _set(values(), key, list(new) if isinstance(new, (list, tuple)) else new)

    def changed() -> None:
        st.session_state[_MOVED] = key
        if key == "loss.weighting":
            weights.convert(record["loss"], st.session_state[widget])
        keep(st.session_state[widget])

    common: dict[str, Any] = {
        "label": f"{setting.title} ({setting.unit})" if setting.unit else setting.title,
        "key": widget,
        "help": setting.sentence,
        "on_change": changed,
    }
    if term and not percent:
        common["label"] += ", factor"
    # Only a new control takes its value from here: a person may be faster than our answers. It is
    # said at every run, since a run that is overtaken may never have told the browser.
    begin = f"{widget}:start"
    if widget not in st.session_state:
        number = kind is float and value is not None
        st.session_state[begin] = round(value) if percent else float(value) if number else value
    start = st.session_state[begin]
    options = list(setting.options)
    word = setting.options.__getitem__
    if percent:
        end = st.session_state.setdefault(f"{widget}:end", max(100, round(value)))
        shown = st.slider(min_value=0, max_value=end, value=start, step=5, format="%d %%", **common)
    elif kind is tuple:
        common |= {"selection_mode": "multi", "format_func": word}
        shown = st.pills(options=options, default=start, **common)
    elif options and setting.group is Group.FIRST:
        common |= {"format_func": word, "required": True, "wrap": True}
        shown = st.segmented_control(options=options, default=start, **common)
    elif options:
        index = options.index(start)
        shown = st.selectbox(options=options, index=index, format_func=word, **common)
    elif kind is bool:
        shown = st.toggle(value=start, **common)
    elif setting.slider:
        last = max(setting.slider, value)
        shown = st.slider(min_value=setting.lowest, max_value=last, value=start, **common)
    elif kind is int:
        common |= {"min_value": setting.lowest, "max_value": setting.highest}
        shown = st.number_input(value=start, step=setting.step, **common)
    else:
        shown = st.number_input(
            min_value=0.0, max_value=None, value=start, format="%g", placeholder="none", **common
        )
    # What stands on the screen holds, also where the browser's message of it was overtaken by
    # another. One that was not moved keeps a value that it can only show rounded.
    if shown != start:
        keep(shown)
    if preset().startswith("article") and shown == _get(_as_published(), key) and key in NOTES:
        st.caption(NOTES[key])
    return st.container()


def _share_controls() -> None:
    """How the chosen VGG16 layers share their term, where there are several."""
    loss = values()["loss"]
    layers = loss["vgg_layers"]
    if len(layers) != len(loss["vgg_shares"]):  # layers were chosen anew: all count alike
        loss["vgg_shares"] = [100.0 / len(layers)] * len(layers) if len(layers) > 1 else []
    for number, layer in enumerate(layers if len(layers) > 1 else []):
        widget = f"setting:share:{'.'.join(layers)}:{number}:{st.session_state[_GENERATION]}"
        st.session_state.setdefault(widget, round(loss["vgg_shares"][number]))
        chosen = st.slider(
            f"Share of {layer_title(layer)}", 0, 100, step=5, format="%d %%", key=widget
        )
        loss["vgg_shares"][number] = float(chosen)
