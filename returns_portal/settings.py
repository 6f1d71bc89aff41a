"""Every setting, from the environment, secure by default. ``.env.example`` lists the variables."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from returns_portal import env
from returns_portal.core.languages import LANGUAGES as SHOPPER_LANGUAGES
from returns_portal.core.languages import SOURCE

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is too short; use at least 50 random characters.")
PUBLIC_URL = env.text("PUBLIC_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
PRODUCT_NAME = env.text("PRODUCT_NAME", "Returns Portal")

# Keys of encrypted columns: "id:base64-of-32-bytes", the first one encrypts, all decrypt. Without
# it the key is derived from SECRET_KEY, which then must never change.
FIELD_KEYS = env.words("FIELD_KEYS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "returns_portal.core",
    "returns_portal.tenancy",
    "returns_portal.activity",
    "returns_portal.integrations",
    "returns_portal.commerce",
    "inventory",
    "refunds",
    "rma",
    "notifications",
    "analytics",
    "returns_portal.portal",
    "returns_portal.backoffice",
    "returns_portal.api",
    "returns_portal.local",
]

MIDDLEWARE = [
    "returns_portal.core.middleware.RequestIdMiddleware",
    "returns_portal.core.middleware.NoStoreMiddleware",
    "returns_portal.tenancy.middleware.OwnDomainMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "returns_portal.tenancy.middleware.SessionCookieMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "returns_portal.tenancy.middleware.MerchantMiddleware",
]

ROOT_URLCONF = "returns_portal.urls"
WSGI_APPLICATION = "returns_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "returns_portal.core.context.product",
            ],
            "builtins": ["django.templatetags.static"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ]
            if not DEBUG
            else ["django.template.loaders.filesystem.Loader"],
        },
    }
]

# Migrations run as the owner of the tables; serving runs as a role that is neither owner nor
# superuser, so that row-level security binds it.
_MIGRATING = len(sys.argv) > 1 and sys.argv[1] in {"migrate", "makemigrations", "sqlmigrate"}
DATABASES = {
    "default": env.database(
        "MIGRATE_DATABASE_URL"
        if _MIGRATING and env.text("MIGRATE_DATABASE_URL", "")
        else "DATABASE_URL"
    )
    | {
        "CONN_MAX_AGE": env.number("CONN_MAX_AGE", 0 if "pytest" in sys.modules else 600),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "ATOMIC_REQUESTS": False,
    }
}
# Lets the serving role own the tables. For development and tests only: a start-up check refuses it
# otherwise.
ALLOW_OWNER_ROLE = _MIGRATING or env.flag("ALLOW_OWNER_ROLE", False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "rp",
    }
}

CELERY_BROKER_URL = env.text("BROKER_URL", REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the task time limit, or a second copy of a running task would start.
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_TASK_ALWAYS_EAGER = env.flag("CELERY_TASK_ALWAYS_EAGER", False)
# Each entry is a sweep: it finds in PostgreSQL what a lost message or a crash left behind.
CELERY_BEAT_SCHEDULE = {
    "deliver-events": {"task": "activity.deliver", "schedule": 10.0},
    "run-calls": {"task": "integrations.run_calls", "schedule": 10.0},
    "take-webhooks": {"task": "integrations.take_webhooks", "schedule": 15.0},
    "send-messages": {"task": "notifications.send_messages", "schedule": 10.0},
    "check-domains": {"task": "integrations.check_domains", "schedule": 60.0},
    "seal-events": {"task": "activity.seal", "schedule": 60.0},
    "expire-returns": {"task": "rma.expire_returns", "schedule": timedelta(minutes=10)},
    "publish-policies": {"task": "rma.publish_policies", "schedule": 60.0},
    "poll-tracking": {"task": "rma.poll_tracking", "schedule": timedelta(hours=1)},
    "rehearse": {"task": "rma.rehearse", "schedule": 60.0},
    "poll-refunds": {"task": "refunds.poll_refunds", "schedule": timedelta(minutes=10)},
    "refresh-rollups": {"task": "analytics.refresh_rollups", "schedule": 60.0},
}

# What ``manage.py drain`` repeats until nothing is due, and what it runs once before.
DRAIN_TASKS = [
    "activity.deliver",
    "integrations.run_calls",
    "integrations.take_webhooks",
    "integrations.check_domains",
    "notifications.send_messages",
    "analytics.refresh_rollups",
    "rma.rehearse",
]
SWEEP_TASKS = [
    "rma.expire_returns",
    "rma.publish_policies",
    "rma.poll_tracking",
    "refunds.poll_refunds",
]

AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "returns_portal.tenancy.accounts.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)
TRUSTED_PROXY_COUNT = ALLAUTH_TRUSTED_PROXY_COUNT
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/app/"

MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
# In the database alone: staff go on without Redis, and who signed out stays out when it is back.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "returns_portal.core.views.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31536000 if SESSION_COOKIE_SECURE else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_SECONDS > 0
SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", SESSION_COOKIE_SECURE)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^domains/ask$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", "https:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

LANGUAGE_CODE = SOURCE
LANGUAGES = list(SHOPPER_LANGUAGES)
# Catalogues of what shoppers read; ``manage.py compile_texts`` keeps them.
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
# The image build compresses and fingerprints; everywhere else the finders serve, which costs
# nothing at start.
_BUILT_STATIC = env.flag("BUILT_STATIC", False)
WHITENOISE_USE_FINDERS = not _BUILT_STATIC
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _BUILT_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(BASE_DIR / "media")))
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 15 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "returns@localhost")

STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com")
EASYPOST_API_BASE = env.text("EASYPOST_API_BASE", "https://api.easypost.com/v2")
PROVIDER_TIMEOUT = env.number("PROVIDER_TIMEOUT", 30, minimum=1)
# The outbound door refuses private addresses unless this is set (simulators on loopback).
ALLOW_PRIVATE_OUTBOUND = env.flag("ALLOW_PRIVATE_OUTBOUND", False)
# Servers asked for TXT records, "host" or "host#port"; empty are those of the system.
DNS_SERVERS = env.words("DNS_SERVERS")
DNS_TIMEOUT = env.number("DNS_TIMEOUT", 4, minimum=1)
# The built-in carrier and payment gateway of the demo; off, they answer that they are not there.
DEMO_PROVIDERS = env.flag("DEMO_PROVIDERS", DEBUG)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["returns_portal.api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["returns_portal.api.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["returns_portal.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "returns_portal.api.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Returns Portal API",
    "DESCRIPTION": "Orders, returns and refunds of one merchant.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_URLCONF": "returns_portal.urls",
    "POSTPROCESSING_HOOKS": ["returns_portal.api.schema.add_problems"],
    "ENUM_NAME_OVERRIDES": {},
}

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "returns_portal.core.logging.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {"django.server": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}
