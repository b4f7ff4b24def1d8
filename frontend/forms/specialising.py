"""What a supernet is asked for: devices, limits, and how thoroughly to look."""

from collections.abc import Sequence
from typing import Any

from django import forms

from frontend.fleet import Listed
from frontend.forms.goals import GUESSES, TYPED, WHEN_GUESSES
from searches.models import Supernet
from searches.objectives.measures import COSTS, Measure
from searches.services import supernets as services
from searches.services.supernets import Specialisation

# Costs that can be limited and optimised, in the order of the page.
OFFERED = ("latency", "energy", "storage", "peak_memory", "macs")
MOST_PAIRS = services.MOST_PAIRS


class SpecialiseForm(forms.Form):
    """Each limit holds on every device that is ticked."""

    devices = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one device."},
    )
    measures = forms.MultipleChoiceField(
        label="Trade quality against",
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, COSTS[name].label) for name in OFFERED],
        initial=services.MEASURES,
        error_messages={"required": "Tick at least one cost."},
    )
    networks = forms.IntegerField(
        label="Networks judged",
        min_value=services.FEWEST_NETWORKS,
        max_value=services.MOST_NETWORKS,
        initial=services.NETWORKS,
        help_text="For each device, on the supernet; out of thousands that are looked at.",
    )
    name = forms.CharField(
        max_length=80, required=False, help_text="Of the runs; that of the device is added."
    )
    accept_guesses = forms.BooleanField(
        required=False,
        label=GUESSES,
        help_text=WHEN_GUESSES,
    )

    def __init__(self, devices: Sequence[Listed], quality: Measure, data: Any = None):
        self.listed = [row for row in devices if row.number is not None]
        self.quality = quality
        first = [str(row.device.pk) for row in self.listed[:1]]
        super().__init__(data, initial={"devices": first})
        choices = [(str(row.device.pk), row.device.name) for row in self.listed]
        self.fields["devices"].choices = choices  # type: ignore[attr-defined]
        for measure, _, _ in self._limits():
            self.fields[f"limit-{measure.name}"] = forms.FloatField(
                required=False,
                min_value=0,
                label=measure.label,
                widget=forms.NumberInput(attrs={"step": "any", "placeholder": "none"}),
            )

    def _limits(self) -> list[tuple[Measure, str, str]]:
        """Each measure that can be limited, its bound and the unit that people type."""
        found = [(self.quality, "at_least", "%")]
        return found + [(COSTS[name], "at_most", TYPED[name][0]) for name in OFFERED]

    def limit_rows(self) -> list[dict[str, Any]]:
        """The limits as the page lists them."""
        return [
            {
                "field": self[f"limit-{measure.name}"],
                "words": bound.replace("_", " "),
                "unit": unit,
            }
            for measure, bound, unit in self._limits()
        ]

    def asked(self, supernet: Supernet) -> Specialisation:
        """What the service is asked for; only of a valid form."""
        chosen = self.cleaned_data
        by_id = {str(row.device.pk): row.device for row in self.listed}
        self.limited = [
            (measure.name, bound)
            for measure, bound, _ in self._limits()
            if chosen[f"limit-{measure.name}"] is not None
        ]
        return Specialisation(
            supernet,
            devices=[by_id[pk] for pk in chosen["devices"]],
            limits=[self._limit(*limited) for limited in self.limited],
            name=chosen["name"],
            measures=chosen["measures"],
            networks=chosen["networks"],
            accept_guesses=chosen["accept_guesses"],
        )

    def _limit(self, name: str, bound: str) -> dict[str, Any]:
        factor = TYPED.get(name, ("%", 0.01))[1]
        return {
            "measure": name,
            bound: float(f"{self.cleaned_data[f'limit-{name}'] * factor:.12g}"),
        }

    def place(self, errors: dict[str, list[str]]) -> None:
        """The service's messages at the fields that they are about."""
        for place, messages in errors.items():
            family, _, rest = place.partition(".")
            name = family
            if family == "limits" and rest.isdecimal():
                name = f"limit-{self.limited[int(rest)][0]}"
            self.add_error(name if name in self.fields else None, messages)
