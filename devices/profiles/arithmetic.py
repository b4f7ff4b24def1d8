"""What primitives cost: multiply-accumulates, weights and live activations, per sample.

Sources of the formulas: the table of operation types in the documentation of device profiles;
liveness after Lin et al., 2020 (MCUNet): in + out of each primitive, plus a kept shortcut.
"""

from dataclasses import dataclass

from devices.profiles.decomposition import primitives, recipe_of
from devices.profiles.fields import OperationFields


@dataclass(frozen=True, slots=True)
class Weights:
    """Trainable numbers of an operation, and those that are left when it is deployed."""

    trainable: int
    deployed: int

    def __add__(self, other: "Weights") -> "Weights":
        return Weights(self.trainable + other.trainable, self.deployed + other.deployed)


NOTHING = Weights(0, 0)


def macs(operation: OperationFields) -> int:
    """Multiply-accumulates per sample; a transposed convolution counts on its input."""
    if operation.type == "mbconv":  # in closed form: tables hold tens of thousands of them
        return _mbconv_macs(operation)
    return sum(_primitive_macs(primitive) for primitive in primitives(operation))


def weights(operation: OperationFields) -> Weights:
    """Weights, biases and norm parameters of all primitives."""
    return sum((_primitive_weights(part) for part in primitives(operation)), NOTHING)


def peak(operation: OperationFields) -> int:
    """Largest number of activations alive at once, weights excluded, shortcuts included."""
    if operation.type == "attention":
        return _attention_peak(operation)
    recipe = recipe_of(operation)
    if recipe is None:
        return operation.input_elements() + operation.output_elements()
    if recipe.parallel:
        written = sum(part.output_elements() for part in recipe.main)
        return max(operation.input_elements() + written, *(peak(part) for part in recipe.join))
    kept = operation.input_elements() if recipe.join else 0
    first, *others = recipe.main
    steps = [peak(first)]
    steps += [peak(part) + kept for part in others]
    steps += [peak(part) + operation.output_elements() for part in recipe.shortcut]
    return max(steps + [peak(part) for part in recipe.join])


def _mbconv_macs(op: OperationFields) -> int:
    cin, cout, mid, k = op.cin or 0, op.cout or 0, op.mid or 0, op.k or 1
    h, w = op.input_size()
    expansion = h * w * cin * mid // op.g if mid != cin or op.tag == "pw" else 0
    squeeze = 2 * mid * op.squeezed() if op.se else 0
    h, w = op.output_size()
    return expansion + h * w * (mid * k * k + mid * cout // op.g) + squeeze


def _primitive_macs(op: OperationFields) -> int:
    cin, cout, k = op.channels_in(), op.channels_out(), op.k or 1
    h, w = op.input_size() if op.type == "deconv" else op.output_size()
    if op.tag == "asymmetric":
        height = op.input_size()[0]  # 1×k takes the horizontal stride, k×1 the vertical one
        return w * cout * k * (height * cin + h * cout) // op.g
    if op.type in ("conv", "deconv"):
        return h * w * cin * cout * k * k // op.g
    if op.type == "dwconv":
        return h * w * cout * k * k
    if op.type in ("linear", "matmul"):
        return (op.heads or 1) * (op.q_len or 1) * cin * cout
    if op.type == "se":
        return 2 * cin * op.squeezed()
    return 0


def _primitive_weights(op: OperationFields) -> Weights:
    cin, cout, k = op.channels_in(), op.channels_out(), op.k or 1
    if op.type in ("conv", "deconv", "dwconv"):
        kernel = cout * k * k if op.type == "dwconv" else cin * cout * k * k // op.g
        if op.tag == "asymmetric":
            kernel = (cin + cout) * cout * k // op.g
        folded = cout if op.norm == "folded" else 0
        return Weights(kernel + 2 * folded, kernel + folded)  # scale and shift become one bias
    if op.type == "norm":
        return _norm_weights(op)
    count = 0
    if op.type == "linear":
        count = cin * cout + cout
    elif op.type == "se":
        count = 2 * cin * op.squeezed() + op.squeezed() + cin
    elif op.type == "embed":
        count = cin * cout
    return Weights(count, count)


def _norm_weights(op: OperationFields) -> Weights:
    """Batch norm that stays keeps its running mean and variance; instance norm has nothing."""
    scale_and_shift = 2 * op.channels_in() if op.norm in ("bn", "ln") else 0
    running = scale_and_shift if op.norm == "bn" else 0
    return Weights(scale_and_shift, scale_and_shift + running)


def _attention_peak(op: OperationFields) -> int:
    """Largest of the steps of attention: projections, scores, softmax, weighted sum, output."""
    q_len, kv_len = op.q_len or 1, op.kv_len or 1
    scores = (op.heads or 1) * q_len * kv_len
    queries, keys_and_values = q_len * op.width_of_heads(), 2 * kv_len * op.width_of_heads()
    own = q_len * op.channels_in()
    kept = own if op.skip else 0
    source = kv_len * (op.mid or op.channels_in()) if op.tag == "cross" and not op.cached else 0
    return max(
        own + source + queries + keys_and_values,
        kept + queries + keys_and_values + scores,
        kept + keys_and_values // 2 + 2 * scores,
        kept + keys_and_values // 2 + scores + queries,
        kept + queries + op.output_elements(),
    )
