"""DARTS: the unrolled gradient against exact ones, and the early stop."""

import time
from dataclasses import replace

import pytest
import torch

from searches.strategies.settings.one_shot import DartsSettings
from searches.training.base import always
from searches.training.one_shot import darts
from searches.training.one_shot.darts import Darts, unrolled_gradient

RATE, MOMENTUM, DECAY = 0.1, 0.9, 3e-2


@pytest.fixture
def bilevel():
    """Losses that are quadratic in the weights, with the choices in between; float64."""
    torch.manual_seed(0)
    a, b = torch.randn(3, 5, 5, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
    alpha = torch.randn(3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, dtype=torch.float64, requires_grad=True)
    velocity = torch.randn(5, dtype=torch.float64)

    def loss(which, w, choices):
        p = torch.softmax(choices, 0)
        mixed = torch.einsum("i,ijk,k->j", p, a, w) - b[which]
        return (mixed**2).sum()

    return alpha, weight, velocity, loss


def taken(weight, velocity, gradient):
    """What Nesterov's step takes away, written out (Sutskever et al., 2013)."""
    pull = gradient + DECAY * weight
    return RATE * (pull + MOMENTUM * (MOMENTUM * velocity + pull))


def unrolled(bilevel):
    alpha, weight, velocity, loss = bilevel
    return unrolled_gradient(
        [alpha],
        [weight],
        training_loss=lambda: loss(0, weight, alpha),
        validation_loss=lambda: loss(1, weight, alpha),
        ahead=lambda gradients: [taken(weight.detach(), velocity, gradients[0])],
        slope=RATE * (1 + MOMENTUM),
    )[0]


def test_second_order_equals_exact_unrolled_differentiation(bilevel):
    alpha, weight, velocity, loss = bilevel
    found = unrolled(bilevel)
    (gradient,) = torch.autograd.grad(loss(0, weight, alpha), weight, create_graph=True)
    moved = weight - taken(weight, velocity, gradient)
    (exact,) = torch.autograd.grad(loss(1, moved, alpha), alpha)
    torch.testing.assert_close(found, exact, rtol=1e-9, atol=1e-10)
    (first,) = torch.autograd.grad(loss(1, weight, alpha), alpha)
    assert (found - first).norm() > 0.05 * exact.norm()  # the second order is not nothing


def test_second_order_equals_a_finite_difference_of_the_bilevel_loss(bilevel):
    alpha, weight, velocity, loss = bilevel

    def bilevel_loss(choices):
        (gradient,) = torch.autograd.grad(loss(0, weight, choices), weight)
        return loss(1, weight - taken(weight, velocity, gradient), choices).item()

    found = unrolled(bilevel)
    step = 1e-6
    for position in range(3):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[position] = step
        up, down = (bilevel_loss((alpha + sign * shift).detach()) for sign in (1, -1))
        assert found[position].item() == pytest.approx((up - down) / (2 * step), rel=1e-6)


def test_weights_are_bitwise_the_same_after_the_gradient(bilevel):
    before = bilevel[1].detach().clone()
    unrolled(bilevel)
    assert torch.equal(bilevel[1], before)


@pytest.fixture
def second(task, macs, monkeypatch):
    """In the middle of a training, and then in float64 so that differences can be finite."""
    settings = DartsSettings(
        epochs=4, warmup_epochs=0, batch_size=16, order="second", weight_decay=DECAY
    )
    trainable = Darts(task, settings, 0, costs=[macs])
    for _ in range(3):  # momentum is there
        trainable.advance(deadline=0, tick=always)
    trainable.network.double()
    for alpha in trainable.alphas:
        alpha.data = alpha.data.double()
    for name, velocity in trainable.optimiser.velocity.items():
        trainable.optimiser.velocity[name] = velocity.double()
    batch = trainable.batch
    monkeypatch.setattr(trainable, "batch", lambda part: (batch(part)[0].double(), batch(part)[1]))
    monkeypatch.setattr(darts, "DIFFERENCE", 1e-5)
    return trainable


def stepped(trainable):
    """Validation loss and weights after a real step of the optimiser; all is as it was then."""
    weights = [p.detach().clone() for p in trainable.optimiser.parameters.values()]
    velocity = {name: v.clone() for name, v in trainable.optimiser.velocity.items()}
    trainable._training_loss().backward()
    trainable.optimiser.step(trainable.learning_rate())
    after = [p.detach().clone() for p in trainable.optimiser.parameters.values()]
    loss = trainable._validation_loss().item()
    with torch.no_grad():
        for parameter, old in zip(trainable.optimiser.parameters.values(), weights, strict=True):
            parameter.copy_(old)
    trainable.optimiser.velocity.update(velocity)
    for alpha in trainable.alphas:
        alpha.grad = None
    return loss, after


def test_the_unrolled_step_is_the_one_that_the_optimiser_takes(second, monkeypatch):
    seen, loss = [], second._validation_loss

    def spied():
        seen.append([p.detach().clone() for p in second.optimiser.parameters.values()])
        return loss()

    _, after = stepped(second)
    monkeypatch.setattr(second, "_validation_loss", spied)
    second._second_order()
    for found, real in zip(seen[0], after, strict=True):
        torch.testing.assert_close(found, real, rtol=1e-12, atol=1e-12)


def test_the_second_order_is_the_gradient_of_the_loss_after_a_real_step(second):
    found = second._second_order()
    first = torch.autograd.grad(second._validation_loss(), second.alphas)
    for which, alpha in enumerate(second.alphas):
        exact = []
        for position in range(len(alpha)):
            ends = []
            for sign in (1, -1):
                alpha.data[position] += sign * 1e-5
                ends.append(stepped(second)[0])
                alpha.data[position] -= sign * 1e-5
            exact.append((ends[0] - ends[1]) / 2e-5)
        assert found[which].tolist() == pytest.approx(exact, rel=1e-3, abs=1e-6)
        assert (found[which] - first[which]).norm() > 0.01 * found[which].norm()


def test_gradient_of_the_choices_adds_up_to_nothing(task):
    trainable = Darts(task, DartsSettings(batch_size=16), 0)
    gradients = torch.autograd.grad(trainable._validation_loss(), trainable.alphas)
    for gradient in gradients:  # a softmax does not change when all logits are shifted
        assert gradient.abs().max() > 1e-5
        assert gradient.sum().abs() < 1e-6


def train(trainable):
    return trainable.advance(deadline=time.monotonic() + 60, tick=always)


def leaning(trainable, toward, by=3.0):
    for alpha in trainable.alphas:
        alpha.data[toward] += by


def darts_of(task, **settings):
    quick = {"warmup_epochs": 1, "grace_epochs": 1, "batch_size": 16, "choice_rate": 1e-4}
    return Darts(task, DartsSettings(**quick, **settings), 0)


def train_until(trainable, epoch):
    while trainable.step < epoch * trainable.steps_per_epoch:
        trainable.advance(deadline=0, tick=always)


# Left empty: half of two places.
@pytest.mark.parametrize(("most", "stops"), [(1, True), (None, True), (2, False)])
def test_the_search_stops_before_too_many_skip_connections_are_kept(task, most, stops):
    trainable = darts_of(task, epochs=4, most_skips=most)
    train_until(trainable, 2)
    leaning(trainable, 0)  # both places prefer a convolution, whatever they began with
    trainable.epoch_ended()
    kept = [alpha.detach().clone() for alpha in trainable.alphas]
    leaning(trainable, 2, by=6.0)  # and the skip connection from here on
    progress = train(trainable)
    assert progress.done
    assert bool(trainable.stopped) == stops
    if stops:
        assert progress.step == 3 * trainable.steps_per_epoch
        assert "2 skip connections, more than 1" in trainable.stopped
        assert "those of epoch 2" in trainable.stopped
        assert all(torch.equal(a, b) for a, b in zip(trainable.alphas, kept, strict=True))
        assert trainable.report()["warning"] == ""
    else:
        assert progress.step == progress.total


def test_choices_that_have_hardly_learnt_neither_stop_the_search_nor_are_gone_back_to(task):
    trainable = darts_of(task, epochs=6, most_skips=1)
    trainable.settings = replace(trainable.settings, grace_epochs=3)
    leaning(trainable, 2)  # from the start: two skips in epochs 1 to 3
    train_until(trainable, 3)
    assert not trainable.stopped
    leaning(trainable, 0, by=6.0)
    train_until(trainable, 4)
    assert trainable.kept["epoch"] == 4
    leaning(trainable, 2, by=6.0)
    train_until(trainable, 5)
    assert "those of epoch 4" in trainable.stopped


def test_a_search_without_an_epoch_to_go_back_to_goes_on_and_says_so(task):
    trainable = darts_of(task, epochs=4, most_skips=1)
    leaning(trainable, 2)
    progress = train(trainable)
    assert progress.step == progress.total
    assert not trainable.stopped
    assert "2 skip connections are kept, more than 1" in trainable.report()["warning"]
