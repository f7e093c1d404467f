"""Codes that people type, of letters that are not mistaken for others, and hashes of secrets."""

import hashlib
import secrets

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without I, L, 1, O and 0."""
CODE_LETTERS = 6
"""Of a class."""
PERSONAL_LETTERS = 8
"""Of a person, to come back by."""


def fresh(letters: int) -> str:
    """A code that nobody can foresee."""
    return "".join(secrets.choice(LETTERS) for _ in range(letters))


def spelled(code: str) -> str:
    """A code as it is written here, however it was typed.

    >>> spelled(" k7q-wxm ")
    'K7QWXM'
    """
    return "".join(letter for letter in code.upper() if letter.isalnum())


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
