"""The state of an embedded installation: one folder with its servers, secrets and markers.

Importable before Django is set up: settings read the endpoints and the secret key from here.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from core.configuration.environment import ConfigurationError

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Endpoints:
    """Where the embedded servers listen; every URL carries its own credentials."""

    database_url: str
    database_owner_url: str
    redis_url: str


@dataclass(frozen=True)
class Secrets:
    """Passwords of the database roles, made once; the superuser is for the supervisor alone."""

    superuser: str
    owner: str
    app: str


@dataclass(frozen=True)
class Installation:
    """An embedded installation in `data_dir`, which need not exist yet."""

    data_dir: Path

    @classmethod
    def from_environment(cls) -> Installation:
        """The one `FVDASH_DATA_DIR` names, else `.data` in the repository."""
        folder = os.environ.get("FVDASH_DATA_DIR") or REPOSITORY / ".data"
        return cls(Path(folder).expanduser().resolve())

    def read(self) -> Endpoints | None:
        """The endpoints of the last start, or None when it was never started.

        Raises ConfigurationError when the folder is somebody else's.
        """
        try:
            stored = json.loads((self.data_dir / "runtime.json").read_text())
            return Endpoints(**{field.name: str(stored[field.name]) for field in fields(Endpoints)})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ConfigurationError(
                f"FVDASH_DATA_DIR={self.data_dir}: cannot read this folder ({error.strerror}); "
                "run it as the account that owns it"
            ) from None
        except (ValueError, KeyError, TypeError):
            # Written atomically, so this is a file that somebody else made: the next start replaces it.
            return None

    def write(self, endpoints: Endpoints) -> None:
        """Keeps the endpoints for management commands and settings."""
        write_private(self.data_dir / "runtime.json", json.dumps(asdict(endpoints), indent=2) + "\n")

    def secret_key(self) -> str:
        """The Django secret key, made at the first call; safe when several processes ask at once.

        Raises ConfigurationError when the folder cannot be written.
        """
        try:
            return create_once(self.data_dir / "secret_key", secrets.token_urlsafe(50))
        except OSError as error:
            raise ConfigurationError(
                f"FVDASH_DATA_DIR={self.data_dir}: cannot write to this folder ({error.strerror})"
            ) from None

    def secrets(self) -> Secrets:
        """Passwords of the database roles, made at the first call."""
        made = Secrets(*(secrets.token_urlsafe(24) for _ in fields(Secrets)))
        stored = json.loads(create_once(self.data_dir / "secrets.json", json.dumps(asdict(made))))
        return Secrets(**{field.name: str(stored[field.name]) for field in fields(Secrets)})

    def has_done(self, step: str) -> bool:
        """Whether a step of the first start was finished, in this or an earlier start."""
        return (self.data_dir / "done" / step).exists()

    def mark_done(self, step: str) -> None:
        """Remembers that `step` need not be run again."""
        write_private(self.data_dir / "done" / step, "")


def write_private(path: Path, text: str) -> None:
    """Replaces `path` by a file of mode 600 with `text`, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = _temporary(path, text)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def create_once(path: Path, text: str) -> str:
    """Content of `path`; when it does not exist it is made with `text`, and one of several callers wins."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = _temporary(path, text)
    try:
        # A link fails when the name exists: nobody ever reads half a secret, and nobody's secret is replaced.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_text().strip()


def _temporary(path: Path, text: str) -> Path:
    # mkstemp makes the file with mode 600, before anything is in it.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
