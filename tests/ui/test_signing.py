"""Signing on: the identity opens its workspace on every device, and leaves none of it behind."""

from typing import Any

import pytest
import streamlit as st
from apptest import labelled, opened
from classroom import Who, somebody

from ctdenoise.ui import session, signing
from ctdenoise.workspace import classes, devices

pytestmark = pytest.mark.usefixtures("on_the_spot")


class User(dict[str, Any]):
    """What stands in for ``st.user``."""

    @property
    def is_logged_in(self) -> bool:
        return bool(self)


ANN = User(iss="https://idp.example", sub="42", given_name="Ann", email="ann@example.org")


@pytest.fixture(autouse=True)
def who(monkeypatch: pytest.MonkeyPatch) -> Who:
    return somebody(monkeypatch)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "configured", lambda: True)


def signed(monkeypatch: pytest.MonkeyPatch, user: User) -> None:
    monkeypatch.setattr(st, "user", user)


def test_nobody_signs_on_where_that_is_not_configured() -> None:
    assert not signing.configured() and session.workspace() == "a" * 32
    assert signing.given_name() == ""
    assert not [each for each in opened("Class").button if each.label.startswith("Sign")]


def test_an_identity_opens_its_workspace_on_every_device(
    who: Who, configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(monkeypatch, User())
    assert session.workspace() == "a" * 32
    signed(monkeypatch, ANN)
    mine = session.workspace()
    assert mine not in ("a" * 32, "b" * 32) and "ann" not in mine and len(mine) == 32
    assert devices.workspace_of("a" * 32) == mine  # as pictures and files find it
    who("b")
    assert session.workspace() == mine
    signed(monkeypatch, User(iss="https://other.example", sub="42"))
    assert session.workspace() != mine
    signed(monkeypatch, User())
    assert session.workspace() == devices.workspace_of("b" * 32) == "b" * 32
    who("a")
    assert session.workspace() == "a" * 32


def test_who_came_back_by_a_personal_code_stays_where_nobody_signs_on(
    configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(monkeypatch, User())
    devices.bind("a" * 32, "c" * 32)
    assert session.workspace() == "c" * 32


def test_an_identity_without_a_subject_opens_nothing_new(
    configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(monkeypatch, User(iss="https://idp.example"))
    assert session.workspace() == "a" * 32


def test_a_class_calls_one_by_the_given_name_unless_one_chooses_another(
    configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = classes.create("tess", "A", "article")
    signed(monkeypatch, User())
    assert labelled(opened("Class").button, "Sign in")
    signed(monkeypatch, ANN)
    app = opened("Class", code=made.code)
    assert labelled(app.button, "Sign out")
    assert labelled(app.text_input, "What may the class call you?").value == "Ann"
