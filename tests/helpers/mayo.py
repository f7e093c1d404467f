"""A stand-in for the public archive: two small patients on an S3 server on loopback."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import numpy as np
import pytest
from moto.server import ThreadedMotoServer
from numpy.typing import NDArray
from phantoms import ct_dataset, disc_phantom

from ctdenoise.scans import bucket, ldct
from ctdenoise.settings import settings

BUCKET = "stand-in"
STEP_MM = 3.0
FULL = {"L004": range(8), "C002": range(4)}
"""Slice numbers at full dose, the first at 0 mm."""
LOW = {"L004": range(1, 9), "C002": range(4)}
"""At low dose: those of L004 begin and end one slice higher."""


class Mayo:
    """What lies in the archive, and what was asked of it since the start."""

    def __init__(self, address: str, folder: Path) -> None:
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="owner",
            aws_secret_access_key="owner",
        )
        self.client.create_bucket(Bucket=BUCKET)
        self.asked: list[tuple[str, bool]] = []
        """Key of each object that was asked for, and whether only its start."""
        self.lasts: int | None = None
        """How many whole objects still come before the connection is lost; None: all."""
        self.table = folder / "ldct.csv"
        rows = []
        for patient, region, fraction in (("C002", "chest", 0.1), ("L004", "abdomen", 0.25)):
            for dose, numbers in (("low", LOW[patient]), ("full", FULL[patient])):
                size = self._fill(patient, dose, list(numbers))
                rows.append({
                    "patient": patient, "region": region, "dose": dose,
                    "fraction": fraction if dose == "low" else 1.0, "series": f"1.2.{len(rows)}",
                    "description": "", "instances": len(numbers), "size_mb": size / 1e6,
                    "url": f"s3://{BUCKET}/{prefix(patient, dose)}", "licence": "CC BY 4.0",
                })  # fmt: skip
        with self.table.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def keys(self, patient: str, dose: str) -> list[str]:
        """In the order of a listing, which is not that of their positions."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix(patient, dose))
        return [item["Key"] for item in found["Contents"]]

    def content(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content, ACL="public-read")

    def whole(self) -> list[str]:
        """Keys of the objects that were asked for as a whole."""
        return [key for key, only_start in self.asked if not only_start]

    def _fill(self, patient: str, dose: str, numbers: list[int]) -> int:
        size = 0
        for name, n in enumerate(np.random.default_rng(3).permutation(numbers)):
            file = BytesIO()
            ct_dataset(
                np.rint(slice_hu(dose, n) + 1024).astype(np.int16),
                position=STEP_MM * n,
                series=f"1.2.{int(patient[1:])}.{dose == 'low':d}",
                number=name + 1,
                PatientID=patient,
            ).save_as(file, enforce_file_format=True)
            self.put(f"{prefix(patient, dose)}{name:04d}.dcm", file.getvalue())
            size += len(file.getvalue())
        return size


def prefix(patient: str, dose: str) -> str:
    return f"{patient}-{dose}/"


def slice_hu(dose: str, n: int) -> NDArray[np.float32]:
    """Slice ``n``, (rows, columns): the phantom, ``n`` HU brighter, at low dose with noise."""
    noise = 30.0 if dose == "low" else 0.0
    return np.rint(disc_phantom(48, noise=noise, seed=int(n))[0]) + n


@contextmanager
def stand_in(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Mayo]:
    """The archive that the program knows is this one, as long as the context lasts."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    mayo = Mayo(f"http://{host}:{port}", folder)
    patch.setenv("CTDENOISE_S3", f"http://{host}:{port}")
    patch.setattr(ldct, "TABLE", mayo.table)
    get, lock = bucket.Bucket._get, Lock()

    def watched(self: bucket.Bucket, stored: bucket.Stored, **options: str) -> bytes:
        with lock:
            if mayo.lasts is not None and "Range" not in options:
                mayo.lasts -= 1
                if mayo.lasts < 0:
                    raise self._unreachable()
            mayo.asked.append((stored.key, "Range" in options))
        return get(self, stored, **options)

    patch.setattr(bucket.Bucket, "_get", watched)
    forget()
    try:
        yield mayo
    finally:
        reset(mayo)
        server.stop()
        forget()


def reset(mayo: Mayo) -> None:
    """Empty the server: its buckets belong to the process."""
    for item in mayo.client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        mayo.client.delete_object(Bucket=BUCKET, Key=item["Key"])
    mayo.client.delete_bucket(Bucket=BUCKET)


def forget() -> None:
    settings.cache_clear()
    ldct.patients.cache_clear()
