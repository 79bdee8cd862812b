"""Instruction records about versions: questions about a region, talks and comparisons.

What people would say of a distorted region's quality is not known. Without readings of a model the
quality words of questions are left open (``QUALITY_SLOT``); talks and comparisons, whose wording
depends on them, are written with readings alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from data_tools.calibrate import Calibration, to_level_scale
from data_tools.config import DataConfig
from data_tools.keys import Key
from data_tools.turns import Hash, RegionFacts, make_turn
from data_tools.versions.compare import MOST_REGIONS, compared_ids, compared_topics, compared_turn
from data_tools.versions.known import KnownRegion, Readings
from data_tools.versions.label import CLEAN, DISTORTED
from data_tools.versions.talk import Shown, Talked, free_answer, free_question, place_of, topics
from data_tools.versions.unit import picture_path
from seagull.language.prompts import INSTRUCTIONS, QUALITY_SLOT, quality_answer
from seagull.levels import IMPORTANCE, QUALITY
from seagull.records import InstructionRecord, RegionOrder
from seagull.regions.rle import Rle
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, DistortionType, Message

JUDGED_ONE_IN, JOINT_ONE_IN, ALIKE_ONE_IN = 3, 4, 3
READ_METRIC = "model"
"""The metric of labels that are what a model reads."""
SENSITIVE_BELOW = 0.9
"""A distorted region counts for region sensitivity if its raw quality is below this."""


class SceneRecords:
    """Makes the records of one scene.

    Args:
        photo: the rows of a reference, as ``make_versions`` wrote them.
        scene: the rows of one of its scenes.
        calibration: of importance.
        config: the settings.
        readings: of a model, by picture and region.
    """

    def __init__(
        self,
        photo: Mapping[str, Any],
        scene: Mapping[str, Any],
        calibration: Calibration,
        config: DataConfig,
        readings: Readings | None = None,
    ) -> None:
        self.readings = readings or {}
        self.photo, self.scene, self.config = photo["id"], scene, config
        self.calibration = calibration
        self.metric = f"{photo['metric']}+{calibration.id}"
        # Photos of two sets may have one name: the digest of what they are made of is in the group.
        self.group = f"{self.metric}/{photo['fingerprint'][:16]}/{scene['id']}"
        self.specs = {name: _spec(name, row) for name, row in scene["regions"].items()}

    def questions(self) -> Iterator[InstructionRecord]:
        """One record per version, region and question."""
        for version in self.scene["versions"]:
            for name, region in self.known(version).items():
                for form in self._forms(version, name, region):
                    yield self._question(version, name, region, form, self.photo)

    def language(self) -> Iterator[InstructionRecord]:
        """Questions, a talk and mostly a comparison for each version that a model has read."""
        for version in self.scene["versions"]:
            known = {name: one for name, one in self.known(version).items() if one.read}
            for name, region in known.items():
                for form in self._forms(version, name, region):
                    yield self._question(version, name, region, form, self.photo)
            typed = [name for name, region in known.items() if region.typed]
            if typed:
                yield self._talk(version, known, typed)
            if len(typed) > 1 and self._is_compared(version):
                yield self._comparison(version, known, typed)

    def sensitivity(self) -> Iterator[InstructionRecord]:
        """The quality question in version 0 and in those with one distorted region."""
        found: dict[str, None] = {}
        records = []
        for version in self.scene["versions"]:
            if version["kind"] != "inside":
                continue
            known = self.known(version)
            if known[version["target"]].raw >= SENSITIVE_BELOW:
                continue
            for name, region in known.items():
                hidden = region.state == DISTORTED and not region.facts.distortions
                if region.state in (CLEAN, DISTORTED) and not hidden:
                    found[name] = None
                    records.append(
                        self._question(version, name, region, "quality", self.scene["id"])
                    )
        clean = {"number": 0, "kind": "clean", "settings": []}
        for name in found:
            region = self._region({"id": name, "state": CLEAN, "quality": 1.0}, clean)
            yield self._question(clean, name, region, "quality", self.scene["id"])
        yield from records

    def known(self, version: Mapping[str, Any]) -> dict[str, KnownRegion]:
        """What is known of the labelled regions of one version, by id."""
        return {label["id"]: self._region(label, version) for label in version["labels"]}

    def _region(self, label: Mapping[str, Any], version: Mapping[str, Any]) -> KnownRegion:
        raw, state = float(label["quality"]), str(label["state"])
        shows = state != CLEAN and raw < self.config.label.visible
        read = self.readings.get((picture_path(self.scene["id"], version["number"]), label["id"]))
        metric_quality = to_level_scale(raw, self.config.chat.quality_thresholds)
        row = self.scene["regions"][label["id"]]
        importance: float | None = None
        if row["importance_raw"] is not None:
            importance = float(self.calibration.importance([row["importance_raw"]])[0])
        distortions = tuple(
            (DistortionType(setting["type"]), setting["severity"])
            for setting in version["settings"]
        )
        facts = RegionFacts(
            quality=(metric_quality if state != CLEAN else 1.0) if read is None else read.quality,
            quality_word=QUALITY_SLOT if read is None else QUALITY.word(read.quality),
            importance=importance,
            importance_word=None if importance is None else IMPORTANCE.word(importance),
            distortions=distortions if shows and state == DISTORTED else (),
            metric=self.metric if read is None else READ_METRIC,
        )
        whole = state in (CLEAN, DISTORTED)
        settings = version["settings"] if state == DISTORTED else ()
        levels = {f"{setting['type']}/{_variant(setting)}": setting["k"] for setting in settings}
        order = RegionOrder(self.group, levels if whole else None, row["sharpness"])
        return KnownRegion(facts, whole, state, raw, order, read)

    def _forms(self, version: Mapping[str, Any], name: str, region: KnownRegion) -> list[str]:
        pick = self._pick(version, name)
        important = region.facts.importance_word is not None
        forms = ["quality"]
        if important:
            forms.append("importance")
        if region.typed:
            forms.append("distortion")
        if pick("judge") % JUDGED_ONE_IN == 0:
            judged = ["judge-quality"] if region.read else []
            judged += ["judge-importance"] if important else []
            judged += ["judge-type"] if region.typed else []
            forms += [judged[pick("judged") % len(judged)]] if judged else []
        if region.typed and pick("joint") % JOINT_ONE_IN == 0:
            forms.append("joint")
        return forms

    def _question(
        self,
        version: Mapping[str, Any],
        name: str,
        region: KnownRegion,
        form: str,
        reference: str,
    ) -> InstructionRecord:
        turn = make_turn(form, region.facts, None, self._pick(version, name, form))
        messages = (
            Message("user", turn.question, (name,)),
            Message("assistant", turn.answer, (), turn.task),
        )
        return self._record(version, {name: region}, form, messages, reference)

    def _talk(
        self, version: Mapping[str, Any], known: Mapping[str, KnownRegion], names: Sequence[str]
    ) -> InstructionRecord:
        """A quality question and up to three more in free words about one typed region."""
        pick = self._pick(version, "talk")
        target = version["target"]
        name = target if target in names and pick("target") % 2 else names[pick() % len(names)]
        talked = self._talked(version, name, known[name])
        task = AssessmentTask.QUALITY
        first = free_question("quality", pick) if pick("free") % 2 else INSTRUCTIONS[task]
        messages = [
            Message("user", first, (name,)),
            Message("assistant", quality_answer(talked.facts.quality_word), (), task),
        ]
        for topic in topics(talked, pick):
            messages.append(Message("user", free_question(topic, pick), (name,)))
            messages.append(Message("assistant", free_answer(topic, talked, pick)))
        return self._record(version, {name: known[name]}, "talk", messages, self.photo)

    def _is_compared(self, version: Mapping[str, Any]) -> bool:
        """Regions of a photo that is distorted all over, or nowhere, are mostly alike."""
        alike = version["target"] is None
        return not alike or self._pick(version, "compare")("alike") % ALIKE_ONE_IN == 0

    def _comparison(
        self, version: Mapping[str, Any], known: Mapping[str, KnownRegion], names: Sequence[str]
    ) -> InstructionRecord:
        """One to three questions about two to four typed regions at once."""
        pick = self._pick(version, "compare")
        # The one that was distorted, or left out, differs from the others: it is mostly there.
        target = version["target"] if pick("target") % 4 else None
        order = sorted(names, key=lambda name: (name != target, pick("region", name)))
        most = min(len(names), MOST_REGIONS)
        chosen = order[: 2 + pick("count") % (most - 1)]
        chosen.sort(key=lambda name: pick("order", name))
        called = compared_ids(chosen, pick)
        compared = {id: self._talked(version, name, known[name]) for name, id in called.items()}
        messages = list[Message]()
        for topic in compared_topics(compared, pick):
            question, answer = compared_turn(topic, compared, pick)
            messages += [Message("user", question, (*compared,)), Message("assistant", answer)]
        record = self._record(
            version, {name: known[name] for name in chosen}, "compare", messages, self.photo
        )
        return replace(
            record,
            regions=tuple(replace(spec, id=called[spec.id]) for spec in record.regions),
            labels={called[name]: labels for name, labels in record.labels.items()},
        )

    def _talked(self, version: Mapping[str, Any], name: str, region: KnownRegion) -> Talked:
        row = self.scene["regions"][name]
        return Talked(
            region.facts,
            tuple(_shown(setting) for setting in version["settings"])
            if region.facts.distortions
            else (),
            row["share"],
            place_of(row["box"], self.scene["size"]),
        )

    def _record(
        self,
        version: Mapping[str, Any],
        regions: Mapping[str, KnownRegion],
        form: str,
        messages: Sequence[Message],
        reference: str,
    ) -> InstructionRecord:
        scene, number = self.scene["id"], version["number"]
        return InstructionRecord(
            id=f"{scene}.{number}.{'-'.join(regions)}.{form}",
            image=f"../{picture_path(scene, number)}",
            regions=tuple(self.specs[name] for name in regions),
            messages=tuple(messages),
            labels={name: region.labels for name, region in regions.items()},
            reference=reference,
        )

    def _pick(self, version: Mapping[str, Any], *about: str) -> Hash:
        place = f"{self.scene['id']}.{version['number']}.{'.'.join(about)}"

        def pick(*what: str) -> int:
            key = Key(self.config.seed, "versions", place, "records", "/".join(what))
            return int.from_bytes(key.digest()[:8], "big")

        return pick


def _spec(name: str, row: Mapping[str, Any]) -> RegionSpec:
    if row["rle"] is None:
        return RegionSpec(name, whole=True)
    return RegionSpec(name, rle=Rle.from_dict(row["rle"]))


def _shown(setting: Mapping[str, Any]) -> Shown:
    return Shown(setting["type"], _variant(setting), setting["severity"])


def _variant(setting: Mapping[str, Any]) -> str:
    kind, direction = setting["kind"], setting["direction"]
    return kind if direction == "one" else f"{kind}-{direction}"
