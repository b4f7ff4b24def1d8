"""Tensors come back from JSON as they were, to the bit."""

import json

import pytest
import torch

from searches.strategies.reinforcement import tensors


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_numbers_and_shape_come_back(shape):
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    back = tensors.decode(json.loads(json.dumps(tensors.encode(tensor))))
    assert back.dtype == torch.float32
    assert torch.equal(back, tensor)


def test_the_smallest_and_what_is_no_number_come_back():
    tensor = torch.tensor([1e-45, -0.0, float("inf"), float("nan")])
    back = tensors.decode(tensors.encode(tensor))
    assert torch.equal(back.view(torch.int32), tensor.view(torch.int32))


def test_part_of_a_tensor_is_packed_as_it_reads():
    tensor = torch.arange(12.0).reshape(3, 4).T[1:]
    assert torch.equal(tensors.decode(tensors.encode(tensor)), tensor)


def test_double_precision_is_refused():
    with pytest.raises(TypeError, match=r"float32 tensor is needed, not torch\.float64"):
        tensors.encode(torch.zeros(2, dtype=torch.float64))


def test_bytes_that_do_not_fit_the_shape_are_refused():
    data = {**tensors.encode(torch.zeros(5)), "shape": [4]}
    with pytest.raises(ValueError, match="has 16 bytes"):
        tensors.decode(data)


def test_bytes_that_were_not_packed_are_refused():
    with pytest.raises(ValueError, match="cannot be unpacked"):
        tensors.decode({"shape": [1], "data": "AAAA"})


def test_generator_goes_on_where_it_was():
    generator, other = torch.Generator().manual_seed(5), torch.Generator()
    torch.rand(7, generator=generator)
    tensors.restore_generator(other, tensors.encode_generator(generator))
    assert torch.equal(torch.rand(9, generator=other), torch.rand(9, generator=generator))
