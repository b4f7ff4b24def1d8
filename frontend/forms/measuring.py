"""What a network really took on a device."""

from collections.abc import Sequence

from django import forms

from devices.models import DeviceProfile
from searches.services.measurements import MOST_MS


class MeasuredForm(forms.Form):
    """One latency of one network, on a device that this person may change."""

    device = forms.ModelChoiceField(DeviceProfile.objects.none(), empty_label=None)
    latency_ms = forms.FloatField(
        label="It took",
        min_value=0,
        max_value=MOST_MS,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Milliseconds for the batch of the device's profile, as deployed.",
    )

    def __init__(self, devices: Sequence[DeviceProfile], data: object = None):
        super().__init__(data)  # type: ignore[arg-type]
        field = self.fields["device"]
        ids = [device.pk for device in devices]
        field.queryset = DeviceProfile.objects.filter(pk__in=ids)  # type: ignore[attr-defined]
