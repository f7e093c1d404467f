"""The form of a run, drawn from the config itself, and the same config as a link."""

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ctdenoise.config.config import Config, override, parse, settings
from ctdenoise.config.limits import refuse_unaffordable
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.record import Group, Setting
from ctdenoise.errors import Problem
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.ui.components.text import plain, tell

PRESET_NAMES = {
    "recommended": "Recommended",
    "article": "As in the article",
    "article-features": "Article + features",
    "dial": "Dial",
    "optimised": "Optimised",
}
_VALUES = "config.values"  # the plain values behind the form; they outlive a page switch
_PRESET = "config.preset"
_LINK_PROBLEM = "config.link_problem"
_LINKED = "config.linked"  # what a link brought, until somebody changes it
_GENERATION = "config.generation"  # in every control's key: a preset makes new controls


def values() -> dict[str, Any]:
    """The plain values behind the form: from the session, else from the link, else recommended."""
    if _VALUES not in st.session_state:
        preset = st.query_params.get("preset", "recommended")
        try:
            if preset not in PRESETS:
                raise Problem(
                    "The link",
                    "names a preset that does not exist",
                    "the recommended settings are shown instead",
                )
            assignments = dict(text.partition("=")[::2] for text in st.query_params.get_all("set"))
            config = override(PRESETS[preset], assignments)
            if assignments:
                st.session_state[_LINKED] = config
        except Problem as problem:
            preset, config = "recommended", override(PRESETS["recommended"], {})
            st.session_state[_LINK_PROBLEM] = str(problem)
        st.session_state[_PRESET] = preset
        adopt(config)
    values: dict[str, Any] = st.session_state[_VALUES]
    return values


def untouched(config: Config) -> bool:
    """Whether these are the settings of a link that somebody opened and has changed nothing of."""
    return config == st.session_state.get(_LINKED)


def adopt(config: Config) -> None:
    """Show these settings in the form."""
    st.session_state.setdefault(_PRESET, "recommended")
    st.session_state[_VALUES] = config.model_dump(mode="json")
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1


def preset_picker() -> None:
    """Choose a preset: every setting takes its value."""
    values()

    def take() -> None:
        name = st.session_state["preset-picker"]
        st.session_state[_PRESET] = name
        adopt(override(PRESETS[name], {}))

    st.session_state.setdefault("preset-picker", st.session_state[_PRESET])
    st.segmented_control(
        "Start from",
        list(PRESET_NAMES),
        format_func=PRESET_NAMES.__getitem__,
        key="preset-picker",
        wrap=True,
        on_change=take,
        required=True,
        help="Recommended learns many times faster. As in the article repeats the published recipe "
        "step by step. Article + features adds its VGG16 loss. Dial learns many weights of a loss "
        "at once, to choose from afterwards. Optimised is a stronger network that takes minutes "
        "longer. Every choice below still moves.",
    )
    if problem := st.session_state.pop(_LINK_PROBLEM, None):
        st.warning(f"{plain(problem)} The link's other settings were left out.")


def config_form() -> Config | None:
    """Draw the form and return its config, or None after saying which setting cannot be used."""
    groups: dict[Group, list[Setting]] = {group: [] for group in Group}
    for each in settings().values():
        groups[each.group].append(each)
    for each in groups.pop(Group.FIRST):
        _control(each)
        if each.key == "loss.vgg":
            _tell_shares()
    with st.expander("More settings"):
        for group, members in groups.items():
            st.caption(group)
            for each in members:
                _control(each)
    try:
        config = parse(values())
        refuse_unaffordable(config)
    except Problem as problem:
        tell(problem)
        return None
    st.query_params.from_dict(link(config))
    return config


def _tell_shares() -> None:
    """What the influences mean where they do not add up to 100 %."""
    loss = values()["loss"]
    weights = {term: loss[name] for name, term in LOSS_TERMS.items() if loss[name] > 0}
    total = sum(weights.values())
    if loss["weighting"] == "influence" and total not in (0, 100):
        shares = ", ".join(f"{term.title} {each / total:.0%}" for term, each in weights.items())
        st.caption(f"Shares of the loss: {shares}")


def share(config: Config) -> None:
    """The whole form as one address, to be copied."""
    with st.popover("Share", icon=":material/link:", help="One link that holds all settings."):
        st.write("Whoever opens this link finds the form as it stands now.")
        page = (st.context.url or "/train").partition("?")[0]
        st.code(f"{page}?{urlencode(link(config), doseq=True)}", language=None, wrap_lines=True)


def link(config: Config) -> dict[str, str | list[str]]:
    """The query parameters that open the form with this config."""
    preset = st.session_state.get(_PRESET, "recommended")
    base = override(PRESETS[preset], {}).model_dump(mode="json")
    own = config.model_dump(mode="json")
    changes = [
        f"{key}={_as_text(_get(own, key))}"
        for key in settings()
        if _get(own, key) != _get(base, key)
    ]
    return {"preset": preset, "set": changes} if changes else {"preset": preset}


def _as_text(value: Any) -> str:
    """A value as ``override`` reads it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def _get(record: dict[str, Any], key: str) -> Any:
    for part in key.split("."):
        record = record[part]
    return record


def _set(record: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        record = record[part]
    record[last] = value


def _control(setting: Setting) -> None:
    """One setting's control: label with unit, one sentence of help, the limits of the config."""
    key, kind, record = setting.key, setting.kind, values()
    value = _get(record, key)
    if key == "loss.vgg_shares":
        _share_controls()
        return
    percent = key.removeprefix("loss.") in LOSS_TERMS and record["loss"]["weighting"] == "influence"
    generation = st.session_state[_GENERATION]
    widget = f"setting:{key}:{'percent' if percent else 'plain'}:{generation}"

    def keep(new: Any) -> None:
        _set(values(), key, list(new) if isinstance(new, (list, tuple)) else new)

    def changed() -> None:
        keep(st.session_state[widget])

    common: dict[str, Any] = {
        "label": f"{setting.title} ({setting.unit})" if setting.unit else setting.title,
        "key": widget,
        "help": setting.sentence,
        "on_change": changed,
    }
    # Only a new control takes its value from here: a person may be faster than our answers. It is
    # said at every run, since a run that is overtaken may never have told the browser.
    begin = f"{widget}:start"
    if widget not in st.session_state:
        st.session_state[begin] = round(value) if percent else value
    start = st.session_state[begin]
    options = list(setting.options)
    word = setting.options.__getitem__
    if percent:
        end = st.session_state.setdefault(f"{widget}:end", max(100, round(value)))
        shown = st.slider(min_value=0, max_value=end, value=start, step=5, format="%d %%", **common)
    elif kind is tuple:
        common |= {"selection_mode": "multi", "format_func": word}
        shown = st.pills(options=options, default=start, **common)
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


def _share_controls() -> None:
    """How the chosen VGG16 layers share their term, where there are several."""
    loss = values()["loss"]
    layers = loss["vgg_layers"]
    if len(layers) != len(loss["vgg_shares"]):  # layers were chosen anew: all count alike
        loss["vgg_shares"] = [100.0 / len(layers)] * len(layers) if len(layers) > 1 else []
    for number, layer in enumerate(layers if len(layers) > 1 else []):
        widget = f"setting:share:{'.'.join(layers)}:{number}:{st.session_state[_GENERATION]}"
        st.session_state.setdefault(widget, round(loss["vgg_shares"][number]))
        chosen = st.slider(f"Share of {layer}", 0, 100, step=5, format="%d %%", key=widget)
        loss["vgg_shares"][number] = float(chosen)
