"""The table is what the index says of patients with both doses."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from ctdenoise.scans import ldct_table


def index(folder: Path, *series: tuple[str, str, str]) -> Path:
    """A file like that of idc-index-data with these (collection, patient, description)."""
    rows = [
        {
            "collection_id": collection,
            "PatientID": patient,
            "BodyPartExamined": "CHEST" if patient.startswith("C") else "ABDOMEN",
            "SeriesDescription": description,
            "SeriesInstanceUID": f"1.2.{n}",
            "instanceCount": 10 + n,
            "series_size_MB": 5.25,
            "series_aws_url": f"s3://bucket/{n}/*",
            "license_short_name": "CC BY 4.0",
            "Modality": "CT",
        }
        for n, (collection, patient, description) in enumerate(series)
    ]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), folder / "index.parquet")
    return folder / "index.parquet"


OURS = ldct_table.COLLECTION_ID


def test_only_patients_with_both_doses_and_only_images(tmp_path: Path) -> None:
    made = ldct_table.rows(
        index(
            tmp_path,
            (OURS, "L1", "Full Dose Images"),
            (OURS, "L1", "Low Dose Images"),
            (OURS, "L1", "Low Dose Projections"),
            (OURS, "C9", "Low Dose Images"),
            (OURS, "C9", "Full Dose Images"),
            (OURS, "C5", "Full Dose Images"),
            ("another", "L2", "Full Dose Images"),
            ("another", "L2", "Low Dose Images"),
        )
    )
    assert [(row["patient"], row["dose"], row["fraction"], row["series"]) for row in made] == [
        ("C9", "low", 0.1, "1.2.3"),
        ("C9", "full", 1.0, "1.2.4"),
        ("L1", "low", 0.25, "1.2.1"),
        ("L1", "full", 1.0, "1.2.0"),
    ]
    assert made[2] == {
        "patient": "L1",
        "region": "abdomen",
        "dose": "low",
        "fraction": 0.25,
        "series": "1.2.1",
        "description": "Low Dose Images",
        "instances": 11,
        "size_mb": 5.25,
        "url": "s3://bucket/1/",
        "licence": "CC BY 4.0",
    }


def test_an_index_with_a_dose_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="L1 has two low-dose series"):
        ldct_table.rows(
            index(tmp_path, (OURS, "L1", "Low Dose Images"), (OURS, "L1", "Low Dose Images"))
        )
