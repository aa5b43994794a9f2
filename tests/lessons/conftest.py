"""A real IPython shell with the magic, one for all exercises, on each engine in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from lessonkit import Learner
from plain import EVERYTHING, Engine, main_engines, named_engines, usable
from traitlets.config import Config

from dockermagic.language import FIRST


@pytest.fixture(
    scope="session",
    params=named_engines() if EVERYTHING else main_engines(named_engines())[:1],
    ids=lambda engine: engine.name,
)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that is named, in turn; the first of the main ones, where not everything is asked for."""
    return usable(request.param)


@pytest.fixture(scope="module")  # what it sets is the process's own, so not a moment longer
def learner(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    """A learner in a folder of notebooks of their own."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / FIRST).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        patch.setenv("DOCKER_HOST", engine.host)
        patch.setenv("DOCKER_CONFIG", str(home / "docker"))
        patch.chdir(home)
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        learner = Learner(shell)
        learner.run("%load_ext dockermagic")
        yield learner
        InteractiveShell.clear_instance()
