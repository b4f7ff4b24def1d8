"""Operations count what the table of operation types says, by hand-worked numbers."""

import hashlib

import pytest

from devices.profiles.operations import Operation
from devices.profiles.problems import ProblemError
from devices.profiles.vocabulary import TYPES, rounded_channels

BLOCK = {"h": 56, "cin": 24, "cout": 40, "mid": 96, "k": 5, "s": 2}


def conv(**fields):
    return Operation("conv", **{"h": 28, "cin": 16, "cout": 32, "k": 3} | fields)


def mbconv(**fields):
    return Operation("mbconv", **BLOCK | fields)


def refusal(**fields):
    with pytest.raises(ProblemError) as error:
        Operation.from_dict(fields)
    return error.value.problems[0].text


ONE_OF_EACH = {
    "conv": {"h": 8, "cin": 4, "cout": 8, "k": 3},
    "dwconv": {"h": 8, "cin": 4, "k": 3},
    "deconv": {"h": 8, "cin": 4, "cout": 8, "k": 4, "s": 2},
    "linear": {"cin": 4, "cout": 8},
    "matmul": {"q_len": 5, "cin": 4, "cout": 8, "heads": 2},
    "attention": {"q_len": 5, "kv_len": 5, "heads": 2, "cin": 8},
    "mbconv": {"h": 8, "cin": 8, "cout": 8, "mid": 24, "k": 3, "se": True, "skip": True},
    "resblock": {"h": 8, "cin": 8, "cout": 16, "mid": 8, "k": 3, "s": 2, "tag": "bottleneck-d"},
    "pool": {"h": 8, "cin": 4, "k": 3, "s": 2, "tag": "max"},
    "gap": {"h": 8, "cin": 4},
    "se": {"h": 8, "cin": 32},
    "add": {"h": 8, "cin": 4},
    "mul": {"h": 8, "cin": 4},
    "concat": {"h": 8, "cout": 12},
    "norm": {"h": 8, "cin": 4, "norm": "in"},
    "act": {"h": 8, "cin": 4, "act": "relu"},
    "upsample": {"h": 8, "cin": 4, "s": 2, "tag": "nearest"},
    "embed": {"q_len": 5, "cin": 100, "cout": 8},
    "other": {"h": 8, "cin": 4, "tag": "softmax"},
}


def test_every_type_has_an_example():
    assert set(ONE_OF_EACH) == set(TYPES)


@pytest.mark.parametrize("kind", TYPES)
def test_an_operation_survives_its_dictionary(kind):
    operation = Operation.from_dict({"type": kind} | ONE_OF_EACH[kind])
    assert Operation.from_dict(operation.to_dict()) == operation
    assert Operation.from_dict(operation.to_dict()).key() == operation.key()


@pytest.mark.parametrize("kind", TYPES)
def test_primitives_sum_up_to_their_block(kind):
    operation = Operation(kind, **ONE_OF_EACH[kind])
    parts = operation.decompose()
    assert sum(part.macs() for part in parts) == operation.macs()
    assert sum(part.parameters() for part in parts) == operation.parameters()
    assert sum(part.weight_elements() for part in parts) == operation.weight_elements()
    assert all(part.decompose() == (part,) for part in parts)


@pytest.mark.parametrize("kind", TYPES)
def test_peak_is_at_least_what_the_largest_primitive_needs(kind):
    operation = Operation(kind, **ONE_OF_EACH[kind])
    for part in operation.decompose():
        assert operation.peak_elements() >= max(part.input_elements(), part.output_elements())


def test_label_names_shape_kernel_and_stride():
    assert mbconv().label() == "mbconv 56×56×24→96→40 k5 s2"
    assert Operation("linear", cin=1280, cout=1000).label() == "linear 1280→1000"
    assert Operation("pool", h=8, cin=4, k=3, s=2, tag="max").label() == "pool max 8×8×4 k3 s2"


def test_what_is_said_by_default_is_not_part_of_the_key():
    assert conv(w=28, s=1, g=1, d=1, act="none").key() == conv().key()
    assert conv(w=28) == conv()
    assert conv(w=14).key() != conv().key()
    assert conv(act="relu").key() != conv().key()


def test_key_is_the_hash_of_sorted_json():
    text = '{"cin":16,"cout":32,"h":28,"k":3,"type":"conv"}'
    assert conv().key() == hashlib.sha256(text.encode()).hexdigest()


def test_a_convolution_with_as_many_groups_as_inputs_is_depthwise():
    grouped = conv(cout=16, g=16)
    assert grouped == Operation("dwconv", h=28, cin=16, k=3)
    assert grouped.key() == Operation("dwconv", h=28, cin=16, cout=16, k=3).key()
    assert conv(g=16).channels_out() == 32


def test_head_width_defaults_to_outputs_over_heads():
    fields = {"q_len": 30, "kv_len": 30, "heads": 8, "cin": 512}
    assert Operation("attention", **fields) == Operation("attention", **fields, head_dim=64)
    assert Operation("attention", **fields, mid=512, tag="self") == Operation(
        "attention", **fields
    )


def test_expansion_tag_means_nothing_where_there_is_an_expansion():
    assert mbconv(tag="pw") == mbconv()
    assert mbconv(mid=24, tag="pw") != mbconv(mid=24)


@pytest.mark.parametrize(("h", "s", "expected"), [(56, 2, 28), (57, 2, 29), (7, 1, 7), (1, 2, 1)])
def test_same_padding_rounds_the_output_up(h, s, expected):
    assert conv(h=h, s=s).output_size() == (expected, expected)


def test_deconvolution_and_upsampling_multiply_the_size():
    assert Operation("deconv", h=8, cin=4, cout=8, k=4, s=2).output_size() == (16, 16)
    assert Operation("upsample", h=8, w=6, cin=4, s=2).output_size() == (16, 12)


def test_plain_and_grouped_convolution():
    assert conv().macs() == 28 * 28 * 16 * 32 * 9
    assert conv(g=4, s=2).macs() == 14 * 14 * 16 * 32 * 9 // 4
    assert conv().parameters() == 16 * 32 * 9 + 2 * 32
    assert conv().weight_elements() == 16 * 32 * 9 + 32
    assert conv(norm="none").parameters() == conv(norm="none").weight_elements() == 16 * 32 * 9
    assert conv(norm="bn").parameters() == conv().parameters()
    assert conv(norm="bn").weight_elements() == 16 * 32 * 9 + 4 * 32


def test_separable_convolutions():
    assert conv(tag="sep", k=5).macs() == 28 * 28 * (16 * 25 + 16 * 32)
    assert conv(tag="sep2", s=2).macs() == 14 * 14 * (2 * 16 * 9 + 16 * 16 + 16 * 32)
    assert [part.type for part in conv(tag="sep2").decompose()] == ["dwconv", "conv"] * 2


def test_asymmetric_convolutions():
    """1×7 from 16 to 32 channels, then 7×1 from 32 to 32; the first halves the width only."""
    rows, columns = 16 * 32 * 7, 32 * 32 * 7
    assert conv(tag="asymmetric", k=7).macs() == 28 * 28 * (rows + columns)
    halved = conv(tag="asymmetric", k=7, s=2)
    assert halved.macs() == 28 * 14 * rows + 14 * 14 * columns
    assert halved.parameters() == rows + columns + 2 * 32


def test_separable_convolutions_have_one_batch_norm_each():
    assert conv(tag="sep").parameters() == 16 * 9 + 16 * 32 + 2 * 32
    twice = 2 * 16 * 9 + 16 * 16 + 2 * 16 + 16 * 32 + 2 * 32
    assert conv(tag="sep2", d=2).parameters() == twice
    assert conv(tag="sep", norm="in").parameters() == 16 * 9 + 16 * 32


def test_factorized_reduction_is_two_halves_side_by_side():
    operation = conv(tag="factorized", k=1, s=2)
    assert operation.macs() == 14 * 14 * 16 * 32
    assert [part.type for part in operation.decompose()] == ["conv", "conv", "concat"]
    assert operation.peak_elements() == 28 * 28 * 16 + 14 * 14 * 32


def test_depthwise_convolution():
    operation = Operation("dwconv", h=28, cin=16, cout=48, k=3)
    assert operation.macs() == 28 * 28 * 48 * 9
    assert operation.parameters() == 48 * 9 + 2 * 48


def test_transposed_convolution_counts_on_its_input():
    operation = Operation("deconv", h=64, cin=256, cout=128, k=3, s=2)
    assert operation.macs() == 64 * 64 * 256 * 128 * 9
    assert operation.output_elements() == 128 * 128 * 128


def test_linear_and_feed_forward():
    assert Operation("linear", cin=1280, cout=1000).macs() == 1_280_000
    assert Operation("linear", cin=1280, cout=1000).parameters() == 1_281_000
    wide = Operation("linear", cin=512, mid=2048, cout=512, q_len=30, act="relu")
    assert wide.macs() == 30 * 2048 * 1024
    assert wide.parameters() == 512 * 2048 + 2048 + 2048 * 512 + 512


def test_batched_product_has_no_weights():
    operation = Operation("matmul", q_len=30, cin=64, cout=30, heads=8)
    assert operation.macs() == 8 * 30 * 64 * 30
    assert operation.parameters() == 0


ATTENTION = {"q_len": 30, "kv_len": 30, "heads": 8, "head_dim": 64, "cin": 512}


@pytest.mark.parametrize(
    ("fields", "macs"),
    [
        ({}, 30 * 512 * 512 * 4 + 2 * 30 * 30 * 512),
        ({"cin": 640}, 30 * 640 * 512 * 4 + 2 * 30 * 30 * 512),
        (
            {"tag": "cross", "mid": 640, "kv_len": 20},
            2 * 30 * 512 * 512 + 2 * 20 * 640 * 512 + 2 * 30 * 20 * 512,
        ),
        ({"q_len": 1, "cached": True}, 4 * 512 * 512 + 2 * 30 * 512),
        ({"q_len": 1, "cached": True, "tag": "cross"}, 2 * 512 * 512 + 2 * 30 * 512),
    ],
)
def test_attention(fields, macs):
    assert Operation("attention", **ATTENTION | fields).macs() == macs


def test_cached_cross_attention_does_not_own_its_keys():
    cached = Operation("attention", **ATTENTION | {"q_len": 1, "cached": True, "tag": "cross"})
    assert cached.parameters() == 2 * (512 * 512 + 512)
    assert cached.input_elements() == 512 + 2 * 30 * 512


def test_mbconv_with_expansion():
    assert mbconv().macs() == 56 * 56 * 24 * 96 + 28 * 28 * (96 * 25 + 96 * 40)
    weights = 24 * 96 + 96 * 25 + 96 * 40
    assert mbconv().parameters() == weights + 2 * (96 + 96 + 40)
    assert mbconv().weight_elements() == weights + 96 + 96 + 40


def test_mbconv_without_expansion_and_with_the_pw_tag():
    first = {"h": 56, "cin": 16, "cout": 16, "mid": 16, "k": 3, "s": 1}
    assert mbconv(**first).macs() == 56 * 56 * (16 * 9 + 16 * 16)
    assert mbconv(**first, tag="pw").macs() == 56 * 56 * (16 * 16 + 16 * 9 + 16 * 16)


def test_mbconv_with_squeeze_and_excitation():
    assert mbconv(se=True).macs() == mbconv().macs() + 2 * 96 * 24
    assert mbconv(se=True).parameters() == mbconv().parameters() + 2 * 96 * 24 + 24 + 96
    assert mbconv(mid=72, se=True).squeezed() == 24  # 18 would round to 16, a loss above 10 %


def test_mbconv_with_grouped_pointwise_convolutions():
    assert mbconv(g=2).macs() == 56 * 56 * 24 * 48 + 28 * 28 * (96 * 25 + 48 * 40)


@pytest.mark.parametrize("fields", [{}, {"se": True}, {"g": 8}, {"mid": 24}, {"w": 31, "s": 1}])
def test_closed_form_of_mbconv_equals_its_primitives(fields):
    operation = mbconv(**fields)
    assert operation.macs() == sum(part.macs() for part in operation.decompose())


def test_shortcut_raises_the_peak_of_a_block_by_its_own_size():
    same = {"h": 28, "cin": 40, "cout": 40, "mid": 240, "s": 1}
    assert mbconv(**same).peak_elements() == 2 * 28 * 28 * 240
    assert mbconv(**same, skip=True).peak_elements() == 28 * 28 * (2 * 240 + 40)
    assert mbconv().peak_elements() == 56 * 56 * 96 + 28 * 28 * 96


def test_residual_blocks_are_the_sum_of_their_convolutions():
    block = {"h": 28, "cin": 64, "cout": 128, "mid": 32, "k": 3, "s": 2}
    bottleneck = 28 * 28 * 64 * 32 + 14 * 14 * (32 * 32 * 9 + 32 * 128)
    assert Operation("resblock", **block).macs() == bottleneck + 14 * 14 * 64 * 128
    assert Operation("resblock", **block, tag="bottleneck-d").macs() == bottleneck + 14 * 14 * 8192
    basic = 14 * 14 * (64 * 32 * 9 + 32 * 128 * 9 + 64 * 128)
    assert Operation("resblock", **block, tag="basic").macs() == basic
    plain = {"h": 64, "cin": 256, "cout": 256, "mid": 48, "k": 3, "norm": "in", "tag": "sep"}
    separable = 64 * 64 * (256 * 9 + 256 * 48 + 48 * 9 + 48 * 256)
    assert Operation("resblock", **plain, skip=True).macs() == separable


def test_pooled_shortcut_takes_the_stride():
    block = Operation("resblock", h=28, cin=64, cout=128, mid=32, k=3, s=2, tag="bottleneck-d")
    kinds = [part.type for part in block.decompose()]
    assert kinds == ["conv", "conv", "conv", "pool", "conv", "add"]


def generator() -> list[Operation]:
    """The uncompressed generator of GAN Compression at 256 pixels, 64 channels."""
    norm = {"norm": "in", "act": "relu"}
    block = {"h": 64, "cin": 256, "cout": 256, "mid": 256, "k": 3, "norm": "in", "skip": True}
    return [
        Operation("conv", h=256, cin=3, cout=64, k=7, tag="reflect", **norm),
        Operation("conv", h=256, cin=64, cout=128, k=3, s=2, **norm),
        Operation("conv", h=128, cin=128, cout=256, k=3, s=2, **norm),
        *[Operation("resblock", **block, tag="basic")] * 9,
        Operation("deconv", h=64, cin=256, cout=128, k=3, s=2, **norm),
        Operation("deconv", h=128, cin=128, cout=64, k=3, s=2, **norm),
        Operation("conv", h=256, cin=64, cout=3, k=7, tag="reflect", act="tanh", norm="none"),
    ]


def test_generator_counts_the_work_done_and_the_published_number():
    macs = sum(operation.macs() for operation in generator())
    assert round(macs / 1e9, 2) == 49.55
    transposed = sum(part.macs() for part in generator() if part.type == "deconv")
    assert round((macs + 3 * transposed) / 1e9, 2) == 56.80  # counted on the output, as published


def test_instance_norm_stays_a_row_of_its_own():
    parts = generator()[0].decompose()
    assert [part.tag or part.type for part in parts] == ["reflect_pad", "conv", "norm", "act"]
    assert generator()[0].parameters() == 3 * 64 * 49


def test_pooled_classifier_covers_both():
    operation = Operation("other", h=7, cin=1280, cout=1000, tag="pool+classifier")
    assert [part.type for part in operation.decompose()] == ["gap", "linear"]
    assert operation.macs() == 1_280_000
    assert operation.output_elements() == 1000


def test_lookup_of_embeddings_moves_only_the_rows_it_reads():
    operation = Operation("embed", q_len=30, cin=32000, cout=512)
    assert operation.weight_elements() == 32000 * 512
    assert operation.moved_elements() == 30 + 2 * 30 * 512


@pytest.mark.parametrize(
    ("value", "expected"), [(3, 8), (11, 16), (18, 24), (24, 24), (30, 32), (1.2 * 16, 24)]
)
def test_channels_round_to_eights_without_losing_a_tenth(value, expected):
    assert rounded_channels(value) == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "convv"}, "nearest: conv"),
        ({}, "type is missing"),
        (
            {"type": "conv", "h": 8, "cin": 4, "cout": 8},
            "k is missing; conv needs h, cin",
        ),
        ({"type": "conv", "h": 8, "cin": 96, "cout": 8, "k": 3, "g": 5}, "does not divide cin 96"),
        ({"type": "conv", "h": 0, "cin": 4, "cout": 8, "k": 3}, "whole number from 1 to 16384"),
        ({"type": "conv", "h": 2.5}, "h is 2.5"),
        ({"type": "conv", "h": True}, "h is True"),
        ({"type": "conv", "kernel": 3}, "field 'kernel' unknown"),
        ({"type": "conv", "se": 1}, "must be true or false"),
        ({"type": "dwconv", "h": 8, "cin": 4, "cout": 6, "k": 3}, "no multiple of cin 4"),
        ({"type": "mbconv", **BLOCK, "skip": True}, "a skip needs stride 1 and equal channels"),
        ({"type": "gap", "h": 8, "cin": 4, "skip": True}, "a gap has no skip"),
        ({"type": "pool", "h": 8, "cin": 4, "k": 3, "tag": "min"}, "one of max, avg"),
        ({"type": "act", "cin": 4, "act": "relu"}, "act needs h or q_len, cin"),
        ({"type": "norm", "h": 8, "cin": 4}, "norm must say which one it is"),
        (
            {"type": "attention", "q_len": 5, "kv_len": 5, "heads": 3, "cin": 8},
            "heads 3 does not divide 8",
        ),
        (
            {"type": "conv", "h": 3, "cin": 4, "cout": 8, "k": 7, "tag": "reflect"},
            "reflects a border of 3",
        ),
    ],
)
def test_bad_fields_are_refused_with_what_would_be_right(fields, words):
    assert words in refusal(**fields)


def test_whole_numbers_may_be_written_as_floats():
    assert Operation.from_dict({"type": "linear", "cin": 4.0, "cout": 8}).cin == 4
