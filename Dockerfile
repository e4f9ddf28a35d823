FROM python:3.13-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc make libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /data --shell /usr/sbin/nologin fvdash
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 FVDASH_DATA_DIR=/data HOST=0.0.0.0
RUN export FVDASH_SECRET_KEY=of-the-build-only-never-of-a-running-installation DATABASE_URL=postgresql:///offline REDIS_URL=redis://offline \
    && python manage.py catalogs compile && python manage.py collectstatic --no-input --verbosity 0
USER fvdash
EXPOSE 3000
CMD ["python", "manage.py", "serve"]
