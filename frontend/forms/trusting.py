"""How many networks are trained fully, and for how long."""

from typing import Any

from django import forms

from searches.services import trust


class TrustForm(forms.Form):
    """The size of the sample; the service says what is wrong with it."""

    networks = forms.IntegerField(
        label="Networks",
        min_value=trust.LEAST,
        max_value=trust.MOST,
        initial=30,
        help_text="In the sample, those that are trained already included.",
    )
    epochs = forms.IntegerField(
        label="Epochs",
        min_value=1,
        max_value=10_000,
        help_text="Of each full training; the same for all networks of this run.",
    )

    def __init__(self, data: Any = None, *, epochs: int, most: int):
        initial = {"networks": max(trust.LEAST, min(30, most)), "epochs": epochs}
        super().__init__(data, initial=initial)
