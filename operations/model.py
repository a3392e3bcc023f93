"""The types that every operation's request and result are made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """What the page sends with an operation; what else it sends is ignored, as the envelope is."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Result(BaseModel):
    """What the page gets: every field is always there, null where nothing is known."""

    model_config = ConfigDict(frozen=True)


class Nothing(Request):
    """For an operation that needs to be told nothing."""


class Problem(Result):
    """A problem inside a result: one plain sentence, with what to do."""

    text: str
    setting: str | None = None
    scene_id: int | None = None
    task: str | None = None
