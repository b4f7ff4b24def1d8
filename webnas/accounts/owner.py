"""The person at this machine, for whom no account was made."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

LOCAL_OWNER = "owner"


def local_owner() -> AbstractBaseUser:
    """The user of a one-machine installation: made at first use, comes in by login links."""
    users = get_user_model()._default_manager
    owner, is_new = users.get_or_create(
        username=LOCAL_OWNER, defaults={"is_staff": True, "is_superuser": True}
    )
    if is_new:  # a password can be given later: manage.py changepassword owner
        owner.set_unusable_password()
        owner.save(update_fields=["password"])
    return owner


def user_named(name: str | None) -> AbstractBaseUser:
    """The user of that name; the local owner when no name is given."""
    if name is None:
        return local_owner()
    user: AbstractBaseUser = get_user_model()._default_manager.get_by_natural_key(name)
    return user
