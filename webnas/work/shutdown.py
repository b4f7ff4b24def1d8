"""The flag that asks running slices to stop, shared by a worker and its forked children."""

import mmap


class SharedFlag:
    """One byte that a process and the children that it forks see alike.

    There is no lock in it: a child that is killed while it looks leaves nothing locked, which a
    `multiprocessing.Event` would.
    """

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)  # anonymous and shared

    def set(self) -> None:
        self._byte[0] = 1

    def clear(self) -> None:
        self._byte[0] = 0

    def is_set(self) -> bool:
        return self._byte[0] == 1


# Set in the worker's parent when it is told to stop; its children look at it after each batch.
requested = SharedFlag()
