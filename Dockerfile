# Written with care and not yet built: no Docker was at hand.
#
# docker build -t ctdenoise .                                   torch as the package index serves it (GPU)
# Written with care and not yet built: no Docker was at hand.
#
# docker build -t ctdenoise --build-arg TORCH_INDEX=URL .       torch from another wheel index (CPU)
# docker run -p 127.0.0.1:8501:8501 -v ctdenoise:/data [--gpus all] ctdenoise
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    CTDENOISE_HOME=/data

WORKDIR /app

# The libraries first, in a layer of their own that a change of the program does not rebuild.
ARG TORCH_INDEX=""
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
        -r requirements.txt -c constraints.txt

COPY . .
RUN pip install --no-cache-dir --no-deps --editable . \
    && useradd --create-home --uid 1000 ctdenoise \
    && install --directory --mode 700 --owner ctdenoise --group ctdenoise /data

USER ctdenoise
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# A container's loopback is its own, so it listens on all of its addresses; who may reach them is
# said by -p above. There are no accounts. Under another name or behind a proxy:
# docker run ... ctdenoise ctdenoise serve --host 0.0.0.0 --url https://ct.hospital.org/ct
CMD ["ctdenoise", "serve", "--host", "0.0.0.0"]
