"""What a person can set; gives the form's fields and the API's schema. No torch here."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ClimbSettings:
    """Of the climb."""

    kept: int = field(
        default=20,
        metadata={"help": "Members of the front that have children.", "min": 1, "max": 1000},
    )
    patience: int = field(
        default=1000,
        metadata={"help": "Draws in vain that end the search for a new one.", "min": 1},
    )
