"""The environment becomes Django's settings here, and nowhere else.

Every variable is optional and starts with HAITU_. With none of them set the result is a safe shop on this
machine: SQLite in var/, loopback host names only, letters written to files.

    HAITU_VAR           folder for what a running shop writes (default: var/ beside the source)
    HAITU_DATABASE      sqlite:///relative.sqlite3 or sqlite:////absolute.sqlite3, or
                        postgresql://user:password@host:port/name?sslmode=require, or
                        postgresql:///name?host=/socket/folder&user=me
    HAITU_HOSTS         host names served, comma separated; * leaves the choice to the merchants' own domains
    HAITU_HTTPS         yes or no; redirect to https, secure cookies (default: yes once HAITU_HOSTS is set)
    HAITU_SHOWN_PORT    the port in addresses we write into letters (default: the scheme's own; `run` fills it in)
    HAITU_BEHIND_PROXY  yes or no; yes believes X-Forwarded-Proto, which only a proxy may set (default: no)
    HAITU_SECRET_KEY    signs sessions and links (default: made once, kept in HAITU_VAR/secret, private to us)
    HAITU_SEAL_KEY      seals the secrets of outside parties in the database (default: the secret key)
    HAITU_MAIL          smtp://user:password@host:587, smtps://host:465, file:///folder (default: var's mail/)
    HAITU_MAIL_FROM     sender of letters
    HAITU_DURABLE       yes or no; yes makes SQLite wait for the disk at every commit (default: no: a power
                        cut may lose the last moments, never corrupt). PostgreSQL always waits.
    HAITU_DEBUG         yes or no; yes shows errors in the browser, for developers only (default: no)
    HAITU_LOG           lowest level written to stderr (default: INFO)
"""

import os
import secrets
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parents[1]


def _text(name: str, default: str) -> str:
    return os.environ.get(f"HAITU_{name}", "").strip() or default


def _flag(name: str, *, default: bool) -> bool:
    given = _text(name, "yes" if default else "no").lower()
    if given in {"yes", "true", "on", "1"}:
        return True
    if given in {"no", "false", "off", "0"}:
        return False
    raise ImproperlyConfigured(f"HAITU_{name} is {given!r}; it must be yes or no.")


def _words(name: str, default: list[str]) -> list[str]:
    return [word.strip() for word in _text(name, ",".join(default)).split(",") if word.strip()]


def _secret_key(folder: Path) -> str:
    """The given key, or one made on the first start and kept; two first starts at once agree on one."""
    given = _text("SECRET_KEY", "")
    if given:
        return given
    kept = folder / "secret"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"secret.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, kept)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return kept.read_text()


def _sqlite(url: SplitResult) -> dict[str, object]:
    path = ROOT / unquote(url.path.removeprefix("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    pragmas = [
        "journal_mode=WAL",
        f"synchronous={'FULL' if _flag('DURABLE', default=False) else 'NORMAL'}",
        "cache_size=-20000",
        "mmap_size=134217728",
        "journal_size_limit=27103364",
    ]
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,
        # IMMEDIATE: a transaction that will write waits at its start, instead of failing half-way.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "".join(f"PRAGMA {pragma};" for pragma in pragmas),
        },
        # Tests run on a file, as trade does: in memory there would be neither WAL nor a second connection.
        "TEST": {"NAME": path.with_name(f"test_{path.name}")},
    }


def _postgresql(url: SplitResult) -> dict[str, object]:
    options = dict(parse_qsl(url.query))
    return {
        "ENGINE": "haitu.links.postgresql",  # Django's; after a restart no request meets a dead connection
        "NAME": unquote(url.path.removeprefix("/")),
        "USER": options.pop("user", unquote(url.username or "")),
        "PASSWORD": options.pop("password", unquote(url.password or "")),
        "HOST": options.pop("host", url.hostname or ""),
        "PORT": str(options.pop("port", url.port or "")),
        "CONN_MAX_AGE": 0,  # the pool keeps connections
        # No query of ours runs long enough to repay the time that compiling it takes.
        "OPTIONS": {
            "options": "-c jit=off",
            # The same few statements are sent again and again: from the third time on they are sent by name.
            "server_side_binding": True,
            "prepare_threshold": 2,
            **options,
            "pool": {"min_size": 2, "max_size": 8, "timeout": 10},
        },
    }


def _database(default: str) -> dict[str, object]:
    url = urlsplit(_text("DATABASE", default))
    if url.scheme == "sqlite":
        return _sqlite(url)
    if url.scheme in {"postgresql", "postgres"}:
        return _postgresql(url)
    raise ImproperlyConfigured(f"HAITU_DATABASE starts with {url.scheme!r}; it must be sqlite or postgresql.")


# Ground -----------------------------------------------------------------------------------------------------
DEBUG = _flag("DEBUG", default=False)
VAR = Path(_text("VAR", str(ROOT / "var"))).resolve()
SECRET_KEY = _secret_key(VAR)
SEAL_KEY = _text("SEAL_KEY", SECRET_KEY)

# Doors ------------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = _words("HOSTS", ["localhost", ".localhost", "127.0.0.1", "[::1]"])
HTTPS = _flag("HTTPS", default="HAITU_HOSTS" in os.environ)
SHOWN_PORT = _text("SHOWN_PORT", "")
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
if _flag("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "haitu.web.errors.forbidden"
SILENCED_SYSTEM_CHECKS = [
    # What a merchant's other subdomains serve is not ours to promise to browsers for a year.
    "security.W005",
    "security.W021",
]

ROOT_URLCONF = "haitu.urls"
WSGI_APPLICATION = "haitu.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "haitu.web.middleware.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "haitu.web.middleware.shop.ShopOfHost",  # answers a host nobody owns before anybody asks for its name
    "haitu.web.middleware.visit.Visits",
    "haitu.web.middleware.staff.Sessions",
    "haitu.web.middleware.shop.BrowsersLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "haitu.web.middleware.staff.Login",
    "haitu.web.middleware.staff.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# Rooms ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",  # before admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_tasks",
    "django_tasks_db",
    "haitu",
]
AUTH_USER_MODEL = "haitu.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": _database(f"sqlite:///{VAR}/haitu.sqlite3")}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Pages ------------------------------------------------------------------------------------------------------
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "haitu.web.jinja.environment",
            "autoescape": True,
            "extensions": ["jinja2.ext.i18n"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",  # for admin's own pages
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("zh-hans", "简体中文"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("ja", "日本語"),
    ("ar", "العربية"),
    ("pt-br", "Português (Brasil)"),
    ("en-gb", "English (UK)"),
]
USE_I18N = True
LOCALE_PATHS = [PACKAGE / "locale"]  # our words come before those that Django's own pages use
USE_TZ = True
TIME_ZONE = "UTC"

# Letters ----------------------------------------------------------------------------------------------------
_mail = urlsplit(_text("MAIL", f"file://{VAR / 'mail'}"))
if _mail.scheme == "file":
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = unquote(_mail.path)
elif _mail.scheme in {"smtp", "smtps"}:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp" and EMAIL_HOST not in {"localhost", "127.0.0.1"}
    EMAIL_TIMEOUT = 20
else:
    raise ImproperlyConfigured(f"HAITU_MAIL starts with {_mail.scheme!r}; it must be smtp, smtps or file.")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _text("MAIL_FROM", "Haitu <noreply@localhost>")

# Words for the operator -------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _text("LOG", "INFO").upper()},
    "loggers": {
        "django": {"handlers": ["stderr"], "propagate": False},
        # Their INFO lines carry whole addresses, and with them tokens.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
