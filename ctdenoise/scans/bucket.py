"""Reading a public S3 bucket without a login: what it holds, the start of an object, all of it."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ctdenoise.errors import Problem
from ctdenoise.files import write_atomically
from ctdenoise.settings import settings

T = TypeVar("T")
R = TypeVar("R")

CONNECTIONS = 8
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 4, 15, 3
FIRST_ANSWER_SECONDS = 15
"""For all attempts at the first request. Amazon has eight addresses, and where a firewall swallows
packets each of them would be waited for in turn."""


@dataclass(frozen=True)
class Stored:
    """What a listing says about an object: ``size`` in bytes, ``etag`` without quotes."""

    key: str
    size: int
    etag: str

    def is_in(self, file: Path) -> bool:
        """Whether a file holds this object, whole and unchanged."""
        return file.is_file() and file.stat().st_size == self.size and self.fits(file.read_bytes())

    def fits(self, content: bytes) -> bool:
        """Whether these bytes are the object. Its ETag is their MD5, unless it came in parts."""
        if len(content) != self.size:
            return False
        if not re.fullmatch(r"[0-9a-f]{32}", self.etag):
            return True
        return hashlib.md5(content, usedforsecurity=False).hexdigest() == self.etag


class Bucket:
    """A bucket that everybody may read; safe from any thread.

    ``archive`` is what people call it. Every method raises :class:`Problem` where it cannot be
    reached or does not give what is asked for.
    """

    def __init__(self, name: str, archive: str) -> None:
        import boto3  # a third of a second, and the dashboard's server does without
        from botocore import UNSIGNED
        from botocore.config import Config

        self._name, self._archive = name, archive
        self._client: Any = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=settings().s3,
            config=Config(
                signature_version=UNSIGNED,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=CONNECTIONS,
            ),
        )

    def objects(self, prefix: str) -> list[Stored]:
        """All objects whose key starts with ``prefix``, in the order of their keys."""

        def listed() -> list[Stored]:
            with self._told(prefix):
                pages = self._client.get_paginator("list_objects_v2")
                return [
                    Stored(item["Key"], item["Size"], item["ETag"].strip('"'))
                    for page in pages.paginate(Bucket=self._name, Prefix=prefix)
                    for item in page.get("Contents", [])
                ]

        return _within(FIRST_ANSWER_SECONDS, listed, self._unreachable)

    def start(self, stored: Stored, length: int) -> bytes:
        """The first ``length`` bytes of an object, or all of a shorter one."""
        for _ in range(ATTEMPTS):  # the client repeats requests, but not answers that were cut off
            if content := self._get(stored, Range=f"bytes=0-{length - 1}"):
                return content
        raise self._unreachable()

    def download(self, stored: Stored, file: Path) -> None:
        """Write an object to ``file``, unless it is there; never a part of it under that name."""
        if stored.is_in(file):
            return
        for _ in range(ATTEMPTS):  # as in start
            content = self._get(stored)
            if stored.fits(content):
                break
        else:
            raise Problem(stored.key, "arrived damaged again and again", "try again later")
        write_atomically(file, content)

    def _get(self, stored: Stored, **options: str) -> bytes:
        """What arrives of an object, nothing where the answer is cut off."""
        from botocore.exceptions import BotoCoreError

        with self._told(stored.key):
            answer = self._client.get_object(Bucket=self._name, Key=stored.key, **options)
            try:
                return bytes(answer["Body"].read())
            except BotoCoreError:
                return b""

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn the client's errors into sentences."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown error")
            raise Problem(
                self._archive, f"does not give {what} ({code})", "try again later"
            ) from error
        except BotoCoreError as error:
            raise self._unreachable() from error

    def _unreachable(self) -> Problem:
        return Problem(
            f"{self._archive} on the internet",
            "cannot be reached",
            "check the connection and start again, what has arrived is kept",
        )


def in_parallel(
    function: Callable[[T], R], items: Sequence[T], done: Callable[[int], None]
) -> list[R]:
    """The results in order; ``done`` hears in this thread how many there are.

    The first error, one of ``done`` too, ends it: what has not begun is left undone.
    """
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            for count, future in enumerate(as_completed(futures), 1):
                future.result()
                done(count)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _within(seconds: float, function: Callable[[], R], late: Callable[[], Problem]) -> R:
    """What a function says, or ``late()`` raised where it takes longer; it is left to itself then.

    A daemon thread: a pool's would be waited for when the program ends.
    """
    said: list[R | BaseException] = []

    def run() -> None:
        try:
            said.append(function())
        except BaseException as error:
            said.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not said:
        raise late()
    if isinstance(said[0], BaseException):
        raise said[0]
    return said[0]
