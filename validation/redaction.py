"""Keeping secrets out of the log, whatever text they turn up in."""

from __future__ import annotations

import logging
from urllib.parse import quote


class Redaction(logging.Filter):
    """A filter for a logger that replaces a secret, as it is or as part of an URL, with “***”."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._forms = tuple(form for form in (quote(secret, safe=""), secret) if form)

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record; it is always let through."""
        if isinstance(record.msg, str):
            record.msg, record.args = self.clean(record.getMessage()), None
        return True

    def clean(self, text: str) -> str:
        """The text without the secret."""
        for form in self._forms:
            text = text.replace(form, "***")
        return text
