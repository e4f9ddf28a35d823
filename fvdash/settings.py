"""Django settings. Every value that an operator may change comes from the catalogue of variables in
core.configuration.environment; nothing else reads the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from core.configuration.environment import ConfigurationError, load
from fvdash.runtime.installation import Installation

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = load(os.environ)
INSTALLATION = Installation((ENV["FVDASH_DATA_DIR"] or BASE_DIR / ".data").resolve())

# ---- where the servers are ---------------------------------------------------------------------
EMBEDDED_DATABASE = ENV["DATABASE_URL"] is None
EMBEDDED_REDIS = ENV["REDIS_URL"] is None and ENV["UPSTASH_REDIS_REST_URL"] is None
EMBEDDED = EMBEDDED_DATABASE or EMBEDDED_REDIS
_endpoints = INSTALLATION.read() if EMBEDDED else None


def _redis_url() -> str:
    if ENV["REDIS_URL"]:
        return str(ENV["REDIS_URL"])
    if ENV["UPSTASH_REDIS_REST_URL"]:
        host = urlsplit(ENV["UPSTASH_REDIS_REST_URL"]).hostname
        return f"rediss://default:{ENV['UPSTASH_REDIS_REST_TOKEN'] or ''}@{host}:6379"
    # Never started: an address that refuses at once, so that the command says so.
    return _endpoints.redis_url if _endpoints else "unix:///nonexistent/redis.sock"


def _database(url: str) -> Any:
    parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    parsed["CONN_HEALTH_CHECKS"] = True
    parsed.setdefault("OPTIONS", {})
    parsed["OPTIONS"].setdefault("connect_timeout", 5)
    parsed["OPTIONS"].setdefault("application_name", "fvdash")
    return parsed


_database_url = ENV["DATABASE_URL"] or (_endpoints.database_url if _endpoints else "postgresql:///never_started")
_owner_url = ENV["DATABASE_OWNER_URL"] or (_endpoints.database_owner_url if _endpoints and EMBEDDED_DATABASE else None)
DATABASES: dict[str, Any] = {"default": _database(_database_url) | {"CONN_MAX_AGE": 60}}
# The owner's connection is for migrations, partitions and recovery only; nothing of a request uses it.
if _owner_url:
    DATABASES["owner"] = _database(_owner_url) | {"CONN_MAX_AGE": 0}
DATABASE_ROUTERS = ["core.routers.OwnerMigrates"]
REDIS_URL = _redis_url()

# ---- the web -----------------------------------------------------------------------------------
DEBUG = bool(ENV["FVDASH_DEBUG"])
if ENV["FVDASH_SECRET_KEY"]:
    SECRET_KEY = str(ENV["FVDASH_SECRET_KEY"])
elif EMBEDDED:
    SECRET_KEY = INSTALLATION.secret_key()
else:
    raise ConfigurationError("FVDASH_SECRET_KEY is missing: expected 32 random characters or more")

HOST, PORT = str(ENV["HOST"]), int(ENV["PORT"])
PUBLIC_URL = (ENV["FVDASH_PUBLIC_URL"] or f"http://localhost:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
PUBLIC_HOST = _public.hostname or "localhost"
SECURE = _public.scheme == "https"
ALLOWED_HOSTS = [
    *ENV["FVDASH_ALLOWED_HOSTS"],
    _public.hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
]
if HOST not in ("0.0.0.0", "::", *ALLOWED_HOSTS):  # noqa: S104
    ALLOWED_HOSTS.append(HOST)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = ENV["FVDASH_TRUSTED_PROXIES"]
API_LIMIT = ENV["FVDASH_API_LIMIT"]

INSTALLED_APPS = [
    "fvdash",
    "core",
    "cache",
    "business",
    "monitoring",
    "compliance",
    "backup",
    "integrations",
    "whatsapp",
    "alerts",
    "executive",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "core.logs.middleware.RequestLogMiddleware",
    "monitoring.middleware.RequestMetricsMiddleware",
    "core.http.proxies.TrustedProxyMiddleware",
    # These two before the session: a probe needs none, and a flood must not cost a query.
    "monitoring.middleware.HealthMiddleware",
    "core.api.middleware.ApiErrorsMiddleware",
    "cache.middleware.RateLimitMiddleware",
    "monitoring.exposition.answer.ExpositionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.people.middleware.ViewerMiddleware",
    "core.pages.middleware.PreferencesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "core.people.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.people.middleware.ActivityMiddleware",
    "core.pages.middleware.DomainErrorsMiddleware",
]
ROOT_URLCONF = "fvdash.urls"
ASGI_APPLICATION = "fvdash.asgi.application"
WSGI_APPLICATION = None
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.pages.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "core.pages.forms.Renderer"
FORMAT_MODULE_PATH = ["core.localformats"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- people ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 24 * 3600
ACCOUNT_ADAPTER = "core.people.allauth.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "core.people.allauth.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
# A mail to an address that nobody here has would only be a nuisance to a stranger.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(PUBLIC_URL).scheme
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
# core.people.middleware does it once a minute; with every request it would be two queries a page.
USERSESSIONS_TRACK_ACTIVITY = False
# Addresses are given by admins, and the invitation proved them.
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNT_FORMS = {
    "login": "core.people.account_forms.SignInForm",
    "reset_password": "core.people.account_forms.ResetPasswordForm",
    "reset_password_from_key": "core.people.account_forms.ResetPasswordKeyForm",
    "change_password": "core.people.account_forms.ChangePasswordForm",
    "set_password": "core.people.account_forms.SetPasswordForm",
    "reauthenticate": "core.people.account_forms.ConfirmPasswordForm",
}
MFA_FORMS = {
    "authenticate": "core.people.account_forms.CodeForm",
    "reauthenticate": "core.people.account_forms.ConfirmCodeForm",
    "activate_totp": "core.people.account_forms.ActivateAppForm",
    "login_webauthn": "core.people.keys.SignInForm",
    "authenticate_webauthn": "core.people.keys.AuthenticateForm",
    "reauthenticate_webauthn": "core.people.keys.ReauthenticateForm",
    "add_webauthn": "core.people.keys.AddForm",
}
MFA_ADAPTER = "core.people.allauth.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
MFA_TOTP_ISSUER = "FVStudios"
# A code typed at the end of its 30 seconds, or by a clock a little off, still counts (RFC 6238, 5.2).
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": item["id"],
                "name": item["name"],
                "client_id": item["client_id"],
                "secret": item["secret"],
                "settings": {"server_url": item["server_url"]},
            }
            for item in ENV["FVDASH_OIDC"]
        ],
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "fvdash_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.pages.errors.csrf_failure"


# ---- transport and content security ------------------------------------------------------------
def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    # The button of single sign-on is a form that the provider's own page answers.
    "form-action": [CSP.SELF, *sorted({_origin(item["server_url"]) for item in ENV["FVDASH_OIDC"]})],
    "frame-ancestors": [CSP.NONE],
}
SECURE_SSL_REDIRECT = SECURE
# The load balancer and the container's own probe ask over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^api/health$", r"^api/system/health$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
IMPORT_MAX_BYTES = 200 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "business.importing.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
MEDIA_DIR = INSTALLATION.data_dir / "files"

# ---- language and time -------------------------------------------------------------------------
LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", _("Portuguese (Brazil)")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "fvdash_language"
USE_I18N = USE_TZ = True
# Off: figures are written by core.formats; an id in an attribute must never become 1.234.
USE_THOUSAND_SEPARATOR = False
TIME_ZONE = str(ENV["FVDASH_TIME_ZONE"])

# ---- static files ------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "build" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": MEDIA_DIR}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or "pytest" in sys.modules

# ---- cache, queue ------------------------------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "cache.backend.MeasuredRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "fvdash",
        # Never pickle: whoever can write to Redis would run code here.
        "OPTIONS": {"serializer": "cache.serializer.JSONSerializer"},
    }
}


def _broker(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    query = parse_qs(parts.query)
    password = f":{parts.password}@" if parts.password else ""
    return f"redis+socket://{password}{unquote(parts.path)}?virtual_host={query.get('db', ['0'])[0]}"


CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 10, "socket_connect_timeout": 3}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TIMEZONE = TIME_ZONE

# The thread of each process that writes what was measured; the tests flush by hand.
MONITORING_FLUSHES = "pytest" not in sys.modules

# ---- mail --------------------------------------------------------------------------------------
EMAIL_CONFIGURED = ENV["EMAIL_URL"] is not None
MAILERS: dict[str, Any]
if EMAIL_CONFIGURED:
    _mail = urlsplit(ENV["EMAIL_URL"])
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {
                "host": _mail.hostname or "localhost",
                "port": _mail.port or (465 if _mail.scheme == "smtps" else 25),
                "username": unquote(_mail.username or ""),
                "password": unquote(_mail.password or ""),
                "use_ssl": _mail.scheme == "smtps",
                "use_tls": _mail.scheme == "smtp+tls",
                "timeout": 15,
            },
        }
    }
    DEFAULT_FROM_EMAIL = parse_qs(_mail.query).get("from", [f"fvdash@{_public.hostname}"])[0]
else:
    # Kept as files in the data folder, so that nothing is lost before a server is configured.
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(INSTALLATION.data_dir / "mail")},
        }
    }
    DEFAULT_FROM_EMAIL = f"fvdash@{_public.hostname}"

# ---- logs --------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "core.logs.ContextFilter"}},
    "formatters": {"json": {"()": "core.logs.JSONFormatter"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
            "filters": ["context"],
        },
        # Warnings and errors are also kept in the database, for /monitoring/log.
        "kept": {"class": "monitoring.log.handler.KeepingHandler", "level": "WARNING"},
    },
    "root": {"handlers": ["stdout", "kept"], "level": "INFO"},
    "loggers": {
        # It brings a handler of its own, whose lines nobody could find again.
        "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}

SILENCED_SYSTEM_CHECKS: list[str] = []
