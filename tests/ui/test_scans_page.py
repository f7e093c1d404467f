"""Scans: several low-dose twins of one scan."""

import io
import zipfile

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened, send
from phantoms import disc_phantom
from PIL import Image
from streamlit.testing.v1 import AppTest

from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue, worker
from ctdenoise.jobs.kind import Running
from ctdenoise.jobs.kinds.simulate import SIMULATE, Physics, Simulate
from ctdenoise.scans.scan import Facts, Scan
from ctdenoise.ui import menu, pictures
from ctdenoise.workspace.library import Library

pytestmark = pytest.mark.usefixtures("on_the_spot")


@pytest.fixture
def scan_id(mine: Library) -> str:
    values = disc_phantom(64, slices=3)
    scan = Scan(
        "Abdomen", values, (4.0, 4.0), np.arange(3.0), np.zeros((3, 3)), facts=Facts(patient="p1")
    )
    return mine.add_scan(scan, []).id


def chosen(dose: int, *others: int) -> AppTest:
    app = opened("Scans")
    labelled(app.select_slider, "Dose").set_value(dose)
    labelled(app.pills, "Make also at (% dose)").set_value(list(others))
    return app.run()


def make_button(app: AppTest):  # type: ignore[no-untyped-def]
    return next(button for button in app.button if button.label.startswith("Make "))


def making(app: AppTest):  # type: ignore[no-untyped-def]
    return next(each.proto for each in app.expander if "Make a pair" in each.label)


def test_the_dial_goes_from_full_dose_to_a_hundredth(scan_id: str) -> None:
    dial = labelled(opened("Scans").select_slider, "Dose")
    assert (dial.options[0], dial.options[-1], dial.value) == ("1 %", "100 %", 25)


def test_every_change_of_the_physics_holds_and_a_calibration_replaces_it(
    scan_id: str, mine: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = chosen(25)
    for f50 in (0.5, 0.6, 0.75):
        labelled(app.number_input, "Kernel, f50 (line pairs per mm)").set_value(f50).run()
        assert labelled(app.number_input, "Kernel, f50 (line pairs per mm)").value == f50
    labelled(app.number_input, "Photons per ray").set_value(1e5).run()
    make_button(app).click().run()
    assert "1e+05 photons per ray, electronic noise 10, kernel 0.75 lp" in mine.pairs()[0].matched
    labelled(app.button, "Calibrate on this scan").click().run()  # a phantom has no noise
    assert not app.exception and any("noise" in error.value for error in app.error)
    assert labelled(app.number_input, "Photons per ray").value == 1e5  # and nothing is lost

    found = {
        "physics": {"photons": 2e5, "electrons": 3.0, "f50": 0.3},
        "region": {"row": 1, "column": 2, "height": 16, "width": 16},
        "sd": 12.34,
    }
    monkeypatch.setattr(OnTheSpot, "answer", lambda *given: found)
    labelled(app.button, "Calibrate on this scan").click().run()
    assert labelled(app.number_input, "Photons per ray").value == 2e5
    assert labelled(app.number_input, "Kernel, f50 (line pairs per mm)").value == 0.3
    assert any("of slice 2: an SD of 12.3 HU" in caption.value for caption in app.caption)


def test_a_pair_of_each_dose_is_made_at_once(scan_id: str, mine: Library) -> None:
    app = chosen(10, 50, 2, 10)
    assert make_button(app).label == "Make 3 pairs"
    labelled(app.number_input, "Seed of the noise").set_value(7).run()
    make_button(app).click().run()
    assert not app.exception and not app.error
    doses = {record.dose_fraction or 0: record for record in mine.pairs()}
    assert sorted(doses) == [0.02, 0.1, 0.5]
    assert "seed 7, 3e+05 photons per ray" in doses[0.1].matched
    assert any("2% dose simulated" in text.value for text in app.markdown)
    noise = {dose: np.std(mine.pair(r.id).low - mine.pair(r.id).full) for dose, r in doses.items()}
    assert noise[0.02] > noise[0.1] > noise[0.5] > 0


def test_what_is_seen_is_what_is_made_with_any_seed(scan_id: str, mine: Library) -> None:
    app = chosen(5)
    labelled(app.number_input, "Seed of the noise").set_value(11).run()
    make_button(app).click().run()
    (record,) = mine.pairs()
    asked = dict(owner=WORKSPACE, scan=scan_id, index=1, dose=0.05, **Physics().model_dump())
    seen = [
        pictures.load(pictures.Simulated(**asked, seed=seed).address, WORKSPACE)
        for seed in (11, 12)
    ]
    np.testing.assert_allclose(seen[0], mine.pair(record.id).low[0, 1], atol=0.51)
    assert (seen[1] != seen[0]).any()


def test_full_dose_says_that_nothing_is_added_and_makes_nothing(
    scan_id: str, mine: Library
) -> None:
    app = chosen(100)
    assert make_button(app).disabled
    assert any("nothing is added" in caption.value for caption in app.caption)
    app = chosen(100, 25)
    make_button(app).click().run()
    assert [record.dose_fraction for record in mine.pairs()] == [0.25]


def test_one_bar_tells_how_far_all_pairs_are(
    scan_id: str, on_the_spot: OnTheSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[float, str]] = []
    tell = Running.tell

    def watched(running: Running[Simulate], progress: float, message: str) -> None:
        told.append((progress, message))
        tell(running, progress, message)

    monkeypatch.setattr(Running, "tell", watched)
    asked = Simulate(scan=scan_id, doses=(0.5, 0.1), draws=1)
    on_the_spot.submit(SIMULATE, asked, WORKSPACE, subject=scan_id)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert (0.5, "Pair 1 of 2. Keeping the pair") in told
    assert "Pair 2 of 2. Low dose: slice 3 of 3" in [sentence for _, sentence in told]


def test_a_simulation_is_found_again_after_a_reload(
    scan_id: str, mine: Library, on_the_spot: OnTheSpot
) -> None:
    app = chosen(25)
    make_button(app).click().run()
    assert not making(app).expanded  # the scan is part of a pair
    on_the_spot.waiting.add("simulate")
    make_button(chosen(10)).click().run()
    job = leases.take(queue.jobs_of(WORKSPACE, "simulate", scan_id)[0].id, "test")
    assert job
    leases.beat(job, 0.4, "Low dose: slice 2 of 3")
    app = opened("Scans")
    assert app.get("progress")[0].proto.text == "Low dose: slice 2 of 3"
    assert making(app).expanded and make_button(app).disabled  # one at a time
    labelled(app.button, "Stop").click().run()
    assert queue.job(job.id).wanted == "stop" and len(mine.pairs()) == 1


def dropped(app: AppTest) -> AppTest:
    """An upload of two slices and a file that is no scan."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        values = io.BytesIO()
        np.save(values, np.ones((2, 64, 64), np.float32))
        archive.writestr("mine.npy", values.getvalue())
        archive.writestr("notes.txt", "not a scan")
    return send(app, ("scans.zip", content.getvalue()))


def test_an_upload_tells_what_came_of_it_until_it_is_told_no_more(mine: Library) -> None:
    app = dropped(opened("Scans"))
    assert any("notes.txt" in each.value for each in app.error)  # before anything is asked
    app.radio[0].set_value("own units").run()
    for page in (app, opened("Scans")):  # this page, and one after a reload
        assert any(
            each.value == "1 scan added, without the patient's identity." for each in page.success
        )
        assert any("notes.txt" in each.value for each in page.error)
    assert [scan.name for scan in mine.scans()] == ["mine"]
    assert not list((mine.root / "uploads").iterdir())


def test_numbers_that_cannot_be_what_was_said_are_asked_about_again(mine: Library) -> None:
    content, expected = io.BytesIO(), np.rint(disc_phantom(64, slices=2, noise=5))
    np.save(content, ((expected + 1024) / 4096).astype(np.float32))
    app = send(opened("Scans"), ("mine.npy", content.getvalue()))
    for cannot_be in (False, True):
        (told,) = (each.value for each in app.warning if "mine.npy holds numbers" in each.value)
        assert '"0-1" fits' in told and ('cannot be "HU"' in told) == cannot_be
        assert mine.scans() == []
        if not cannot_be:
            app.radio[0].set_value("HU").run()
            app = opened("Scans")  # also after a reload
    app.radio[0].set_value("0-1").run()
    assert not app.exception and not app.radio
    (scan,) = mine.scans()
    np.testing.assert_allclose(mine.scan(scan.id).values, expected, atol=1e-3)
    assert not list((mine.root / "uploads").iterdir())


def coloured_picture() -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)).save(content, "PNG")
    return content.getvalue()


def test_what_cannot_be_read_is_refused_before_any_question_and_in_one_box(mine: Library) -> None:
    app = send(opened("Scans"), ("colours.png", coloured_picture()))
    (told,) = app.error
    assert "colours.png is a colour image" in told.value and not app.radio
    labelled(app.button, "Dismiss").click().run()
    assert not app.error

    texts = [(f"{number}.txt", b"no scan") for number in range(11)]
    send(app, ("colours.png", coloured_picture()), *texts)
    (told,) = app.error  # the one of before is gone, and these are folded
    assert told.value == "12 files could not be read and were left out." and not app.radio
    (folded,) = (each for each in app.expander if each.label == "Which, and why")
    assert "colours.png is a colour image" in folded.markdown[0].value
    assert folded.markdown[0].value.count("\n- ") == 11

    app.switch_page(str(menu.page("Look"))).run()
    app.switch_page(str(menu.page("Scans"))).run()
    assert not app.error and not app.exception  # it was told, and one has gone on


def test_what_an_upload_had_is_told_though_another_has_followed(
    mine: Library, on_the_spot: OnTheSpot
) -> None:
    on_the_spot.waiting.add("ingest")
    app = send(opened("Scans"), ("notes.txt", b"no scan"))
    send(app, ("more.txt", b"no scan"))
    for job in reversed(queue.jobs_of(WORKSPACE, "ingest")):
        taken = leases.take(job.id, "test")
        assert taken
        worker.execute(taken)
    app.run()
    assert {each.value.partition(" ")[0] for each in app.error} == {"notes.txt", "more.txt"}
    app.switch_page(str(menu.page("Look"))).run()
    app.switch_page(str(menu.page("Scans"))).run()
    assert not app.error and not app.exception


def test_an_upload_that_nobody_says_more_about_is_removed(mine: Library) -> None:
    content = io.BytesIO()
    np.save(content, np.linspace(0, 1, 256).reshape(16, 16))
    app = opened("Scans")
    send(app, ("mine.npy", content.getvalue()))
    assert list((mine.root / "uploads").iterdir())
    labelled(app.button, "Leave it out").click().run()
    assert not list((mine.root / "uploads").iterdir()) and not app.radio and not mine.scans()


def test_an_upload_that_finds_no_room_is_told_and_stays_out(
    scan_id: str, mine: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdenoise.workspace.quota.used_bytes", lambda workspace: 2**50)
    with pytest.raises(Problem, match="remove scans, results or runs"):
        send(opened("Scans"), ("mine.dcm", b"1"))
    assert not list(mine.root.glob("uploads/*"))


def test_an_upload_is_found_again_after_a_reload(mine: Library, on_the_spot: OnTheSpot) -> None:
    on_the_spot.waiting.add("ingest")
    dropped(opened("Scans"))
    app = opened("Scans")
    assert app.get("progress")[0].proto.text == "Next in line." and mine.scans() == []
    labelled(app.button, "Stop").click().run()
    assert any("Stopped before its turn came." in each.value for each in app.info)
    on_the_spot.waiting.remove("ingest")
    labelled(app.button, "Try again").click().run()
    app.radio[0].set_value("own units").run()
    assert [scan.name for scan in mine.scans()] == ["mine"]


def test_a_body_that_the_field_cuts_off_is_told(mine: Library) -> None:
    values = np.full((1, 64, 64), 40, np.float32)
    mine.add_scan(Scan("Spine", values, (2.0, 2.0), np.arange(1.0), np.zeros((1, 3))), [])
    app = opened("Scans")
    assert labelled(app.selectbox, "Full-dose scan").options == ["Spine (1 slice)"]
    assert any("cuts the body off" in caption.value for caption in app.caption)


def test_who_has_no_scan_yet_is_told_that_one_is_enough() -> None:
    assert any("One full-dose scan is enough" in each.value for each in opened("Scans").caption)


def kept(mine: Library, name: str, seed: int, **facts: object) -> None:
    values = disc_phantom(64, slices=3, noise=10, seed=seed)
    told = Facts(patient="p1", **facts)  # type: ignore[arg-type]
    mine.add_scan(Scan(name, values, (4.0, 4.0), np.arange(3.0), np.eye(3), facts=told), [])


def test_a_pair_says_what_a_network_would_learn_beside_the_noise(mine: Library) -> None:
    kept(mine, "Soft", 1, kernel="B30f", dose_word="full")
    kept(mine, "Sharp", 2, kernel="B70f", dose_word="low")
    app = opened("Scans")
    assert not app.exception
    assert any("kernel (B70f and B30f)" in warning.value for warning in app.warning)
    assert any("3 slices matched by position." in each.value for each in app.caption)


def test_one_scan_twice_is_no_pair_to_keep(mine: Library) -> None:
    kept(mine, "Once", 1, dose_word="full")
    kept(mine, "Twice", 1, dose_word="low")
    app = opened("Scans")
    assert any("are the same to the pixel" in error.value for error in app.error)
    assert not any(button.label == "Keep this pair" for button in app.button)
