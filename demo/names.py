"""Invented street and community names: two-character stems with their sound, each used once."""

from __future__ import annotations

import random

FIRST = (
    "文 Wen|海 Hai|通 Tong|珠 Zhu|屏 Ping|蝶 Die|秦 Qin|甓 Pi|荷 He|柳 Liu|梧 Wu|桂 Gui|兰 Lan|菱 Ling|莲 Lian|竹 Zhu"
    "|松 Song|梅 Mei|枫 Feng|杏 Xing|榆 Yu|槐 Huai|清 Qing|澄 Cheng|长 Chang|永 Yong|安 An|康 Kang|和 He|平 Ping"
    "|福 Fu|寿 Shou|宁 Ning|泰 Tai|瑞 Rui|祥 Xiang|景 Jing|晨 Chen|朝 Zhao|东 Dong|南 Nan|西 Xi|北 Bei|中 Zhong"
    "|望 Wang|观 Guan|迎 Ying|临 Lin|沿 Yan|环 Huan|新 Xin|古 Gu|金 Jin|银 Yin|玉 Yu|白 Bai|青 Qing|红 Hong"
)
SECOND = (
    "游 You|潮 Chao|湖 Hu|光 Guang|淮 Huai|园 Yuan|邮 You|塘 Tang|溪 Xi|泉 Quan|江 Jiang|河 He|桥 Qiao|渡 Du"
    "|堤 Di|湾 Wan|洲 Zhou|亭 Ting|台 Tai|楼 Lou|阁 Ge|塔 Ta|门 Men|坊 Fang|庄 Zhuang|村 Cun|林 Lin|苑 Yuan"
    "|华 Hua|昌 Chang|盛 Sheng|兴 Xing|达 Da|明 Ming|辉 Hui|月 Yue|星 Xing|云 Yun|霞 Xia|雨 Yu|春 Chun|秋 Qiu"
    "|仁 Ren|义 Yi|礼 Li|智 Zhi|信 Xin|善 Shan|德 De|学 Xue|书 Shu|画 Hua|琴 Qin|石 Shi|山 Shan|峰 Feng"
)
MAIN_NORTH_SOUTH = ("运堤 Yundi", "文游 Wenyou", "珠光 Zhuguang")
MAIN_EAST_WEST = ("海潮 Haichao", "通湖 Tonghu", "屏淮 Pinghuai")
PARTS_NORTH_SOUTH = ("南 South", "中 Middle", "北 North")
PARTS_EAST_WEST = ("西 West", "中 Middle", "东 East")


class NameBook:
    """Hands out each stem once; no two stems of a city sound alike."""

    def __init__(self, chance: random.Random) -> None:
        taken = {stem.split(" ")[1] for stem in (*MAIN_NORTH_SOUTH, *MAIN_EAST_WEST)}
        stems: dict[str, str] = {}
        for first in FIRST.split("|"):
            for second in SECOND.split("|"):
                (a, sound_a), (b, sound_b) = first.split(" "), second.split(" ")
                sound = sound_a + sound_b.lower()
                if a != b and sound not in taken:
                    taken.add(sound)
                    stems[sound] = a + b
        self._free = [(stems[sound], sound) for sound in sorted(stems)]
        chance.shuffle(self._free)

    def stem(self) -> tuple[str, str]:
        """The next unused stem and its sound. IndexError after some 2,000."""
        return self._free.pop()

    def road(self) -> tuple[str, str]:
        """Name of a secondary street."""
        stem, sound = self.stem()
        return f"{stem}路", f"{sound} Road"

    def lane(self, chance: random.Random) -> tuple[str, str]:
        """Name of a lane."""
        stem, sound = self.stem()
        suffix, suffix_en = chance.choice((("巷", "Lane"), ("巷", "Lane"), ("街", "Street"), ("弄", "Alley")))
        return f"{stem}{suffix}", f"{sound} {suffix_en}"


def part_names(stem: str, axis: str) -> list[tuple[str, str]]:
    """The three names along a main road, from low to high coordinate. Axis `x` runs north-south."""
    han, sound = stem.split(" ")
    parts = PARTS_NORTH_SOUTH if axis == "x" else PARTS_EAST_WEST
    return [(f"{han}{part.split(' ')[0]}路", f"{sound} {part.split(' ')[1]} Road") for part in parts]
