import xml.etree.ElementTree as ET

from ctdenoise.config.config import Config
from ctdenoise.config.presets import PRESETS


def drawn(config: Config) -> str:
    return config.spec.svg(config)


def boxes(svg: str) -> list[str]:
    """The numbers written into the layers."""
    texts = [e.text or "" for e in ET.fromstring(svg).iter() if e.tag.endswith("text")]
    return [t for t in texts if t.isdigit()]


def test_one_box_a_layer_with_its_filters() -> None:
    assert boxes(drawn(PRESETS["article"])) == ["64"] * 5 + ["1"]
    assert boxes(drawn(Config(layers=3, filters=8))) == ["8", "8", "1"]


def test_the_way_past_the_network_is_drawn_only_where_there_is_one() -> None:
    assert "passes by" in drawn(Config(residual=True))
    assert "passes by" not in drawn(Config(residual=False))


def test_the_deepest_network_still_fits() -> None:
    for element in ET.fromstring(drawn(Config(layers=30, filters=256))).iter():
        if element.tag.endswith("rect"):
            left, top = float(element.get("x")), float(element.get("y"))
            assert left >= 0 and left + float(element.get("width")) <= 720
            assert top >= 0


def test_a_unet_has_five_stages_at_three_sizes() -> None:
    svg = drawn(Config(network="unet", layers=2, filters=8))
    texts = [e.text for e in ET.fromstring(svg).iter() if e.tag.endswith("text")]
    assert [t for t in texts if "×" in t and "full" not in t] == [
        "2 × 8", "2 × 16", "2 × 32", "2 × 16", "2 × 8"
    ]  # fmt: skip
