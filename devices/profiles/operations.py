"""Operation: one layer or fused block as a device sees it, the key of a latency table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.profiles import arithmetic, operation_checks
from devices.profiles.decomposition import primitives
from devices.profiles.fields import OperationFields
from devices.profiles.problems import Problem, ProblemError


@dataclass(frozen=True, slots=True)
class Operation(OperationFields):
    """One row of a latency table: what is computed, on which shape.

    Equal work is an equal operation: construction drops what is said by default. All counts are
    per sample; batch and precision come from the profile unless the operation states them.
    """

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "Operation":
        """The operation that the fields describe, absent ones at their default.

        Raises:
            ProblemError: a field is unknown, missing, of the wrong type or out of range, or the
                fields contradict each other.
        """
        values, faults = operation_checks.checked(fields)
        if faults:
            raise ProblemError(
                [Problem("R", None, fault.field, fault.value, fault.text) for fault in faults]
            )
        arguments: dict[str, Any] = values
        return cls(**arguments)

    def macs(self) -> int:
        """Multiply-accumulates per sample; a transposed convolution counts on its input."""
        if self._macs < 0:
            object.__setattr__(self, "_macs", arithmetic.macs(self))
        return self._macs

    def parameters(self) -> int:
        """Trainable parameters as built in torch.

        Convolutions have no bias and 2·C of batch norm (none with `norm` none or in), linear
        layers and the convolutions of squeeze-and-excitation have biases.
        """
        return arithmetic.weights(self).trainable

    def weight_elements(self) -> int:
        """Stored weights as deployed: batch norm folded into weights and one bias per channel."""
        return arithmetic.weights(self).deployed

    def peak_elements(self) -> int:
        """Largest number of activations alive at once while the operation runs."""
        return arithmetic.peak(self)

    def moved_elements(self) -> int:
        """Elements read and written: input, output, weights, and the scores of attention."""
        moved = self.input_elements() + self.output_elements()
        if self.type == "embed":
            return moved + self.output_elements()  # only the rows that are looked up
        if self.type == "attention":
            moved += 2 * (self.heads or 1) * (self.q_len or 1) * (self.kv_len or 1)
        return moved + self.weight_elements()

    def decompose(self) -> tuple["Operation", ...]:
        """The primitives of a block in the order in which they run; itself if it is one."""
        return primitives(self)
