"""The form of a run, drawn from the config itself, and the same config as a link."""

from collections.abc import Iterator
from enum import StrEnum
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin
from urllib.parse import urlencode

import streamlit as st
from pydantic.fields import FieldInfo

from ctdenoise.config.config import Config, override, parse
from ctdenoise.config.loss import WEIGHTS, Loss
from ctdenoise.config.presets import PRESETS
from ctdenoise.errors import Problem

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
_GENERATION = "config.generation"  # in every control's key: a preset makes new controls


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted key, the loss's own among them."""
    for name, field in Config.model_fields.items():
        if name == "loss":
            yield from ((f"loss.{n}", f) for n, f in Loss.model_fields.items())
        else:
            yield name, field


FIELDS = dict(_fields())
FIRST = ["layers", "filters", "residual", "loss.mse", "loss.texture", "loss.vgg", "epochs"]
"""What stands before "more"."""
GROUPS = {
    "More loss terms": [f"loss.{name}" for name in WEIGHTS if f"loss.{name}" not in FIRST],
    "Network": ["network", "kernel_size", "stride", "activation"],
    "Loss": ["loss.weighting", "loss.vgg_layers", "loss.vgg_shares", "loss.vgg_input", "loss.dial"],
    "Optimiser": ["optimiser", "learning_rate", "schedule", "batch"],
    "Data": ["patch", "patches", "augment", "validation_patches"],
    "How long": ["steps_per_epoch", "time_budget_s"],
    "Machine": ["seed", "device", "precision"],
}
WORDS = {name: str(Loss.model_fields[name].title) for name in WEIGHTS} | {
    "chain": "chain",
    "unet": "U-Net",
    "influence": "influence in percent",
    "factor": "raw factors",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "none": "none (a linear filter)",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "constant": "constant",
    "one_cycle": "one cycle",
    "cosine": "cosine",
    "imagenet": "as VGG was trained",
    "article": "as in the article",
    "auto": "automatic",
    "cpu": "processor (CPU)",
    "cuda": "NVIDIA GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
}


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
        except Problem as problem:
            preset, config = "recommended", PRESETS["recommended"]
            st.session_state[_LINK_PROBLEM] = str(problem)
        st.session_state[_PRESET] = preset
        adopt(config)
    return st.session_state[_VALUES]


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
        adopt(PRESETS[name])

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
        st.warning(f"{problem} The link's other settings were left out.")


def config_form() -> Config | None:
    """Draw the form and return its config, or None after saying which setting cannot be used."""
    for key in FIRST:
        _control(key)
        if key == "loss.vgg":
            _tell_shares()
    with st.expander("More settings"):
        for title, keys in GROUPS.items():
            st.caption(title)
            for key in keys:
                _control(key)
    try:
        config = parse(values())
    except Problem as problem:
        st.error(str(problem))
        return None
    st.query_params.from_dict(link(config))
    return config


def _tell_shares() -> None:
    """What the influences mean where they do not add up to 100 %."""
    loss = values()["loss"]
    weights = {name: loss[name] for name in WEIGHTS if loss[name] > 0}
    total = sum(weights.values())
    if loss["weighting"] == "influence" and total not in (0, 100):
        shares = ", ".join(
            f"{Loss.model_fields[name].title} {each / total:.0%}" for name, each in weights.items()
        )
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
    base, own = PRESETS[preset].model_dump(mode="json"), config.model_dump(mode="json")
    changes = [
        f"{key}={_as_text(_get(own, key))}" for key in FIELDS if _get(own, key) != _get(base, key)
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


def _control(key: str) -> None:
    """One setting's control: label with unit, one sentence of help, the limits of the config."""
    field, record = FIELDS[key], values()
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    unit, value = str(extra["unit"]), _get(record, key)
    if key == "loss.vgg_shares":
        _share_controls()
        return
    percent = key.removeprefix("loss.") in WEIGHTS and _get(record, "loss.weighting") == "influence"
    generation = st.session_state[_GENERATION]
    widget = f"setting:{key}:{'percent' if percent else 'plain'}:{generation}"

    def changed() -> None:
        new = st.session_state[widget]
        _set(values(), key, list(new) if isinstance(new, (list, tuple)) else new)

    common: dict[str, Any] = {
        "label": f"{field.title} ({unit})" if unit else field.title,
        "key": widget,
        "help": field.description,
        "on_change": changed,
    }
    kind = next((a for a in get_args(field.annotation) if a is not NoneType), field.annotation)
    kind = field.annotation if get_origin(field.annotation) in (Literal, tuple) else kind
    limits = {
        name: getattr(m, name)
        for m in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(m, name)
    }
    # Only a new control takes its value from here: a person may be faster than our answers. It is
    # said at every run, since a run that is overtaken may never have told the browser.
    begin = f"{widget}:start"
    if widget not in st.session_state:
        st.session_state[begin] = round(value) if percent else value
    start = st.session_state[begin]
    if percent:
        end = st.session_state.setdefault(f"{widget}:end", max(100, round(value)))
        st.slider(min_value=0, max_value=end, value=start, step=5, format="%d %%", **common)
    elif get_origin(kind) is tuple:
        members = get_args(get_args(kind)[0])
        st.pills(
            options=members, default=start, selection_mode="multi", format_func=_word, **common
        )
    elif get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        options = list(get_args(kind)) or [member.value for member in cast(type[StrEnum], kind)]
        st.selectbox(options=options, index=options.index(start), format_func=_word, **common)
    elif kind is bool:
        st.toggle(value=start, **common)
    elif key in FIRST and kind is int:
        last = max(SLIDER_ENDS[key], value)
        st.slider(min_value=limits["ge"], max_value=last, value=start, **common)
    elif kind is int:
        step = 2 if key == "kernel_size" else 1  # a kernel needs a centre
        lowest, highest = limits["ge"], limits["le"]
        st.number_input(min_value=lowest, max_value=highest, value=start, step=step, **common)
    else:
        st.number_input(
            min_value=0.0, max_value=None, value=start, format="%g", placeholder="none", **common
        )


def _word(option: str) -> str:
    return WORDS.get(option, option)


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


SLIDER_ENDS = {"layers": 16, "filters": 128, "epochs": 60}
"""Where the sliders end; links and the command line may go to the config's own limits."""
