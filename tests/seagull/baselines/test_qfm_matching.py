"""Semantic noise matching on memories made by hand: who is whose partner, and why."""

import torch

from seagull.baselines.config import MatchSettings
from seagull.baselines.qfm.matching import Described, match
from seagull.baselines.qfm.memory import Entries, TemporaryMemory, filled

# Cosines with (1, 0): 1, 0, -1, 0.8.
SEMANTICS = torch.tensor([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [0.8, 0.6]])


def entries(quality: list[float], photo: list[int], semantics=SEMANTICS) -> Entries:
    count = len(quality)
    tokens = torch.arange(count, dtype=torch.float16)[:, None, None].expand(count, 2, 3)
    return Entries(
        semantics[:count], tokens[:, 0], tokens, torch.tensor(quality), torch.tensor(photo)
    )


def found(memory: Entries, quality: float = 0.5, photo: int = 9, **settings):
    own = Described(torch.tensor([[1.0, 0.0]]), torch.tensor([quality]), torch.tensor([photo]))
    return match(own, memory.described, MatchSettings(**settings))


def test_the_least_similar_entry_of_similar_quality_comes_first():
    one = found(entries([0.5, 0.52, 0.48, 0.5], [0, 1, 2, 3]))
    assert one.entry[0, one.valid[0]].tolist() == [2, 1]
    assert one.cosine[0, :2].tolist() == [-1.0, 0.0]


def test_quality_further_apart_than_dq_is_never_a_partner():
    one = found(entries([0.5, 0.56, 0.44, 0.5], [0, 1, 2, 3]), quantile=0.0)
    assert not one.matched.any()
    near = found(entries([0.5, 0.5499, 0.44, 0.5], [0, 1, 2, 3]), quantile=0.0)
    assert near.entry[0, near.valid[0]].tolist() == [1]


def test_an_entry_of_the_same_photo_is_never_a_partner():
    memory = entries([0.5] * 4, [0, 1, 7, 3])
    assert found(memory, photo=7).entry[0, 0] == 1
    for kind in ("semantic", "random"):
        for _ in range(5):
            only = found(entries([0.5] * 4, [7, 7, 7, 7]), photo=7, kind=kind)
            assert not only.matched.any()


def test_without_a_quality_there_is_no_partner():
    for kind in ("semantic", "random"):
        one = found(entries([0.5] * 4, [0, 1, 2, 3]), quality=float("nan"), kind=kind)
        assert not one.matched.any()


def test_where_all_are_too_similar_the_quantile_of_the_candidates_decides():
    # Candidates 0, 3 and 1 have cosines 1, 0.8 and 0; the entry with -1 is no candidate.
    memory = entries([0.5, 0.5, 0.9, 0.5], [0, 1, 2, 3])
    none = found(memory, similarity=-0.5, quantile=0.0)
    assert not none.matched.any()
    # The lowest half of three cosines is what does not exceed 0.8.
    half = found(memory, similarity=-0.5, quantile=0.5)
    assert half.entry[0, half.valid[0]].tolist() == [1, 3]
    # A fixed threshold that finds somebody is not loosened.
    fixed = found(memory, similarity=0.1, quantile=1.0)
    assert fixed.entry[0, fixed.valid[0]].tolist() == [1]


def test_a_random_partner_may_have_any_quality_and_semantics():
    torch.manual_seed(0)
    memory = entries([0.0, 1.0, 0.2, 0.5], [0, 1, 2, 3])
    drawn = {int(found(memory, kind="random").entry[0, 0]) for _ in range(60)}
    assert drawn == {0, 1, 2, 3}


def test_the_memory_keeps_the_newest_and_forgets_when_told():
    memory = TemporaryMemory(3)
    memory.push(entries([0.1, 0.2], [1, 2]))
    memory.push(entries([0.3, 0.4], [3, 4]))
    assert memory.entries is not None
    assert memory.entries.photo.tolist() == [2, 3, 4]
    again = TemporaryMemory(3)
    again.restore(memory.state())
    assert again.entries is not None
    assert again.entries.quality.tolist() == memory.entries.quality.tolist()
    memory.clear()
    assert len(memory) == 0


def test_an_entry_holds_tokens_of_its_region_only():
    tokens = torch.tensor([[[0.0], [1.0], [2.0], [3.0]]])
    keys = torch.tensor([[False, True, False, True]])
    # Other places take 1, 3 in turn: place 0 the first, place 2 the first again (2 mod 2).
    assert filled(tokens, keys).flatten().tolist() == [1.0, 1.0, 1.0, 3.0]
    assert filled(tokens, None) is tokens
