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
        "Does this region affect the whole photo?",
        "What does it mean for the photo as a whole?",
        "Does the photo suffer from it?",
        "How strongly does it weigh on the overall quality?",
        "Is it a problem for the picture as a whole?",
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
NO_MATTER = (
    "It is unimportant to the overall quality: no distortion shows in it.",
    "Not at all; without distortions it is unimportant to the overall quality.",
    "It takes nothing away from the photo, so it is unimportant to the overall quality.",
    "No. Nothing is wrong with it, which makes it unimportant to the overall quality.",
)
MATTER: Mapping[str, tuple[str, ...]] = {
    "unimportant": (
        "nearly every other distorted region would harm the photo more.",
        "the photo as a whole hardly changes with it.",
        "what is wrong with it takes next to nothing from the photo.",
        "the photo looks much the same with or without this fault.",
    ),
    "minor": (
        "most distorted regions would harm the photo more.",
        "the photo suffers a little, less than from most such faults.",
        "its fault takes only a little from the photo.",
        "the harm to the photo is below the average of such faults.",
    ),
    "normal": (
        "it harms the photo about as much as a distorted region usually does.",
        "the photo suffers from it to an average degree.",
        "the harm to the photo is neither small nor great.",
        "about as many distorted regions harm a photo more as harm it less.",
    ),
    "important": (
        "it harms the photo more than most distorted regions would.",
        "the photo clearly suffers from it.",
        "its fault takes much from the photo.",
        "the harm to the photo is above the average of such faults.",
    ),
    "essential": (
        "hardly any distorted region would harm the photo more.",
        "the photo as a whole suffers badly from it.",
        "its fault decides how the whole photo looks.",
        "few faults of a region harm a photo as much.",
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
        "Which region harms the photo most?",
        "Which of these regions is the most important to the overall quality?",
        "From which of them does the photo suffer most?",
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
