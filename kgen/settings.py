"""All settings, from environment variables. `.env.example` documents each; an invalid one stops the start."""

import hashlib
import os
from pathlib import Path

import django_stubs_ext
import environ

from kgen import environment as env
from kgen.logs import logging_config

# Lets Django's classes take type parameters at run time, as in ModelAdmin[Client].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# ------------------------------------------------------------------ installation and secrets
LOCAL = env.flag("KGEN_LOCAL", False)
KGEN_HOME = Path(env.text("KGEN_HOME", str(BASE_DIR / ".kgen")))
SECRET_KEY = env.text("KGEN_SECRET_KEY")
if len(SECRET_KEY) < 32:
    env.refuse("KGEN_SECRET_KEY", "must have at least 32 characters")
# Signs gamers' tokens: the first key signs, all verify. Rotation: put a new one in front, drop the old a day later.
TOKEN_KEYS = env.key_set("KGEN_TOKEN_KEYS")
# The key of digests of client secrets and codes, of page cursors, and of secrets that are computed, not stored: codes
# and webhook secrets. It never signs tokens.
PEPPER = env.key_bytes("KGEN_PEPPER", env.text("KGEN_PEPPER"))

DEBUG = False
ALLOWED_HOSTS = env.words("KGEN_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
TRUSTED_PROXIES = env.whole("KGEN_TRUSTED_PROXIES", 0, most=10)
CONSOLE_PATH = env.text("KGEN_CONSOLE_PATH", "console").strip("/") + "/"
SECURE_COOKIES = env.flag("KGEN_SECURE_COOKIES", not LOCAL)
# Whether operators must have a second factor. An operator with a second factor always needs it.
CONSOLE_SECOND_FACTOR = env.flag("KGEN_CONSOLE_SECOND_FACTOR", not LOCAL)
CONSOLE_IDLE_SECONDS = env.whole("KGEN_CONSOLE_IDLE_SECONDS", 30 * 60, least=60, most=12 * 3600)
CONSOLE_SESSION_SECONDS = env.whole("KGEN_CONSOLE_SESSION_SECONDS", 12 * 3600, least=300, most=24 * 3600)

# The launcher and the server read these; listed here as known settings.
PORT = env.whole("PORT", 8000, least=1, most=65535)
WEB_WORKERS = env.whole("KGEN_WEB_WORKERS", 2, least=1, most=256)
WEB_THREADS = env.whole("KGEN_WEB_THREADS", 8, least=1, most=256)

# How long hot calls use proven credentials without reading the database again. Ending a session, suspending a gamer and
# switching off a client take effect within 5 s.
CREDENTIAL_CACHE_SECONDS = env.whole("KGEN_CREDENTIAL_CACHE_MS", 2000, most=4000) / 1000
# The minimum age at which a leaderboard's first page is made again; a score appears on it within a second.
BOARD_SECONDS = env.whole("KGEN_BOARD_MS", 250, most=900) / 1000

# ------------------------------------------------------------------ product rules
ACCESS_TOKEN_SECONDS = env.whole("KGEN_ACCESS_TOKEN_SECONDS", 24 * 3600, least=60)
SESSION_SECONDS = env.whole("KGEN_SESSION_SECONDS", 30 * 24 * 3600, least=60)
REFRESH_GRACE_SECONDS = env.whole("KGEN_REFRESH_GRACE_SECONDS", 10)
IDEMPOTENCY_SECONDS = env.whole("KGEN_IDEMPOTENCY_SECONDS", 24 * 3600, least=60)
RATE_GAMER_PER_SECOND = env.whole("KGEN_RATE_GAMER_PER_SECOND", 50)
RATE_GAMER_BURST = env.whole("KGEN_RATE_GAMER_BURST", 200, least=1)
RATE_CLIENT_PER_SECOND = env.whole("KGEN_RATE_CLIENT_PER_SECOND", 5000)
RATE_FAILED_LOGINS_PER_MINUTE = env.whole("KGEN_RATE_FAILED_LOGINS_PER_MINUTE", 20)
NEW_GAMERS_PER_DAY = env.whole("KGEN_NEW_GAMERS_PER_DAY", 10_000)
TRACKER_GAMER_PER_DAY = env.whole("KGEN_TRACKER_GAMER_PER_DAY", 1_000)
TRACKER_CLIENT_PER_DAY = env.whole("KGEN_TRACKER_CLIENT_PER_DAY", 1_000_000)
TRACKER_DAYS = env.whole("KGEN_TRACKER_DAYS", 90, least=1, most=3650)

# Whether webhooks may go to private addresses and over plain http: for local development.
WEBHOOK_PRIVATE = env.flag("KGEN_WEBHOOK_PRIVATE", LOCAL)

# ------------------------------------------------------------------ text messages
SMS_PROVIDER = env.choice("SMS_PROVIDER", "console" if LOCAL else "off", ("off", "console", "http", "twilio", "msg91"))
if SMS_PROVIDER == "console" and not LOCAL:
    env.refuse("SMS_PROVIDER", "'console' writes codes to the log and is for KGEN_LOCAL only")


def _of_provider(provider: str, name: str) -> str:
    """A setting that is required for one provider and unused by the others."""
    value = env.text(name, "")
    if provider == SMS_PROVIDER and not value:
        env.refuse(name, f"must be set for SMS_PROVIDER={provider}")
    return value


SMS_URL = env.url("SMS_URL", None if SMS_PROVIDER == "http" else "http://unset", ("http", "https"))
SMS_TWILIO_URL = env.url("SMS_TWILIO_URL", "https://api.twilio.com", ("http", "https")).rstrip("/")
SMS_TWILIO_ACCOUNT_SID = _of_provider("twilio", "SMS_TWILIO_ACCOUNT_SID")
SMS_TWILIO_AUTH_TOKEN = _of_provider("twilio", "SMS_TWILIO_AUTH_TOKEN")
SMS_TWILIO_FROM = _of_provider("twilio", "SMS_TWILIO_FROM")
SMS_MSG91_URL = env.url("SMS_MSG91_URL", "https://control.msg91.com", ("http", "https")).rstrip("/")
SMS_MSG91_AUTH_KEY = _of_provider("msg91", "SMS_MSG91_AUTH_KEY")
SMS_MSG91_TEMPLATE_ID = _of_provider("msg91", "SMS_MSG91_TEMPLATE_ID")
# The price of one message, in the provider's currency: only for the day's total in the console.
SMS_PRICE = env.price("SMS_PRICE")
# How long a message that may have been sent is not sent again; longer than a provider takes to answer.
SMS_COOL_DOWN_SECONDS = env.whole("SMS_COOL_DOWN_SECONDS", 20, least=20, most=300)
# The brake on a range of numbers (all but the last SMS_BRAKE_TAIL digits): no more codes go to it after this many
# messages within SMS_BRAKE_SECONDS of which fewer than SMS_BRAKE_PERCENT led to a link; 0 messages = off.
SMS_BRAKE_MESSAGES = env.whole("SMS_BRAKE_MESSAGES", 100)
SMS_BRAKE_PERCENT = env.whole("SMS_BRAKE_PERCENT", 10, most=100)
SMS_BRAKE_SECONDS = env.whole("SMS_BRAKE_SECONDS", 3600, least=60, most=86_400)
SMS_BRAKE_TAIL = env.whole("SMS_BRAKE_TAIL", 4, least=1, most=5)

# ------------------------------------------------------------------ payouts
# The rail of new withdrawals. Older withdrawals stay on their rail, so the gateway may be needed for them.
PAYOUT_RAIL = env.choice("PAYOUT_RAIL", "internal", ("internal", "http"))
_has_gateway = PAYOUT_RAIL == "http" or env.text("PAYOUT_GATEWAY_URL", "") != ""
PAYOUT_GATEWAY_URL = env.url("PAYOUT_GATEWAY_URL", None, ("https", "http")) if _has_gateway else ""
PAYOUT_GATEWAY_SECRET = env.signing_secret("PAYOUT_GATEWAY_SECRET") if _has_gateway else ""
# Whether the gateway pays a reference once, however often it receives it.
PAYOUT_GATEWAY_IDEMPOTENT = env.flag("PAYOUT_GATEWAY_IDEMPOTENT", False)
PAYOUT_TIMEOUT_SECONDS = env.whole("PAYOUT_TIMEOUT_SECONDS", 5, least=1, most=10)
PAYOUT_BREAKER_FAILURES = env.whole("PAYOUT_BREAKER_FAILURES", 5, least=1)
PAYOUT_PROBE_SECONDS = env.whole("PAYOUT_PROBE_SECONDS", 10, least=1)

# ------------------------------------------------------------------ Django
INSTALLED_APPS = [
    # Before the admin, because it replaces templates of the admin.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "kgen.admin_site.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "kgen",
    "wallet",
    "users",
    "esports",
    "rewards",
    "console",
    "demo",
]
MIDDLEWARE = [
    "kgen.api.middleware.RequestMiddleware",
    "kgen.api.cors.CorsMiddleware",
    "kgen.api.options.OptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Innermost, so that its error pages come before the API's problem documents.
    "kgen.admin_site.middleware.ConsoleMiddleware",
]
ROOT_URLCONF = "kgen.urls"
WSGI_APPLICATION = "kgen.wsgi.application"
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
            ]
        },
    }
]
AUTH_USER_MODEL = "users.Operator"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["kgen.admin_site.hashing.BoundedHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
# Django's own formatting of times includes the zone; lists and pages use kgen.admin_site.moments instead.
FORMAT_MODULE_PATH = "kgen.admin_site.formats"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
# Static files are found once at the start, not on every request.
WHITENOISE_AUTOREFRESH = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
# Only the console has sessions and forms.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"/{CONSOLE_PATH}"
SESSION_COOKIE_AGE = CONSOLE_SESSION_SECONDS
CSRF_FAILURE_VIEW = "kgen.admin_site.failures.csrf_failure"
# Not in a cookie: a message may show a client's secret once.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
OTP_TOTP_ISSUER = "kgen console"
# Only a trusted proxy may declare that the caller used https; the console's logins depend on it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}
# The console needs 'unsafe-eval': unfold's scripts (Alpine) compile attributes. No inline and no foreign scripts.
CONSOLE_CSP = SECURE_CSP | {
    "script-src": ["'self'", "'unsafe-eval'"],
    "base-uri": ["'self'"],
    "object-src": ["'none'"],
}
SILENCED_SYSTEM_CHECKS = ["fields.W342"]

# ------------------------------------------------------------------ the console's look (docs/console.md)


def _ramp(hue: float, chroma: float, lightness: tuple[float, ...]) -> dict[str, str]:
    """Eleven steps of one colour, from nearly white to nearly black."""
    steps = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
    return {step: f"oklch({light}% {chroma} {hue})" for step, light in zip(steps, lightness, strict=True)}


UNFOLD = {
    "SITE_TITLE": "kgen console",
    "SITE_HEADER": "kgen",
    "SITE_SUBHEADER": "operators' console",
    "SITE_URL": None,
    "SITE_ICON": lambda request: STATIC_URL + "console/logo.svg",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: STATIC_URL + "console/logo.svg"}
    ],
    "STYLES": [lambda request: STATIC_URL + "console/console.css"],
    "SCRIPTS": [
        lambda request: STATIC_URL + "console/once.js",
        lambda request: STATIC_URL + "console/sidebar.js",
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    # Greys and one accent. The middle steps have a contrast of 4.5 : 1 on the lightest ones.
    "COLORS": {
        "base": _ramp(250, 0.006, (98.5, 96.8, 92, 87, 72, 51, 44, 37, 27, 21, 15)),
        "primary": _ramp(225, 0.09, (97.5, 94, 89, 83, 75, 60, 50, 43, 37, 31, 24)),
    },
    "SIDEBAR": {"show_search": False, "navigation": "kgen.admin_site.navigation.sidebar"},
}

# ------------------------------------------------------------------ PostgreSQL
DATABASE_URL = env.url("DATABASE_URL", None, ("postgresql", "postgres"))
try:
    _database = environ.Env.db_url_config(DATABASE_URL)
except Exception:  # any exception of the parser means an invalid setting
    env.refuse("DATABASE_URL", "cannot be read as a PostgreSQL address")
_session = {
    # The planner expects repeated gamers on a page of a board; memoizing them cost a third of the statement's time.
    "enable_memoize": "off",
    "statement_timeout": env.whole("KGEN_DB_STATEMENT_TIMEOUT_MS", 15_000, least=100),
    "lock_timeout": env.whole("KGEN_DB_LOCK_TIMEOUT_MS", 5_000, least=100),
    "idle_in_transaction_session_timeout": env.whole("KGEN_DB_IDLE_TIMEOUT_MS", 15_000, least=100),
}
DATABASES = {
    "default": _database
    | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": _database.get("OPTIONS", {})
        | {
            "connect_timeout": 3,
            # Detects a server that vanished without closing connections within half a minute, not after hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "application_name": "kgen",
            # Sends parameters apart from the statement, which PostgreSQL then parses once per connection, not per call.
            "server_side_binding": True,
            "prepare_threshold": 3 if env.flag("KGEN_DB_PREPARE", True) else None,
            "options": " ".join(f"-c {name}={value}" for name, value in _session.items()),
        },
    }
}

# ------------------------------------------------------------------ Valkey (or Redis) and Celery
REDIS_URL = env.url("REDIS_URL", None, ("redis", "rediss", "unix"))
# Two products or two installations may share a server: keys begin with a digest of the database's address.
CACHE_PREFIX = "kgen:" + hashlib.sha256(DATABASE_URL.encode()).hexdigest()[:8]
CELERY_BROKER_URL = env.celery_broker(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "health_check_interval": 10,
    "global_keyprefix": CACHE_PREFIX + ":",
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_TIME_LIMIT = 60
# Duties that call external services have queues of their own, apart from settlement. A worker without -Q serves all.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "users.tasks.send_codes": {"queue": "codes"},
    "wallet.tasks.pay_withdrawals": {"queue": "payouts"},
    "kgen.tasks.deliver_webhooks": {"queue": "webhooks"},
}
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {name: {} for name in ("celery", "codes", "payouts", "webhooks")}
# A hint expires when the following hints have replaced it.
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "kgen.tasks.beat", "schedule": 1.0, "options": {"expires": 5}},
    "cancelled tournaments": {
        "task": "esports.tasks.book_cancellations",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "settlements": {"task": "rewards.tasks.settle_tournaments", "schedule": 1.0, "options": {"expires": 5}},
    "expired rewards": {"task": "rewards.tasks.expire_rewards", "schedule": 60.0, "options": {"expires": 120}},
    "announcements": {"task": "esports.tasks.announce", "schedule": 1.0, "options": {"expires": 5}},
    "series": {"task": "esports.tasks.sweep_series", "schedule": 5.0, "options": {"expires": 10}},
    "payouts": {"task": "wallet.tasks.pay_withdrawals", "schedule": 1.0, "options": {"expires": 5}},
    "totals": {"task": "wallet.tasks.total_postings", "schedule": 2.0, "options": {"expires": 5}},
    "entries": {"task": "esports.tasks.count_entries", "schedule": 60.0, "options": {"expires": 120}},
    "new names": {"task": "esports.tasks.sync_names", "schedule": 1.0, "options": {"expires": 5}},
    "old changes of standings": {
        "task": "esports.tasks.forget_changes",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "ended sessions": {"task": "users.tasks.expire_sessions", "schedule": 30.0, "options": {"expires": 60}},
    "codes": {"task": "users.tasks.send_codes", "schedule": 1.0, "options": {"expires": 5}},
    "old codes": {"task": "users.tasks.forget_codes", "schedule": 60.0, "options": {"expires": 120}},
    "old store codes": {"task": "users.tasks.forget_store_codes", "schedule": 60.0, "options": {"expires": 120}},
    "old tracked events": {
        "task": "users.tasks.forget_tracked_events",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "webhooks": {"task": "kgen.tasks.deliver_webhooks", "schedule": 1.0, "options": {"expires": 5}},
    "jobs": {"task": "kgen.tasks.run_jobs", "schedule": 1.0, "options": {"expires": 5}},
    "old jobs": {"task": "kgen.tasks.forget_jobs", "schedule": 60.0, "options": {"expires": 120}},
    "old logins": {"task": "kgen.tasks.forget_logins", "schedule": 60.0, "options": {"expires": 120}},
    "old idempotency keys": {"task": "kgen.tasks.forget_keys", "schedule": 60.0, "options": {"expires": 120}},
}

# ------------------------------------------------------------------ the API
# Each audience's authentication class; named here because the floor must not import `users`.
AUTHENTICATION_BY_AUDIENCE = {
    "gamer": "users.authentication.GamerAuthentication",
    "studio": "users.authentication.StudioAuthentication",
}
# Each audience's authentication on the fast path (kgen.fast_path).
FAST_PATH_AUDIENCES = {
    "gamer": "users.authentication.GamerAudience",
    "studio": "users.authentication.StudioAudience",
}
# Finds a client's gamer by user id, for apps that must not import `users`.
ACTIVE_ORIGINS = "users.selectors.clients.active_origins"
GAMER_LOOKUP = "users.selectors.gamer_by_user_id"
# Finds the holder of a wallet, because `wallet` must not import `users`.
PAYEE_LOOKUP = "users.selectors.payee_of"
# The declared types of webhook events, which the floor must not import, in the order of the documents.
WEBHOOK_EVENTS = (
    "esports.webhook_events.EVENTS",
    "rewards.webhook_events.EVENTS",
    "wallet.webhook_events.EVENTS",
    "users.webhook_events.EVENTS",
    "kgen.webhooks.catalogue.EVENTS",
)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    # Only for the OpenAPI document: kgen.api.json reads and writes every body.
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "kgen.api.negotiation.NoNegotiation",
    "EXCEPTION_HANDLER": "kgen.api.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "kgen.api.schema.KgenSchema",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "kgen",
    "VERSION": "0.1.0",
    "DESCRIPTION": "Tournaments, wallets and sessions over the KGeN Esports Protocol.",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # No third-party validator; schemas appear only with their operations.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None, "defaultModelsExpandDepth": -1},
    "COMPONENT_SPLIT_REQUEST": True,
    "WEBHOOKS": "kgen.webhooks.schema.OPENAPI_WEBHOOKS",
    # Names of enums that several serializers share.
    "ENUM_NAME_OVERRIDES": {
        "DeliveryStateEnum": "kgen.webhooks.models.DeliveryState",
        "TransactionTypeEnum": "wallet.serializers.STATEMENT_KINDS",
        "WithdrawalStatusEnum": "wallet.serializers.WIRE_STATES",
        "PayoutReportStatusEnum": "wallet.serializers.REPORT_STATES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "kgen.api.schema.document_errors",
    ],
}

LOGGING_CONFIG = None
LOGGING = logging_config(
    level=env.choice("KGEN_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    as_json=env.choice("KGEN_LOG_FORMAT", "text" if LOCAL else "json", ("json", "text")) == "json",
)

env.refuse_unknown("KGEN_", also=frozenset({"KGEN_REQUIRE_BROWSER"}))
env.refuse_unknown("SMS_", also=frozenset())
# Read only with a gateway.
env.refuse_unknown("PAYOUT_", also=frozenset({"PAYOUT_GATEWAY_SECRET"}))
os.environ.setdefault("TZ", "UTC")
