"""A stack for as long as a block runs: for commands that show or measure something on their own."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.java import find_java
from deploy.local.launch import Plan, halt, start
from deploy.local.layout import Layout
from deploy.local.maven import fetch_jars
from deploy.local.narrate import Narrator
from deploy.local.stack import cache_of
from schemas.settings import load_settings


@contextmanager
def stack_for(name: str, folder: Path | None = None, *, keep: bool = False) -> Iterator[Path]:
    """Give the folder of a running stack; end it afterwards, however the block ends.

    Without `folder` its data lies in a temporary one, which goes too. `keep`: leave the stack
    running if the block succeeds. Raises what `start` raises.
    """
    temporary = None if folder else Path(tempfile.mkdtemp(prefix=f"feedloop-{name}-"))
    data = folder or temporary
    assert data is not None
    layout = Layout(data.absolute())
    narrator = Narrator()
    # Ends as Ctrl-C does, also where the shell started us in the background with SIGINT ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    done = False
    try:
        layout.prepare()
        find_java()
        fetch_jars(cache_of(load_settings()), narrator.say)
        start(layout, Plan(follow_parent=not keep), narrator.watch)
        yield data
        done = True
    finally:
        if not (keep and done):
            narrator.say("stopping")
            halt(layout)
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
