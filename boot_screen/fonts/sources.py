"""Which characters come from which font: the list that make_fonts.py works through.

The order is the order of choice: the first font that covers a whole cluster draws it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CJK = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
NOTO = "/usr/share/fonts/truetype/noto/"
SIMPLIFIED_CHINESE = 2  # the face's number inside the collection

# Characters of the Table of General Standard Chinese Characters (2013) that GBK lacks and that stand in people's names.
HANZI_BEYOND_GBK = (
    "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡䏲䐃䓖䓛䓨䓫䓬䗖䗛䗪䗴"
    "䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䴘䴙䶮𠙶𠳐𡎚𡐓𣗋𣲗𣲘𣸣𤧛𤩽𤫉𥔲𥕢𥖨𥻗𦈡𦒍𦙶𦝼𦭜𦰡𧿹𨐈𨙸𨚕𨟠𨭉𨱇𨱏𨱑𨱔𨺙𩽾𩾃𩾌𪟝𪣻𪤗𪨰𪨶𪩘𪾢"
    "𫄧𫄨𫄷𫄸𫇭𫌀𫍣𫍯𫍲𫍽𫐄𫐐𫐓𫑡𫓧𫓯𫓶𫓹𫔍𫔎𫔶𫖮𫖯𫖳𫗧𫗴𫘜𫘝𫘦𫘧𫘨𫘪𫘬𫚕𫚖𫚭𫛭𫞩𫟅𫟦𫟹𫟼𫠆𫠊𫠜𫢸𫫇𫭟𫭢𫭼𫮃𫰛𫵷𫶇𫷷𫸩𬀩𬀪𬂩𬃊𬇕𬇙𬇹𬉼𬊈𬊤𬌗"
    "𬍛𬍡𬍤𬒈𬒔𬒗𬕂𬘓𬘘𬘡𬘩𬘫𬘬𬘭𬘯𬙂𬙊𬙋𬜬𬜯𬞟𬟁𬟽𬣙𬣞𬣡𬣳𬤇𬤊𬤝𬨂𬨎𬩽𬪩𬬩𬬭𬬮𬬱𬬸𬬹𬬻𬬿𬭁𬭊𬭎𬭚𬭛𬭤𬭩𬭬𬭯𬭳𬭶𬭸𬭼𬮱𬮿𬯀𬯎𬱖𬱟𬳵𬳶𬳽𬳿𬴂𬴃"
    "𬴊𬶋𬶍𬶏𬶐𬶟𬶠𬶨𬶭𬶮𬷕𬸘𬸚𬸣𬸦𬸪𬹼𬺈𬺓"
)


@dataclass(frozen=True, slots=True)
class Source:
    """One font to make. `shaped`: its letters join or stack, so a run of them is drawn as a whole."""

    file: str
    origin: str
    characters: frozenset[int]
    face: int = 0
    shaped: bool = False


def _blocks(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(code for first, last in ranges for code in range(first, last + 1))


def _double_bytes(codec: str, first_low: int) -> Iterator[int]:
    for high in range(0x81, 0xFF):
        for low in range(first_low, 0xFF):
            try:
                text = bytes((high, low)).decode(codec)
            except UnicodeDecodeError:
                continue
            yield from map(ord, text)


def _hanzi() -> frozenset[int]:
    symbols_and_kana = _blocks(
        (0x2190, 0x21FF), (0x2300, 0x23FF), (0x2460, 0x266F), (0x3000, 0x312F), (0x31F0, 0x33FF), (0xFF00, 0xFFEF)
    )
    return frozenset(_double_bytes("gbk", 0x40)) | frozenset(map(ord, HANZI_BEYOND_GBK)) | symbols_and_kana


def _hangul() -> frozenset[int]:
    syllables: Iterable[int] = (code for code in _double_bytes("euc_kr", 0xA1) if 0xAC00 <= code <= 0xD7A3)
    return frozenset(syllables) | _blocks((0x3131, 0x3163), (0x3165, 0x318E))


LATIN = _blocks(
    (0x20, 0x7E), (0xA0, 0x52F), (0x1C80, 0x1C8F), (0x1D00, 0x1FFF), (0x2000, 0x214F), (0x2C60, 0x2C7F),
    (0xA640, 0xA69F), (0xA720, 0xA7FF), (0xAB30, 0xAB6F), (0xFB00, 0xFB06), (0xFFFD, 0xFFFD),
)  # fmt: skip
SYMBOLS = _blocks((0x2190, 0x2BFF), (0x1F100, 0x1F1E5), (0x1F650, 0x1F67F), (0x1F780, 0x1F7FF))

SOURCES = (
    Source("latin.ttf", NOTO + "NotoSans-Regular.ttf", LATIN),
    Source("hanzi.otf", CJK, _hanzi() - LATIN, SIMPLIFIED_CHINESE),
    Source("hangul.otf", CJK, _hangul(), SIMPLIFIED_CHINESE),
    Source(
        "arabic.ttf",
        NOTO + "NotoSansArabic-Regular.ttf",
        _blocks((0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE)),
        shaped=True,
    ),
    Source("hebrew.ttf", NOTO + "NotoSansHebrew-Regular.ttf", _blocks((0x591, 0x5F4), (0xFB1D, 0xFB4F)), shaped=True),
    Source(
        "devanagari.ttf",
        NOTO + "NotoSansDevanagari-Regular.ttf",
        _blocks((0x900, 0x97F), (0xA8E0, 0xA8FF), (0x1CD0, 0x1CFF)),
        shaped=True,
    ),
    Source("thai.ttf", NOTO + "NotoSansThai-Regular.ttf", _blocks((0xE01, 0xE5B)), shaped=True),
    Source("georgian.ttf", NOTO + "NotoSansGeorgian-Regular.ttf", _blocks((0x10A0, 0x10FF), (0x1C90, 0x1CBF))),
    Source("armenian.ttf", NOTO + "NotoSansArmenian-Regular.ttf", _blocks((0x530, 0x58F), (0xFB13, 0xFB17))),
    Source("symbols.ttf", NOTO + "NotoSansSymbols-Regular.ttf", SYMBOLS),
    Source("symbols2.ttf", NOTO + "NotoSansSymbols2-Regular.ttf", SYMBOLS),
    Source("math.ttf", NOTO + "NotoSansMath-Regular.ttf", _blocks((0x1D400, 0x1D7FF))),
)
EMOJI = NOTO + "NotoColorEmoji.ttf"
EMOJI_FILE = "emoji.ttf"
EMOJI_SCALE = 0.5
EMOJI_COLOURS = 40
PACKAGES = ("fonts-noto-cjk", "fonts-noto-core", "fonts-noto-color-emoji")
