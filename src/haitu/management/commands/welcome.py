"""`manage welcome`: the login of the demo merchant, while there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand

from haitu.actions.demo.setup import LOGIN
from haitu.management.commands.demo import LOGIN_FILE


class Command(BaseCommand):
    """Says nothing once the password was changed at the desk."""

    help = __doc__ or ""

    def handle(self, *_: Any, **__: Any) -> None:
        path = Path(settings.VAR) / LOGIN_FILE
        owner = get_user_model().objects.filter(username=LOGIN).first()
        if owner is None or not path.exists():
            return
        password = path.read_text()
        if owner.check_password(password):
            self.stdout.write(f"Login {LOGIN} / {password}")
