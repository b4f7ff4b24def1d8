"""The flag that asks running slices to stop, shared by a worker and its forked children."""

import multiprocessing

# Set in the worker's parent when it is told to stop; its children look at it after each batch.
requested = multiprocessing.get_context("fork").Event()
