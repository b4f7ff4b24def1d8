"""Choosing a network."""

from django import forms

from searches.services.models import MAX_FINE_TUNE_EPOCHS


class ChooseForm(forms.Form):
    """What becomes of a network on its way to a file."""

    name = forms.CharField(max_length=120, required=False)
    fine_tune_epochs = forms.IntegerField(
        label="Extra epochs",
        min_value=0,
        max_value=MAX_FINE_TUNE_EPOCHS,
        initial=0,
        help_text="How long this network alone is trained further. 0 takes its weights as judged.",
    )
