"""Timing the models of a kit so that noise of the machine does little harm.

The models are shuffled anew for each pass, so that a burst of load or a change of clock spreads
over all of them. With one thread the clock is the CPU time of that thread, which does not count
what other processes take; with more it is wall time. Noise adds time, so a pass counts by its fast
runs and a model by its fast passes: the lower decile of the runs, then the lower quartile of the
passes. The plain minimum is not safe: virtual machines now and then credit a thread with 10 us too
little (seen: 10 instead of 20 us in one of 6 passes). The difference between the even and the odd
passes says how repeatable the times are; measuring ends when it is small enough, or at the cap.
"""

from __future__ import annotations

import random
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

WARM_UPS = 3
MIN_RUNS, MAX_RUNS = 4, 120  # of one model in one pass
MIN_PASSES, MAX_PASSES = 6, 24  # even, so that both halves are equally long
PASS_NS = 20_000_000  # aimed at per model and pass
REPEAT_GOAL = 0.01  # split-half difference of the median row at which measuring ends
NOISY = 0.03  # and above which the times are called noisy

Clock = Callable[[], int]
Progress = Callable[[int, int], None]
Item = Dict[str, Any]  # one row of the manifest


class Subject(NamedTuple):
    """A model that is ready to be timed: `call` runs it once on the arrays in `feeds`."""

    item: Item
    session: Any
    feeds: Dict[str, Any]
    call: Callable[[], Any]


class Timing(NamedTuple):
    """All times of one model: a list of passes, each a list of runs, in nanoseconds."""

    item: Item
    passes: List[List[int]]

    def samples(self) -> List[int]:
        """One time per pass: the lower decile of its runs."""
        return [lower(runs, 0.1) for runs in self.passes]

    def best_ms(self) -> float:
        return max(lower(self.samples(), 0.25), 1) / 1e6


def lower(values: List[int], share: float) -> int:
    """Returns the value that this share of the others does not exceed; of few the smallest."""
    return sorted(values)[int(share * len(values))]


def choose_clock(threads: int) -> Tuple[str, Clock]:
    """Returns ("cpu", thread CPU time) for one thread where the system counts it finely.

    Otherwise ("wall", monotonic time).
    """
    fine = time.get_clock_info("thread_time").resolution <= 1e-6
    if threads == 1 and fine:
        return "cpu", time.thread_time_ns
    return "wall", time.perf_counter_ns


def open_session(model: Union[str, bytes], threads: int) -> Any:
    """Returns the ONNX Runtime session of a model, a file or its bytes, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64}


def random_inputs(session: Any, seed: int) -> Dict[str, Any]:
    """Returns one array per input of the session: normal floats, zeros for anything else."""
    rng = np.random.default_rng(seed)
    feeds = {}
    for value in session.get_inputs():
        dtype = TYPES[value.type]
        shape = sizes(value)
        array = rng.standard_normal(shape) if dtype != np.int64 else np.zeros(shape)
        feeds[value.name] = array.astype(dtype)
    return feeds


def sizes(value: Any) -> List[int]:
    """Returns the shape of an input or output, 1 for what is left open."""
    return [size if isinstance(size, int) else 1 for size in value.shape]


def bound_call(session: Any, feeds: Dict[str, Any]) -> Callable[[], Any]:
    """Returns a call that reads and writes memory set aside before.

    As inside a network: a plain call makes a new output array each time and fills it, which for a
    large map costs as much as the block (with it the sum of blocks was 8 instead of 12 % too
    large for small networks).
    """
    from onnxruntime import OrtValue

    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_ortvalue_input(name, OrtValue.ortvalue_from_numpy(array))
    for value in session.get_outputs():
        place = OrtValue.ortvalue_from_shape_and_type(sizes(value), TYPES[value.type])
        binding.bind_ortvalue_output(value.name, place)
    return lambda: session.run_with_iobinding(binding)


def prepare(item: Item, model: bytes, threads: int) -> Subject:
    """Returns the model of a manifest row, loaded and with inputs."""
    session = open_session(model, threads)
    feeds = random_inputs(session, seed=0)
    return Subject(item, session, feeds, bound_call(session, feeds))


def time_once(call: Callable[[], Any], clock: Clock, runs: Optional[int] = None) -> List[int]:
    """Returns the times of one pass over one model; without `runs` as many as fit the slice."""
    warm = _times(call, clock, WARM_UPS)
    if runs is None:
        runs = max(MIN_RUNS, min(MAX_RUNS, PASS_NS // max(min(warm), 1)))
    return _times(call, clock, runs)


def _times(call: Callable[[], Any], clock: Clock, runs: int) -> List[int]:
    times = []
    for _ in range(runs):
        start = clock()
        call()
        times.append(clock() - start)
    return times


def split_half(timing: Timing) -> float:
    """Returns the relative difference between the times from the even and the odd passes."""
    samples = timing.samples()
    if len(samples) < 2:
        return 1.0
    even, odd = lower(samples[::2], 0.25), lower(samples[1::2], 0.25)
    return 2 * abs(even - odd) / max(even + odd, 1)


def repeatability(timings: List[Timing], nothing: float = 1.0) -> float:
    """Returns the split-half difference of the median model; `nothing` when there is none."""
    return float(np.median([split_half(timing) for timing in timings])) if timings else nothing


def measure(
    subjects: List[Subject],
    clock: Clock,
    *,
    seconds: float,
    progress: Optional[Progress] = None,
    before: Optional[List[Timing]] = None,
    keep: Optional[Callable[[List[Timing]], None]] = None,
) -> List[Timing]:
    """Returns the times of every model, in the order given.

    Args:
        subjects: the models.
        clock: nanoseconds, of the thread or of the wall.
        seconds: cap on the wall time; the first pass is always finished.
        progress: called with (models timed, models at most) after each.
        before: times of an earlier start that was cut off; it goes on from there.
        keep: called with the times after each pass.
    """
    timings = before or [Timing(subject.item, []) for subject in subjects]
    end = time.monotonic() + seconds
    for number in range(MAX_PASSES):
        for index in shuffled(len(subjects), number):
            if len(timings[index].passes) > number:
                continue
            if number and time.monotonic() > end:
                return timings
            timings[index].passes.append(time_once(subjects[index].call, clock))
            if progress:
                progress(*steps(timings))
        if keep:
            keep(timings)
        if is_enough(timings, number + 1):
            break
    return timings


def steps(timings: List[Timing]) -> Tuple[int, int]:
    """Returns how many passes over single models are done, and how many there can be."""
    return sum(len(timing.passes) for timing in timings), len(timings) * MAX_PASSES


def shuffled(n_models: int, number: int) -> List[int]:
    """Returns the order in which the models take turns in this pass."""
    order = list(range(n_models))
    random.Random(number).shuffle(order)
    return order


def is_enough(timings: List[Timing], n_passes: int) -> bool:
    """Whether the times repeat well; asked after an even number of passes, so halves are equal."""
    asked = n_passes >= MIN_PASSES and n_passes % 2 == 0
    return asked and repeatability(timings) <= REPEAT_GOAL
