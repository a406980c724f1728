"""Where an attempt works: its place, its private repository, and what the attempt before left there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dag_factory.errors import PhasegateError
from dag_factory.evidence.policies.merges import judged_base, work_base
from dag_factory.operators.assignment import Assignment
from dag_factory.operators.keeping import lay_memory, left_by, spoken_in
from dag_factory.operators.orders import left_out
from dag_factory.operators.place import Place, bundles_of, fetch_bundle
from dag_factory.operators.resuming import last_sealed
from dag_factory.settings import work_root
from dag_factory.workspace.origin import Origin, objects
from dag_factory.workspace.private import PrivateRepository

__all__ = ["Workplace"]


@dataclass
class Workplace(Assignment):
    """An assignment with a place to work at.

    `base` is the commit it begins with; `conversation` is the one that is resumed, if any, and `spoken` the tokens it took before;
    `laid` tells that files of an earlier attempt lie there.
    """

    place: Place | None = None
    repository: PrivateRepository | None = None
    base: str | None = None
    conversation: str = ""
    spoken: tuple[int, int] = (0, 0)
    laid: bool = False

    def _move_in(self, origin: Origin | None, *, again: bool) -> None:
        """Make the workspace, or find it again.

        Parameters
        ----------
        again: go on in the place that an earlier process of this attempt made; where it is gone, it is made anew.

        """
        name = f"{self.case.phase_id}/{self.case.at}/{self.task.id}" if self.case.at else self.task.id
        where = (work_root(), self.record.charter.digest, name, self.number)
        found = Place.find(*where) if again else None
        place = self.place = found or Place.make(*where)
        if origin:
            self.base = judged_base(self.case) if self.task.judges else work_base(self.case)
            if self.base is None:
                raise PhasegateError("The run began without a repository.", remedy="Start a new run.")
            self._repository(origin, self.base, found=found is not None)
        elif found is None:
            place.fresh("workspace")
        if found is None:
            self._resume()

    def _repository(self, origin: Origin, base: str, *, found: bool) -> None:
        """Make the private repository, or open the one that is there."""
        place = self._at()
        bundles = bundles_of(self.scope.run, self.record, self.case.phase_id, base, place.root / "bundles")
        if left := left_out(self.case, self.order):  # what did not fit is there too, for whoever makes it fit
            bundles.append(fetch_bundle(self.scope.run, left, place.root / "bundles"))
        before = left_by(self.case, self.task, self.binding, base)
        kept = last_sealed(self, base) or (before.says.kept.sealed if before and before.says.kept else None)
        if kept and kept.bundle:
            bundles.append(fetch_bundle(self.scope.run, kept.bundle, place.root / "bundles"))
        borrowed = objects(origin, work_root() / "mirrors", self.record.charter.says.base)
        if found:
            self.repository = PrivateRepository(place.root / "repository", borrowed, base, bundles)
            return
        self.repository = PrivateRepository.create(
            place.root / "repository", objects=borrowed, commit=base, bundles=bundles, with_tree=self.task.runner != "check"
        )
        if kept and self.task.runner != "check":
            self.repository.lay(kept.commit)
            self.laid = True

    def _resume(self) -> None:
        """Lay out the conversation of the attempt before, if that failed and left one."""
        memory, before = self._at().fresh("memory"), left_by(self.case, self.task, self.binding, self.base)
        if before and before.says.kept and before.says.kept.memory and before.says.figures:
            lay_memory(self.scope.run, before.says.kept.memory, memory)
            self.conversation = before.says.figures.conversation
            self.spoken = spoken_in(self.case, self.task, self.conversation)
            self.emit(f"Goes on with the conversation of attempt {before.says.binding.attempt}.")

    @property
    def root(self) -> Path:
        """The folder of this attempt."""
        return self._at().root

    @property
    def workspace(self) -> Path:
        """Where the persona works."""
        return self.repository.tree if self.repository else self.root / "workspace"

    def drop(self) -> None:
        """Remove the place: everything that counts is in the store."""
        self._at().drop()

    def _at(self) -> Place:
        assert self.place is not None  # noqa: S101 # `prepare` came before
        return self.place
