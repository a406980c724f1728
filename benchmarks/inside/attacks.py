"""Attacks on in-toto, each beside the honest case, done with its own functions and judged by `in_toto_verify`: `attacks.py FOLDER`.

The functions are those of in-toto's own documentation: `in_toto_run` records what a command left and signs the link; the project's owner signs a
layout of two steps, `make` and `review`, in which the review must be of the very report that was made, and an inspection of what is delivered.
Told is of each attack what the verification says of it and of the honest case; it says nothing where it accepts.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from in_toto.models.layout import Inspection, Layout, Step
from in_toto.models.metadata import Envelope
from in_toto.runlib import in_toto_run
from in_toto.verifylib import in_toto_verify
from securesystemslib.signer import CryptoSigner, SSlibKey

root = Path(sys.argv[1])
MADE = ["report.txt"]
MAKE = """
import os, sys
where, whose = sys.argv[1:]
with open(where, "w") as report:
    report.write("All is well in " + whose)
if where != "report.txt":
    os.symlink(where, "report.txt")
"""


def signer(alias=None):
    """A key of its own, or that of somebody else under another id."""
    if alias is None:
        return CryptoSigner.generate_ed25519()
    key = alias.public_key
    return CryptoSigner(alias._private_key, SSlibKey(key.keyid[::-1], key.keytype, key.scheme, key.keyval))


def public(someone):
    """A key as a layout lists it."""
    return {"keyid": someone.public_key.keyid, **someone.public_key.to_dict()}


class Project:
    """One run: a folder in which steps are done, and the layout it is held against."""

    def __init__(self, name, makers, reviewers, threshold=1, owner=None):
        self.folder = root / name
        self.folder.mkdir(parents=True)
        self.owner = owner or signer()
        layout = Layout()
        layout.set_relative_expiration(months=1)
        layout.keys = {someone.public_key.keyid: public(someone) for someone in (*makers, *reviewers)}
        kept = [["MATCH", "report.txt", "WITH", "PRODUCTS", "FROM", "make"], ["DISALLOW", "*"]]
        layout.steps = [
            Step(name="make", expected_products=[["CREATE", "report.txt"], ["DISALLOW", "*"]], pubkeys=[one.public_key.keyid for one in makers]),
            Step(
                name="review", expected_materials=kept, expected_products=kept, pubkeys=[one.public_key.keyid for one in reviewers],
                threshold=threshold,
            ),
        ]  # fmt: skip
        layout.inspect = [
            Inspection(
                name="delivered", run=["true"], expected_materials=[["MATCH", "report.txt", "WITH", "PRODUCTS", "FROM", "review"], ["DISALLOW", "report.txt"]]
            )
        ]  # fmt: skip
        signed = Envelope.from_signable(layout)
        signed.create_signature(self.owner)
        signed.dump(str(self.folder / "root.layout"))

    def make(self, who, linked=False):
        """Do the first step: leave a report, or a link to the same bytes elsewhere."""
        written = str(root / f"{self.folder.name}.txt") if linked else "report.txt"
        return self._step("make", [], [sys.executable, "-c", MAKE, written, self.folder.name], who)

    def review(self, *who):
        """Do the second step, each of these by itself."""
        for someone in who:
            self._step("review", MADE, [sys.executable, "-c", "open('report.txt').read()"], someone)
        return self

    def _step(self, name, materials, command, who):
        os.chdir(self.folder)
        in_toto_run(name, materials, MADE, command, signer=who, use_dsse=True)  # leaves the signed link in the folder
        return self

    def replayed_by(self, other, *, layout):
        """Put what another run left in the place of what this one did; its layout too, or not."""
        for path in (*self.folder.glob("*.link"), self.folder / "report.txt"):
            path.unlink(missing_ok=True)
        for path in (*other.folder.glob("*.link"), other.folder / "report.txt", *([other.folder / "root.layout"] if layout else [])):
            shutil.copy(path, self.folder)
        return self

    def edited(self):
        """Change the report once it was reviewed."""
        (self.folder / "report.txt").write_text("All is well, and more", encoding="utf-8")
        return self

    def verdict(self):
        """What in-toto says; nothing where it accepts."""
        os.chdir(self.folder)
        try:
            in_toto_verify(Envelope.load("root.layout"), {self.owner.public_key.keyid: public(self.owner)}, persist_inspection_links=False)
        except Exception as error:  # whatever it is refused with
            return f"{type(error).__name__}: {error}".splitlines()[0]
        return ""


def tried():
    """Every attack, and the honest case beside it."""
    owner, one, two, three = (signer() for _ in range(4))
    also_one, also_two = signer(alias=one), signer(alias=two)
    earlier, last = (Project(f"earlier-{at}", [one], [two], owner=owner).make(one).review(two) for at in (1, 2))
    return {
        "edited": (
            Project("edited-honest", [one], [two]).make(one).review(two),
            Project("edited", [one], [two]).make(one).review(two).edited(),
        ),
        "one-key": (
            Project("one-key-honest", [one, two], [one, two]).make(one).review(two),
            Project("one-key", [one, two], [one, two]).make(one).review(one),
        ),
        "alias": (
            Project("alias-honest", [one], [two]).make(one).review(two),
            Project("alias", [one], [also_one]).make(one).review(also_one),
        ),
        "two-by-one": (
            Project("two-by-one-honest", [one], [two, three], threshold=2).make(one).review(two, three),
            Project("two-by-one", [one], [two, also_two], threshold=2).make(one).review(two, also_two),
        ),
        "replayed": (
            Project("replayed-honest", [one], [two], owner=owner).make(one).review(two),
            Project("replayed", [one], [two], owner=owner).replayed_by(earlier, layout=False),
        ),
        "replayed-whole": (
            Project("replayed-whole-honest", [one], [two], owner=owner).make(one).review(two),
            Project("replayed-whole", [one], [two], owner=owner).replayed_by(last, layout=True),
        ),
        "symlink": (
            Project("symlink-honest", [one], [two]).make(one).review(two),
            Project("symlink", [one], [two]).make(one, linked=True).review(two),
        ),
    }


print(json.dumps({name: [project.verdict() for project in both] for name, both in tried().items()}))
