"""Scans: DICOM in and out, de-identification, pairing, the library and the sample."""
