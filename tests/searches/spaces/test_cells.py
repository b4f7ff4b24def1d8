"""Cell spaces have their published sizes, and name, count and price every cell exactly."""

import csv
import gzip
import re
from functools import lru_cache
from itertools import combinations, pairwise, product
from math import comb, prod
from random import Random

import numpy as np
import pytest

from searches.spaces.base import InvalidArchitecture
from searches.spaces.cell_operations import BY_NAME
from searches.spaces.cell_presets import PRESETS
from searches.spaces.cells import CellSpace
from searches.spaces.mobile_definition import InvalidSpace

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
NB201 = CellSpace.from_json(PRESETS["nas_bench_201"])
FIVE = ["skip_connect", "conv_3x3", "sep_conv_3x3", "avg_pool_3x3", "max_pool_3x3"]


def blocks(**changes):
    small = {"channels": 4, "stem_width": 4, "n_cells": 1, "n_stages": 2, "resolutions": [8]}
    return CellSpace.from_json({**PRESETS["lecture"], **small, **changes})


def pairs(**changes):
    small = {"n_nodes": 2, "operations": ["skip_connect", "conv_3x3"]}
    return CellSpace.from_json({**PRESETS["darts_small"], **small, **changes})


def edges(**changes):
    small = {"n_nodes": 3, "operations": ["none", "skip_connect", "conv_1x1", "linear"]}
    return CellSpace.from_json({**PRESETS["nas_bench_201_small"], **small, **changes})


SMALL = {
    "lecture": blocks(n_nodes=2, operations=FIVE[:2]),
    "unused": blocks(
        n_nodes=3, operations=FIVE[1:2], merges=["add"], inputs="earlier", output="unused"
    ),
    "two cells": blocks(
        n_nodes=1, operations=["skip_connect", "attention"], reduction="cell", inputs="earlier"
    ),
    "pairs": pairs(n_nodes=1),
    "edges": edges(),
}


@pytest.fixture(params=SMALL.values(), ids=SMALL.keys(), scope="module")
def small(request):
    return request.param


# Sizes.


def test_the_lecture_s_cell_has_3_2e11_forms():
    space = CellSpace.from_json(PRESETS["lecture"])
    assert space.size() == 320_000_000_000
    assert space.size_formula() == "5 blocks: (2×2 inputs × 5×5 operations × 2 merges)⁵"


def test_the_formula_that_is_often_printed_gives_far_fewer():
    assert "(2·5·2)⁵ = 3,200,000" in CellSpace.from_json(PRESETS["lecture"]).size_note()
    assert "320,000,000,000" in CellSpace.from_json(PRESETS["lecture"]).size_note()
    own = blocks(n_nodes=3, operations=FIVE[:4], merges=["add"]).size_note()
    assert "(2·4·1)³ = 512" in own
    assert f"(2·2·M·M·N)^B = {(4 * 16) ** 3:,}" in own


@pytest.mark.parametrize(("merges", "expected"), [(["add"], 16), (["add", "concat"], 32)])
def test_one_block_of_two_operations_by_brute_force(merges, expected):
    space = blocks(n_nodes=1, operations=FIVE[:2], merges=merges)
    listed = set(product((0, 1), FIVE[:2], (0, 1), FIVE[:2], merges))
    found = {
        (*((p.state, p.operation) for p in node.picks), node.merge)
        for node in (space.graph(genes, "normal").nodes[0] for genes in space.enumerate())
    }
    assert {(first, second, m) for (first, second, m) in found} == {
        ((a, f), (b, g), m) for a, f, b, g, m in listed
    }
    assert len(found) == space.size() == expected


def test_a_symmetric_merge_leaves_136_of_256_blocks_with_eight_operations():
    space = blocks(n_nodes=1, operations=list(BY_NAME)[1:9], merges=["add"])
    nodes = [space.graph(genes, "normal").nodes[0] for genes in space.enumerate()]
    unordered = {tuple(sorted((p.state, p.operation) for p in node.picks)) for node in nodes}
    assert (len(nodes), len(unordered)) == (256, 136)


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (blocks(inputs="earlier", n_nodes=5, operations=FIVE), "1.62e+14"),
        (blocks(inputs="earlier", operations=FIVE, reduction="cell"), "2.62e+28"),
        (CellSpace.from_json({**PRESETS["nasnet"], "reduction": "residual"}), "2.29e+18"),
        (CellSpace.from_json(PRESETS["nasnet"]), "5.23e+36"),
        (CellSpace.from_json({**PRESETS["enas"], "reduction": "residual"}), "5.06e+12"),
        (CellSpace.from_json(PRESETS["enas"]), "2.56e+25"),
        (CellSpace.from_json({**PRESETS["darts"], "reduction": "residual"}), "1.04e+09"),
        (CellSpace.from_json(PRESETS["darts"]), "1.08e+18"),
        (NB201, "1.56e+04"),
    ],
)
def test_sizes_are_the_published_ones(space, expected):
    assert f"{space.size():.2e}" == expected


def test_sizes_are_exact():
    states = [(b + 1) ** 2 for b in range(1, 6)]
    assert CellSpace.from_json(PRESETS["nasnet"]).size() == prod(s * 338 for s in states) ** 2
    nodes = [comb(k + 1, 2) * 49 for k in range(1, 5)]
    assert CellSpace.from_json(PRESETS["darts"]).size() == prod(nodes) ** 2
    assert NB201.size() == 15_625


@pytest.mark.parametrize("name", PRESETS)
def test_the_factors_multiply_to_the_size(name):
    space = CellSpace.from_json(PRESETS[name])
    text = re.sub(r"\d+ (blocks|nodes|edges|cells):", "", space.size_formula())
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**{m[0].translate(SUPERSCRIPTS)}", text)
    text = re.sub(r"[a-z]+( of inputs)?", "", text).replace("×", "*").replace("·", "*")
    assert set(text) <= set("0123456789*() ")
    assert eval(text) == space.size()


def test_size_is_what_enumeration_finds(small):
    listed = list(small.enumerate())
    assert small.size() == len(listed) == len(set(listed))


# NAS-Bench-201.


@pytest.fixture(scope="module")
def published(shared_data):
    path = shared_data / "nas_tables" / "nasbench201_accuracy_12ep.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    return {row["arch_str"]: (int(row["params"]), int(row["macs"])) for row in rows}


EDGES = [(i, j) for j in range(1, 4) for i in range(j)]


@lru_cache
def on_a_path(there):
    """The edges on paths from input to output, by listing all paths."""
    routes = [(0, *middle, 3) for n in range(3) for middle in combinations((1, 2), n)]
    steps = [list(pairwise(route)) for route in routes]
    return frozenset(edge for route in steps if there.issuperset(route) for edge in route)


def test_every_published_string_is_one_architecture(published):
    texts = [NB201.to_text(genes) for genes in NB201.enumerate()]
    assert set(texts) == set(published)
    assert all(NB201.to_text(NB201.from_text(text)) == text for text in texts)


def test_parameters_and_macs_are_the_published_ones_less_dead_edges(published):
    """The published counts include edges that carry nothing; a network has no use for them."""
    listed = list(NB201.enumerate())
    table = np.array([[o.parameters(), o.macs()] for o in NB201.operation_table()] + [[0, 0]])
    counts = table[NB201.operation_indices(np.array(listed))].sum(axis=1)  # row -1 is nothing
    expected = np.array([published[NB201.to_text(genes)] for genes in listed])
    assert (counts == expected).all(axis=1).sum() == 11_375
    areas = [5 * width**2 for width in (16, 32, 64)]  # of the five cells of a stage
    sides = [1024, 256, 64]
    dead = np.zeros_like(counts)
    for row, genes in enumerate(listed):
        there = frozenset(edge for edge, option in zip(EDGES, genes, strict=True) if option)
        for edge in there - on_a_path(there):
            k = {2: 1, 3: 9}.get(genes[EDGES.index(edge)])  # conv_1x1 and conv_3x3
            if k:
                dead[row, 0] += sum(k * area for area in areas) + 5 * 2 * (16 + 32 + 64)
                dead[row, 1] += sum(k * a * side for a, side in zip(areas, sides, strict=True))
    assert (counts + dead == expected).all()


def test_dead_edges_are_left_out_and_341_cells_are_dead():
    n_dead = 0
    for genes in product((0, 2), repeat=6):  # none or conv_1x1
        there = frozenset(edge for edge, option in zip(EDGES, genes, strict=True) if option)
        nodes = NB201.graph(genes, "normal").nodes
        found = {(pick.state, j) for j, node in enumerate(nodes, 1) for pick in node.picks}
        assert found == on_a_path(there)
        assert NB201.is_connected(genes) == bool(on_a_path(there))
        n_dead += 0 if on_a_path(there) else 4 ** len(there)  # operations besides none
    assert n_dead == 341


def test_networks_that_differ_in_edges_that_carry_nothing_are_the_same():
    """Counted by what is left of each cell along its routes from the input to the output."""
    classes = {}
    for genes in NB201.enumerate():
        names = [NB201.topology.operations[index] for index in genes]
        of_edges = dict(zip(NB201.topology.edges, names, strict=True))
        alive = on_a_path(frozenset(edge for edge, name in of_edges.items() if name != "none"))
        key = tuple((edge, of_edges[edge]) for edge in sorted(alive))
        classes.setdefault(key, set()).add(NB201.hash(genes))
    assert len(classes) == 9_445
    assert all(len(hashes) == 1 for hashes in classes.values())
    assert len(set.union(*classes.values())) == 9_445


@pytest.mark.parametrize("preset", ["lecture", "enas", "darts", "nas_bench_201"])
def test_a_cell_and_its_phenotype_cost_the_same(preset):
    space, rng = CellSpace.from_json(PRESETS[preset]), Random(0)
    drawn = [space.sample(rng) for _ in range(50)]
    kept = [space.phenotype(genes) for genes in drawn]
    assert [space.phenotype(genes) for genes in kept] == kept
    ours, theirs = (space.operation_indices(np.array(which)) for which in (drawn, kept))
    assert (np.sort(ours) == np.sort(theirs)).all()


def test_6466_cells_are_different():
    assert len({NB201.isomorphism_key(genes) for genes in NB201.enumerate()}) == 6466
    assert NB201.size_note().startswith("6,466 different cells")
    assert "341" in NB201.size_note()


def test_isomorphic_cells_have_one_key():
    def key(text):
        return NB201.isomorphism_key(NB201.from_text(text))

    one = "|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|"
    other = "|skip_connect~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|"
    assert key(one) == key(other)
    assert key(one) != key(one.replace("nor_conv_1x1", "avg_pool_3x3"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|nor_conv_3x3~0|",
        "|conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "|none~0|+|none~1|none~0|+|none~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|none~2|+|none~0|none~1|",
    ],
)
def test_texts_of_other_spaces_are_refused(text):
    with pytest.raises(InvalidArchitecture):
        NB201.from_text(text)


def test_only_cells_of_edges_have_a_text():
    space = SMALL["pairs"]
    with pytest.raises(InvalidArchitecture, match="pairs"):
        space.to_text(space.sample(Random(0)))


def test_text_keeps_the_cell_and_drops_the_resolution():
    space = CellSpace.from_json(PRESETS["nas_bench_201_small"])
    genes = space.sample(Random(3))
    assert space.from_text(space.to_text(genes)) == (0, *genes[1:])


# Cells and their operations.


def test_nodes_of_pairs_have_two_different_inputs():
    space = CellSpace.from_json(PRESETS["darts"])
    assert "none" not in space.genes[1].options
    for seed in range(50):
        for kind in ("normal", "reduction"):
            graph = space.graph(space.sample(Random(seed)), kind)
            for number, node in enumerate(graph.nodes):
                first, second = (pick.state for pick in node.picks)
                assert 0 <= first < second < number + 2
            assert graph.outputs == (2, 3, 4, 5)


def test_unused_outputs_are_those_that_no_block_reads():
    space = CellSpace.from_json(PRESETS["enas"])
    widths = set()
    for seed in range(40):
        genes = space.sample(Random(seed))
        graph = space.graph(genes, "reduction")
        read = {pick.state for node in graph.nodes for pick in node.picks}
        assert set(graph.outputs) == {2, 3, 4, 5, 6} - read
        widths.add(len(graph.outputs))
        last = space.operations(genes)[-1]
        assert last.cin == 36 * 4 * len(space.graph(genes, "normal").outputs)
    assert len(widths) > 2


def test_cells_reduce_where_they_read_their_inputs():
    space = CellSpace.from_json({**PRESETS["darts"], "operations": ["sep_conv_3x3"]})
    n_strided = [
        sum(o.s == 2 for o in space.operations(space.canonical(genes)) if o.tag == "sep2")
        for genes in ((0,) * 24, (*[0] * 15, 2, 0, 0, 5, 0, 0, 9, 0, 0)[-24:])
    ]
    assert n_strided[0] == 2 * 8  # two reductions, eight operations on the cell's inputs
    assert n_strided[1] < n_strided[0]


def test_extremes_are_those_of_all_architectures(small):
    listed = list(small.enumerate())
    rows = small.operation_indices(np.array(listed))
    for seed in range(3):
        values = np.random.default_rng(seed).normal(size=len(small.operation_table()))
        sums = np.append(values, 0.0)[rows].sum(axis=1)
        peaks = np.append(values, -np.inf)[rows].max(axis=1)
        for totals, aggregate in ((sums, "sum"), (peaks, "max")):
            low, cheapest = small.extreme(values, aggregate=aggregate, largest=False)
            high, _ = small.extreme(values, aggregate=aggregate, largest=True)
            assert (low, high) == (pytest.approx(totals.min()), pytest.approx(totals.max()))
            assert totals[listed.index(cheapest)] == pytest.approx(low)


def test_no_operation_is_listed_that_no_architecture_uses(small):
    rows = small.operation_indices(np.array(list(small.enumerate())))
    assert set(rows[rows >= 0].tolist()) == set(range(len(small.operation_table())))


def test_a_data_set_changes_stem_and_classifier_only():
    adjusted = NB201.with_data(in_channels=1, n_classes=37)
    genes = NB201.sample(Random(0))
    before, after = NB201.operations(genes), adjusted.operations(genes)
    assert after[1:-1] == before[1:-1]
    assert (after[0].cin, after[-1].cout) == (1, 37)


# Definitions.


@pytest.mark.parametrize(
    ("preset", "changes", "field", "words"),
    [
        ("lecture", {"topology": "ring"}, "topology", "blocks, pairs, edges"),
        ("lecture", {"operations": ["conv_9x9"]}, "operations[0]", "conv_3x3"),
        ("lecture", {"operations": ["conv_3x3", "conv_3x3"]}, "operations", "once"),
        ("lecture", {"merges": ["add", "mean"]}, "merges[1]", "add, concat"),
        ("lecture", {"n_nodes": 0}, "n_nodes", "between 1 and"),
        ("lecture", {"n_nodes": "five"}, "n_nodes", "whole number"),
        ("lecture", {"colour": 1}, "colour", "Unknown"),
        ("lecture", {"resolutions": [30]}, "resolutions", "multiple of 4"),
        ("lecture", {"operations": ["attention"]}, "resolutions", "16×16"),
        ("lecture", {"operations": ["group_conv_3x3"], "channels": 6}, "groups", "4 groups"),
        ("lecture", {"operations": ["attention"], "channels": 6}, "heads", "4 heads"),
        ("nasnet", {"n_nodes": 6}, "n_nodes", "at most 5"),
        ("nasnet", {"operations": ["none", "conv_3x3"]}, "operations", "none"),
        ("darts", {"operations": ["none"]}, "operations", "besides none"),
        ("darts", {"merges": ["concat"]}, "merges", "only be “add”"),
        ("darts", {"inputs": "fixed"}, "inputs", "only be “earlier”"),
        ("nas_bench_201", {"reduction": "cell"}, "reduction", "residual"),
        ("nas_bench_201", {"n_nodes": 1}, "n_nodes", "at least 2"),
        ("nas_bench_201", {"n_nodes": 5}, "n_nodes", "10 edges"),
        ("nas_bench_201", {"stem_width": 32}, "stem_width", "16"),
        ("nas_bench_201", {"in_channels": 2}, "in_channels", "1, 3"),
    ],
)
def test_impossible_definitions_are_refused_by_field(preset, changes, field, words):
    with pytest.raises(InvalidSpace) as caught:
        CellSpace.from_json({**PRESETS[preset], **changes})
    assert words in " ".join(caught.value.problems[field])


def test_a_missing_field_is_named():
    definition = {name: value for name, value in PRESETS["lecture"].items() if name != "n_nodes"}
    with pytest.raises(InvalidSpace, match="n_nodes: This field is missing"):
        CellSpace.from_json(definition)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_say_their_name(name):
    assert PRESETS[name]["preset"] == name
    assert CellSpace.from_json(PRESETS[name]).to_json()["preset"] == name
