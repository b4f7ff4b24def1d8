"""REST: one's own API tokens."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import include, path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from webnas.accounts import kit_tokens
from webnas.accounts.models import ApiToken
from webnas.rest.serializers import Strict
from webnas.rest.views import Api, person


class Token(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = (
            "id",
            "label",
            "prefix",
            "is_read_only",
            "is_for_kit",
            "created_at",
            "last_used_at",
            "used_up_at",
            "expires_at",
        )


class NewToken(Token):
    """The only answer that ever holds the secret."""

    secret = serializers.CharField()

    class Meta(Token.Meta):
        fields = (*Token.Meta.fields, "secret")  # type: ignore[assignment]


class TokenRequest(Strict):
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]
    is_read_only = serializers.BooleanField(default=False)
    is_for_kit = serializers.BooleanField(
        default=False, help_text="Posts one device profile and nothing else, within a week."
    )
    expires_at = serializers.DateTimeField(default=None, allow_null=True)

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This time has passed.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["is_for_kit"]:
            return attrs
        if attrs["is_read_only"]:
            raise serializers.ValidationError({"is_read_only": ["A kit's token posts a profile."]})
        latest = timezone.now() + kit_tokens.LIFE
        if attrs["expires_at"] is not None and attrs["expires_at"] > latest:
            message = f"A kit's token lives for at most {kit_tokens.LIFE.days} days."
            raise serializers.ValidationError({"expires_at": [message]})
        return {**attrs, "expires_at": attrs["expires_at"] or latest}


class Tokens(mixins.ListModelMixin, Api):
    """Keys for scripts."""

    queryset = ApiToken.objects.all()
    serializer_class = Token
    lookup_value_converter = "int"
    takes_keys = False

    def get_queryset(self) -> QuerySet[Any]:
        return ApiToken.objects.owned_by(cast(User, self.request.user))

    @extend_schema(request=TokenRequest, responses={201: NewToken})
    def create(self, request: Request) -> Response:
        """Make a token; its secret is in this answer and nowhere else."""
        body = TokenRequest(data=request.data)
        body.is_valid(raise_exception=True)
        token, secret = ApiToken.create(owner=person(request), **body.validated_data)
        token.secret = secret  # type: ignore[attr-defined]
        return Response(NewToken(token).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Revoke a token."""
        self.get_object().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


router = SimpleRouter(use_regex_path=False)
router.register("tokens", Tokens, basename="token")
urlpatterns = [path("", include(router.urls))]
