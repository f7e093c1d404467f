# docker build -t ctdenoise .                                   torch as the package index serves it (GPU)
# docker build -t ctdenoise --build-arg TORCH_INDEX=URL .       torch from another wheel index (CPU)
# docker run -p 8501:8501 -v ctdenoise:/data [--gpus all] ctdenoise
FROM python:3.11-slim

# Gives the memory of an upload back to the system once it has been read.
ENV MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    PYTHONUNBUFFERED=1 \
    CTDENOISE_HOME=/data

WORKDIR /app

# The libraries first, in a layer of their own that a change of the program does not rebuild.
ARG TORCH_INDEX=""
COPY requirements.txt .
RUN grep -v '^--editable' requirements.txt > libraries.txt \
    && pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r libraries.txt \
    && rm libraries.txt

COPY . .
RUN pip install --no-cache-dir --no-deps --editable . \
    && useradd --create-home --uid 1000 ctdenoise \
    && install --directory --owner ctdenoise --group ctdenoise /data

USER ctdenoise
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501"]
