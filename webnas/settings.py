"""Settings of webnas: safe defaults for one machine, a few environment variables for a cluster.

docs/deployment.md lists every variable.
"""

from pathlib import Path
from typing import Any

import environ
import plotly

from webnas import secret

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# Everything that webnas keeps on disk lies here: database, files, messages, secret.
WEBNAS_HOME = Path(env.str("WEBNAS_HOME", default=str(BASE_DIR / "var"))).resolve()
SECRET_KEY = env.str("SECRET_KEY", default="") or secret.read_or_make(WEBNAS_HOME)
DEBUG = env.bool("DEBUG", default=False)
# Loopback names are always allowed: health checks use them, and no other host can serve them.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=[]), "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_HTTPS_PROXY", default=False) else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("BEHIND_HTTPS_PROXY", default=False)
FORCE_SCRIPT_NAME = env.str("SCRIPT_NAME", default="") or None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "webnas.work",
    "webnas.accounts",
    "devices",
    "searches",
    "frontend",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webnas.security.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "webnas.urls"
WSGI_APPLICATION = "webnas.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "auth.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "run-list"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = False
USE_TZ = True

# --- Database -----------------------------------------------------------------------------

# WAL without IMMEDIATE makes read-then-write transactions fail under load; together they do not.
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-20000;PRAGMA temp_store=MEMORY;"
    ),
}


def database() -> dict[str, Any]:
    """The database of DATABASE_URL; without one, a SQLite file in WEBNAS_HOME."""
    settings: dict[str, Any] = env.db(
        "DATABASE_URL", default=f"sqlite:///{WEBNAS_HOME / 'webnas.sqlite3'}"
    )
    if settings["ENGINE"].endswith("sqlite3"):
        settings["OPTIONS"] = SQLITE_OPTIONS | settings.get("OPTIONS", {})
    else:
        settings["CONN_MAX_AGE"] = 60
        settings["CONN_HEALTH_CHECKS"] = True
    return settings


DATABASES = {"default": database()}

# --- Files --------------------------------------------------------------------------------

MEDIA_ROOT = env.str("WEBNAS_FILES", default=str(WEBNAS_HOME / "files"))
STATIC_URL = "static/"
# Images are built with collected files; a clone serves them from where they lie.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
STATICFILES_DIRS = [("plotly", str(Path(plotly.__file__).parent / "package_data"))]
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# Folders on the workers that staff may register as data sets; none by default.
WEBNAS_DATA_ROOTS = [Path(p).resolve() for p in env.list("WEBNAS_DATA_ROOTS", default=[])]
WEBNAS_UPLOAD_BYTES = env.int("WEBNAS_UPLOAD_BYTES", default=256 * 2**20)
WEBNAS_QUOTA_BYTES = env.int("WEBNAS_QUOTA_BYTES", default=10 * 2**30)
WEBNAS_QUOTA_RUNS = env.int("WEBNAS_QUOTA_RUNS", default=8)
WEBNAS_QUOTA_MODELS = env.int("WEBNAS_QUOTA_MODELS", default=20)

# --- Work: leases, slices, queues -----------------------------------------------------------

WEBNAS_LEASE_SECONDS = env.float("WEBNAS_LEASE_SECONDS", default=60)
WEBNAS_HEARTBEAT_SECONDS = env.float("WEBNAS_HEARTBEAT_SECONDS", default=10)
# One batch, or whatever a slice cannot interrupt; what takes longer counts as hanging. Below
# CELERY_TASK_TIME_LIMIT, at which a worker kills a slice.
WEBNAS_STEP_SECONDS = env.float("WEBNAS_STEP_SECONDS", default=600)
WEBNAS_SLICE_SECONDS = env.float("WEBNAS_SLICE_SECONDS", default=60)
WEBNAS_NUDGE_SECONDS = env.float("WEBNAS_NUDGE_SECONDS", default=30)
WEBNAS_SWEEP_SECONDS = env.float("WEBNAS_SWEEP_SECONDS", default=2)
WEBNAS_TRIAL_ATTEMPTS = env.int("WEBNAS_TRIAL_ATTEMPTS", default=3)
WEBNAS_RUN_ATTEMPTS = env.int("WEBNAS_RUN_ATTEMPTS", default=5)
# The launcher sets this: there is one machine, and it can be measured as a device.
WEBNAS_ONE_MACHINE = env.bool("WEBNAS_ONE_MACHINE", default=False)

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost//")
MESSAGES_DIR = WEBNAS_HOME / "messages"


def broker_options(url: str) -> dict[str, Any]:
    """Options of the broker: folder and polling for files, redelivery times for Redis."""
    if url.startswith("filesystem"):
        return {
            "data_folder_in": str(MESSAGES_DIR),
            "data_folder_out": str(MESSAGES_DIR),
            "polling_interval": 0.1,
        }
    # A slice is a minute or so; a message must stay hidden for longer than any slice takes.
    return {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 20,
        "socket_connect_timeout": 5,
    }


CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not CELERY_BROKER_URL.startswith("filesystem")
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 1800
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2}

# --- REST ---------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webnas.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["webnas.accounts.permissions.SignedInWithinScope"],
    "DEFAULT_SCHEMA_CLASS": "webnas.rest.schema.Schema",
    "DEFAULT_PAGINATION_CLASS": "webnas.paging.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "webnas.rest.filters.Ordering",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.str("THROTTLE_ANONYMOUS", default="60/min"),
        "user": env.str("THROTTLE_USER", default="1200/min"),
        "upload": env.str("THROTTLE_UPLOAD", default="60/min"),
    },
    # Proxies in front that can be believed when they say who asks; others could make it up.
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "EXCEPTION_HANDLER": "webnas.errors.handle_exception",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["webnas.rest.parsing.StrictJSON"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "webnas.rest.negotiation.FirstRenderer",
    "URL_FORMAT_OVERRIDE": None,  # ?format= says which file a download is
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI document tells what OPTIONS would
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "DEFAULT_VERSIONING_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "webnas",
    "DESCRIPTION": "Multi-objective neural architecture search: from a data set and a device "
    "to a downloaded, trained network.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RunStatus": "searches.models.Run.Status",
        "TrialStatus": "searches.models.Trial.Status",
        "ModelStatus": "searches.models.ChosenModel.Status",
        "DataSetStatus": "searches.models.DataSet.Status",
        "DataSetSource": "searches.models.DataSet.Source",
    },
}

CACHES = {
    "default": env.cache("CACHE_URL", default="locmemcache://"),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # The exporter tells every step of its passes.
    "loggers": {"onnx_ir": {"level": "WARNING"}, "onnxscript": {"level": "WARNING"}},
}
