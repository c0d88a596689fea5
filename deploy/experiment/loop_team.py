"""The team that lets programs answer feedloop's actions; `without`: a kind of action it ignores.

Its handlers know what any team's would: the action, the sources of its documents, its cold store.
Whether an answer was right, or what changed in the world, they never see.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow.dataset as ds

from deploy.experiment.product import Product
from deploy.experiment.world import World
from producers import Action, Declined, Done
from producers.actions import Answer
from producers.handler import Handler, on_action

KINDS: Final = ("prompt_tuning", "rag_reindex", "retrain")


class NothingToDo(Exception):
    """There is nothing in the action yet that could help; try again when the problem lasts."""


@dataclass
class LoopTeam:
    """One product whose actions are answered; `day` is today."""

    world: World
    cold: Path
    without: str = ""
    product: Product = field(default_factory=Product)
    day: int = 0

    def handle(self, action: Action) -> Answer:
        """Do what `action` asks for. Raises NothingToDo."""
        if action.kind == self.without:
            return Declined("this team does not answer actions of this kind")
        mend: dict[str, Callable[[Action], Done]] = {
            "prompt_tuning": self._tune,
            "rag_reindex": self._reindex,
            "retrain": self._retrain,
        }
        return mend[action.kind](action)

    def _tune(self, action: Action) -> Done:
        """Put the corrections that people gave into the prompt."""
        said = [c for cluster in action.contents["clusters"] for c in cluster["comments"]]
        corrections = [c["text"] for c in said if c["kind"] == "correction"]
        better = self.product.told(corrections)
        if better == self.product:
            raise NothingToDo("no correction that isn't in the prompt already")
        self.product = better
        return Done(
            detail=f"{len(corrections)} corrections", new_prompt_version=better.prompt_version
        )

    def _reindex(self, action: Action) -> Done:
        """Read the named documents from their source again."""
        doc_ids = [document["doc_id"] for document in action.contents["documents"]]
        doc_ids = doc_ids or [action.key["doc_id"]]
        self.product = self.product.indexed(doc_ids, self.world, self.day)
        return Done(detail=f"read again: {', '.join(doc_ids)}")

    def _retrain(self, action: Action) -> Done:
        """Train on the dataset that the action names; what taught nothing isn't rolled out."""
        dataset = action.contents["dataset"]
        if dataset is None:
            raise NothingToDo(f"no dataset: {action.contents['missing']}")
        better = self.product.trained_on(prompts_of(self.cold / dataset["manifest"]))
        if better.trained == self.product.trained:
            raise NothingToDo(f"{dataset['rows']} rows teach nothing new yet")
        self.product = better
        return Done(detail=f"{dataset['rows']} rows", new_model_version=better.model_version)


def prompts_of(manifest: Path) -> list[str]:
    """Return what users asked last in the conversations of a dataset."""
    said = json.loads(manifest.read_text())
    files = [f["path"] for f in said["files"] if f["path"].startswith("inferences/")]
    paths = [str(manifest.parent / name) for name in files]
    if not paths:
        return []
    table = ds.dataset(paths, format="parquet").to_table(columns=["messages"])
    return [turns[-1]["content"] for turns in table["messages"].to_pylist() if turns]


def handlers(teams: Mapping[str, LoopTeam]) -> list[Handler]:
    """Return one handler a kind of action; a tenant without a team declines."""

    def answer(action: Action) -> Answer:
        team = teams.get(action.tenant_id)
        return Declined("nobody answers here") if team is None else team.handle(action)

    return [on_action(kind)(answer) for kind in KINDS]
