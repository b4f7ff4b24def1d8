import os
import signal

from webnas.work.shutdown import SharedFlag


def forked(work) -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(work())
    return pid


def exit_status(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_children_see_a_flag_that_is_set_after_the_fork():
    flag, (ready, go) = SharedFlag(), os.pipe()
    pid = forked(lambda: int(os.read(ready, 1) == b"!" and flag.is_set()))
    flag.set()
    os.write(go, b"!")
    assert exit_status(pid) == 1


def test_a_child_that_is_killed_while_it_looks_blocks_nobody():
    flag = SharedFlag()

    def look_forever() -> int:
        while not flag.is_set():
            pass
        return 0

    pid = forked(look_forever)
    os.kill(pid, signal.SIGKILL)
    exit_status(pid)
    flag.set()
    assert flag.is_set()
    flag.clear()
    assert not flag.is_set()
