"""Stash's job queue and hooks: tasks one after the other in the background, hooks at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import GraphQLError

from tests.servers.stash.log_feed import LogFeed
from tests.servers.stash.plugins import Hook, Plugin, Task, load_plugins
from tests.servers.stash.process_run import (
    DEFAULT_TIMEOUT,
    PluginProcess,
    PluginResult,
    PluginStartError,
    plugin_input,
)
from tests.servers.stash.subscriptions import Feed

REMEMBERED_JOBS = 10


@dataclass
class JobResult(PluginResult):
    """A finished job: its run, and what the job queue says of it."""

    id: str = ""
    description: str = ""
    status: str = "READY"


@dataclass
class HookResult(PluginResult):
    """A finished run of a hook."""

    plugin: str = ""
    hook: str = ""
    type: str = ""
    record_id: int = 0


@dataclass
class _Job:
    id: str
    description: str
    plugin: Plugin
    task: Task
    arguments: dict[str, Any]
    added: str
    status: str = "READY"
    progress: float | None = None
    started: str | None = None
    ended: str | None = None
    error: str | None = None
    process: PluginProcess | None = None
    result: PluginResult = field(default_factory=PluginResult)
    done: threading.Event = field(default_factory=threading.Event)

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "description": self.description,
            "subTasks": None,
            "progress": self.progress,
            "addTime": self.added,
            "startTime": self.started,
            "endTime": self.ended,
            "error": self.error,
        }


class StashPlugins:
    """The plugins of a server: their jobs, their hooks and their operations.

    `connection` mints what a plugin is told about the server, anew for each process; `stamp` gives the
    time as Stash writes it.
    """

    def __init__(
        self,
        directory: Path | None,
        connection: Callable[[Plugin], dict[str, Any]],
        stamp: Callable[[], str],
        python: str,
        working_directory: Path | None,
        environment: Mapping[str, str] | None,
        timeout: float = DEFAULT_TIMEOUT,
        python_of_tasks: Callable[[], str] | None = None,
    ) -> None:
        self.directory = directory
        self.timeout = timeout
        self.hooks_enabled = True
        self.loaded: list[Plugin] = []
        self.errors: list[str] = []
        self.hook_results: list[HookResult] = []
        self.log = LogFeed(stamp)
        self.job_feed = Feed()
        self._connection = connection
        self._stamp = stamp
        self._python = python
        self._python_of_tasks = python_of_tasks
        self._working_directory = working_directory
        self._environment = environment
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._running: _Job | None = None
        self._jobs: dict[str, _Job] = {}
        self._remembered: deque[str] = deque(maxlen=REMEMBERED_JOBS)
        self._live: set[PluginProcess] = set()
        self._closed = False
        self.reload()
        self._worker = threading.Thread(target=self._work, name="stash-jobs", daemon=True)
        self._worker.start()

    def python(self, is_hook: bool) -> str:
        """The interpreter of a hook, or of all else."""
        return self._python if is_hook or self._python_of_tasks is None else self._python_of_tasks()

    def reload(self) -> None:
        self.loaded, self.errors = load_plugins(self.directory) if self.directory else ([], [])

    def close(self) -> None:
        """Stop the queue and end every process that was started here and still runs."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            live = list(self._live)
            self._changed.notify_all()
        for process in live:
            process.kill()
        self._worker.join(5)

    def plugin(self, plugin_id: str | None = None) -> Plugin:
        """The plugin with this id; without one, the first."""
        for plugin in self.loaded:
            if plugin_id is None or plugin.id == plugin_id:
                return plugin
        reasons = "; ".join(self.errors) or f"none in {self.directory}"
        raise LookupError(f"no plugin {plugin_id or ''} is loaded: {reasons}")

    # -- jobs --------------------------------------------------------------------------------------

    def queue_task(
        self, plugin_id: str, task_name: str | None, description: str | None, args: dict[str, Any]
    ) -> str:
        """Put a task at the end of the queue; its job's id. Given arguments win over the task's own."""
        plugin = self.plugin(plugin_id)
        task = Task("") if task_name is None else plugin.task(task_name)
        if task is None:
            raise GraphQLError(f"no plugin task with name {task_name} found")
        with self._changed:
            job = _Job(
                id=str(len(self._jobs) + 1),
                description=f"Running plugin task: {description or task_name or plugin_id}",
                plugin=plugin,
                task=task,
                arguments={**task.default_args, **args},
                added=self._stamp(),
            )
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._tell("ADD", job)
            self._changed.notify_all()
        return job.id

    def job_queue(self) -> list[dict[str, Any]] | None:
        """The running job and those that wait; None if there is none."""
        with self._changed:
            running = [self._running] if self._running else []
            return [job.view() for job in (*running, *self._waiting)] or None

    def find_job(self, job_id: str) -> dict[str, Any] | None:
        """A job of the queue, or one of the last ten that ended."""
        with self._changed:
            job = self._jobs.get(job_id)
            forgotten = job is not None and job.ended is not None and job_id not in self._remembered
            return None if job is None or forgotten else job.view()

    def stop_job(self, job_id: str) -> bool:
        """A waiting job never starts; the process of a running one is killed at once."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is not None and job in self._waiting:
                self._waiting.remove(job)
                self._finish(job, "CANCELLED")
            elif job is not None and job is self._running:
                job.status = "STOPPING"
                self._tell("UPDATE", job)
                if job.process:
                    job.process.kill()
        return True

    def stop_all_jobs(self) -> bool:
        with self._changed:
            queue = [*self._waiting, *([self._running] if self._running else [])]
        for job in queue:
            self.stop_job(job.id)
        return True

    def wait_for_job(self, job_id: str, timeout: float | None = None) -> JobResult:
        """The result of a job once it has ended; TimeoutError if that takes too long."""
        job = self._jobs[job_id]
        if not job.done.wait(self.timeout if timeout is None else timeout):
            raise TimeoutError(f"job {job_id} ({job.description}) is still {job.status}")
        return JobResult(**vars(job.result), id=job.id, description=job.description, status=job.status)

    def running_job(self) -> str | None:
        """The id of the job whose process runs now."""
        with self._changed:
            return self._running.id if self._running and self._running.process else None

    # -- hooks and operations ------------------------------------------------------------------------

    def trigger(self, hook_type: str, record_id: int, hook_input: Any, fields: Collection[str]) -> None:
        if self.hooks_enabled:
            self.fire(hook_type, record_id, hook_input, fields)

    def fire(
        self, hook_type: str, record_id: int, hook_input: Any = None, fields: Collection[str] = ()
    ) -> list[HookResult]:
        """Run every hook with this trigger, one after the other; a process that cannot start ends it."""
        results = []
        context: dict[str, Any] = {"id": record_id, "type": hook_type, "input": hook_input}
        if fields:
            context["inputFields"] = list(fields)
        for plugin in self.loaded:
            for hook in plugin.hooks:
                if hook_type not in hook.triggered_by:
                    continue
                try:
                    results.append(self._run_hook(plugin, hook, context))
                except PluginStartError as error:
                    results.append(HookResult(error=str(error), plugin=plugin.id, type=hook_type))
                    self.hook_results.extend(results)
                    return results
        self.hook_results.extend(results)
        return results

    def run_operation(self, plugin_id: str, args: dict[str, Any]) -> Any:
        """Run a plugin at once, with these arguments only; its error is the query's error."""
        result = self.run(self.plugin(plugin_id), args)
        if result.error:
            raise GraphQLError(result.error)
        return result.output

    def run(self, plugin: Plugin, args: Mapping[str, Any], raw_stdin: bytes | None = None) -> PluginResult:
        """Run a plugin with any arguments, or with any bytes on its stdin."""
        return self._collect(self._start(plugin, Task(""), args, raw_stdin))

    # -- private -----------------------------------------------------------------------------------

    def _run_hook(self, plugin: Plugin, hook: Hook, context: dict[str, Any]) -> HookResult:
        arguments = {**hook.default_args, "hookContext": context}
        result = self._collect(self._start(plugin, hook, arguments))
        return HookResult(
            **vars(result), plugin=plugin.id, hook=hook.name, type=context["type"], record_id=context["id"]
        )

    def _start(
        self,
        plugin: Plugin,
        task: Task,
        arguments: Mapping[str, Any],
        raw_stdin: bytes | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> PluginProcess:
        stdin = plugin_input(self._connection(plugin), arguments) if raw_stdin is None else raw_stdin
        process = PluginProcess(
            plugin,
            stdin,
            exec_args=task.exec_args,
            python=self.python(is_hook=isinstance(task, Hook)),
            working_directory=self._working_directory,
            environment=self._environment,
            on_progress=on_progress,
            on_line=self.log.of_plugin(plugin.name),
        )
        with self._changed:
            self._live.add(process)
            if self._closed:
                process.kill()
        return process

    def _collect(self, process: PluginProcess) -> PluginResult:
        try:
            return process.wait(self.timeout)
        finally:
            with self._changed:
                self._live.discard(process)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    return
                job = self._running = self._waiting.popleft()
                job.status, job.started = "RUNNING", self._stamp()
                self._tell("UPDATE", job)
            self._run_job(job)

    def _run_job(self, job: _Job) -> None:
        """A task that reports an error still ends FINISHED: only one that cannot start has FAILED."""

        def on_progress(progress: float) -> None:
            job.progress = progress
            self._tell("UPDATE", job)

        try:
            process = self._start(job.plugin, job.task, job.arguments, on_progress=on_progress)
        except PluginStartError as error:
            job.error = job.result.error = str(error)
            with self._changed:
                self._finish(job, "FAILED")
            return
        with self._changed:
            job.process = process
            if job.status == "STOPPING":
                process.kill()
            self._changed.notify_all()
        job.result = self._collect(process)
        if job.result.error and job.status != "STOPPING":
            self.log.write("error", f"Plugin returned error: {job.result.error}")
        with self._changed:
            self._finish(job, "CANCELLED" if job.status == "STOPPING" else "FINISHED")

    def _tell(self, what: str, job: _Job) -> None:
        self.job_feed.tell({"type": what, "job": job.view()})

    def _finish(self, job: _Job, status: str) -> None:
        job.status, job.ended = status, self._stamp()
        if job is self._running:
            self._running = None
        self._remembered.append(job.id)
        self._tell("REMOVE", job)
        job.done.set()
        self._changed.notify_all()

    def wait_until_running(self, job_id: str, timeout: float = 10.0) -> None:
        """Wait until the process of a job has been started (or the job has ended)."""
        job = self._jobs[job_id]
        end = time.monotonic() + timeout
        with self._changed:
            started = self._changed.wait_for(
                lambda: job.process is not None or job.done.is_set(), end - time.monotonic()
            )
        if not started:
            raise TimeoutError(f"job {job_id} has not started")
