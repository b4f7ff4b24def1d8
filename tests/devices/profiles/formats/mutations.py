"""Ways to damage a file: cut, noise, scale, double, odd values, other encodings."""

import random
import re

NUMBER = re.compile(rb"(?<![\w.])-?\d+\.?\d*(?:[eE][+-]?\d+)?")
ODD = (
    *(b"NaN", b"nan", b".nan", b"-1", b"0", b"1e999", b"-1e308", b"5e-324", b"", b"null"),
    *(b'"1.4 ms"', b"9" * 30, b"9" * 5000, b"{}", b"[]", b"true", b"1,5", b"\xc2\xb5s", b"'"),
    *(b'"', b"1" * 400),
)
NOISE = (
    *(b"", b'"', b",", b":", b"{", b"}", b"[", b"-", b"\n", b"\r", b"\t", b"\x00", b"\xff"),
    *(b"&a ", b"*a", b"!!python/object:os.system ", b"\\u0000", b"#", b"=", b"\xe2\x80\xae"),
)


def truncated(data, rng):
    return data[: rng.randrange(len(data) + 1)]


def noisy(data, rng):
    damaged = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        start = rng.randrange(len(damaged) + 1)
        damaged[start : start + rng.randrange(12)] = rng.choice(NOISE)
    return bytes(damaged)


def scaled(data, rng):
    """One number in three, or all, times or divided by 1000."""
    factor, share = rng.choice([1e3, 1e-3]), rng.choice([0.3, 1.0])

    def changed(match):
        return repr(float(match[0]) * factor).encode() if rng.random() < share else match[0]

    return NUMBER.sub(changed, data)


def odd(data, rng):
    """Some numbers become what no number should be."""
    share = rng.choice([0.02, 0.2, 1.0])
    return NUMBER.sub(lambda m: rng.choice(ODD) if rng.random() < share else m[0], data)


def doubled(data, rng):
    """Lines or chunks stand twice, or in another order."""
    lines = data.split(b"\n")
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(lines))
        lines.insert(rng.randrange(len(lines)), lines[at])
    if rng.random() < 0.3:
        rng.shuffle(lines)
    start = rng.randrange(len(data))
    chunk = data[start : start + rng.randrange(40)]
    whole = b"\n".join(lines)
    return whole if rng.random() < 0.7 else whole[:start] + chunk + whole[start:]


def encoded(data, rng):
    """As another program would save the text."""
    text = data.decode("utf-8", "replace")
    coding = rng.choice(
        ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7"]
    )
    return (text + rng.choice(["", "é", "µ"])).encode(coding, "replace")


def merged(data, rng):
    """Two files in one."""
    return data + rng.choice([b"", b"\n", b"\n---\n", b","]) + data[rng.randrange(len(data)) :]


ALL = (truncated, noisy, scaled, odd, doubled, encoded, merged)


def damaged(data, seed):
    """The file damaged in one to three ways, the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(rng.randrange(1, 4)):
        data = rng.choice(ALL)(data, rng) or b" "
    return data
