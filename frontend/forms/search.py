"""The form of a new search: every choice of a run, and the request that they make together."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import User

from frontend import fleet
from frontend.forms import fitting, further, goals, settings
from frontend.forms.goals import GUESSES, WHEN_GUESSES, Goal
from searches.models import DataSet, Run, Space, Supernet
from searches.objectives.measures import Measure, key
from searches.services import catalogue
from searches.services.requests import MAX_BATCH, MAX_BUDGET, RunRequest
from searches.services.runs import reused_supernet

FAMILIES = {"target": "targets", "strategy": "strategies", "evaluator": "evaluators"}
ROLES = tuple(FAMILIES)
# What a newcomer's search optimises, on the first device of the list.
FIRST_GOALS = ("accuracy", "synflow", "latency", "storage")
FIRST_COLUMNS = 2  # of a table of known results
# Where a newcomer starts: small enough for a CPU.
FIRST_SPACE = ("ofa_mobilenet_v3", "small")


class SearchForm(forms.Form):
    """Its fields depend on the cards of the registries and on the devices of the person."""

    name = forms.CharField(max_length=120, initial="Search")
    target = forms.ChoiceField(widget=forms.RadioSelect)
    dataset = forms.ModelChoiceField(
        DataSet.objects.none(), widget=forms.RadioSelect, label="Data set"
    )
    space = forms.ModelChoiceField(Space.objects.none(), widget=forms.RadioSelect)
    strategy = forms.ChoiceField(widget=forms.RadioSelect)
    evaluator = forms.ChoiceField(widget=forms.RadioSelect)
    supernet = forms.ModelChoiceField(
        Supernet.objects.none(),
        required=False,
        empty_label="Train new shared weights",
        label="Shared weights",
        help_text="A trained supernet of the same space and data set saves the training.",
    )
    warm_start = forms.ModelChoiceField(
        Run.objects.none(),
        required=False,
        empty_label="Nothing: from scratch",
        label="Start from the networks of",
        help_text="An earlier run in the same space: its best networks come first, with what they "
        "cost on this run's devices.",
    )
    budget = forms.IntegerField(
        min_value=1,
        max_value=MAX_BUDGET,
        initial=200,
        help_text="Networks that are judged before the front is verified.",
    )
    batch = forms.IntegerField(
        min_value=1,
        max_value=MAX_BATCH,
        required=False,
        help_text="Networks asked for at a time; empty: 20, or the budget if it is smaller.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**48 - 1,
        initial=0,
        required=False,
        help_text="The same seed gives the same front on one machine.",
    )
    accept_guesses = forms.BooleanField(
        required=False,
        label=GUESSES,
        help_text=WHEN_GUESSES,
    )
    further_limits = further.FurtherLimits(required=False)

    def __init__(self, owner: User, data: Any = None, initial: dict[str, Any] | None = None):
        self.owner = owner
        self.devices = [row for row in fleet.listed(owner) if row.is_usable]
        self.cards = {role: catalogue.cards(family) for role, family in FAMILIES.items()}
        ready = DataSet.objects.visible_to(owner).filter(status=DataSet.Status.READY)
        self.goals = goals.goals_of(qualities(self.cards["target"]), self.devices)
        self.goals += goals.of_judges(self.cards["evaluator"])
        self.goals += goals.of_tables(ready.filter(kind="table").own_last("name"))
        super().__init__(data, initial=initial or {})
        for role in ROLES:
            choices = [(card["name"], card["label"]) for card in self.cards[role]]
            self.fields[role].choices = choices  # type: ignore[attr-defined]
            self.fields.update(settings.fields_of(self.cards[role], role))
        self.fields.update(goals.fields_of(self.goals))
        self._offer_rows()

    def _offer_rows(self) -> None:
        """Only rows that this person may use can be chosen."""
        datasets = DataSet.objects.visible_to(self.owner).filter(status=DataSet.Status.READY)
        rows = {
            "dataset": datasets.own_last("name"),
            "space": Space.objects.visible_to(self.owner).own_first("pk"),
            "supernet": Supernet.objects.owned_by(self.owner)
            .filter(is_trained=True)
            .select_related("space", "dataset")
            .order_by("-pk"),
            "warm_start": Run.objects.owned_by(self.owner).filter(n_told__gt=0).order_by("-pk"),
        }
        for name, queryset in rows.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]
        self.fields["supernet"].label_from_instance = describe_supernet  # type: ignore[attr-defined]
        self.fields["warm_start"].label_from_instance = describe_run  # type: ignore[attr-defined]

    def request(self) -> RunRequest:
        """The choices as the service takes them; only of a valid form."""
        chosen, offered = self.cleaned_data, self.offered_goals()
        # Kept, as a field that gets an error is no longer among the cleaned ones.
        self.wanted = wanted = [goal for goal in offered if chosen[goal.field]]
        self.limited = limited = [g for g in offered if chosen[g.limit_field] is not None]
        used = {goal.device.pk for goal in [*wanted, *limited] if goal.device}
        used |= further.devices_of(chosen["further_limits"])
        limits = [goal.limit(chosen[goal.limit_field]) for goal in limited]
        return RunRequest(
            name=chosen["name"],
            dataset=chosen["dataset"],
            space=chosen["space"],
            target=chosen["target"],
            target_settings=self.settings_of("target"),
            strategy=chosen["strategy"],
            strategy_settings=self.settings_of("strategy"),
            evaluator=chosen["evaluator"],
            evaluator_settings=self.settings_of("evaluator"),
            supernet=chosen["supernet"],
            warm_start=chosen["warm_start"],
            budget=chosen["budget"],
            devices=[row.device for row in self.devices if row.device.pk in used],
            objectives=[goal.item() for goal in wanted],
            limits=[*limits, *chosen["further_limits"]],
            batch=chosen["batch"],
            seed=chosen["seed"] or 0,
            accept_guesses=chosen["accept_guesses"],
        )

    def offered_goals(self) -> list[Goal]:
        """Those that go with the data set and the evaluator that are chosen."""
        return goals.offered(self.goals, self["dataset"].value(), self["evaluator"].value())

    def settings_of(self, role: str) -> dict[str, Any]:
        name = self.cleaned_data[role]
        schema = next(card["settings"] for card in self.cards[role] if card["name"] == name)
        return settings.changed(schema, self.cleaned_data, role, name)

    def place_of(self, error: str) -> str | None:
        """The form's field for a place that the service names, such as `limits.0`."""
        family, _, rest = error.partition(".")
        if family in ("objectives", "limits") and rest.isdecimal():
            rows = [goal.field for goal in self.wanted] if family == "objectives" else []
            rows = rows or [goal.limit_field for goal in self.limited]
            beyond = "further_limits" if family == "limits" else None
            return rows[int(rest)] if int(rest) < len(rows) else beyond
        role = family.removesuffix("_settings")
        name = settings.name_of(role, self.cleaned_data.get(role, ""), rest) if rest else error
        return name if name in self.fields else None


def qualities(targets: list[dict[str, Any]]) -> list[Measure]:
    """Quality measures of all targets, each once."""
    found = [quality for card in targets for quality in card["qualities"]]
    by_name = {quality["name"]: Measure(**quality, kind="quality") for quality in found}
    return list(by_name.values())


def describe_supernet(supernet: Supernet) -> str:
    return f"Supernet {supernet.pk}: {supernet.space.name} on {supernet.dataset.name}"


def describe_run(run: Run) -> str:
    return f"{run.name} (run {run.pk}, {run.n_told} networks)"


def body_of(request: RunRequest) -> dict[str, Any]:
    """The body of the same request over REST."""
    body = {
        "name": request.name,
        "target": request.target,
        "dataset": request.dataset.pk,
        "space": request.space.pk,
        "devices": [device.pk for device in request.devices],
        "objectives": list(request.objectives),
        "limits": list(request.limits),
        "strategy": request.strategy,
        "evaluator": request.evaluator,
        "budget": request.budget,
        "seed": request.seed,
    }
    for role in ROLES:
        if found := getattr(request, f"{role}_settings"):
            body[f"{role}_settings"] = dict(found)
    if request.batch is not None:
        body["batch"] = request.batch
    if request.accept_guesses:
        body["accept_guesses"] = True
    if request.supernet is not None:
        body["supernet"] = request.supernet.pk
    if request.warm_start is not None:
        body["warm_start"] = request.warm_start.pk
    return body


def first_choices(form: SearchForm, asked: Mapping[str, int | None]) -> dict[str, Any]:
    """What the form begins with for a newcomer: what comes with webnas, on the first device.

    Args:
        form: not filled in.
        asked: ids of a data set and a space that the address names.
    """
    seen: set[str] = set()
    initial: dict[str, Any] = {role: form.cards[role][0]["name"] for role in ROLES}
    initial["strategy"] = "nsga2"
    for goal in form.goals:
        is_first = goal.measure.name in FIRST_GOALS and goal.measure.name not in seen
        if is_first and not goal.table:
            initial[goal.field] = True
            seen.add(goal.measure.name)
        if goal.table and goal.position < FIRST_COLUMNS:
            initial[goal.field] = True
    initial |= _first_rows(form, asked)
    judges = (card["name"] for card in form.cards["evaluator"])
    fitting_judges = (n for n in judges if initial["target"] in fitting.targets_judged_by(n))
    return initial | {"evaluator": next(fitting_judges, initial["evaluator"])}


def _first_rows(form: SearchForm, asked: Mapping[str, int | None]) -> dict[str, Any]:
    """Target, data set and space that go together, with those that are asked for."""
    datasets = DataSet.objects.visible_to(form.owner).filter(status=DataSet.Status.READY)
    spaces = Space.objects.visible_to(form.owner).own_last("pk")
    offered: dict[str, list[DataSet | Space]] = {
        "dataset": list(datasets.own_first("-pk")),
        "space": sorted(spaces, key=_is_first, reverse=True),
    }
    found = {
        name: next((row for row in rows if row.pk == asked.get(name)), None)
        for name, rows in offered.items()
    }
    names = [card["name"] for card in form.cards["target"]]
    target = fitting.first_target(names, filter(None, found.values())) or names[0]
    for name, rows in offered.items():
        others = [row for row in found.values() if row]
        fits = (row for row in rows if target in fitting.targets_of(row))
        together = (row for row in fits if fitting.goes_with(row, others))
        found[name] = found[name] or next(together, None)
    return {"target": target, **found}


def _is_first(space: Any) -> bool:
    return (space.family, space.definition.get("preset")) == FIRST_SPACE


def choices_of(run: Run, form: SearchForm) -> dict[str, Any]:
    """What the form begins with to repeat a run."""
    same = ("target", "strategy", "evaluator", "budget", "batch", "seed", "dataset", "space")
    initial: dict[str, Any] = {name: getattr(run, name) for name in same}
    initial["name"] = f"{run.name} (copy)"[:120]
    initial["warm_start"] = run.warm_start_id
    initial["accept_guesses"] = run.accepts_guesses
    for role in ROLES:
        values: Mapping[str, Any] = getattr(run, f"{role}_settings")
        initial |= settings.initial(values, role, getattr(run, role))
    initial["supernet"] = reused_supernet(run)
    by_key = {goal.key: goal for goal in goals.offered(form.goals, run.dataset, run.evaluator)}
    for objective in run.objectives:
        goal = by_key.get(key(objective["measure"], objective.get("device")))
        if goal:
            initial[goal.field] = True
    typed, initial["further_limits"] = further.split(run.limits, by_key)
    return initial | typed
