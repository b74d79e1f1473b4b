"""Three products to draw: a boot, a shirt and a bag."""

from __future__ import annotations

from hotfolder.sandbox.drawing import Studio, shade

SOLE = (62, 50, 42)
BRASS = (190, 154, 84)
CREAM = (226, 216, 196)


def draw_boot(studio: Studio, color: str) -> None:
    """A laced boot, seen from its side, the toe to the right."""
    studio.shape([(262, 985), (262, 925), (420, 925), (640, 935), (800, 925), (806, 968), (640, 985)], SOLE)
    studio.shape([(266, 930), (440, 930), (432, 1022), (272, 1022)], (44, 35, 30), curved=False)
    studio.shape(
        [(290, 250), (545, 250), (556, 420), (548, 600), (640, 690), (775, 760), (822, 860), (812, 945),
         (520, 955), (262, 945), (258, 780), (300, 600), (292, 420)],
        shade(color, 1.0),
    )  # fmt: skip
    studio.shape([(545, 262), (556, 420), (548, 600), (640, 690), (585, 712), (488, 640), (498, 420), (496, 262)],
                 shade(color, 0.72))  # fmt: skip
    studio.shape([(640, 700), (775, 760), (822, 860), (812, 945), (640, 950), (655, 850)], shade(color, 1.22))
    studio.shape([(262, 945), (258, 790), (300, 690), (372, 760), (392, 950)], shade(color, 0.84))
    studio.shape([(282, 236), (552, 236), (552, 290), (286, 290)], shade(color, 0.6))
    studio.shape([(296, 205), (330, 205), (332, 300), (298, 300)], shade(color, 0.5))
    for number in range(6):
        y = 330 + number * 52
        shift = max(0, number - 3) * 22
        studio.line([(490 + shift, y + 14), (566 + shift, y)], CREAM, 8)
        studio.dot((488 + shift, y + 15), 8, BRASS)
    studio.stitches((318, 310), (322, 600), shade(color, 1.6), 22)
    studio.stitches((400, 930), (378, 770), shade(color, 1.6), 12)
    studio.stitches((300, 938), (800, 936), CREAM, 40)


def draw_shirt(studio: Studio, color: str) -> None:
    """A linen shirt with a collar and buttons, laid flat."""
    for side in (-1, 1):
        sleeve = [(105, 285), (205, 300), (330, 640), (318, 835), (230, 850), (190, 660)]
        studio.shape([(450 + side * x, y) for x, y in sleeve], shade(color, 0.82))
        cuff = [(232, 800), (322, 788), (326, 862), (236, 872)]
        studio.shape([(450 + side * x, y) for x, y in cuff], shade(color, 0.68), curved=False)
    studio.shape(
        [(360, 225), (540, 225), (668, 300), (652, 560), (660, 1010), (450, 1035), (240, 1010), (248, 560),
         (232, 300)],
        shade(color, 1.0),
    )  # fmt: skip
    for number in range(-3, 4):
        x = 450 + number * 54
        studio.line([(x, 350), (x + number * 3, 985)], shade(color, 1.13), 5)
    studio.shape([(372, 222), (528, 222), (510, 280), (450, 330), (390, 280)], shade(color, 0.5))
    studio.shape([(430, 312), (470, 312), (472, 1024), (428, 1024)], shade(color, 1.18), curved=False)
    for side in (-1, 1):
        collar = [(82, 196), (102, 250), (72, 352), (4, 318), (48, 262)]
        studio.shape([(450 + side * x, y) for x, y in collar], shade(color, 1.32), curved=False)
    for number in range(7):
        studio.dot((450, 368 + number * 98), 10, CREAM)
        studio.dot((450, 368 + number * 98), 3, shade(color, 0.6))
    studio.shape(
        [(520, 470), (608, 470), (608, 560), (564, 590), (520, 560)], shade(color, 0.9), curved=False
    )
    studio.stitches((524, 482), (604, 482), CREAM, 12)


def draw_bag(studio: Studio, color: str) -> None:
    """A leather bag with a flap, a buckle and a handle."""
    studio.arch((270, 190, 630, 760), shade(color, 0.62), 36)
    studio.arch((286, 206, 614, 744), shade(color, 0.9), 10)
    studio.shape(
        [(190, 470), (710, 470), (742, 640), (762, 940), (740, 985), (450, 992), (160, 985), (138, 940),
         (158, 640)],
        shade(color, 0.86),
    )  # fmt: skip
    studio.shape(
        [(178, 452), (722, 452), (740, 560), (700, 700), (560, 762), (450, 770), (340, 762), (200, 700),
         (160, 560)],
        shade(color, 1.14),
    )  # fmt: skip
    studio.shape(
        [(420, 660), (480, 660), (484, 838), (450, 858), (416, 838)], shade(color, 0.7), curved=False
    )
    studio.shape([(404, 744), (496, 744), (496, 812), (404, 812)], BRASS, curved=False)
    studio.shape([(420, 760), (480, 760), (480, 796), (420, 796)], shade(color, 0.6), curved=False)
    studio.line([(450, 752), (450, 800)], (214, 182, 112), 7)
    for x in (278, 622):
        studio.dot((x, 478), 22, BRASS)
        studio.dot((x, 478), 10, shade(color, 0.7))
    studio.stitches((190, 480), (710, 480), CREAM, 42)
    studio.stitches((182, 955), (718, 955), CREAM, 44)
