"""in-toto: a layout of a chain of steps, each of which takes what the step before left; laid and signed, then verified: `intoto.py FOLDER STEPS TIMES`.

The functions are those of in-toto's own documentation. Laying is not measured.
"""

import json
import sys
import time
from pathlib import Path

from in_toto.models.layout import Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Envelope
from in_toto.verifylib import in_toto_verify
from securesystemslib.signer import CryptoSigner

folder, steps, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
owner, worker = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()


def rules(number):
    """What a step may take and leave."""
    taken = [["MATCH", "left.txt", "WITH", "PRODUCTS", "FROM", f"step-{number - 1}"]] if number else []
    return [*taken, ["DISALLOW", "*"]], [["ALLOW", "left.txt"], ["DISALLOW", "*"]]


layout = Layout()
layout.set_relative_expiration(months=1)
public = worker.public_key
layout.keys = {public.keyid: {"keyid": public.keyid, **public.to_dict()}}
made = []
for number in range(steps):
    materials, products = rules(number)
    made.append(Step(name=f"step-{number}", expected_materials=materials, expected_products=products, pubkeys=[public.keyid], threshold=1))
    left = [{"left.txt": {"sha256": f"{number + at:064x}"}} for at in (0, 1)]
    link = Envelope.from_signable(
        Link(name=f"step-{number}", materials=left[0] if number else {}, products=left[1], byproducts={"return-value": 0}, command=["work"])
    )
    link.create_signature(worker)
    link.dump(str(folder / f"step-{number}.{public.keyid[:8]}.link"))
layout.steps = made
signed = Envelope.from_signable(layout)
signed.create_signature(owner)
signed.dump(str(folder / "root.layout"))

keys = {owner.public_key.keyid: {"keyid": owner.public_key.keyid, **owner.public_key.to_dict()}}
spent = []
for _ in range(times):
    began = time.process_time()
    in_toto_verify(Envelope.load(str(folder / "root.layout")), keys, link_dir_path=str(folder))
    spent.append(time.process_time() - began)
print(json.dumps({"spent": min(spent)}))
