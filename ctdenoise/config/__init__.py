"""The typed record of a run and what its folder holds; torch is forbidden here."""
