"""Denoise: a scan, a network or a filter, and what the one does to the other."""

from functools import partial

import streamlit as st

from ctdenoise.ui.components import damage, next_step, upload
from ctdenoise.ui.denoise import choices, result
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import networks
from ctdenoise.workspace import results as denoisings
from ctdenoise.workspace.library import library_of

heading, way_in, bring = st.columns([5, 2, 4])
heading.title("What would a network do to this scan?")
mine = library_of(workspace())
way_in.space(8)
with way_in.popover("Bring a network", icon=":material/neurology:", width="stretch"):
    choices.bring_network()
choices.show(mine)
results = {each.record.id: each for each in denoisings.every(workspace())}
if not results:
    heading.markdown(
        "Drop a series of your own or take the sample, choose a network or a classical filter, and "
        "press *Denoise*. The middle slice comes first; look at it while the others follow."
    )
bring.space(8)
with bring.expander(
    "Bring a scan",
    icon=":material/upload:",
    expanded=not results and not mine.scans(),
    # Closed again after each upload, and as soon as there is something to see.
    key=f"bring-{st.session_state.get('upload', 0)}-{bool(results)}",
):
    upload.uploader()
upload.outcome()
damage.show(mine.damaged(), mine.remove)
damage.show(denoisings.damaged(workspace()), partial(denoisings.remove_damaged, workspace()))
damage.show(networks.damaged(workspace()), partial(networks.remove, workspace()))
if results:
    result.show(results)
    next_step.after("Denoise")
