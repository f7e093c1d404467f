"""Signing on by OpenID Connect, where the operator has configured it (``[auth]`` in Streamlit's
secrets): the identity opens a workspace of its own, on every device on which it is signed on."""

import hashlib
from functools import cache

import streamlit as st

from ctdenoise.workspace import devices

MARK = "u"
"""Begins the workspace of an identity; a device's own begins with a hexadecimal digit."""


@cache
def configured() -> bool:
    """Whether people can sign on here."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # there are no secrets at all
        return False


def workspace_of(device: str) -> str:
    """The workspace that this session opens: that of who is signed on, else that of the device. It
    is written down, so that pictures and files, which ask by cookie alone, find the same."""
    found = devices.workspace_of(device)
    if not configured():
        return found
    wanted = _identity()
    if wanted is None and found.startswith(MARK):  # signed off
        wanted = device
    if wanted is not None and wanted != found:
        devices.bind(device, wanted)
        return wanted
    return found


def given_name() -> str:
    """What who is signed on is called; empty where nobody is."""
    if not configured() or not st.user.is_logged_in:
        return ""
    return str(st.user.get("given_name") or st.user.get("name") or "")


def offer() -> None:
    """The button to sign on, or off, where that is possible."""
    if not configured():
        return
    if st.user.is_logged_in:
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
    else:
        st.button("Sign in", icon=":material/login:", on_click=st.login)


def _identity() -> str | None:
    """The workspace of who is signed on: nobody can guess it, and it says nothing of them."""
    if not st.user.is_logged_in:
        return None
    issuer, subject = st.user.get("iss"), st.user.get("sub")
    if not issuer or not subject:
        return None
    told = f"{issuer}\n{subject}".encode()
    return MARK + hashlib.sha256(told).hexdigest()[:31]
