"""The engine: a photo is encoded once, then any number of questions is answered in packed passes.

    photo -> pyramid, image tokens, prefix keys and values     once, see ``session``
    regions -> global and local tokens                         once per region
    questions x regions -> one tree -> packed sequence         see ``tree``
    packed sequence -> language model over the shared prefix -> logits where answers are read

A packed node sees the prefix, its ancestors and itself, at the position it would have alone, so
every answer equals the one of a pass of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers.cache_utils import Cache

from seagull.inference.questions import Question, QuestionBook
from seagull.inference.reading import log_probabilities, read_paths
from seagull.inference.session import Counters, ImageSession, SessionCache
from seagull.inference.tree import Item, PackedTree, pack, sorted_chunks
from seagull.model.assembly import fill, text_embeddings
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.photos import Photo
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import Region

Asked = tuple[int, Question]
"""A question and the index of the region it is about."""


class Engine:
    """Answers questions about regions of photos with one model.

    Args:
        model: in eval mode, on its device.
        processor: of that model.
        cache_bytes: memory for what is kept of photos.
        pack_tokens: most new tokens in one packed pass.
        region_batch: most regions encoded at once.
    """

    def __init__(
        self,
        model: SeagullForConditionalGeneration,
        processor: SeagullProcessor,
        *,
        cache_bytes: int = 4 << 30,
        pack_tokens: int = 512,
        region_batch: int = 16,
    ) -> None:
        self.model = model
        self.processor = processor
        self.book = QuestionBook(processor)
        self.pack_tokens = pack_tokens
        self.region_batch = region_batch
        self.sessions = SessionCache(cache_bytes)
        self.counters = Counters()

    @torch.inference_mode()
    def open(self, photo: Photo) -> ImageSession:
        """The session of a photo: from the cache, or encoded now."""
        session = self.sessions.get(photo.sha256)
        if session is None:
            session = self._encode(photo)
            self.sessions.put(photo.sha256, session)
        return session

    @torch.inference_mode()
    def score(
        self, session: ImageSession, regions: Sequence[Region], questions: Sequence[Question]
    ) -> list[list[Float[np.ndarray, " candidates"]]]:
        """Log-probabilities of each question's candidates for each region: ``[region][question]``.

        Candidates whose first tokens differ are compared by those alone, normalised over them;
        others by the sum over their tokens. Nothing is generated.
        """
        slots = self.encode_regions(session, regions)
        asked = [(region, question) for region in range(len(regions)) for question in questions]
        paths = [read_paths(region, question) for region, question in asked]
        read: dict[int, Float[np.ndarray, " candidates"]] = {}
        for group in sorted_chunks([own[-1] for own in paths], self.pack_tokens):
            chosen = [(asked[index], paths[index]) for index in group]
            for index, logs in zip(group, self._score_group(session, slots, chosen), strict=True):
                read[index] = logs
        count = len(questions)
        return [
            [read[start + index] for index in range(count)] for start in range(0, len(asked), count)
        ]

    @torch.inference_mode()
    def generate(
        self,
        session: ImageSession,
        regions: Sequence[Region],
        questions: Sequence[Question],
        max_new_tokens: int = 64,
    ) -> list[list[str]]:
        """Greedy answers in words, all decoded together: ``[region][question]``."""
        slots = self.encode_regions(session, regions)
        sequences = [
            question.about(region) for region in range(len(regions)) for question in questions
        ]
        answers: dict[int, str] = {}
        for group in sorted_chunks(sequences, self.pack_tokens):
            packed = [sequences[index] for index in group]
            said = self._decode_group(session, slots, packed, max_new_tokens)
            answers |= zip(group, said, strict=True)
        count = len(questions)
        return [
            [answers[start + index] for index in range(count)]
            for start in range(0, len(sequences), count)
        ]

    @torch.inference_mode()
    def encode_regions(
        self, session: ImageSession, regions: Sequence[Region]
    ) -> Float[Tensor, "R 2 D"]:
        """Global and local tokens of the regions; what the session already holds is reused."""
        keys = [mask_digest(region) for region in regions]
        wanted = {key: region for key, region in zip(keys, regions, strict=True)}
        missing = [key for key in wanted if key not in session.region_tokens]
        for start in range(0, len(missing), self.region_batch):
            batch = missing[start : start + self.region_batch]
            tokens = self._encode_regions(session, [wanted[key] for key in batch])
            session.region_tokens.update(zip(batch, tokens, strict=True))
        self.sessions.trim()
        return torch.stack([session.region_tokens[key] for key in keys])

    @torch.inference_mode()
    def embed(
        self, items: Sequence[Item] | Int[np.ndarray, " n"], slots: Float[Tensor, "R 2 D"]
    ) -> Float[Tensor, "1 n D"]:
        """Embeddings of packed items: text from the table, slots from the regions' tokens."""
        ids = torch.as_tensor(np.asarray(items), device=self.device)
        embeddings = self._table(ids.clamp_min(0))
        is_slot = ids < 0
        if bool(is_slot.any()):
            embeddings[is_slot] = slots.flatten(0, 1)[-1 - ids[is_slot]].to(embeddings)
        return embeddings[None]

    @torch.inference_mode()
    def run(
        self,
        embeddings: Float[Tensor, "1 n D"],
        positions: Sequence[int] | np.ndarray,
        visible: Bool[np.ndarray, "n seen"],
        cache: Cache,
        rows: Sequence[int] | None = None,
    ) -> Float[Tensor, "rows V"]:
        """Logits of new items behind a cache, in one pass; placeholders are never likely.

        Args:
            embeddings: of the new items.
            positions: their positions.
            visible: which of the items after the prefix each new item sees; the new items are the
                last columns, and everything before ``seen`` columns from the right is the prefix.
            cache: keys and values before the new items.
            rows: items whose logits are wanted; all if None.
        """
        count = embeddings.shape[1]
        total = cache.get_seq_length() + count
        allowed = torch.ones(count, total, dtype=torch.bool)
        allowed[:, total - visible.shape[1] :] = torch.from_numpy(visible)
        lowest = torch.finfo(embeddings.dtype).min
        mask = torch.zeros(1, 1, count, total, dtype=embeddings.dtype)
        mask.masked_fill_(~allowed, lowest)
        keep = torch.as_tensor(range(count) if rows is None else list(rows), device=self.device)
        self.counters.suffix_tokens += count
        output = self.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=mask.to(self.device),
            position_ids=torch.as_tensor(np.asarray(positions), device=self.device)[None],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: Tensor = output.logits[0]
        logits[:, self.model.config.unspeakable] = torch.finfo(logits.dtype).min
        return logits

    @property
    def _table(self) -> nn.Embedding:
        return cast(nn.Embedding, self.model.get_input_embeddings())

    @property
    def device(self) -> torch.device:
        """Where the language model's inputs go."""
        return self._table.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the model's floating-point inputs."""
        return self._table.weight.dtype

    def _encode(self, photo: Photo) -> ImageSession:
        pixels = self.processor.pixels(photo.pixels)[None].to(self.device, self.dtype)
        pyramid, context = self.model.encode_image(pixels)
        ids = torch.tensor([self.book.prefix], device=self.device)
        places = (self.processor.image_id, self.processor.global_id, self.processor.local_id)
        embeddings = text_embeddings(self._table, ids, places)
        embeddings = fill(embeddings, ids, places[0], self.model.image_tokens(pyramid))
        output = self.model.language_model(
            inputs_embeds=embeddings, use_cache=True, logits_to_keep=1
        )
        layers = output.past_key_values.layers
        self.counters.photos_encoded += 1
        self.counters.prefix_tokens += ids.shape[1]
        prefix = tuple((layer.keys, layer.values) for layer in layers)
        return ImageSession(photo, pyramid, context, prefix, ids.shape[1])

    def _encode_regions(
        self, session: ImageSession, regions: Sequence[Region]
    ) -> Float[Tensor, "R 2 D"]:
        inputs = self.processor.regions(session.photo.pixels, regions)
        tokens = self.model.region_tokens(
            session.pyramid,
            session.context,
            inputs.masks[None].to(self.device),
            inputs.crops[None].to(self.device, self.dtype),
            inputs.crop_masks[None].to(self.device),
        )
        self.counters.regions_encoded += len(regions)
        return torch.stack([tokens.global_tokens[0], tokens.local_tokens[0]], dim=1)

    def _run_tree(
        self,
        session: ImageSession,
        slots: Tensor,
        tree: PackedTree,
        cache: Cache,
        rows: Sequence[int],
    ) -> Float[Tensor, "rows V"]:
        positions = session.prefix_length + tree.depths
        return self.run(self.embed(tree.items, slots), positions, tree.visible(), cache, rows)

    def _score_group(
        self,
        session: ImageSession,
        slots: Tensor,
        group: Sequence[tuple[Asked, list[tuple[Item, ...]]]],
    ) -> list[Float[np.ndarray, " candidates"]]:
        tree = pack([path for _, paths in group for path in paths])
        rows = sorted(set(tree.ends))
        logits = self._run_tree(session, slots, tree, session.prefix_cache(keep=False), rows)
        row_of = {node: row for row, node in enumerate(rows)}
        ends = iter(tree.ends)
        return [
            log_probabilities(question, logits, [row_of[next(ends)] for _ in paths])
            for (_, question), paths in group
        ]

    def _decode_group(
        self,
        session: ImageSession,
        slots: Tensor,
        sequences: Sequence[tuple[Item, ...]],
        max_new_tokens: int,
    ) -> list[str]:
        tree = pack(sequences)
        cache = session.prefix_cache(keep=True)
        logits = self._run_tree(session, slots, tree, cache, tree.ends)
        seen = tree.visible()[list(tree.ends)]
        starts = session.prefix_length + tree.depths[list(tree.ends)]
        said: list[list[int]] = [[] for _ in sequences]
        for step, active in self._steps(said, logits, max_new_tokens):
            seen = np.concatenate([seen, np.zeros((len(seen), len(active)), dtype=bool)], axis=1)
            seen[active, seen.shape[1] - len(active) + np.arange(len(active))] = True
            embeddings = self.embed([said[index][-1] for index in active], slots)
            logits[active] = self.run(embeddings, starts[active] + step + 1, seen[active], cache)
        return [self.decode(tokens) for tokens in said]

    def _steps(
        self, said: list[list[int]], logits: Float[Tensor, "n V"], most: int
    ) -> Iterator[tuple[int, list[int]]]:
        """Appends each unfinished answer's best token; yields the step and who goes on."""
        active = list(range(len(said)))
        for step in range(most):
            best = logits.argmax(dim=1).tolist()
            active = [index for index in active if best[index] not in self.end_ids]
            for index in active:
                said[index].append(best[index])
            if not active or step == most - 1:
                return
            yield step, active

    @property
    def end_ids(self) -> frozenset[int]:
        """Tokens at which an answer ends: the tokenizer's end and the style's stop strings."""
        vocabulary = self.processor.tokenizer.get_vocab()
        stops = {vocabulary[stop] for stop in self.processor.style.stop if stop in vocabulary}
        return frozenset(stops | {self.processor.tokenizer.eos_token_id})

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of generated tokens."""
        return self.processor.tokenizer.decode(list(tokens), skip_special_tokens=True).strip()


def mask_digest(region: Region) -> bytes:
    """Digest of a region's mask: regions with the same pixels share their tokens."""
    packed = np.packbits(region.mask).tobytes() + repr(region.mask.shape).encode()
    return hashlib.blake2b(packed, digest_size=16).digest()
