"""How much of a space a kit shall hold; the values stand in the address."""

from typing import Any

from django import forms

from frontend.forms.adjusting import Numbers
from searches.models import DataSet, Space
from searches.services import kits


class KitForm(forms.Form):
    """A space, and what of it is timed."""

    space = forms.ModelChoiceField(
        Space.objects.none(),
        empty_label="Choose a space",
        help_text="The networks that the device shall run.",
    )
    dataset = forms.ModelChoiceField(
        DataSet.objects.none(),
        required=False,
        empty_label="None: classes as in the definition",
        label="Data set",
        help_text="Its channels and classes; both change the first and the last layer.",
    )
    thinned = forms.BooleanField(
        required=False,
        initial=True,
        label="Thinned",
        help_text=f"At most {kits.THINNED_BLOCKS} blocks, those that say most about the others, "
        "which are then interpolated. Otherwise every block.",
    )
    resolution = Numbers(
        int, label="Resolutions", help_text="Sides of the images, such as 160, 224; empty: all."
    )
    batch = forms.IntegerField(
        min_value=1,
        max_value=kits.MOST_BATCH,
        initial=1,
        required=False,
        widget=forms.NumberInput(attrs={"placeholder": 1}),
        help_text="Samples in one call. A profile holds for one; make a kit for each.",
    )
    networks = forms.IntegerField(
        min_value=0,
        max_value=kits.MOST_NETWORKS,
        initial=kits.N_NETWORKS,
        required=False,
        widget=forms.NumberInput(attrs={"placeholder": kits.N_NETWORKS}),
        label="Whole networks",
        help_text="Half of them calibrate the sum of the blocks, half check it.",
    )

    def __init__(self, spaces: Any, datasets: Any, data: Any = None):
        super().__init__(data)
        fields: dict[str, Any] = self.fields
        fields["space"].queryset, fields["dataset"].queryset = spaces, datasets

    def choice(self) -> kits.Choice:
        """What a valid form asks for; an empty field is its usual value."""
        values = self.cleaned_data
        networks = values["networks"]
        return kits.Choice(
            thinned=values["thinned"],
            resolutions=tuple(values["resolution"] or ()),
            batch=values["batch"] or 1,
            n_networks=kits.N_NETWORKS if networks is None else networks,
        )
