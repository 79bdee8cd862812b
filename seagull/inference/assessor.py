"""Assessor: photo and regions in, a QualityReport out; follow-up questions reuse the photo."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from seagull.inference.answers import (
    HeadNumbers,
    found_distortions,
    head_numbers,
    read_numbers,
    read_scores,
    scored_questions,
)
from seagull.inference.chat import Chat
from seagull.inference.engine import Engine
from seagull.inference.questions import Question
from seagull.inference.session import ImageSession
from seagull.inference.turn_cache import OwnerTurns
from seagull.language.findings import Findings
from seagull.language.prompts import INSTRUCTIONS
from seagull.levels import IMPORTANCE, QUALITY, LevelScale
from seagull.photos import Photo, PhotoSource, read_photo
from seagull.regions.asked import AskedRegions, asked_regions
from seagull.regions.spec import RegionSpec
from seagull.types import (
    READ_OUTS,
    AssessmentTask,
    ModelInfo,
    QualityReport,
    Region,
    RegionAssessment,
)

ALL_TASKS = tuple(AssessmentTask)


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked about regions of one photo; see ``Assessor.assess``.

    Raises:
        ValueError: if the read-out is unknown or there is no region.
    """

    photo: Photo
    regions: Sequence[Region]
    tasks: tuple[AssessmentTask, ...] = ALL_TASKS
    text: bool = False
    read_out: str = "head"

    def __post_init__(self) -> None:
        _checked_read_out(self.read_out)
        if not self.regions:
            raise ValueError("no regions were given; a mask of ones is the whole photo")


class Assessor:
    """A loaded model that assesses regions of photos; made by ``seagull.load``.

    Args:
        engine: holds the model.
        info: what is said of the model in reports.
    """

    def __init__(self, engine: Engine, info: ModelInfo) -> None:
        self.engine = engine
        self.info = info

    def assess(
        self,
        image: Photo | PhotoSource,
        regions: AskedRegions | None = None,
        *,
        tasks: Sequence[AssessmentTask | str] = ALL_TASKS,
        text: bool = False,
        segmenter: str | None = None,
        read_out: str = "head",
    ) -> QualityReport:
        """Assesses regions of a photo.

        Where the model has a head, the language model is run for answers in words only.

        Args:
            image: a path, PIL image, array or tensor (H, W, 3), encoded bytes, opened file or
                ``Photo``.
            regions: regions at the photo's own resolution, specs of them, boxes
                ``(x1, y1, x2, y2)`` in pixels, boolean masks (H, W), or annotations (COCO, SAM's
                mask generator), in a list or an array; those without an id are numbered by their
                place. None means the whole photo.
            tasks: any of ``quality``, ``importance``, ``distortion``. A region that is the whole
                photo has no importance.
            text: also let the language model answer the tasks in words. Where there is a
                head, context turns say what it reads, so that the words go with the numbers.
            segmenter: name of what made the regions, for the report; by default it is taken from
                the regions.
            read_out: ``head``: numbers and distortions are the head's, where the model has one;
                ``language_model``: they are read off the language model's words, without
                context turns of the head.

        Raises:
            PhotoError: if the photo cannot be read.
            ValueError: if a task or read-out is unknown, no region is given, two have the same id,
                or one was made for a photo of another size.
        """
        photo = image if isinstance(image, Photo) else read_photo(image)
        chosen, read_out_name = chosen_tasks(tasks), _checked_read_out(read_out)
        specs = [RegionSpec(whole=True)] if regions is None else regions
        request = Asked(photo, asked_regions(photo, specs), tuple(chosen), text, read_out_name)
        (report,) = self.assess_together([request])
        return report if segmenter is None else replace(report, segmenter=segmenter)

    def assess_together(self, requests: Sequence[Asked]) -> list[QualityReport]:
        """Reports on regions of one or several photos, in one pass where the model has a head.

        The head reads the regions of all photos together (see ``Engine.read_heads``). Answers in
        words, and numbers read off the language model, take passes of their own for each item.

        Args:
            requests: what is asked; several items may be about the same photo.

        Raises:
            ValueError: if a region was made for a photo of another size.
        """
        sessions = [self.engine.open(item.photo) for item in requests]
        heads: list[Sequence[HeadNumbers | None]] = [
            [None] * len(item.regions) for item in requests
        ]
        head_indices = [index for index, item in enumerate(requests) if item.read_out == "head"]
        readings = self._read_heads([(sessions[i], requests[i].regions) for i in head_indices])
        for index, numbers in zip(head_indices, readings, strict=True):
            heads[index] = numbers
        return [
            self._report(item, session, numbers)
            for item, session, numbers in zip(requests, sessions, heads, strict=True)
        ]

    def _report(
        self, request: Asked, session: ImageSession, heads: Sequence[HeadNumbers | None]
    ) -> QualityReport:
        regions, tasks = request.regions, request.tasks
        words: list[dict[str, str]] = [{} for _ in regions]
        if request.text:
            asked = [[task for task in tasks if region.answers(task)] for region in regions]
            questions = [
                self._in_words(own, _findings(region, head) if head else None)
                for region, own, head in zip(regions, asked, heads, strict=True)
            ]
            answers = self.engine.generate(session, regions, questions)
            for region_words, own, said in zip(words, asked, answers, strict=True):
                region_words.update(zip([task.value for task in own], said, strict=True))
        return QualityReport(
            image=request.photo.info,
            model=self.info,
            segmenter=segmenter_names(regions),
            regions=tuple(self._read(session, regions, tasks, heads, words)),
        )

    def _read(
        self,
        session: ImageSession,
        regions: Sequence[Region],
        tasks: Sequence[AssessmentTask],
        heads: Sequence[HeadNumbers | None],
        words: Sequence[dict[str, str]],
    ) -> Iterator[RegionAssessment]:
        """The assessments: of the head if it has read the regions, else of the language model."""
        numbers = [head for head in heads if head is not None]
        if numbers:
            for region, head, region_words in zip(regions, numbers, words, strict=True):
                yield read_numbers(region, tasks, head, region_words)
            return
        logs = self.engine.score(session, regions, scored_questions(self.engine.book, tasks))
        weights = self.engine.model.config.level_weights
        for region, region_logs, region_words in zip(regions, logs, words, strict=True):
            yield read_scores(region, tasks, region_logs, weights, region_words)

    @property
    def has_head(self) -> bool:
        """Whether the model has a head that numbers are read off."""
        return self.engine.head is not None

    def _read_heads(
        self, session_regions: Sequence[tuple[ImageSession, Sequence[Region]]]
    ) -> list[Sequence[HeadNumbers | None]]:
        """What the head reads of each photo's regions; None of each without a head."""
        readings = self.engine.read_heads(session_regions)
        if readings is None:
            return [[None] * len(regions) for _, regions in session_regions]
        return [
            [
                head_numbers(*row)
                for row in zip(*(part[0].tolist() for part in reading), strict=True)
            ]
            for reading in readings
        ]

    def chat(
        self,
        image: Photo | PhotoSource | None,
        regions: AskedRegions = (),
        *,
        seed: int = 0,
        kept: OwnerTurns | None = None,
    ) -> Chat:
        """A conversation about a photo and regions of it, given as to ``assess``.

        Where there is a head, context turns say what it reads of the regions.

        Args:
            image: the photo; None talks without one.
            regions: that may be talked about.
            seed: of the sampling, where a temperature is given.
            kept: conversations to go on from, and where this one is kept for later ones.

        Raises:
            PhotoError: if the photo cannot be read.
            ValueError: if two regions have the same id, or there are some without a photo.
        """
        none_given = isinstance(regions, Sequence) and not regions
        if image is None:
            if not none_given:
                raise ValueError("regions were given without the photo they lie in")
            return Chat(self.engine, None, seed=seed, kept=kept)
        photo = image if isinstance(image, Photo) else read_photo(image)
        findings = partial(self._find, photo) if self.has_head else None
        chat_regions = [] if none_given else asked_regions(photo, regions)
        return Chat(self.engine, photo, chat_regions, seed=seed, findings=findings, kept=kept)

    def _in_words(
        self, tasks: Sequence[AssessmentTask], findings: Findings | None
    ) -> list[Question]:
        book = self.engine.book
        if findings is None:
            return [book.answers[task] for task in tasks]
        return [book.free(INSTRUCTIONS[task], findings) for task in tasks]

    def _find(self, photo: Photo, region: Region) -> Findings:
        ((head,),) = self._read_heads([(self.engine.open(photo), [region])])
        assert head is not None  # asked only where there is one
        return _findings(region, head)


def _findings(region: Region, head: HeadNumbers) -> Findings:
    importance = AssessmentTask.IMPORTANCE
    distortions = found_distortions(head.present, head.severities)
    return Findings(
        _word(QUALITY, head.scores[AssessmentTask.QUALITY]),
        tuple((distortion.type, distortion.severity) for distortion in distortions),
        _word(IMPORTANCE, head.scores[importance]) if region.answers(importance) else None,
    )


def _word(scale: LevelScale, score: float) -> str:
    return scale.word(min(max(score, 0.0), 1.0))  # rounding may lead out of the scale


def _checked_read_out(name: str) -> str:
    if name not in READ_OUTS:
        nearest = difflib.get_close_matches(name, READ_OUTS, 1) or READ_OUTS
        raise ValueError(f"unknown read-out {name!r}; nearest: {', '.join(nearest)}")
    return name


def chosen_tasks(tasks: Sequence[AssessmentTask | str]) -> list[AssessmentTask]:
    """The tasks of these names.

    Raises:
        ValueError: if there are none or one is unknown; a single text counts as a list of one.
    """
    task_names = [task.value for task in AssessmentTask]
    names = [tasks] if isinstance(tasks, str) else list(tasks)
    if unknown := [name for name in names if name not in task_names]:
        nearest = difflib.get_close_matches(str(unknown[0]), task_names, 1) or task_names
        raise ValueError(f"unknown task {unknown[0]!r}; nearest: {', '.join(nearest)}")
    if not names:
        raise ValueError(f"no task was given; tasks are {', '.join(task_names)}")
    return [AssessmentTask(name) for name in names]


def segmenter_names(regions: Sequence[Region]) -> str | None:
    """What a report says made the regions' masks; None if every region was given."""
    names = sorted({region.segmenter for region in regions if region.segmenter})
    return ", ".join(names) or None
