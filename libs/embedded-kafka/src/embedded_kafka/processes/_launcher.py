"""Becomes another program that cannot outlive the process that started it.

Run as ``python -I -S _launcher.py MODE PARENT_PID READY_FD PIPE_FD ARGV...``; stands alone because it runs
before ``site`` and is replaced by ``ARGV`` with ``execvp``, so that the pid the parent knows is the program's own.

``pdeathsig`` (Linux): the kernel sends SIGKILL when the *thread* that forked us ends (prctl(2), PR_SET_PDEATHSIG).
``watch`` (any POSIX): a forked watcher reads a pipe whose only write end is in the parent; end of file means that the
parent is gone.

A byte on READY_FD tells the parent that the tie holds: a child that was frozen before would escape it.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent_by_kernel(parent: int, ready: int) -> None:
    """Ask the kernel for SIGKILL at the parent's death; the check after it covers a parent that died before."""
    import ctypes  # noqa: PLC0415  # only here: it costs start-up time and the other mode does without

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl(PR_SET_PDEATHSIG): {os.strerror(error)}")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    os.write(ready, b"1")


def die_with_parent_by_pipe(pipe: int, ready: int) -> None:
    """Fork a watcher of the pipe; the caller goes on to become the program."""
    program = os.getpid()
    if os.fork() != 0:
        os.close(pipe)
        return
    # A session of its own: SIGSTOP or SIGKILL of the program's group must not silence its watcher.
    os.setsid()
    os.write(ready, b"1")
    for fd in (0, 1, 2, ready):
        os.close(fd)
    os.read(pipe, 1)
    # The parent also closes its end after it has reaped the program; then we have been reparented, and the pid may
    # already belong to somebody else.
    if os.getppid() == program:
        os.killpg(program, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Tie this process to its parent, then become the program."""
    mode, argv = sys.argv[1], sys.argv[5:]
    parent, ready, pipe = map(int, sys.argv[2:5])
    if mode == "pdeathsig":
        die_with_parent_by_kernel(parent, ready)
    else:
        die_with_parent_by_pipe(pipe, ready)
    os.close(ready)
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # becoming another program is the point
    except OSError as error:
        sys.stderr.write(f"cannot run {argv[0]}: {error.strerror}\n")
        sys.exit(127)


main()
