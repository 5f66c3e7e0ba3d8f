"""`./haitu run`: readies database and static files, then serves shop and desk until told to stop."""

import argparse
import hashlib
import ipaddress
import os
import socket
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.db import connection

from haitu.commands.children import Child, supervise

THREADS = 4
SANDBOX_HOST = "127.0.0.1"


def main(arguments: list[str]) -> int:
    """Serves until SIGTERM or Ctrl-C."""
    options = _options(arguments)
    _claim(options.host, options.port)
    if _is_loopback(options.host):  # elsewhere a proxy stands in front, at a port we do not know
        os.environ.setdefault("HAITU_SHOWN_PORT", str(options.port))
    django.setup()
    children = [_server(options.host, options.port), _clock(), _worker()]
    if _ready_database(demo=options.demo, port=options.port):
        _claim(SANDBOX_HOST, options.port + 1)
        children.append(_sandbox(options.port + 1))
    if _rehearses_carriers(options.port):
        _claim(SANDBOX_HOST, options.port + 2)
        children.append(_carriers(options.port + 2))
    _ready_static_files()
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # only this backend has a pool
    return supervise(
        children,
        is_ready=lambda: _answers(options.host, options.port),
        when_ready=lambda: _welcome(options.host, options.port),
    )


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="haitu run", description="Serve shop and desk.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="start without the demo merchant")
    return parser.parse_args(arguments)


def _claim(host: str, port: int) -> None:
    """Refuses a taken port before anything is prepared."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            told = f"cannot listen on {host}:{port} ({problem.strerror}); name another with --host or --port."
            raise CommandError(told) from None


def _ready_database(*, demo: bool, port: int) -> bool:
    """Brings the tables up to date and the demo merchant in; whether somebody here is paid at our sandbox."""
    sandbox = _sandbox_address(port)
    print(f"Database: {connection.vendor}", flush=True)
    call_command("migrate", verbosity=0, interactive=False)
    if demo:
        call_command(
            "demo",
            only_first=True,
            payment_address=sandbox,
            carrier_address=_carrier_address(port),
            shop_address=f"http://localhost:{port}",
        )
    accounts = apps.get_model("haitu", "PaymentAccount").everyone
    return bool(accounts.filter(provider="sandbox", address=sandbox).exists())


def _ready_static_files() -> None:
    """Collects static files when any of them changed since the last time."""
    stamp = Path(settings.VAR) / "static.collected"
    found = hashlib.sha256()
    for finder in finders.get_finders():
        for path, storage in finder.list(None):
            file = Path(storage.path(path))
            found.update(f"{path} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
    if stamp.exists() and stamp.read_text() == found.hexdigest():
        return
    print("Static files ...", flush=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(found.hexdigest())


def _server(host: str, port: int) -> Child:
    # SQLite has one writer, and more processes would only wait for each other; PostgreSQL takes all cores.
    workers = len(os.sched_getaffinity(0)) if connection.vendor == "postgresql" else 1
    command = [sys.executable, "-m", "granian", "haitu.wsgi:application", "--interface", "wsgi"]
    command += ["--host", host, "--port", str(port), "--no-ws", "--log-level", "warning"]
    command += ["--workers", str(workers), "--blocking-threads", str(THREADS)]
    command += ["--workers-kill-timeout", "10", "--respawn-failed-workers"]
    return Child(name="the server", command=command)


def _clock() -> Child:
    return Child(name="the clock", command=[sys.executable, "-m", "haitu", "clock"])


def _worker() -> Child:
    command = [sys.executable, "-m", "haitu", "manage", "db_worker", "--interval", "1", "--no-reload"]
    return Child(name="the worker", command=command)


def _sandbox_address(port: int) -> str:
    """The payment provider to rehearse with listens beside the shop, one port higher."""
    return f"http://{SANDBOX_HOST}:{port + 1}"


def _sandbox(port: int) -> Child:
    books = Path(settings.VAR) / "sandbox.sqlite3"
    command = [sys.executable, "-m", "outside.payment", "--host", SANDBOX_HOST, "--port", str(port)]
    return Child(name="the payment sandbox", command=[*command, "--data", str(books)])


def _carrier_address(port: int) -> str:
    """The carriers to rehearse with listen two ports higher."""
    return f"http://{SANDBOX_HOST}:{port + 2}/sandbox"


def _rehearses_carriers(port: int) -> bool:
    """Whether somebody here has an account at our sandbox carrier."""
    accounts = apps.get_model("haitu", "CarrierAccount").everyone
    return bool(accounts.filter(carrier="sandbox", address=_carrier_address(port), active=True).exists())


def _carriers(port: int) -> Child:
    command = [sys.executable, "-m", "outside.carriers", "--host", SANDBOX_HOST, "--port", str(port)]
    return Child(name="the carriers' sandbox", command=command)


def _answers(host: str, port: int) -> bool:
    """Whether a request gets any answer: the port alone is open before the application is loaded."""
    caller = HTTPConnection(_reachable(host), port, timeout=5)
    try:
        caller.request("HEAD", "/", headers={"Host": "localhost"})
        caller.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        caller.close()
    return True


def _reachable(host: str) -> str:
    """Where we ourselves reach a server that listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a name to translate, not to bind


def _welcome(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else _reachable(host)
    print(f"Shop  http://{shown}:{port}/\nDesk  http://{shown}:{port}/desk/", flush=True)
    if not _is_loopback(host) and "HAITU_HOSTS" not in os.environ:
        print("Others are answered once HAITU_HOSTS names the hosts to serve.", flush=True)
    call_command("welcome")
    print("Stop with Ctrl-C.", flush=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
