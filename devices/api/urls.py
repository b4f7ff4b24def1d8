"""Addresses of devices under /api/v1/."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from devices.api.devices import Devices

router = SimpleRouter(use_regex_path=False)
router.register("devices", Devices, basename="device")
urlpatterns = [path("", include(router.urls))]
