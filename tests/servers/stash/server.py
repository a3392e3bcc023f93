"""A Stash for tests: real schema, real HTTP, real plugin processes, on made-up data in memory."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

from tests.servers.odd_answers import OddAnswers
from tests.servers.stash.faults import Faults
from tests.servers.stash.http import Request, StashHTTPServer
from tests.servers.stash.jobs import HookResult, JobResult, StashPlugins
from tests.servers.stash.library import StashLibrary, current_time
from tests.servers.stash.mutations import MUTATIONS
from tests.servers.stash.plugins import Plugin
from tests.servers.stash.process_run import PluginResult
from tests.servers.stash.queries import QUERIES, VERSION, RequestContext
from tests.servers.stash.schema import Answering, Document, DocumentCache
from tests.servers.stash.sessions import Sessions, cookie_document

DOCUMENTS = DocumentCache({**QUERIES, **MUTATIONS})


class StashServer:
    """A Stash on 127.0.0.1, to be used as a context manager.

    With `credentials` every request needs a session cookie or the `api_key`. `plugins_dir` is the folder
    whose plugins are loaded and run by the interpreter `python` (all but hooks by `python_of_tasks`, where
    one is given), with `environment` added to this process's. `latency` (seconds) comes before every answer.
    `failing_scenes` are scenes that cannot be read; `malformed_scenes` are functions by scene id that spoil
    the scene's JSON in place (or return another value), in answers that use neither directives nor arguments
    below a root field.
    """

    def __init__(
        self,
        library: StashLibrary,
        *,
        credentials: bool = False,
        plugins_dir: Path | None = None,
        config_dir: Path | None = None,
        port: int = 0,
        python: str = sys.executable,
        python_of_tasks: Callable[[], str] | None = None,
        environment: Mapping[str, str] | None = None,
        latency: float = 0.0,
        timeout: float = 120.0,
    ) -> None:
        self.library = library
        self.credentials = credentials
        self.api_key = ""
        # Where it looks for videos.
        self.folders = ["/data"]
        self.latency = latency
        # What the header Date goes by; the library has a clock of its own for its timestamps.
        self.now = current_time
        self.external_host: str | None = None
        self.version = VERSION
        self.sessions = Sessions()
        self.faults = Faults()
        self.odd_answers = OddAnswers()
        self.requests: list[Request] = []
        self.crashes: list[Exception] = []
        self.plugin_settings: dict[str, dict[str, Any]] = {}
        # The folder with Stash's own page; without one there is none.
        self.page: Path | None = None
        # The bodies of all answers to browsers, but for the page's own files.
        self.sent_to_browsers: list[bytes] = []
        self.malformed_scenes: dict[int, Callable[[dict[str, Any]], Any]] = {}
        self.failing_scenes: set[int] = set()
        self.documents = DOCUMENTS
        self._cleanup = ExitStack()
        folder = config_dir or self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="stash-"))
        self.config_dir = Path(folder).resolve()
        self._http = StashHTTPServer(self, port)
        self.port: int = self._http.server_address[1]
        self._listen()
        self.plugins = StashPlugins(
            None if plugins_dir is None else Path(plugins_dir).absolute(),
            connection=self.server_connection,
            stamp=library.timestamp,
            python=python,
            python_of_tasks=python_of_tasks,
            working_directory=self.config_dir,
            environment=environment,
            timeout=timeout,
        )

    def __enter__(self) -> StashServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def max_session_age(self) -> float:
        """Seconds until a session cookie expires; as in Stash an hour, unless changed."""
        return self.sessions.max_age

    @max_session_age.setter
    def max_session_age(self, seconds: float) -> None:
        self.sessions.max_age = seconds

    @property
    def clock(self) -> Callable[[], float]:
        """The clock (seconds) by which sessions expire; replaceable."""
        return self.sessions.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self.sessions.clock = clock

    @property
    def last_hooks(self) -> list[HookResult]:
        """The hooks that have run since the start or since `clear_requests`, in order."""
        return self.plugins.hook_results

    def close(self) -> None:
        """End jobs, processes and connections."""
        self.faults.clear()
        self.odd_answers.clear()
        self.plugins.close()
        self.stop_listening()
        self._cleanup.close()

    def stop_listening(self) -> None:
        """Refuse connections, as a Stash that is not running; open ones are closed."""
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._http.connections):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def start_listening(self) -> None:
        """Listen again, on the same port."""
        self._http = StashHTTPServer(self, self.port)
        self._listen()

    def _listen(self) -> None:
        serve = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        serve.start()

    # -- what a client sees --------------------------------------------------------------------------

    def server_connection(self, plugin: Plugin | None = None) -> dict[str, Any]:
        """What a plugin is told about this server, with a session of its own."""
        loaded = getattr(self, "plugins", None)
        if plugin is None and loaded and loaded.loaded:
            plugin = loaded.loaded[0]
        directory = plugin.directory if plugin else self.config_dir / "plugins"
        return {
            "Scheme": "http",
            "Host": "0.0.0.0",
            "Port": self.port,
            "SessionCookie": cookie_document(self.sessions.mint()),
            "Dir": str(self.config_dir),
            "PluginDir": str(directory),
        }

    def answer(
        self, document: Document, variables: Mapping[str, Any] | None, base_url: str
    ) -> dict[str, Any]:
        """The answer to a document: queries see one state of the library, mutations leave it to hooks."""
        context = RequestContext(
            library=self.library,
            base_url=base_url,
            plugins=self.plugins,
            plugin_settings=self.plugin_settings,
            api_key=self.api_key,
            folders=self.folders,
            version=self.version,
            failing_scenes=self.failing_scenes,
        )
        with nullcontext() if document.is_mutation else self.library.lock:
            return document.answer(variables, Answering(context, self.malformed_scenes))

    def clear_requests(self) -> None:
        self.requests.clear()
        self.plugins.hook_results.clear()

    def request_counts(self) -> dict[str, int]:
        """How often each root field was asked for; other requests count by their path."""
        return dict(Counter(request.operation or request.path for request in list(self.requests)))

    # -- running plugins -----------------------------------------------------------------------------

    def start_task(self, name: str, args: dict[str, Any] | None = None, plugin_id: str | None = None) -> str:
        """Queue a task, as its button does; the id of its job."""
        if plugin_id is None:
            owners = [plugin.id for plugin in self.plugins.loaded if plugin.task(name)]
            plugin_id = owners[0] if owners else self.plugins.plugin().id
        return self.plugins.queue_task(plugin_id, name, None, dict(args or {}))

    def wait_for_job(self, job_id: str, timeout: float | None = None) -> JobResult:
        return self.plugins.wait_for_job(job_id, timeout)

    def run_task(
        self, name: str, args: dict[str, Any] | None = None, timeout: float | None = None
    ) -> JobResult:
        """Queue a task and wait for its end."""
        return self.wait_for_job(self.start_task(name, args), timeout)

    def wait_for_jobs(self, timeout: float | None = None) -> list[JobResult]:
        """Wait until the queue is empty, jobs that were added meanwhile included."""
        results = []
        while queue := self.plugins.job_queue():
            results.append(self.wait_for_job(queue[0]["id"], timeout))
        return results

    def fire_hook(self, hook_type: str, record_id: int, input: Any = None) -> HookResult:
        """Run the hooks with this trigger; the result of the first."""
        results = self.plugins.fire(
            hook_type, record_id, input, list(input) if isinstance(input, dict) else ()
        )
        if not results:
            raise LookupError(f"no loaded plugin has a hook for {hook_type}")
        return results[0]

    def run_plugin(
        self, args: Mapping[str, Any], raw_stdin: bytes | None = None, plugin_id: str | None = None
    ) -> PluginResult:
        """Run a plugin with any arguments, or with any bytes as its whole input."""
        return self.plugins.run(self.plugins.plugin(plugin_id), args, raw_stdin)
