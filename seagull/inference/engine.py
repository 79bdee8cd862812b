"""The engine: a photo is encoded once, then any number of questions is answered in packed passes.

    photo -> pyramid, image tokens                             once, see ``session``
    regions -> global tokens -> head                           once per region
    regions -> local tokens, for the language model            once per region
    questions x regions -> one tree -> packed sequence         see ``preprocessing.packing``
    packed sequence -> language model over the shared prefix -> logits where answers are read

The first packed sequence takes the prefix along; its keys and values serve all later ones.

A packed node sees the prefix, its ancestors and itself, at the position it would have alone, so
every answer equals the one of a pass of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float

from seagull.inference.decoder import PackedDecoder
from seagull.inference.questions import Question, QuestionBook
from seagull.inference.reading import read_answers, read_paths
from seagull.inference.region_tokens import RegionEncoder
from seagull.inference.session import Counters, ImageSession, SessionCache, TextSession
from seagull.model.head import HeadReading, RegionHead
from seagull.model.seagull import SeagullForConditionalGeneration, VisualTokens
from seagull.photos import Photo
from seagull.preprocessing.packing import Items, pack, sorted_chunks
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import Region

Asked = tuple[int, Question]
"""A question and the index of the region it is about."""


class Engine:
    """Answers questions about regions of photos with one model.

    Args:
        model: in eval mode, on its device.
        processor: of that model.
        cache_bytes: memory for what is kept of photos; the one in use is kept whatever its size.
            Most photos of a folder are never asked about again, so a few are enough.
        pack_tokens: most new tokens in one packed pass.
        head: reads numbers off regions' global tokens; None leaves them to the language model.
        region_batch: most regions encoded at once; by default few on a CPU, whose caches hold few
            crops' features, and many on a GPU. Masks take less, so more of them go at once.
    """

    def __init__(
        self,
        model: SeagullForConditionalGeneration,
        processor: SeagullProcessor,
        *,
        head: RegionHead | None = None,
        cache_bytes: int = 256 << 20,
        pack_tokens: int = 512,
        region_batch: int | None = None,
    ) -> None:
        self.model = model
        self.processor = processor
        self.book = QuestionBook(processor)
        self.pack_tokens = pack_tokens
        self.sessions = SessionCache(cache_bytes)
        self.counters = Counters()
        self.decoder = PackedDecoder(model, self.counters)
        on_cpu = model.device.type == "cpu"
        self.regions = RegionEncoder(
            model,
            processor,
            self.counters,
            mask_batch=region_batch or (16 if on_cpu else 32),
            crop_batch=region_batch or (4 if on_cpu else 32),
        )
        self._text: TextSession | None = None
        self.head = None if head is None else head.to(self.decoder.device)

    @torch.inference_mode()
    def open(self, photo: Photo) -> ImageSession:
        """The session of a photo: from the cache, or encoded now."""
        session = self.sessions.get(photo.sha256)
        if session is None:
            session = self._encode(photo)
            self.sessions.put(photo.sha256, session)
        return session

    @torch.inference_mode()
    def open_text(self) -> TextSession:
        """The session of conversations without a photo: the prefix without image tokens."""
        if self._text is None:
            ids = [token for token in self.book.prefix if token != self.processor.image_id]
            self._text = TextSession(prefix_embeddings=self.decoder.embed(ids, VisualTokens()))
        return self._text

    @torch.inference_mode()
    def score(
        self, session: ImageSession, regions: Sequence[Region], questions: Sequence[Question]
    ) -> list[list[Float[np.ndarray, " candidates"]]]:
        """Log-probabilities of each question's candidates for each region: ``[region][question]``.

        Candidates whose first tokens differ are compared by those alone, normalised over them;
        others by the sum over their tokens. Nothing is generated.
        """
        if not questions:
            return [[] for _ in regions]
        tokens = self.encode_regions(session, regions)
        pairs = [(region, question) for region in range(len(regions)) for question in questions]
        paths = [read_paths(region, question) for region, question in pairs]
        logs_by_pair: dict[int, Float[np.ndarray, " candidates"]] = {}
        for group in sorted_chunks([path[-1] for path in paths], self.pack_tokens):
            chosen = [(pairs[index], paths[index]) for index in group]
            for index, logs in zip(group, self._score_group(session, tokens, chosen), strict=True):
                logs_by_pair[index] = logs
        count = len(questions)
        return [
            [logs_by_pair[start + index] for index in range(count)]
            for start in range(0, len(pairs), count)
        ]

    @torch.inference_mode()
    def read_heads(
        self, session_regions: Sequence[tuple[ImageSession, Sequence[Region]]]
    ) -> list[HeadReading] | None:
        """What the head reads of regions of one or several photos; None without a head.

        Regions of one photo go through the network together, and so do those of photos of one size
        (see ``RegionEncoder``).

        Args:
            session_regions: photos and their regions, at least one each; a photo may recur.

        Returns:
            For each item, what is read of its regions, (1, R, ...).
        """
        if self.head is None:
            return None
        if not session_regions:
            return []
        tokens = self.regions.global_tokens(session_regions)
        self.sessions.trim()
        reading = self.head(torch.cat(tokens).float()[None])
        counts = [len(regions) for _, regions in session_regions]
        parts = (part.split(counts, dim=1) for part in reading)
        return [HeadReading(*values) for values in zip(*parts, strict=True)]

    @torch.inference_mode()
    def generate(
        self,
        session: ImageSession,
        regions: Sequence[Region],
        questions: Sequence[Sequence[Question]],
        max_new_tokens: int = 64,
    ) -> list[list[str]]:
        """Greedy answers in words to each region's questions, all decoded together."""
        tokens = self.generate_tokens(session, regions, questions, max_new_tokens, self.end_ids)
        return [[self.decode(answer) for answer in answers] for answers in tokens]

    @torch.inference_mode()
    def generate_tokens(
        self,
        session: ImageSession,
        regions: Sequence[Region],
        questions: Sequence[Sequence[Question]],
        max_new_tokens: int,
        end_ids: frozenset[int],
    ) -> list[list[list[int]]]:
        """Greedy answers as ids, up to one of ``end_ids``, to each region's questions."""
        self.prefill(session)
        tokens = self.encode_regions(session, regions)
        sequences = [
            question.about(region)
            for region, region_questions in enumerate(questions)
            for question in region_questions
        ]
        answers: dict[int, list[int]] = {}
        for group in sorted_chunks(sequences, self.pack_tokens):
            packed = [sequences[index] for index in group]
            decoded = self._decode_group(session, tokens, packed, max_new_tokens, end_ids)
            answers |= zip(group, decoded, strict=True)
        ordered = (answers[index] for index in range(len(sequences)))
        return [list(islice(ordered, len(region_questions))) for region_questions in questions]

    @torch.inference_mode()
    def encode_regions(self, session: TextSession, regions: Sequence[Region]) -> VisualTokens:
        """Tokens of the regions, (1, R, D); what the session already holds is reused.

        Raises:
            ValueError: if there are regions, but the session is of no photo.
        """
        if not regions:
            return VisualTokens()
        if not isinstance(session, ImageSession):
            raise ValueError("regions were given without the photo they lie in")
        tokens = self.regions.both_tokens(session, regions)
        self.sessions.trim()
        return tokens

    @property
    def device(self) -> torch.device:
        """Where the language model's inputs go."""
        return self.decoder.device

    def _encode(self, photo: Photo) -> ImageSession:
        features, tokens = self.model.encode(
            self.processor.pixels(photo.pixels)[None].to(self.device)
        )
        ids = torch.tensor([self.book.prefix], device=self.device)
        self.counters.photos_encoded += 1
        prefix = self.model.assemble(ids, tokens)
        return ImageSession(photo=photo, features=features, prefix_embeddings=prefix)

    def prefill(self, session: TextSession) -> None:
        """Computes the prefix's keys and values, unless the session has them."""
        self.decoder.prefill(session)
        self.sessions.trim()

    def _score_group(
        self,
        session: ImageSession,
        tokens: VisualTokens,
        group: Sequence[tuple[Asked, list[Items]]],
    ) -> list[Float[np.ndarray, " candidates"]]:
        tree = pack([path for _, paths in group for path in paths])
        nodes = sorted(set(tree.ends))
        readout = self.decoder.run_tree(session, tokens, tree, nodes)
        self.sessions.trim()  # the session may hold its prefix now
        row_of = {node: row for row, node in enumerate(nodes)}
        ends = iter(tree.ends)
        rows = [[row_of[next(ends)] for _ in paths] for _, paths in group]
        return read_answers([question for (_, question), _ in group], rows, readout)

    def _decode_group(
        self,
        session: ImageSession,
        tokens: VisualTokens,
        sequences: Sequence[Items],
        max_new_tokens: int,
        end_ids: frozenset[int],
    ) -> list[list[int]]:
        tree = pack(sequences)
        cache = session.prefix_cache(keep=True)
        ends = np.array(tree.ends)
        visible, starts = tree.visible()[ends], session.prefix_length + tree.depths[ends]
        active = np.arange(len(sequences))
        answers: list[list[int]] = [[] for _ in sequences]
        readout = self.decoder.run_tree(session, tokens, tree, tree.ends, cache)
        for step in range(1, max_new_tokens + 1):
            best = readout.full(range(len(active))).argmax(dim=1).cpu().numpy()
            going = ~np.isin(best, list(end_ids))
            active, best = active[going], best[going]
            for index, token in zip(active, best, strict=True):
                answers[index].append(int(token))
            if not len(active) or step == max_new_tokens:
                break
            # Each answer's new item is seen by that answer alone.
            new_columns = np.zeros((len(visible), len(active)), dtype=bool)
            new_columns[active, np.arange(len(active))] = True
            visible = np.concatenate([visible, new_columns], axis=1)
            embeddings = self.decoder.embed(best, tokens)
            readout = self.decoder.run(embeddings, starts[active] + step, visible[active], cache)
        return answers

    @property
    def end_ids(self) -> frozenset[int]:
        """Tokens at which an answer ends: the tokenizer's end and the style's stop strings."""
        vocabulary = self.processor.tokenizer.get_vocab()
        stops = {vocabulary[stop] for stop in self.processor.style.stop if stop in vocabulary}
        return frozenset(stops | {self.processor.tokenizer.eos_token_id})

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of generated tokens."""
        return self.processor.tokenizer.decode(list(tokens), skip_special_tokens=True).strip()

    def decode_token(self, token: int) -> str:
        """The text of one token, with its space; half a character shows as U+FFFD."""
        return str(self.processor.tokenizer.decode([token]))
