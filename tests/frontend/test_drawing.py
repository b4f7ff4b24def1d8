"""The drawing of a network."""

import re

from frontend import drawing


def block(name="MBConv", kernel=3, out_side=8, share=0.25, **fields):
    """A block with a share of the latency on device 3."""
    cost = {"latency_ms": share * 2, "share": share, "provenance": "looked up"}
    return {
        "type": "mbconv", "name": name, "kernel": kernel, "expand": 4.0, "cin": 16, "cout": 24,
        "side": out_side * 2, "out_side": out_side, "macs": 1000 * share, "devices": {"3": cost},
    } | fields  # fmt: skip


def widths(svg):
    return [float(w) for w in re.findall(r'<rect[^>]* width="([\d.]+)"', svg)]


def test_bars_fill_the_width_in_proportion_to_their_latency():
    found = widths(drawing.network([block(share=0.1), block(share=0.9)], "3"))
    assert abs(sum(found) - drawing.WIDTH) < 0.2
    assert found[1] > 6 * found[0]


def test_a_block_that_costs_nothing_is_still_seen():
    assert min(widths(drawing.network([block(share=0.0), block(share=1.0)], "3"))) > 5


def test_without_latencies_the_bars_show_multiply_accumulates():
    blocks = [block(macs=100, devices={}), block(macs=300, devices={})]
    first, second = widths(drawing.network(blocks, None))
    assert second > 2 * first


def test_maps_of_half_the_side_are_drawn_lower():
    svg = drawing.network([block(out_side=16), block(out_side=8)], "3")
    tall, low = (float(h) for h in re.findall(r'<rect[^>]* height="([\d.]+)"', svg))
    assert tall > low


def test_blocks_of_one_size_share_a_bracket():
    blocks = [block(out_side=16), block(out_side=16), block(out_side=8)]
    svg = drawing.network(blocks, "3")
    assert svg.count('class="stage"') == 2
    assert "16×16" in svg


def test_the_drawing_says_in_words_what_it_shows():
    svg = drawing.network([block(share=0.2), block(kernel=7, share=0.8)], "3")
    assert "Most costly: MBConv, 7×7, expand 4" in svg
    assert "<title>MBConv, 3×3, expand 4, 16→24 channels, 16→8 px, 0.4 ms, 20 %" in svg


def test_layers_without_maps_are_drawn_as_high_as_they_are_wide():
    flat = {"type": "linear", "name": "Linear", "kernel": None, "expand": None, "side": 1}
    svg = drawing.network([block(out_side=1, cout=width, **flat) for width in (64, 16)], "3")
    wide, narrow = (float(h) for h in re.findall(r'<rect[^>]* height="([\d.]+)"', svg))
    assert wide > 2 * narrow
    assert 'class="stage"' not in svg
    assert "Network of 2 layers. Most costly: Linear, 16→64 channels, 0.5 ms" in svg


def test_names_are_escaped():
    assert "<b>" not in drawing.network([block(name="<b>")], "3")
