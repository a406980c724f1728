"""in-toto: a layout of a chain of steps, each of which takes what the step before left; laid and signed, then verified: `intoto.py FOLDER STEPS TIMES`.

The functions are those of in-toto's own documentation. Laying is not measured. It is verified twice: the links alone, and with an inspection, which is how
in-toto holds the files that lie somewhere against what the steps signed.
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from pathlib import Path

from in_toto.models.layout import Inspection, Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Envelope
from in_toto.verifylib import in_toto_verify
from securesystemslib.signer import CryptoSigner

folder, steps, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
(folder / "files").mkdir(parents=True, exist_ok=True)
owner, worker = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()


def rules(number):
    """What a step may take and leave."""
    taken = [["MATCH", name(number - 1), "WITH", "PRODUCTS", "FROM", f"step-{number - 1}"]] if number else []
    return [*taken, ["DISALLOW", "*"]], [["ALLOW", name(number)], ["DISALLOW", "*"]]


def name(number):
    """The file that a step leaves."""
    return f"left-{number}.txt"


def left_by(number):
    """The file, as a link names it."""
    data = f"What step {number} left.\n".encode()
    (folder / "files" / name(number)).write_bytes(data)
    return {name(number): {"sha256": hashlib.sha256(data).hexdigest()}}


public = worker.public_key
made = []
for number in range(steps):
    materials, products = rules(number)
    made.append(
        Step(
            name=f"step-{number}", expected_materials=materials, expected_products=products, expected_command=["work"],
            pubkeys=[public.keyid], threshold=1,
        )
    )  # fmt: skip
    link = Envelope.from_signable(
        Link(
            name=f"step-{number}",
            materials=left_by(number - 1) if number else {},
            products=left_by(number),
            byproducts={"return-value": 0},
            command=["work"],
        )
    )
    link.create_signature(worker)
    link.dump(str(folder / f"step-{number}.{public.keyid[:8]}.link"))
matches = [["MATCH", name(number), "WITH", "PRODUCTS", "FROM", f"step-{number}"] for number in range(steps)]
looks = [Inspection(name="files", run=["true"], expected_materials=[*matches, ["DISALLOW", "*"]])]
keys = {owner.public_key.keyid: {"keyid": owner.public_key.keyid, **owner.public_key.to_dict()}}
os.chdir(folder / "files")
found = {}
for what, inspections in (("links", []), ("files", looks)):
    layout = Layout(steps=made, inspect=inspections, keys={public.keyid: {"keyid": public.keyid, **public.to_dict()}})
    layout.set_relative_expiration(months=1)
    signed = Envelope.from_signable(layout)
    signed.create_signature(owner)
    signed.dump(str(folder / "root.layout"))
    spent = []
    for _ in range(times):
        began = time.process_time()
        in_toto_verify(Envelope.load(str(folder / "root.layout")), keys, link_dir_path=str(folder))
        spent.append(time.process_time() - began)
        with contextlib.suppress(FileNotFoundError):
            Path("files.link").unlink()  # what the inspection left of itself
    found[what] = min(spent)
print(json.dumps(found))
