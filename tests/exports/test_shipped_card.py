"""Cards as tables: every figure of a card stands in the report."""

from ctdenoise.exports.report import Table
from ctdenoise.exports.shipped_card import card_tables

CARD = """# A network

What it is.

## Training

- Data: slices of
  two patients.
- `{"layers": 4}`

## On patients never seen

Means over slices.

| dose | gain |
|---|---|
| 25% | **+5.45 dB** |
| 10% | **+8.70 dB** |

## Thanks

To all.
"""


def test_lists_and_tables_are_kept_and_paragraphs_are_notes() -> None:
    assert card_tables(CARD) == [
        Table(
            "Training",
            ("", ""),
            (("1", "Data: slices of two patients."), ("2", '{"layers": 4}')),
        ),
        Table(
            "On patients never seen",
            ("dose", "gain"),
            (("25%", "+5.45 dB"), ("10%", "+8.70 dB")),
            "Means over slices.",
        ),
    ]


def test_every_card_that_ships_has_its_figures_and_failures() -> None:
    from ctdenoise.config.shipped import shipped

    networks = shipped()
    assert networks
    for network in networks.values():
        tables = {table.title: table for table in card_tables(network.card)}
        assert {"Training", "On patients never seen", "Known failures"} <= tables.keys()
        for table in tables.values():
            assert {len(row) for row in table.rows} == {len(table.columns)}
