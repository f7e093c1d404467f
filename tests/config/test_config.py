"""The single record of a run: what it takes, what it refuses, and that nothing in it gets lost."""

import json
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ctdenoise.config.config import Config, override, parse, settings
from ctdenoise.config.loss import VGG_LAYERS, Loss
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.record import Group
from ctdenoise.errors import Problem
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.networks.spec import Activation

WEIGHTS = st.floats(0, 1e9)
LOSSES = st.builds(
    Loss,
    weighting=st.sampled_from(["influence", "factor"]),
    mse=st.floats(1e-6, 1e9),
    mae=WEIGHTS,
    vgg=WEIGHTS,
    vgg_layers=st.lists(st.sampled_from(VGG_LAYERS), min_size=1, unique=True).map(tuple),
    vgg_input=st.sampled_from(["imagenet", "article"]),
)
CONFIGS = st.builds(
    Config,
    layers=st.integers(2, 30),
    filters=st.integers(1, 256),
    kernel_size=st.sampled_from([1, 3, 5, 7, 9, 11]),
    stride=st.integers(1, 4),
    activation=st.sampled_from(Activation),
    residual=st.booleans(),
    loss=LOSSES,
    learning_rate=st.floats(0, 1, exclude_min=True),
    batch=st.integers(1, 256),
    epochs=st.integers(1, 1000),
    time_budget_s=st.none() | st.floats(0, 86_400, exclude_min=True),
    seed=st.integers(0, 2**31 - 1),
)


@given(CONFIGS)
def test_a_config_comes_back_from_json_as_it_was(config: Config) -> None:
    assert Config.model_validate_json(config.model_dump_json()) == config
    assert parse(json.loads(config.model_dump_json())) == config


@given(CONFIGS)
def test_overriding_every_setting_with_its_own_text_changes_nothing(config: Config) -> None:
    texts: dict[str, str] = {}
    for key, value in config.model_dump(mode="json").items():
        if key != "loss":
            texts[key] = value if isinstance(value, str) else json.dumps(value)
    for key, value in config.loss.model_dump(mode="json").items():
        plain = ",".join(map(str, value)) if isinstance(value, list) else value
        texts[f"loss.{key}"] = plain if isinstance(plain, str) else json.dumps(plain)
    assert override(Config(), texts) == config


def test_the_article_preset_is_the_recipe_of_the_article() -> None:
    article = PRESETS["article"]
    assert (article.layers, article.filters, article.kernel_size, article.stride) == (6, 64, 3, 1)
    assert (article.residual, article.activation) == (False, Activation.RELU)
    assert (article.optimiser, article.learning_rate) == ("adam", 1e-4)
    assert (article.schedule, article.augment) == ("constant", False)
    assert (article.patches, article.validation_patches, article.patch) == (2000, 1000, 30)
    assert (article.batch, article.steps_per_epoch, article.epochs) == (32, 62, 15)
    assert article.loss.weights() == {"mse": 100.0}


def test_each_vgg_layer_is_a_term_with_its_share() -> None:
    loss = Loss(mse=50, vgg=40, vgg_layers=("block3_conv3", "block1_conv2"), vgg_shares=(1, 3))
    assert loss.weights() == {"mse": 50, "vgg_block1_conv2": 30, "vgg_block3_conv3": 10}


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"loss": {"mse": 0}}, "at least one loss weight"),
        ({"loss": {"texture": -1}}, "greater than or equal to 0"),
        ({"loss": {"colour": 1}}, "colour is no loss term"),
        ({"loss": {"dial": ["colour"]}}, "should be 'mse' or"),
        ({"loss": {"vgg": 1, "vgg_layers": []}}, "at least one layer"),
        ({"loss": {"vgg_shares": [1, 2]}}, "one share for each"),
        ({"loss": {"vgg_shares": [0]}}, "share of a VGG16 layer must be above zero"),
        ({"loss": {"ssim": 10}, "patch": 10}, "patch size of 11"),
    ],
)
def test_a_loss_that_cannot_be_is_told_before_the_run(setting: dict, reason: str) -> None:
    with pytest.raises(Problem, match=reason):
        parse(setting)


def test_the_article_with_features_takes_raw_factors_and_its_own_vgg_input() -> None:
    loss = PRESETS["article-features"].loss
    assert loss.weights() == {"mse": 0.01, "vgg_block3_conv3": 1.0}
    assert (loss.weighting, loss.vgg_input) == ("factor", "article")
    assert loss.vgg_layers == ("block3_conv3",)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"layers": 0}, "layers"),
        ({"layers": 1000}, "layers"),
        ({"kernel_size": 4}, "kernel_size"),
        ({"network": "tree"}, "network"),
        ({"network": "unet", "layers": 3}, ""),
        ({"network": "unet", "layers": 4, "stride": 2}, ""),
        ({"stride": 0}, "stride"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"learning_rate": math.inf}, "learning_rate"),
        ({"time_budget_s": -1}, "time_budget_s"),
        ({"loss": {"mse": math.nan}}, "loss.mse"),
        ({"loss": {"mse": 0}}, "loss"),
        ({"loss": {"vgg": 1, "vgg_layers": []}}, "loss"),
        ({"loss": {"vgg_layers": ["block9_conv9"]}}, "loss.vgg_layers"),
        ({"activation": "step"}, "activation"),
        ({"device": "abacus"}, "device"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_sentence(values: dict, where: str) -> None:
    with pytest.raises(Problem) as told:
        parse(values)
    sentence = str(told.value)
    assert sentence.startswith(f"The setting {where}" if where else "These settings do not go to")
    assert sentence.endswith(".") and "\n" not in sentence


def test_overriding_reads_texts_as_people_type_them() -> None:
    texts = {
        "layers": "4",
        "learning_rate": "1e-3",
        "residual": "false",
        "activation": "gelu",
        "time_budget_s": "90",
        "loss.vgg": "20",
        "loss.vgg_layers": "block1_conv2,block3_conv2",
    }
    config = override(PRESETS["recommended"], texts)
    assert (config.layers, config.learning_rate, config.residual) == (4, 1e-3, False)
    assert (config.activation, config.time_budget_s) == (Activation.GELU, 90)
    assert config.loss.vgg == 20
    assert config.loss.vgg_layers == ("block1_conv2", "block3_conv2")
    assert override(config, {"time_budget_s": "null"}).time_budget_s is None


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", "many", "", "null", "[1]", "{"]
)
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="The setting learning_rate"):
        override(Config(), {"learning_rate": text})


@pytest.mark.parametrize("key", ["colour", "loss.colour", "layers.deep", "", ".", "loss"])
def test_a_setting_that_does_not_exist_is_told_with_those_that_do(key: str) -> None:
    with pytest.raises(Problem) as told:
        override(Config(), {key: "1"})
    assert f"The setting {key}" in str(told.value)


def test_every_setting_says_what_its_control_needs() -> None:
    for key, each in settings().items():
        assert each.title and each.sentence.endswith("."), key
        assert each.group in Group, key
    fields = {*Config.model_fields, *(f"loss.{name}" for name in Loss.model_fields)} - {"loss"}
    assert set(settings()) == fields | {f"loss.{name}" for name in LOSS_TERMS}


def test_the_weights_count_where_configs_are_compared() -> None:
    plain, grainy = Config(), Config(loss=Loss.model_validate({"texture": 5}))
    assert plain != grainy and hash(plain) != hash(grainy)
    again = plain.model_copy(update={"loss": plain.loss.model_copy(update={"texture": 5.0})})
    assert again == grainy and hash(again) == hash(grainy) and "texture=5.0" in repr(again)
    assert plain == Config()
    with pytest.raises(ValidationError, match="frozen"):
        grainy.loss.texture = 6.0  # type: ignore[attr-defined]


def test_vgg_layers_are_the_thirteen_convolutions_in_order() -> None:
    assert len(VGG_LAYERS) == 13 and list(VGG_LAYERS) == sorted(VGG_LAYERS)
    assert get_args(get_args(Loss.model_fields["vgg_layers"].annotation)[0]) == VGG_LAYERS
