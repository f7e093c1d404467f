# Written with care and not yet built: no container engine was at hand.
#
# docker build -t ctdenoise .                                   torch as the package index serves it (GPU)
# docker build -t ctdenoise --build-arg TORCH_INDEX=URL .       torch from another wheel index (CPU)
# docker run -p 127.0.0.1:8501:8501 -v ctdenoise:/data [--gpus all] ctdenoise
# For a class, with a database, workers and TLS: deploy/compose.yaml.
FROM python:3.11-slim-trixie

ENV PYTHONUNBUFFERED=1 \
    CTDENOISE_HOME=/data

WORKDIR /app

# pg_dump and pg_restore, for `ctdenoise backup` and `ctdenoise restore` of a PostgreSQL database.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*

# The libraries first, in a layer of their own that a change of the program does not rebuild.
ARG TORCH_INDEX=""
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
        -r requirements.txt pg8000 -c constraints.txt

COPY . .
# Volumes take over the owner of the folder that they are mounted on.
RUN pip install --no-cache-dir --no-deps --editable . \
    && useradd --create-home --uid 1000 ctdenoise \
    && install --directory --mode 700 --owner ctdenoise --group ctdenoise \
        /data /certificates /backups

USER ctdenoise
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]
# A container's loopback is its own, so it listens on all of its addresses; who may reach them is
# said by -p above. There are no accounts. Under another name or behind a proxy:
# docker run ... ctdenoise ctdenoise serve --host 0.0.0.0 --url https://ct.hospital.org/ct
CMD ["ctdenoise", "serve", "--host", "0.0.0.0"]
