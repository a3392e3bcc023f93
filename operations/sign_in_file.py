"""What is kept of a sign-in to Plex until its token is saved, or an hour: a file for its owner only.

Each operation is a process of its own, so a sign-in that goes on while a person is at another page has to
be written down. The token goes from here into Stash's settings, and never to the page.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from operations.context import Context
from operations.exceptions import OperationRefused
from plex.exceptions import SignInExpired
from stash import log

NAME = "sign-in.json"
# Seconds.
LASTS = 3600.0


@dataclass(frozen=True)
class SignIn:
    """A sign-in that was begun; `name` is that by which the page knows it, `token` empty until it is done."""

    name: str
    pin_id: str
    code: str
    begun_at: float
    token: str = ""


class SignInFile:
    """The latest sign-in of this data folder; the one before it is forgotten."""

    def __init__(self, data_dir: str) -> None:
        self._path = os.path.join(data_dir, NAME)

    def begin(self, pin_id: str, code: str) -> SignIn:
        """Keep a new one. Raises OSError."""
        sign_in = SignIn(secrets.token_urlsafe(16), pin_id, code, time.time())
        self.keep(sign_in)
        return sign_in

    def keep(self, sign_in: SignIn) -> None:
        """Write it down in one step. Raises OSError."""
        folder = os.path.dirname(self._path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # Made for its owner only.
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=NAME)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(sign_in), file)
        os.replace(draft, self._path)

    def read(self, now: float) -> SignIn | None:
        """The sign-in; None, and no file, where there is none that is still good. Raises OSError."""
        try:
            with open(self._path, encoding="utf-8") as file:
                sign_in = _sign_in_in(json.load(file))
        except FileNotFoundError:
            return None
        except ValueError:
            sign_in = None
        if sign_in is None or not 0 <= now - sign_in.begun_at < LASTS:
            self.forget()
            return None
        # From here on neither log nor answer holds it.
        log.keep_secret(sign_in.token)
        return sign_in

    def forget(self) -> None:
        """Take it away. Raises OSError."""
        with suppress(FileNotFoundError):
            os.remove(self._path)

    def forget_if_old(self, now: float) -> None:
        """Take it away where it is too old, whoever asks for whatever."""
        with suppress(OSError):
            if not 0 <= now - os.stat(self._path).st_mtime < LASTS:
                self.forget()


def token_of_sign_in(context: Context) -> str:
    """The token of a sign-in that is done and not saved. Raises OperationRefused where there is none."""
    sign_in = SignInFile(context.data_dir).read(context.now)
    if sign_in is None or not sign_in.token:
        raise OperationRefused(str(SignInExpired()), setting="plex_token")
    return sign_in.token


def _sign_in_in(content: object) -> SignIn | None:
    if not isinstance(content, Mapping):
        return None
    values: dict[str, Any] = {key: content.get(key) for key in SignIn.__dataclass_fields__}
    begun_at = values.pop("begun_at")
    if not isinstance(begun_at, (int, float)) or not all(isinstance(one, str) for one in values.values()):
        return None
    return SignIn(begun_at=float(begun_at), **values)
