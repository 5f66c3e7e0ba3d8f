"""The door a web server knocks at: `haitu.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haitu.settings")

application = get_wsgi_application()
