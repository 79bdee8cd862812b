"""Questions in free words, and sentences that answers to them are made of."""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "quality": (
        "How good is the quality of this region?",
        "What is the quality of this region?",
        "Rate the quality of this region.",
        "How would you grade the quality here?",
        "Tell me how good this region looks.",
        "Is the quality of this region all right?",
    ),
    "why": (
        "Why?",
        "What is the reason?",
        "How do you come to that?",
        "Why do you think so?",
        "What makes you say so?",
        "Can you explain that?",
        "On what do you base that?",
    ),
    "wrong": (
        "What is wrong with it?",
        "What is the problem with this region?",
        "Is anything wrong here?",
        "What spoils it?",
        "Which faults do you see?",
        "Does anything disturb you in this region?",
        "What do you find fault with?",
    ),
    "improve": (
        "What would improve it?",
        "How could this region be improved?",
        "What should be changed?",
        "How do I make it better?",
        "What would you do about it?",
        "Which change would help most?",
        "What could the photographer have done better?",
    ),
    "describe": (
        "Describe the region.",
        "Tell me about this region.",
        "Give me an overview of this region.",
        "Summarise what you see there in terms of quality.",
        "Describe the state of this region.",
        "Sum up this region for me.",
    ),
    "matter": (
        "How much does it matter for the photo?",
        "Does this region matter for the whole photo?",
        "What does it mean for the photo as a whole?",
        "How much does the photo depend on it?",
        "How strongly does it weigh on the overall quality?",
        "Would the photo suffer if it were spoilt?",
    ),
}

CLEAN = (
    "Nothing visible is wrong with it.",
    "I see no distortion in this region.",
    "It is clean: nothing visible is wrong.",
    "Nothing is wrong here; no distortion can be seen.",
)
KEEP = (
    "No change is needed.",
    "Nothing; it needs no change.",
    "It can stay as it is, no change is needed.",
    "There is nothing to improve here, so no change is needed.",
)
HARDLY = (
    "There is {found}, but little of it shows here, so the quality is still {word}.",
    "It shows {found}, which does little harm to this content; the quality stays {word}.",
    "I do see {found}, but it hardly disturbs, so the quality is {word}.",
    "Its only fault is {found}, and that does not show much here; hence {word}.",
)
ONE = (
    "There is {part}.",
    "It shows {part}.",
    "The problem is {part}.",
    "I see {part}.",
    "It suffers from {part}.",
)
SEVERAL = (
    "Several things come together. It shows {parts}.",
    "There is more than one problem. I see {parts}.",
    "It has several faults: {parts}.",
    "More than one distortion shows. There is {parts}.",
)
REMEDY = (
    "Against the {name}: {remedy}",
    "Against the {name}, try {remedy}",
    "Against the {name}, I would recommend {remedy}",
    "Against the {name}, this would help: {remedy}",
)
"""A distortion before what would help: a small model names it surely and goes on from there."""
AGAINST = "against {name}, {remedy}"
WHERE = (
    "It covers about {percent} % of the photo, {place}.",
    "It takes up about {percent} % of the photo and lies {place}.",
    "The region lies {place} and fills about {percent} % of the photo.",
    "It is a part {place}, about {percent} % of the photo.",
)
STATE = (
    "The quality is {word}, with {found}.",
    "It shows {found}, and its quality is {word}.",
    "There is {found}; the quality is {word}.",
    "I see {found} and call the quality {word}.",
)
STATE_CLEAN = (
    "The quality is {word}, and no distortion shows.",
    "It is free of visible distortion; the quality is {word}.",
    "No distortion can be seen, and the quality is {word}.",
    "Nothing is distorted there. The quality is {word}.",
)
MATTER: Mapping[str, tuple[str, ...]] = {
    "unimportant": (
        "the photo would look much the same if it were spoilt.",
        "a fault here would take next to nothing from the photo.",
        "nearly every other region matters more.",
        "the photo hardly depends on it.",
    ),
    "minor": (
        "a fault here would take only a little from the photo.",
        "most regions matter more.",
        "the photo depends on it a little.",
        "if it were spoilt, the photo would suffer less than from most regions.",
    ),
    "normal": (
        "the photo depends on it about as much as on most regions.",
        "a fault here would harm the photo to an average degree.",
        "about as many regions matter more as matter less.",
        "it matters neither much nor little.",
    ),
    "important": (
        "a fault here would clearly harm the photo.",
        "it matters more than most regions.",
        "the photo depends on it a lot.",
        "if it were spoilt, the photo would lose much.",
    ),
    "essential": (
        "a fault here would spoil the photo as a whole.",
        "hardly any region matters more.",
        "the photo depends on it above all.",
        "if it were spoilt, much of the photo would be lost.",
    ),
}

COMPARED: Mapping[str, tuple[str, ...]] = {
    "best": (
        "Which of these regions is the best?",
        "Which region has the best quality?",
        "Which one is better?",
        "Which of them looks best?",
    ),
    "worst": (
        "Which of these regions is the worst?",
        "Which region has the worst quality?",
        "Which one is worse?",
        "Which of them looks worst?",
        "Which of them should be corrected first?",
    ),
    "wrong": (
        "What is wrong with them?",
        "What is wrong with these regions?",
        "What is the problem with each region?",
        "Which distortions do these regions have?",
        "Is anything wrong with these regions?",
    ),
    "improve": (
        "What would improve them?",
        "How could these regions be improved?",
        "What should be changed in each region?",
        "What would you do about these regions?",
    ),
    "compare": (
        "Compare these regions.",
        "Compare them.",
        "How do these regions differ?",
        "Compare the quality of these regions.",
        "What is the difference between them?",
    ),
    "matter": (
        "Which of them matters most for the photo?",
        "Which region does the photo depend on most?",
        "Which of these regions is the most important to the overall quality?",
        "In which of them would a fault harm the photo most?",
    ),
}
"""Questions about several regions at once."""
REGION_IDS = (
    *("left", "right", "top", "bottom", "middle", "background", "foreground", "first", "second"),
    *("sky", "face", "person", "dog", "house", "tree", "water", "road", "wall", "flower", "sign"),
    *("blurred", "dark", "bright", "noisy", "sharp", "clean", "untouched", "odd"),
    *("a", "b", "c", "d", "A", "B", "roi-1", "roi-2", "box1", "box2", "mask-3"),
)
"""What people call regions that they ask about; a name need not fit what is seen."""
EACH_CLEAN, EACH_KEEP = "nothing visible is wrong", "no change is needed"
"""What is said of a clean region among several: of its faults, and of what would improve it."""
WHICH = (
    "Which of them shows {kind}?",
    "Which of these regions has {kind}?",
    "Is there {kind} in any of them?",
    "Does any of these regions show {kind}?",
)
