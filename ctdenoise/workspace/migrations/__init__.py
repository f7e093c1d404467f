"""Every schema that the database ever had, one step a file in ``versions/``, run by Alembic."""

from pathlib import Path

from sqlalchemy import Connection

from ctdenoise.errors import Problem

FOLDER = Path(__file__).parent


def newest() -> str:
    """The revision of the newest step: the number at the start of its file's name."""
    return max(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def upgrade(connection: Connection) -> None:
    """Do all steps that this database has not seen, within the connection's transaction;
    :class:`Problem` for one that a newer version of this program has been at."""
    from alembic.command import upgrade
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        upgrade(config, "head")
    except CommandError as error:
        raise Problem(
            "The database",
            "was made by another version of CT Denoise",
            "install the newest version, or set CTDENOISE_HOME to another folder",
        ) from error
