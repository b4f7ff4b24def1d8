"""How many bytes a person keeps here, over everything that counts."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum

from webnas.refusals import RefusedRequest


def used_bytes(owner: User) -> int:
    """The sum over the models that say by `counted_for` whose bytes their rows hold."""
    total = 0
    for model in apps.get_models():
        path = getattr(model, "counted_for", None)
        if path is not None:
            rows = model._default_manager.filter(**{path: owner.pk}, n_bytes__gt=0).order_by()
            total += rows.aggregate(sum=Sum("n_bytes"))["sum"] or 0
    return total


def lock(owner: User) -> None:
    """Let what a person asks for at once be counted one by one, until the transaction ends."""
    User.objects.select_for_update().filter(pk=owner.pk).first()


def refuse_beyond(owner: User, n_bytes: int, *, field: str = "file") -> None:
    """Refuse `n_bytes` more when the quota does not allow them.

    Inside the transaction that stores them, so that two uploads at once cannot both fit: the
    person's row is locked until its end.
    """
    lock(owner)
    used = used_bytes(owner)
    if used + n_bytes > settings.WEBNAS_QUOTA_BYTES:
        needs = f"This needs {n_bytes:,} bytes; you" if n_bytes else "You"
        message = (
            f"{needs} use {used:,} of {settings.WEBNAS_QUOTA_BYTES:,} bytes. "
            "Delete something first."
        )
        raise RefusedRequest({field: [message]}, message)
