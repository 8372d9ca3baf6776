FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PORT=8000

WORKDIR /srv/headwater

# What changes seldom comes first: these layers are kept from one build to the next.
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY . .
RUN python -m compileall -q chat migrations app.py \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin headwater \
 && install -d -o headwater -g headwater -m 700 instance

# By number, so that Kubernetes can see that it is not root.
USER 10001

# The SQLite file and the secret, where neither DATABASE_URL nor SECRET_KEY is set.
VOLUME ["/srv/headwater/instance"]

EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=3)"]

# A shell for $PORT alone; `exec` makes gunicorn process 1, which is told to leave.
CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT app:app"]
