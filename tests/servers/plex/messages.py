"""The shapes of requests and answers, and what a Plex test server remembers of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message

from tests.servers.plex.behaviour import error_page
from tests.servers.plex.listing import Argument, parse_query


@dataclass
class Request:
    """One request as it came in."""

    method: str
    target: str
    headers: Message
    body: bytes = b""
    # Give only half of the page that is asked for.
    halved: bool = False
    # Whose token came with it: the owner's account is the first one.
    account: int = 1
    path: str = ""
    arguments: list[Argument] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path, _, query = self.target.partition("?")
        self.arguments = parse_query(query)

    @property
    def query(self) -> dict[str, str]:
        """The arguments by name; the last of a name counts."""
        return {argument.name: argument.value for argument in self.arguments}

    def plex_value(self, name: str) -> str | None:
        """An `X-Plex-…` value, which may come as a header or as an argument."""
        value = self.headers.get(name)
        if value is not None:
            return value
        return next((one.value for one in self.arguments if one.name.lower() == name.lower()), None)

    def plex_number(self, name: str) -> int | None:
        """The same as a number."""
        value = self.plex_value(name)
        return int(value) if value and value.isdigit() else None

    @property
    def wants_json(self) -> bool:
        """Tell whether the client asked for JSON."""
        return "application/json" in (self.headers.get("Accept") or "")


@dataclass
class Response:
    """One answer; an empty one is what Plex says when an action has succeeded."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)


def content_type(request: Request) -> str:
    """In which form a document is sent to whoever asks like this."""
    return "application/json" if request.wants_json else "text/xml;charset=utf-8"


def error(status: int, *, at_root: bool = False) -> Response:
    """An error as Plex says it."""
    return Response(status, error_page(status, at_root=at_root))


@dataclass(frozen=True)
class RecordedWrite:
    """An edit that was applied: to which items, with which arguments."""

    when: float
    rating_keys: tuple[int, ...]
    arguments: dict[str, str]
    whole_library: bool = False


@dataclass(frozen=True)
class RecordedUpload:
    """An image that was uploaded."""

    when: float
    rating_key: int
    kind: str
    sha1: str
    size: int


@dataclass(frozen=True)
class RecordedRequest:
    """A request that came in, whatever became of it; the status is 0 where no answer was sent."""

    when: float
    method: str
    path: str
    query: dict[str, str]
    has_token: bool
    token_in_query: bool
    start: int | None
    size: int | None
    status: int
