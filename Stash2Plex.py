"""The plugin's single entry: Stash starts it for every task and every hook, with JSON on standard input.

Python compiles this file anew at each start and keeps the byte code of what it imports, so nearly nothing
stands here. A hook is answered by sync_queue.hook alone. All else, and the names that others use of this
module, stand in tasks.py, which runs in this module's namespace.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tasks import *  # noqa: F403
    from tasks import run_as_script

_HERE = os.path.dirname(os.path.realpath(__file__))
if _HERE not in sys.path:
    sys.path.insert(0, _HERE)

_raw = None
if __name__ == "__main__":
    from sync_queue.hook import is_answered

    _raw = sys.stdin.buffer.read()
    try:
        _is_answered = is_answered(_raw, _HERE)
    except Exception:  # noqa: BLE001 - main, below, meets it again and finds words for it
        _is_answered = False
    if _is_answered:
        sys.stdout.write('{"output": "ok"}')
        sys.stdout.flush()
        # Without the interpreter's own clean-up: there is nothing to clean up, and Stash waits.
        os._exit(0)

from importlib.machinery import SourceFileLoader  # noqa: E402

_tasks = SourceFileLoader("tasks", os.path.join(_HERE, "tasks.py")).get_code("tasks")
assert _tasks is not None
exec(_tasks, globals())
if _raw is not None:
    run_as_script(_raw)
