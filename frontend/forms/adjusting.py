"""The form that asks which size of a space suits a device; its values stand in the address."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms

from devices.models import DeviceProfile
from frontend.fleet import Listed
from frontend.forms.goals import TYPED
from searches.models import DataSet, Space
from searches.objectives.measures import COSTS
from searches.services.adjusting import Question
from searches.spaces.adjusting import LIMITED

LONGEST_LIST = 200


class Numbers(forms.CharField):
    """Numbers between commas or blanks."""

    def __init__(self, kind: Callable[[str], float], **kwargs: Any):
        self.kind = kind
        super().__init__(max_length=LONGEST_LIST, required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        try:
            return tuple(self.kind(part) for part in text.replace(",", " ").split())
        except ValueError:
            raise forms.ValidationError("Numbers between commas are needed.") from None

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else ", ".join(f"{v:g}" for v in value or ())

    def validate(self, value: Any) -> None:
        return


class AdjustForm(forms.Form):
    """A device, what may be used of it, and the sizes to look at."""

    device = forms.ModelChoiceField(
        DeviceProfile.objects.none(),
        required=False,
        empty_label="No device: storage and memory in fp32",
    )
    dataset = forms.ModelChoiceField(
        DataSet.objects.none(),
        required=False,
        empty_label="None: classes as in the definition",
        label="Data set",
    )
    widths = Numbers(float, help_text="Multipliers of all channels; empty: 0.2, 0.3 to 1.")
    resolutions = Numbers(int, help_text="Sides of the images; empty: five of the space's own.")

    def __init__(self, devices: Sequence[Listed], datasets: Any, data: Any = None):
        super().__init__(data)
        ids = [row.device.pk for row in devices]
        field: Any = self.fields["device"]
        field.queryset = DeviceProfile.objects.filter(pk__in=ids)
        choices: Any = self.fields["dataset"]
        choices.queryset = datasets
        for name in LIMITED:
            unit, _ = TYPED[name]
            self.fields[name] = forms.FloatField(
                required=False,
                label=COSTS[name].label,
                widget=forms.NumberInput(attrs={"step": "any", "placeholder": "no limit"}),
                help_text=f"at most, in {unit}",
            )

    def limit_fields(self) -> list[tuple[forms.BoundField, str]]:
        """The fields of limits, each with its unit."""
        return [(self[name], TYPED[name][0]) for name in LIMITED]

    def question(self, space: Space) -> Question:
        """What is asked, in stored units; only of a valid form."""
        chosen = self.cleaned_data
        limits = {
            name: float(f"{chosen[name] * TYPED[name][1]:.12g}")
            for name in LIMITED
            if chosen[name] is not None
        }
        device = chosen["device"]
        return Question(
            space=space,
            version=device.latest() if device else None,
            dataset=chosen["dataset"],
            limits=limits,
            widths=chosen["widths"],
            resolutions=chosen["resolutions"],
        )
