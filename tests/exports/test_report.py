"""A report says what was measured, in words that are text and nothing else, and names nobody."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from phantoms import disc_phantom
from PIL import Image
from pypdf import PdfReader

from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.exports.png import grey
from ctdenoise.exports.report import Table, described, make_report
from ctdenoise.exports.report_html import html
from ctdenoise.exports.report_pdf import pdf
from ctdenoise.units import Window

FULL = disc_phantom(96)[0]
NOISY = FULL + np.float32(40) * np.random.default_rng(1).standard_normal(FULL.shape, np.float32)
CARD = {
    "pairs": ["Doe^Jane", "Roe^Richard"],
    "validation_mse": 213.4567,
    "unit": "HU",
    "split": "24 slices to learn from",
    "metrics": {"psnr": 33.2, "doses": [0.1, 0.25]},
}
HOSTILE = "</td><script>alert(1)</script><img src=http://elsewhere/x>"


def report(**options):
    options = {"full": FULL, "place": "Slice 3 of 9", "card": CARD} | options
    return make_report("Liver & more", NOISY, FULL + np.float32(5), **options)


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data")]

    def handle_data(self, data) -> None:
        self.words += data + " "


def cells(made, title: str) -> list[tuple[str, ...]]:
    [table] = [table for table in made.tables if table.title == title]
    return list(table.rows)


def test_the_figures_are_those_of_the_slice() -> None:
    made = report()
    noisy, denoised, full = cells(made, "In numbers")
    assert float(noisy[1]) == pytest.approx(40, rel=0.1) and full[2:] == ("", "", "")
    assert denoised[2] == "5.0"  # an offset of 5 HU is an RMSE of 5 HU
    inside = (FULL > -150) & (FULL < 245)  # elsewhere both lie at an edge of the window
    wanted = 10 * np.log10(400**2 / (25 * inside.mean()))
    assert float(denoised[3]) == pytest.approx(wanted, abs=0.01)
    assert "-150 to 250" in made.tables[0].note
    assert cells(report(full=None), "In numbers")[0] == ("Input", noisy[1])


def test_noise_before_and_after_is_the_first_sentence() -> None:
    noise = NOISY - FULL
    made = make_report("Liver", FULL + noise, FULL + noise / 4, place="Slice 3 of 9")
    before, after, less = re.fullmatch(
        r"Slice 3 of 9\. Noise of ([\d.]+) HU before and ([\d.]+) HU after, (\d+)% less\.",
        made.sentence,
    ).groups()
    assert float(before) == pytest.approx(40, rel=0.1)
    assert float(after) == pytest.approx(10, rel=0.1) and float(less) == pytest.approx(75, abs=1)


def test_the_pictures_are_those_of_the_window_upright() -> None:
    window, cosines = Window(-600, 1500), (1, 0, 0, 0, -1, 0)
    made = report(window=window, orientation=cosines)
    assert [p.name for p in made.pictures] == ["Input", "Denoised", "Removed noise", "Full dose"]
    np.testing.assert_array_equal(made.pictures[3].grey, grey(FULL, window)[::-1])
    removed = grey(NOISY - FULL - np.float32(5), Window(0, 200))[::-1]
    np.testing.assert_array_equal(made.pictures[2].grey, removed)
    assert made.pictures[0].caption == "Window -600/1500 HU"


def test_html_holds_everything_and_asks_for_nothing() -> None:
    made = report()
    page = Page(html(made))
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.tags.count("img") == 4
    for address, picture in zip(page.addresses, made.pictures, strict=True):
        kind, data = address.split(",")
        assert kind == "data:image/png;base64"
        shown = Image.open(io.BytesIO(base64.b64decode(data)))
        np.testing.assert_array_equal(shown, picture.grey)
    for words in ("Liver & more", "not a medical device", "213.5", "Doses: 0.1, 0.25"):
        assert words in page.words


def test_pdf_says_the_same() -> None:
    made = report(settings=described(Config(loss=Loss(vgg=30.0))))
    reader = PdfReader(io.BytesIO(pdf(made)))
    words = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert reader.metadata.title == "Liver & more"
    for page in reader.pages:
        assert "not a medical device" in page.extract_text()
    for table in made.tables:
        for row in table.rows:
            assert all(" ".join(cell.split()) in words for cell in row)
    assert "VGG features (block 3, layer 3) 30 %" in words
    assert "3 pixels" in words and "one cycle" in words
    shown = [np.asarray(image.image) for page in reader.pages for image in page.images]
    for picture in made.pictures:
        assert any(np.array_equal(each, picture.grey) for each in shown)


@pytest.mark.parametrize("written", [html, lambda made: pdf(made).decode("latin-1")])
def test_no_patient_is_named(written) -> None:
    text = written(report())
    assert "Doe" not in text and "Roe" not in text
    assert ("Pairs learned from", "2") in cells(report(), "Card of the checkpoint")


def test_foreign_words_stay_text() -> None:
    made = report(card={HOSTILE: HOSTILE, "long": "x" * 10_000}, place=HOSTILE,
                  more=[Table(HOSTILE, ("", HOSTILE), ((HOSTILE, "1"),), HOSTILE)])  # fmt: skip
    page = Page(html(made))
    assert "script" not in page.tags and len(page.addresses) == 4
    assert HOSTILE in page.words and "x" * 301 not in page.words
    assert pdf(made).startswith(b"%PDF")


def test_pdf_takes_any_shape_and_length() -> None:
    rows = tuple((f"Slice {n}", f"{n / 7:.1f}") for n in range(300))
    narrow = np.zeros((600, 20), np.float32)
    made = make_report("Ångström 雑音 −5 °C", narrow, narrow,
                   more=[Table("Slice by slice", ("Slice", "Noise (HU)"), rows)])  # fmt: skip
    reader = PdfReader(io.BytesIO(pdf(made)))
    words = " ".join(page.extract_text() for page in reader.pages)
    assert "Slice 299" in words and "Ångström ?? -5 °C" in words
    assert words.count("Noise (HU)") == len(reader.pages)  # figures, then each page of the table


def test_pictures_in_other_units() -> None:
    values = np.random.default_rng(2).normal(0.5, 0.1, (32, 32)).astype(np.float32)
    made = make_report("Own numbers", values, values * 0.9, values, unit="")
    assert made.tables[0].columns == ("Image", "Noise", "RMSE", "PSNR (dB)", "SSIM")
    assert made.pictures[2].caption.startswith("Input minus denoised, ± 0.")
    made = make_report("Own numbers", values, values, unit="", card=CARD | {"unit": ""})
    assert ("Error on validation patches (MSE)", "213.5") in cells(made, "Card of the checkpoint")
    assert "HU" not in Page(html(made)).words and "soft tissue" not in Page(html(made)).words
    assert ("Error on validation patches (MSE, HU²)", "213.5") in cells(
        report(), "Card of the checkpoint"
    )
