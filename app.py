"""What gunicorn names: `gunicorn app:app`."""

from chat import create_app

app = create_app()
