"""Evidence: what was left, who signed for it, and what a gate makes of it.

The rooms, from the bottom: `strict_json`; `keys` and `envelope` (who signed which bytes); `contract` (who owes what); `statement` (what is
signed); `store` (where it lies); `kinds` (what each kind of evidence should be); `verdict` and `record` (a run as its store holds it);
`policies` (what a gate asks); `verify` (the judgement, pure); `answering` (its signature).

Nothing is imported here: parsing a DAG needs the contract and nothing else.
"""

from __future__ import annotations

__all__: list[str] = []
