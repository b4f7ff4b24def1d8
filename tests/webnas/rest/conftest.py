"""People and their clients."""

from tests.cast import alice, anonymous, as_alice, as_bob, as_reader, bob, unthrottled  # noqa: F401
