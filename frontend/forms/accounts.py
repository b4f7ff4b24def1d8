"""API tokens."""

from django import forms


class TokenForm(forms.Form):
    """A new token for a script."""

    label = forms.CharField(
        max_length=100, help_text="What will use it, such as “nightly job on the build server”."
    )
    is_read_only = forms.BooleanField(
        required=False, label="May only read", help_text="Enough for dashboards and downloads."
    )
