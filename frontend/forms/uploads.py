"""Files that people bring: device profiles, data sets; and spaces as JSON."""

from typing import Any

from django import forms
from rest_framework.exceptions import ParseError

from devices.profiles.formats.registry import FORMATS
from webnas.rest.parsing import strict_json


def _layouts() -> list[tuple[str, str]]:
    """What the layout of a profile can be; those of installed packages are among them."""
    return [("", "As its content says"), *((name, card.label) for name, card in FORMATS.items())]


class LayoutField(forms.ChoiceField):
    """For files that are not recognised."""

    def __init__(self) -> None:
        super().__init__(choices=_layouts, required=False, label="Layout")


PROFILES = ".json,.csv,.tsv,.yaml,.yml,.txt,.log,.zip"


class ProfileForm(forms.Form):
    """A device profile in the native form or in that of another tool."""

    file = forms.FileField(
        label="Profile",
        widget=forms.FileInput(attrs={"accept": PROFILES}),
    )
    name = forms.CharField(
        max_length=120, required=False, help_text="Empty: the name in the file."
    )
    layout = LayoutField()


class VersionForm(forms.Form):
    """New numbers for a device that is there."""

    file = forms.FileField(
        label="Profile",
        widget=forms.FileInput(attrs={"accept": PROFILES}),
    )
    layout = LayoutField()


class DataSetForm(forms.Form):
    """Images or rows of numbers, with labels."""

    name = forms.CharField(max_length=120)
    file = forms.FileField(
        label=".npz, zip or CSV", widget=forms.FileInput(attrs={"accept": ".npz,.zip,.csv,.tsv"})
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        required=False,
        label="Seed of the split",
        help_text="The same seed cuts the same samples into train, search-validation and test.",
    )
    target = forms.CharField(
        max_length=100,
        required=False,
        label="Column of the class",
        help_text="Of a CSV; empty: the last one.",
    )


class FolderForm(forms.Form):
    """A folder that the workers can read; staff only."""

    name = forms.CharField(max_length=120)
    folder = forms.CharField(
        max_length=500, help_text="Absolute path on the workers, one folder inside for each class."
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=0, required=False)


class SpaceForm(forms.Form):
    """A space of one's own, spelled out."""

    name = forms.CharField(max_length=120)
    definition = forms.CharField(widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"}))

    def clean_definition(self) -> Any:
        try:
            return strict_json(self.cleaned_data["definition"].encode(errors="surrogatepass"))
        except ParseError as error:
            raise forms.ValidationError(str(error.detail)) from None
