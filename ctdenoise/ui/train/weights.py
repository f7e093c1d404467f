"""What the weights of the loss terms mean, in the form: shares in percent, or factors."""

from typing import Any

import streamlit as st

from ctdenoise.losses.term import LOSS_TERMS

_CONVERTED = "weights.converted"
FROM_SHARES = (
    "These numbers were shares. As factors they weigh otherwise, since the terms differ in size. "
    "*Watch*, *Loss terms*, shows which factors a run with shares has found: take those over."
)
FROM_FACTORS = (
    "These numbers were factors, and the terms differ in size: how much each one pulled is not "
    "known before training. Choose the shares anew."
)


def convert(loss: dict[str, Any], weighting: str) -> None:
    """Turn the weights of ``loss`` to those of the other ``weighting`` as it is chosen: exactly
    where there is one term; with several in proportion, which :func:`tell` then says is another
    loss."""
    used = {name: loss[name] for name in LOSS_TERMS if loss[name] > 0}
    whole = sum(used.values())
    for name, weight in used.items():
        share = weight / whole
        loss[name] = max(1.0, round(100 * share)) if weighting == "influence" else round(share, 4)
    st.session_state[_CONVERTED] = (weighting, _weights(loss)) if len(used) > 1 else None


def tell(loss: dict[str, Any]) -> None:
    """Say what the weights come to, and where a change of their meaning made another loss of
    them."""
    used = {LOSS_TERMS[name].title: weight for name, weight in _weights(loss).items()}
    total = sum(used.values())
    if loss["weighting"] == "factor":
        added = " + ".join(f"{weight:g} × {title}" for title, weight in used.items())
        st.caption(
            f"Loss = {added}. The numbers are no percentages: each term is multiplied by its own, "
            "in its own unit, as the article writes it."
        )
    elif total not in (0, 100):
        shares = ", ".join(f"{title} {weight / total:.0%}" for title, weight in used.items())
        st.caption(f"Shares of the loss: {shares}")
    if st.session_state.get(_CONVERTED) == (loss["weighting"], _weights(loss)):
        st.info(FROM_SHARES if loss["weighting"] == "factor" else FROM_FACTORS)


def _weights(loss: dict[str, Any]) -> dict[str, float]:
    return {name: loss[name] for name in LOSS_TERMS if loss[name] > 0}
