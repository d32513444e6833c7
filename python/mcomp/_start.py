"""Ctrl-C while the program ``mcomp`` is still being imported, and once it has finished.

Importing takes a moment in which an interrupt would print a traceback from the middle of some
module. So this module comes first, and where the process is the command line, it lets an interrupt
end the process as the command line does. In every other program it does nothing.
"""

import os
import signal
import sys
import threading

EXIT_INTERRUPTED = 130


def _is_program() -> bool:
    """Tell whether this process is ``mcomp`` or ``python -m mcomp``."""
    name = sys.argv[0] if sys.argv else ""
    if name == "-m":  # what argv says while the package of ``python -m`` is imported
        words = sys.orig_argv
        return "mcomp" in words and words[words.index("mcomp") - 1] == "-m"
    return name.rpartition(os.sep)[2] == "mcomp"


def _leave(number: int, frame: object) -> None:
    os.write(2, b"mcomp: error: interrupted\n")
    os._exit(EXIT_INTERRUPTED)  # nothing was begun yet


_guarded = (
    _is_program()
    and threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
)
if _guarded:
    signal.signal(signal.SIGINT, _leave)


def imported() -> None:
    """Let an interrupt raise KeyboardInterrupt from now on."""
    if _guarded:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def finished() -> None:
    """Ignore interrupts from now on: the answer is given, the interpreter only has to leave."""
    if _guarded:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
