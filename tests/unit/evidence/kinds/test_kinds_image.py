from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from dag_factory.evidence.kinds import Material, apart
from dag_factory.evidence.kinds import image as image_module
from dag_factory.evidence.kinds.image import ImageExpect, ImageKind


def drawing(width=200, height=150, mode="RGB", ground="white", ink="black", box=(20, 20, 120, 90)):
    image = Image.new(mode, (width, height), ground)
    ImageDraw.Draw(image).rectangle(box, outline=ink, width=3)
    return image


def saved(image, form="PNG", **more):
    data = io.BytesIO()
    image.save(data, form, **more)
    return data.getvalue()


def examined(data, name="wireframe.png", files=None, **expect):
    return ImageKind().examine(Material(name, data, files=files or {}), ImageExpect.model_validate(expect))


def told(found):
    return " ".join(fault.text for fault in found.faults)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, pixels):
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (saved(drawing()), "wireframe.png"), (saved(drawing(), "JPEG"), "photo.JPG"), (saved(drawing(mode="L")), "grey.png"),
        (saved(drawing(mode="1")), "lines.png"), (saved(drawing().convert("P")), "palette.png"),
        (saved(drawing(mode="RGBA", ground=(0, 0, 0, 0))), "ink on nothing.png"), (saved(drawing(ground="black", ink="white")), "dark.png"),
    ],
)  # fmt: skip
def test_pictures_that_show_something_pass(data, name):
    found = examined(data, name)
    assert found.faults == ()
    assert len(found.facts["pixels"][0]) == 64


@pytest.mark.parametrize("ground", ["white", "black", "#123456", (10, 20, 30, 0), (0, 0, 0, 0), (255, 255, 255, 128)])
def test_a_picture_of_one_colour_shows_nothing(ground):
    data = saved(Image.new("RGBA", (200, 150), ground))
    assert "of one colour" in told(examined(data))


def test_what_is_drawn_where_nobody_sees_it_shows_nothing():
    image = Image.new("RGBA", (200, 150), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((20, 20, 120, 90), fill=(200, 30, 30, 0))
    assert "of one colour" in told(examined(saved(image)))


def test_a_dot_is_not_enough():
    image = Image.new("RGB", (200, 150), "white")
    image.putpixel((10, 10), (0, 0, 0))
    assert "0.003 % of it is drawn" in told(examined(saved(image)))
    assert examined(saved(image), min_drawn_percent=0.001).faults == ()


def test_a_picture_must_be_large_enough_to_be_looked_at():
    assert "1 × 1 pixels" in told(examined(saved(Image.new("RGB", (1, 1)))))
    assert "200 × 150 pixels, and at least 400 × 64" in told(examined(saved(drawing()), min_width=400))


@pytest.mark.parametrize("data", [b"", b"  \n"])
def test_nothing_is_no_picture(data):
    assert [fault.rule for fault in examined(data).faults] == ["evidence-missing"] if not data else examined(data).faults


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", "neither PNG nor JPEG"),
        (b"GIF89a", "a.png", "neither PNG nor JPEG"),
        (saved(drawing(), "GIF"), "a.png", "neither PNG nor JPEG"),
        (saved(drawing(), "JPEG"), "a.png", "named like PNG and holds JPEG"),
        (saved(drawing()), "a.jpg", "named like JPEG and holds PNG"),
        (saved(drawing()), "a.html", "named like no picture"),
        (saved(drawing())[:-30], "a.png", "cut off"),
        (saved(drawing()) + b"<script>", "a.png", "hidden behind it"),
        (saved(drawing(), "JPEG")[:500], "a.jpg", "cannot be decoded"),
        (b"\xff\xd8\xff" + b"\0" * 500, "a.jpg", "cannot be decoded"),
        (png(100, 100, b"")[:-12] + chunk(b"IEND", b""), "a.png", "cannot be decoded"),
    ],
)
def test_content_that_is_not_what_it_says_is_refused(data, name, why):
    found = examined(data, name)
    assert [fault.rule for fault in found.faults] == ["evidence-malformed"]
    assert why in told(found)


def test_a_bomb_is_refused_by_its_header():
    found = examined(png(60_000, 60_000, b"\0" * 1000))
    assert "cannot be decoded" in told(found)


def test_the_largest_picture_that_is_decoded_and_one_larger():
    largest = drawing(6000, 6000, mode="1", box=(100, 100, 5000, 5000))
    assert examined(saved(largest), min_drawn_percent=0.01).faults == ()
    assert "cannot be decoded" in told(examined(saved(drawing(6000, 6001, mode="1"))))


def test_a_picture_of_too_many_bytes_is_not_even_looked_at(monkeypatch):
    monkeypatch.setattr(image_module, "MAX_BYTES", 100)
    assert "at most 100 are read" in told(examined(saved(drawing())))


def test_a_picture_is_decoded_once_in_a_process(monkeypatch):
    monkeypatch.setattr(image_module, "_SHOWN", {})
    asked = []
    monkeypatch.setattr(image_module, "asked", lambda program, data: asked.append(program) or apart.asked(program, data))
    picture = saved(drawing())
    assert examined(picture) == examined(picture)
    assert asked == ["image_child.py"]


def test_a_decoder_that_dies_or_hangs_has_decoded_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(image_module, "_SHOWN", {})
    for program, why in (
        ("import os\nos.kill(os.getpid(), 9)\n", "ended with -9"),
        ("import time\ntime.sleep(60)\n", "longer than 0.5 s"),
        ("print('[]')\n", "said nothing"),
    ):
        (tmp_path / "image_child.py").write_text(program)
        monkeypatch.setattr(apart, "_FOLDER", tmp_path)
        monkeypatch.setattr(apart, "SECONDS", 0.5 if "sleep" in program else 10)
        assert why in told(examined(saved(drawing())))


def test_the_same_pixels_twice_in_a_set_are_one_drawing():
    image = drawing()
    other = saved(drawing(box=(30, 30, 99, 99)))
    files = {"ux/a.png": saved(image), "ux/b.png": saved(image, compress_level=0), "ux/c.png": other, "ux/notes.md": b"text"}
    found = examined(b"", "ux/**", files)
    assert [fault.subject for fault in found.faults] == ["ux/b.png"]
    assert "the very pixels of ux/a.png" in told(found)


def test_a_set_without_a_picture_is_none():
    assert [fault.rule for fault in examined(b"", "ux/**", {"ux/notes.md": b"text"}).faults] == ["evidence-missing"]


def test_a_set_of_too_many_pictures_is_refused():
    assert "at most 20" in told(examined(b"", "ux/**", {f"{number}.png": b"x" for number in range(21)}))
