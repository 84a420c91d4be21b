"""Names of things in a session: a word that says what it is, and 21 characters nobody guesses."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 21


def new_id(kind: str) -> str:
    """Such as `item_8sJ2kV0qYb1xTz7mWc4nD`."""
    return f"{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
