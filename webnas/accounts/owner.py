"""The person at this machine, for whom no account was made."""

from django.contrib.auth.models import User

LOCAL_OWNER = "owner"


def local_owner() -> User:
    """The user of a one-machine installation: made at first use, comes in by login links."""
    owner, is_new = User.objects.get_or_create(
        username=LOCAL_OWNER, defaults={"is_staff": True, "is_superuser": True}
    )
    if is_new:  # a password can be given later: manage.py changepassword owner
        owner.set_unusable_password()
        owner.save(update_fields=["password"])
    return owner


def user_named(name: str | None) -> User:
    """The user of that name; the local owner when no name is given."""
    return local_owner() if name is None else User.objects.get(username=name)
