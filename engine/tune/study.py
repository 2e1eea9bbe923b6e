"""The study of a search: where it is stored, what it belongs to, and what is kept with a trial."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError, RunError
from engine.foreign import without_password

if TYPE_CHECKING:
    import optuna
    from optuna.storages import RDBStorage

FACTS = "facts"  # one attribute per trial: each costs the database a transaction
_LOCKED_SECONDS = 60  # how long a write waits for another process's
_ATTEMPTS = 12
# what databases say where two processes make the same table, row or study at the same moment
_AT_ONCE = re.compile(
    r"already exists|unique|duplicate|integrity|locked|deadlock|no such table|serializ", re.I
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a study belongs to; a study of anything else is never continued.

    Attributes
    ----------
    given : the name that the user wants it to have; None: one made from the hashes.
    settings : of the config, to say what differs where a study of that name was begun with others.
    """

    name: str
    group: str
    config_sha256: str
    data_sha256: str
    given: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def study_name(self) -> str:
        """The name under which a storage keeps it."""
        if self.given is not None:
            return self.given
        return f"{self.name}-{self.group}-{self.config_sha256[:8]}-{self.data_sha256[:8]}"


def open_study(storage: str | None, identity: Identity) -> tuple[optuna.Study, RDBStorage | None]:
    """Create or reopen the study of this config, data and group; also where another process does so right now.

    Parameters
    ----------
    storage : database URL; None keeps the study in memory, and nothing is returned beside it.

    Raises
    ------
    ConfigError
        ``tune.bad_storage`` where the database cannot be opened; a password in the URL is not repeated.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it logs every study and trial to stderr
    if storage is None:
        return _named(None, identity), None
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            database = _database(storage)
            return _named(database, identity), database
        except ConfigError:
            raise
        except Exception as error:
            said = _first_line(error, error.__cause__)
            if attempt < _ATTEMPTS and _AT_ONCE.search(f"{said} {error.__cause__}"):
                time.sleep(random.uniform(0.02, 0.1) * attempt)
                continue
            raise ConfigError(
                "tune.bad_storage",
                without_password(f"--storage {storage}: {said}", storage),
                "write the URL of a database that works, or of one to be made, for example sqlite:///tuning.db, where there is room",
            ) from None
    raise AssertionError


@contextmanager
def storage_at_work(storage: str | None) -> Iterator[None]:
    """A database that fails while a search is at work is one error, which says that the search goes on later.

    Raises
    ------
    RunError
        ``tune.storage_failed``: its disk is full, its server is gone, its file is no database any more.
    """
    try:
        yield
    except Exception as error:
        if storage is None or not _of_storage(error):
            raise
        raise RunError(
            "tune.storage_failed",
            without_password(f"--storage {storage}: {_first_line(error, error.__cause__)}", storage),
            "see to its disk or its server; the same command goes on with the trials that are there (`--trials 0`: none is added)",
        ) from None


def _of_storage(error: BaseException) -> bool:
    from optuna.exceptions import StorageInternalError

    return isinstance(error, StorageInternalError) or type(error).__module__.startswith("sqlalchemy.")


def facts(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """What was kept with a finished trial besides its value."""
    return dict(trial.user_attrs.get(FACTS, {}))


def _database(storage: str) -> RDBStorage:
    from optuna.storages import RDBStorage

    if storage.startswith("sqlite"):
        return RDBStorage(storage, engine_kwargs={"connect_args": {"timeout": _LOCKED_SECONDS}})
    if storage.startswith(("postgres://", "postgresql://")):
        _, _, rest = storage.partition("://")
        # a server that went away for a moment is asked anew, not written to over the dead connection
        return RDBStorage(f"postgresql+psycopg://{rest}", engine_kwargs={"pool_pre_ping": True})
    return RDBStorage(storage)


def _named(database: RDBStorage | None, identity: Identity) -> optuna.Study:
    import optuna

    study = optuna.create_study(
        storage=database, study_name=identity.study_name, direction="maximize", load_if_exists=True
    )
    known = study.user_attrs
    if identity.given is not None:
        _require_same(known, identity)
    for key in ("config_sha256", "data_sha256", "group"):
        if key not in known:
            study.set_user_attr(key, getattr(identity, key))
    if identity.given is not None and "settings" not in known:
        study.set_user_attr("settings", identity.settings)
    return study


def _require_same(known: dict[str, Any], identity: Identity) -> None:
    """Refuse a study of that name that was begun with other settings or other bars; the difference is named."""
    settings = known.get("settings")
    mine = flat(identity.settings)
    if settings is None:
        return
    begun = flat(settings)
    differs = [
        f"{key}: {begun.get(key)} against {mine.get(key)}"
        for key in dict.fromkeys([*begun, *mine])
        if begun.get(key) != mine.get(key)
    ]
    if known.get("data_sha256", identity.data_sha256) != identity.data_sha256:
        differs.append("other bars")
    if differs:
        raise ConfigError(
            "tune.other_config",
            f"study {identity.given} was begun with other settings: " + "; ".join(differs),
            "go on with the settings it was begun with, or give this search another --study",
        )


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Dotted path -> value of nested settings."""
    if not isinstance(value, dict):
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= flat(inner, f"{path}.{key}" if path else str(key))
    return found


def _first_line(error: BaseException, cause: BaseException | None) -> str:
    # optuna's own words for a failed write say nothing; the driver's do
    told = cause if cause is not None and "exception is raised during the commit" in str(error) else error
    return f"{type(told).__name__}: {(str(told).splitlines() or [''])[0]}"
