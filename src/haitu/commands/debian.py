"""Debian packages that tests need: installed where that is allowed, else named."""

import os
import shutil
import subprocess


def install_line(packages: list[str]) -> str:
    return f"sudo apt-get install -y {' '.join(packages)}"


def install(packages: list[str]) -> bool:
    """Installs as root or by a sudo without password; False where neither is possible or apt fails."""
    apt = shutil.which("apt-get")
    if apt is None:
        return False
    as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
    if as_root and (shutil.which("sudo") is None or not _runs([*as_root, "true"])):
        return False
    command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", apt]
    print(f"Installing {', '.join(packages)} ...", flush=True)
    return _runs([*command, "update", "-qq"]) and _runs([*command, "install", "-y", "-qq", *packages])


def _runs(command: list[str]) -> bool:
    quiet = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if quiet.returncode != 0 and quiet.stdout:
        print(quiet.stdout[-2000:], flush=True)
    return quiet.returncode == 0
