"""Which everyday word covers which ImageNet classes, so that five kinds of cat add up to a cat.

Knows nothing of pictures. The classes are numbered in ImageNet's order, which follows WordNet, so
that most kinds are runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Run = int | tuple[int, int]  # a class, or first and last of a run

_KINDS: Mapping[str, tuple[Run, ...]] = {
    "fish": ((0, 1), (389, 397)),
    "shark": ((2, 4),),
    "ray": ((5, 6),),
    "chicken": ((7, 8),),
    "bird": ((9, 23), (80, 87), (90, 96), (127, 143), 146, 89, 88),
    "owl": (24,),
    "salamander": ((25, 29),),
    "frog": ((30, 32),),
    "turtle": ((33, 37),),
    "lizard": ((38, 48),),
    "crocodile": ((49, 50),),
    "snake": ((52, 68),),
    "spider": ((72, 76), 77),
    "water bird": ((97, 100),),
    "pelican": (144,),
    "penguin": (145,),
    "crab": ((118, 121), 125),
    "lobster": ((122, 124),),
    "whale": ((147, 148),),
    "dog": ((151, 268),),
    "wolf or wild dog": ((269, 275),),
    "fox": ((277, 280),),
    "cat": ((281, 285),),
    "big cat": ((286, 290), 293),
    "bear": ((294, 297),),
    "beetle": ((300, 307),),
    "dragonfly": ((319, 320),),
    "butterfly": ((321, 326),),
    "rabbit": ((330, 332),),
    "sheep or goat": ((348, 350),),
    "antelope": ((351, 353),),
    "weasel or otter": ((356, 360),),
    "cow or buffalo": ((345, 347),),
    "wild pig": ((341, 343),),
    "ape": ((365, 369),),
    "monkey": ((370, 382),),
    "lemur": ((383, 384),),
    "elephant": ((385, 386), 101),
    "guitar": (402, 546),
    "aeroplane": (404, 895, 908),
    "clock": (409, 892, 530),
    "watch": (531, 826),
    "bicycle": (444, 671),
    "motorcycle": (665, 670),
    "car": (436, 511, 581, 609, 627, 656, 661, 751, 817, 479, 468),
    "truck": (555, 569, 675, 717, 864, 867, 586),
    "bus": (654, 779, 874),
    "train": (466, 547, 565, 705, 820, 829),
    "ship": (403, 510, 628, 724, 780),
    "boat": (472, 484, 554, 576, 625, 814, 871, 914),
    "rocket": (657, 744, 812),
    "cup or mug": (504, 968, 967),
    "bottle": (440, 720, 737, 898, 907),
    "bed": (516, 520, 564),
    "chair": (423, 559, 765, 857),
    "table": (532, 526),
    "screen": (664, 782, 851),
    "laptop": (620, 681),
    "keyboard": (508, 810, 878),
    "telephone": (487, 528, 707, 605, 590),
    "camera": (732, 759),
    "piano": (579, 881),
    "violin or cello": (486, 889),
    "wind instrument": (432, 513, 558, 566, 683, 776, 875),
    "drum": (541, 822),
    "gun": (413, 763, 764),
    "shoe": (502, 514, 630, 770, 774),
    "hat": (439, 452, 515, 808),
    "helmet": (518, 560, 715),
    "swimwear": (445, 639, 842),
    "glasses": (836, 837),
    "tie": (451, 457, 906),
    "church or temple": (497, 663, 668, 698, 832, 406),
    "bridge": (821, 839, 888),
    "fence": (489, 716, 912),
    "ball": (429, 430, 522, 574, 722, 768, 805, 852, 890),
    "pan or pot": (469, 521, 544, 567, 909),
    "squash": ((939, 942),),
    "mushroom": (947, (991, 997)),
    "flower": (985, 986),
    "shop": (415, 454, 467, 509, 582, 788, 860, 865),
    "coast": ((975, 978), 973, 460),
    "mountain": (970, 972, 979, 980),
}

_PLAIN_NAMES = {
    282: "tiger cat",
    340: "zebra",
    658: "mitten",
    657: "missile",
    916: "web page",
    638: "tights or leotard",
    998: "ear of grain",
}


def kinds(names: Iterable[str]) -> list[str]:
    """The everyday word of each class, in their order: its own name where none covers it."""
    words = plain_names(names)
    for kind, runs in _KINDS.items():
        for run in runs:
            first, last = run if isinstance(run, tuple) else (run, run)
            words[first : last + 1] = [kind] * (last - first + 1)
    return words


def plain_names(names: Iterable[str]) -> list[str]:
    """Class names as a person says them."""
    return [
        _PLAIN_NAMES.get(number, name.split(" (")[0].split(" / ")[0])
        for number, name in enumerate(names)
    ]
