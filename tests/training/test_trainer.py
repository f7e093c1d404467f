"""A training from its first event to its last: repeatable, pausable, robust."""

import json
import math

import numpy as np
import pytest
import tifffile
import torch

from ctdenoise.config import events, progress_slice, run_folder, split
from ctdenoise.config.config import Config, override
from ctdenoise.config.loss import Loss
from ctdenoise.config.split import Split
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair
from ctdenoise.training import checkpoint, learner, state
from ctdenoise.training.estimate import estimate_seconds
from ctdenoise.training.trainer import train

SMALL = Config(layers=3, filters=8, batch=4, patch=16, epochs=3, steps_per_epoch=5,
               validation_patches=8, device="cpu")  # fmt: skip


def pair(slices: int = 6, size: int = 48, unit: str = "HU", patient: str = "a") -> Pair:
    """Discs of 60 HU in air with white noise of 30 HU, two draws."""
    rows, columns = np.mgrid[:size, :size] - size / 2
    disc = np.where(np.hypot(rows, columns) < size / 3, 60.0, -1000.0)
    full = np.stack([disc + 5 * i for i in range(slices)]).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 30, (2, *full.shape))
    low = (full + noise).astype(np.float32)
    return Pair("disc", low, full, (1, 1), np.arange(slices, dtype=float), unit=unit,
                patient=patient)  # fmt: skip


def weights(run) -> dict[str, torch.Tensor]:
    return checkpoint.load(run).network.state_dict()


def same(one, other) -> bool:
    a, b = weights(one), weights(other)
    return all(torch.equal(a[key], b[key]) for key in a)


def stopping_after(asked: int):
    count = iter(range(10_000))
    return lambda: next(count) >= asked


def test_a_run_folder_holds_all_that_the_contract_names(tmp_path) -> None:
    told: list[events.Event] = []
    ended = train(SMALL, [pair()], tmp_path, on_event=told.append)
    assert ended.how == "finished" and ended.epoch == 3
    assert events.read(tmp_path) == told
    assert [event.kind for event in told] == ["started", *["epoch"] * 4, "ended"]
    assert Config.model_validate_json((tmp_path / "config.json").read_text()) == SMALL
    assert set(json.loads((tmp_path / "split.json").read_text())) >= set(Split.__annotations__)
    epochs = [event for event in told if isinstance(event, events.Epoch)]
    assert [e.step for e in epochs] == [0, 5, 10, 15]
    pictures = sorted((tmp_path / "progress").iterdir())
    assert [p.name for p in pictures] == [e.image for e in epochs]
    assert all(tifffile.imread(p).dtype == np.int16 for p in pictures)
    found = checkpoint.load(tmp_path)
    assert found.config == SMALL
    assert found.card["epoch"] == 3 and found.card["validation_mse"] == epochs[-1].validation_mse


def test_before_training_a_residual_network_shows_the_low_dose(tmp_path) -> None:
    data = pair()
    told: list[events.Event] = []
    train(override(SMALL, {"epochs": "1"}), [data], tmp_path, on_event=told.append)
    first = told[1]
    assert isinstance(first, events.Epoch)
    assert first.validation_mse == first.low_mse == pytest.approx(900, rel=0.1)
    shown = tifffile.imread(tmp_path / "progress" / first.image)
    np.testing.assert_array_equal(shown, tifffile.imread(tmp_path / progress_slice.LOW))


def test_it_learns(tmp_path) -> None:
    config = override(SMALL, {"epochs": "4", "steps_per_epoch": "40", "learning_rate": "5e-3"})
    told: list[events.Event] = []
    train(config, [pair()], tmp_path, on_event=told.append)
    *_, last, _ = told
    assert isinstance(last, events.Epoch)
    assert last.validation_mse < last.low_mse / 1.4


def test_what_a_checkpoint_holds_is_what_was_validated(tmp_path) -> None:
    """The picture of the last epoch is the stored network's answer to the progress slice."""
    data = pair()
    train(SMALL, [data], tmp_path)
    low = progress_slice.ProgressSlice([data], split.read(tmp_path).progress).low
    with torch.inference_mode():
        expected = (
            checkpoint.load(tmp_path).network(torch.from_numpy(low)[None, None])[0, 0].numpy()
        )
    shown = tifffile.imread(tmp_path / "progress" / "epoch_0003.tif")
    assert np.abs(shown - expected).max() <= 0.51


@pytest.mark.parametrize("patches", ["0", "20"])
def test_the_same_seed_gives_the_same_network(tmp_path, patches) -> None:
    config = override(SMALL, {"patches": patches})
    for name in "ab":
        train(config, [pair()], tmp_path / name)
    assert same(tmp_path / "a", tmp_path / "b")
    train(override(config, {"seed": "2"}), [pair()], tmp_path / "c")
    assert not same(tmp_path / "a", tmp_path / "c")


@pytest.mark.parametrize("asked", [0, 5, 7])
@pytest.mark.parametrize("optimiser", ["adam", "sgd", "rmsprop"])
def test_a_stopped_run_goes_on_to_the_same_end(tmp_path, asked, optimiser) -> None:
    config = override(SMALL, {"optimiser": optimiser, "learning_rate": "1e-4", "loss.mae": "50"})
    if optimiser == "sgd":
        config = override(config, {"learning_rate": "1e-7"})
    whole = train(config, [pair()], tmp_path / "whole")
    stopped = train(config, [pair()], tmp_path / "parts", should_stop=stopping_after(asked))
    assert (whole.how, stopped.how) == ("finished", "stopped")
    assert not same(tmp_path / "whole", tmp_path / "parts")
    assert train(config, [pair()], tmp_path / "parts", resume=True).how == "finished"
    assert same(tmp_path / "whole", tmp_path / "parts")
    results = [
        {e.epoch: (e.validation_mse, e.terms) for e in events.read(tmp_path / name)
         if isinstance(e, events.Epoch)}
        for name in ("whole", "parts")
    ]  # fmt: skip
    assert results[0] == results[1]


@pytest.mark.parametrize("called", ["terms/adversarial/", "critic/"])
def test_a_critic_that_was_stopped_goes_on_to_the_same_end(tmp_path, called) -> None:
    """Also where it was stopped by version 0.1, which called its tensors otherwise."""
    config = SMALL.model_copy(update={"epochs": 2, "loss": Loss(mse=50, adversarial=50)})
    train(config, [pair()], tmp_path / "whole")
    train(config, [pair()], tmp_path / "parts", should_stop=stopping_after(7))
    tensors, metadata = checkpoint.read_tensors(tmp_path / "parts" / state.NAME)
    renamed = {name.replace("terms/adversarial/", called): t for name, t in tensors.items()}
    checkpoint.write_tensors(renamed, metadata, tmp_path / "parts" / state.NAME)
    train(config, [pair()], tmp_path / "parts", resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_a_branch_begins_where_its_parent_was(tmp_path) -> None:
    parent = SMALL.model_copy(update={"epochs": 2, "learning_rate": 1e-4})
    train(parent, [pair()], tmp_path / "parent")
    start = run_folder.file(tmp_path / "parent", 1)
    child = parent.model_copy(update={"loss": Loss(mse=50, texture=50)})
    train(child, [pair()], tmp_path / "child", start=start)
    was, now = (
        [e for e in events.read(tmp_path / name) if isinstance(e, events.Epoch)]
        for name in ("parent", "child")
    )
    assert now[0].validation_mse == was[1].validation_mse != was[0].validation_mse
    assert now[2].validation_mse != was[2].validation_mse
    with pytest.raises(Problem, match="built otherwise"):
        train(override(child, {"filters": "4"}), [pair()], tmp_path / "other", start=start)


def test_an_event_lost_in_a_power_cut_is_told_on_resuming(tmp_path) -> None:
    train(SMALL, [pair()], tmp_path, should_stop=stopping_after(11))
    lines = (tmp_path / "events.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_text("".join(lines[:-2]))  # the stop and epoch 2
    train(SMALL, [pair()], tmp_path, resume=True)
    epochs = [e.epoch for e in events.read(tmp_path) if isinstance(e, events.Epoch)]
    assert epochs == [0, 1, 2, 3]


def test_a_new_run_does_not_overwrite_an_old_one(tmp_path) -> None:
    train(override(SMALL, {"epochs": "1"}), [pair()], tmp_path)
    with pytest.raises(Problem, match="already holds a run"):
        train(SMALL, [pair()], tmp_path)


def test_the_article_is_validated_before_its_first_epoch_and_sees_patches_in_order(
    tmp_path, monkeypatch
) -> None:
    config = override(SMALL, {"residual": "false", "patches": "20", "augment": "false",
                              "schedule": "constant", "learning_rate": "1e-4"})  # fmt: skip
    seen: list[torch.Tensor] = []
    step = learner.Learner.step

    def watched(self, low, *rest, **words):
        seen.append(low.clone())
        return step(self, low, *rest, **words)

    monkeypatch.setattr(learner.Learner, "step", watched)
    told: list[events.Event] = []
    train(config, [pair()], tmp_path, on_event=told.append)
    assert isinstance(told[1], events.Epoch) and told[1].step == 0
    assert told[1].validation_mse > 10_000  # a direct network has to rebuild the image
    assert len(seen) == 15
    assert all(torch.equal(a, b) for a, b in zip(seen[:5], seen[5:10], strict=True))
    assert not torch.equal(seen[0], seen[1])


def test_a_run_goes_on_with_the_pairs_it_began_with_alone(tmp_path) -> None:
    train(SMALL, [pair()], tmp_path, should_stop=stopping_after(7))
    before = (tmp_path / split.NAME).read_bytes()
    other = pair()
    other.low[0, 3] += 1
    for pairs in ([pair(slices=7)], [other], [pair(), pair()]):
        with pytest.raises(Problem, match="The pairs are not those that the run began with"):
            train(SMALL, pairs, tmp_path, resume=True)
    assert (tmp_path / split.NAME).read_bytes() == before
    assert train(SMALL, [pair()], tmp_path, resume=True).how == "finished"
    assert (tmp_path / split.NAME).read_bytes() == before


def test_an_older_run_goes_on_with_its_own_split(tmp_path) -> None:
    """It says neither of which pairs it is nor keeps it the gap that is kept today."""
    train(SMALL, [pair()], tmp_path, should_stop=stopping_after(7))
    older = json.loads((tmp_path / split.NAME).read_text())
    del older["pairs"]
    older["train"][0]["slices"] = [0, 1, 2, 3]
    (tmp_path / split.NAME).write_text(json.dumps(older))
    assert train(SMALL, [pair()], tmp_path, resume=True).how == "finished"
    assert split.read(tmp_path).train[0].slices == (0, 1, 2, 3) and split.read(tmp_path).pairs


def test_a_time_budget_ends_the_run_and_its_schedule(tmp_path, monkeypatch) -> None:
    config = override(SMALL, {"time_budget_s": "1.0", "epochs": "1"})
    rates: list[float] = []
    step = learner.Learner.step
    monkeypatch.setattr(learner.Learner, "step", lambda self, low, full, rate, *rest, **words: (
        rates.append(rate), step(self, low, full, rate, *rest, **words))[1])  # fmt: skip
    told: list[events.Event] = []
    ended = train(config, [pair()], tmp_path, on_event=told.append)
    assert ended.how == "finished" and ended.epoch > 1
    assert isinstance(told[0], events.Started) and told[0].epochs is None
    assert 0.5 < told[-1].time - told[0].time < 5
    assert rates[-1] < 0.2 * max(rates)


def test_a_training_that_blows_up_keeps_its_last_good_epoch(tmp_path) -> None:
    config = override(SMALL, {"optimiser": "sgd", "learning_rate": "1", "residual": "false"})
    ended = train(config, [pair()], tmp_path)
    assert ended.how == "failed" and ended.epoch == 0
    assert "learning rate" in ended.sentence
    assert all(bool(t.isfinite().all()) for t in weights(tmp_path).values())


@pytest.mark.parametrize(("where", "batch_at"), [("step", 0), ("factors", 1)])
def test_out_of_memory_halves_the_batch_once(tmp_path, monkeypatch, where, batch_at) -> None:
    original = getattr(learner.Learner, where)

    def small_memory(self, *given, **words):
        if len(given[batch_at]) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return original(self, *given, **words)

    monkeypatch.setattr(learner.Learner, where, small_memory)
    told: list[events.Event] = []
    ended = train(SMALL, [pair()], tmp_path / "a", on_event=told.append)
    assert ended.how == "finished"
    notices = [e for e in told if isinstance(e, events.Notice)]
    assert len(notices) == 1 and "2 instead of 4 patches" in notices[0].sentence
    ended = train(override(SMALL, {"batch": "8"}), [pair()], tmp_path / "b")
    assert ended.how == "failed" and "smaller" in ended.sentence


def test_all_loss_terms_report_value_factor_and_gradient(tmp_path) -> None:
    names = {"mse", "mae", "charbonnier", "ssim", "ms_ssim", "gradient", "texture", "adversarial"}
    layers = ("block1_conv2", "block3_conv3")
    loss = Loss(**dict.fromkeys(names, 10), vgg=20, vgg_layers=layers, vgg_shares=(3, 1))
    config = SMALL.model_copy(update={"epochs": 1, "loss": loss})
    told: list[events.Event] = []
    train(config, [pair()], tmp_path, on_event=told.append)
    started, last = told[0], told[2]
    assert isinstance(started, events.Started) and isinstance(last, events.Epoch)
    names |= {f"vgg_{layer}" for layer in layers}
    assert set(started.factors) == set(last.terms) == set(last.gradients) == names
    assert all(value > 0 for value in last.gradients.values())


def test_images_that_are_not_in_hu_train_as_well(tmp_path) -> None:
    data = pair(unit="")
    told: list[events.Event] = []
    config = SMALL.model_copy(update={"epochs": 1, "loss": Loss(mse=50, vgg=50)})
    assert train(config, [data], tmp_path, on_event=told.append).how == "finished"
    assert isinstance(told[0], events.Started) and told[0].window != (40.0, 400.0)


def test_a_vgg_layer_too_deep_for_the_patch_is_a_sentence(tmp_path, monkeypatch) -> None:
    config = override(SMALL, {"patch": "8", "loss.vgg": "10"})
    from ctdenoise.losses.vgg import VggFeatures

    monkeypatch.setattr(VggFeatures, "smallest", 16)
    with pytest.raises(Problem, match="at least 16"):
        train(config, [pair()], tmp_path)


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path, monkeypatch) -> None:
    import errno

    train(SMALL, [pair()], tmp_path, should_stop=stopping_after(7))
    before = (tmp_path / checkpoint.NAME).read_bytes(), (tmp_path / state.NAME).read_bytes()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "checkpoint.safetensors.part")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(Problem, match="disk is full"):
        train(SMALL, [pair()], tmp_path, resume=True)
    assert before == (
        (tmp_path / checkpoint.NAME).read_bytes(),
        (tmp_path / state.NAME).read_bytes(),
    )


def test_the_estimate_grows_with_the_work() -> None:
    short, long = (override(SMALL, {"epochs": str(n), "steps_per_epoch": "100"}) for n in (1, 10))
    assert 0 < estimate_seconds(short) < estimate_seconds(long)
    assert estimate_seconds(override(SMALL, {"time_budget_s": "77"})) == 77


def test_real_slices(tmp_path, shared_data) -> None:
    """Quarter dose of two real slices: less noise after 40 steps, and CT numbers kept."""
    import pydicom

    from ctdenoise.dose.insertion import insert_noise

    files = sorted((shared_data / "ct" / "kits_00072").glob("*.dcm"))[4:9:2]
    read = [pydicom.dcmread(f) for f in files]
    hu = np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in read])
    full = np.maximum(hu, -1024).astype(np.float32)[:, 64:448, 64:448]
    low = insert_noise(full, tuple(map(float, read[0].PixelSpacing)), 0.25, seed=1, draws=2)
    data = Pair("kits", low, full, None, np.arange(3.0), patient="kits")
    config = override(Config(), {"layers": "4", "filters": "16", "epochs": "2", "batch": "8",
                                 "steps_per_epoch": "40", "device": "cpu"})  # fmt: skip
    told: list[events.Event] = []
    train(config, [data], tmp_path, on_event=told.append)
    last = told[-2]
    assert isinstance(last, events.Epoch) and last.psnr is not None
    assert last.validation_mse < 0.95 * last.low_mse
    first = told[1]
    assert isinstance(first, events.Epoch) and first.psnr is not None
    assert last.psnr > first.psnr and last.ssim > first.ssim
    assert math.isfinite(last.validation_mse)
