"""One colour and one dash per image, all over the product.

Colours after Okabe and Ito, "Color Universal Design" (2008), which remain apart for colour-blind
eyes; the dash patterns keep curves apart without any colour.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """``color`` as #rrggbb; ``dash`` by Plotly's name of the pattern."""

    color: str
    dash: str


LOW = Style("#D55E00", "dot")
FULL = Style("#0072B2", "solid")
GAUSSIAN = Style("#8A8A8A", "dashdot")
NETWORK = Style("#009E73", "solid")
"""Of a network on its own; beside a run in the same green, the dash tells them apart."""
SHIPPED = {
    "recommended": Style("#009E73", "longdash"),
    "optimised": Style("#CC79A7", "longdashdot"),
    "article": Style("#E69F00", "dash"),
    "dial": Style("#56B4E9", "longdash"),
}
"""Of the networks that ship, beside others."""
RUNS = (
    Style("#009E73", "dash"),
    Style("#CC79A7", "longdash"),
    Style("#E69F00", "longdashdot"),
    Style("#56B4E9", "dash"),
    Style("#009E73", "longdashdot"),
    Style("#CC79A7", "dash"),
    Style("#E69F00", "longdash"),
    Style("#56B4E9", "longdashdot"),
)
"""The first run, the second, and so on; neighbours differ in colour, and equal colours in dash."""

PARTS = {"training": "#E69F00", "validation": "#CC79A7", "test": "#0072B2"}
"""Of the bands of a slice that is divided between them."""

DASHES = ("solid", "dash", "dot", "dashdot")
TERMS = ("#7A6FAC", "#B58900", "#5F9EA0")
"""Of loss terms, which are no images: colours that none of those wears."""
