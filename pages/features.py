"""Features: what the network that judges the feature loss sees in a slice."""

import streamlit as st

from ctdenoise.config.loss import VGG_LAYERS
from ctdenoise.jobs.kinds.features import SIGMAS, Smoothing
from ctdenoise.losses.terms.vgg import layer_title
from ctdenoise.ui import features
from ctdenoise.ui.components import cards, next_step
from ctdenoise.ui.session import keep_link

COUNTS = {"7 maps": 7, "16 maps": 16, "all maps": 512}

st.title("What does the feature loss look at?")
st.write(
    "Instead of pixels, training can compare what VGG16, a network that has learned to recognise "
    "photographs, notices in a picture: edges, grain, shapes. Choose a slice and a layer of VGG16: "
    "you see which patterns it finds at low and at full dose, and where it notices a difference."
)
first, second, third = st.columns([3, 2, 2], vertical_alignment="bottom")
with first:
    owner, record = cards.pair_picker("Scan", "features")
with second:
    index = (
        st.slider(
            "Slice",
            1,
            record.slices,
            record.slices // 2 + 1,
            key=f"slice-{record.id}",
            persist_state="session",
        )
        - 1
        if record.slices > 1
        else 0
    )


def as_in_the_article() -> None:
    """Its layer and its input, seven maps, nothing smoothed."""
    st.session_state["features-layer"] = "block3_conv3"
    st.session_state["features-input"] = "article"
    st.session_state["features-count"] = "7 maps"
    st.session_state["features-sigma"] = 0.0


third.button(
    "Visual importance, as in the article",
    icon=":material/article:",
    on_click=as_in_the_article,
    width="stretch",
    help="Shows what the article's authors looked at to see which parts of the picture matter to "
    "VGG16: its layer, seven of its maps, nothing smoothed, and the slice as bright as in the "
    "article (-1024 HU is black, 476 HU white).",
)
columns = st.columns([2, 2, 2, 2, 3], vertical_alignment="bottom")
layer = columns[0].selectbox(
    "VGG16 layer",
    VGG_LAYERS,
    index=VGG_LAYERS.index("block3_conv3"),
    format_func=layer_title,
    key="features-layer",
    persist_state="session",
    help="Early layers see edges and grain, later ones larger shapes. Blocks 4 and 5 are "
    "downloaded when they are first used.",
)
shown = columns[1].selectbox(
    "VGG16 is shown",
    ["imagenet", "article"],
    format_func={"imagenet": "as it was trained", "article": "as in the article"}.__getitem__,
    key="features-input",
    persist_state="session",
)
by = columns[2].selectbox(
    "Which maps",
    ["strongest", "most different"],
    key="features-order",
    persist_state="session",
    help="Strongest at full dose, or most changed by the noise.",
)
count = columns[3].selectbox(
    "How many", list(COUNTS), index=1, key="features-count", persist_state="session"
)
sigma = columns[4].slider(
    "Smooth the low dose (px)",
    0.0,
    max(SIGMAS),
    0.0,
    0.1,
    key="features-sigma",
    persist_state="session",
    help="A Gaussian filter, to see what blurring does to the features.",
)
keep_link("pair", "features", [record.id])
asked = Smoothing(
    owner=owner, pair=record.id, index=index, layer=layer, imagenet=shown == "imagenet"
)
features.show(asked, sigma, by, COUNTS[count])
next_step.after("Features")
