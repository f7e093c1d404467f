"""The figure of the low dose: from the full dose through its projections to the noise."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.figures import require_projections, scanner
from ctdenoise.ui.components.text import plain, telling_problems
from ctdenoise.ui.figures.component import draw, pair_of
from ctdenoise.ui.figures.stages import DOSES, LowDoseStep
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.sample import IDS


@telling_problems
def show(owner: str, pair_id: str, index: int, *, key: str) -> None:
    """Let a person see how the low dose of a slice is made, at a dose of their choice."""
    record = pair_of(owner, pair_id, index)
    try:
        require_projections(record.name, record.unit, record.spacing)
    except Problem as problem:
        st.info(plain(problem), icon=":material/info:")
        return

    def address(step: str, dose: float) -> str:
        parts = {"owner": owner, "pair": pair_id, "index": index, "step": step, "dose": dose}
        return LowDoseStep.model_validate(parts).address

    physics, _ = scanner(pair_id)
    told = {
        "full": address("full", DOSES[0]),
        "sinogram": address("sinogram", DOSES[0]),
        "doses": [
            {"dose": dose, "ray_noise": address("ray_noise", dose), "noise": address("noise", dose)}
            for dose in DOSES
        ],
        "dose": DOSES.index(0.25),
        "photons": physics.photons,
        "size": [record.rows, record.columns],
        "note": _note(record),
    }
    draw("low_dose", record, told, key)


def _note(record: PairRecord) -> str:
    """What the drawing has to do with the low dose that the pair has."""
    if record.id in IDS:
        return "The low dose of this pair was made just so, at 25 % of the dose."
    if record.simulated:
        return "The low dose of this pair was made like this; drawn here is a usual scanner."
    return "The low dose of this pair was measured; this is how one is made from its full dose."
