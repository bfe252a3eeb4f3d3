"""YAML by the core schema of YAML 1.2.2, strictly, with the line of every value."""

import math
from pathlib import Path

import pytest

from cervinet.errors import ConfigError, UsageError
from cervinet.yaml_source import dump_yaml, override, parse_yaml, read_yaml

# Section 10.3.2 of the specification, table by table; what is in no table is text.
CORE_SCHEMA = [
    *((text, None) for text in ("", "null", "Null", "NULL", "~")),
    *((text, True) for text in ("true", "True", "TRUE")),
    *((text, False) for text in ("false", "False", "FALSE")),
    *((text, text) for text in ("NO", "no", "yes", "Yes", "on", "off", "y", "n", "tRUE", "nULL", "none")),
    *(("0", 0), ("-0", 0), ("+12", 12), ("-19", -19), ("007", 7), ("0o7", 7), ("0o17", 15), ("0xF3", 243)),
    *((text, text) for text in ("0o8", "0xg", "0b1", "1_000", "190:20:30", "1:30", "-0o7", "1,000")),
    *(("1e-3", 1e-3), ("1E+3", 1e3), ("+12e03", 12000.0), ("0.", 0.0), (".5", 0.5), ("-2E+05", -2e5)),
    *((".inf", math.inf), ("-.Inf", -math.inf), ("+.INF", math.inf)),
    *((text, text) for text in ("inf", "nan", "-.nan", "1e", "e3", ".", "1.2.3", "1e3.5")),
    *((text, text) for text in ("2001-12-14", "2001-12-14t21:59:43.10-05:00", "2026-11-20 10:15:00", "=", "Type_1")),
]


@pytest.mark.parametrize(("text", "value"), CORE_SCHEMA)
def test_a_plain_scalar_is_what_yaml_1_2_says(text, value):
    found = parse_yaml(f"key: {text}", "x.yaml").data["key"]
    assert (found, type(found)) == (value, type(value))


def test_not_a_number():
    assert all(math.isnan(value) for value in parse_yaml("[.nan, .NaN, .NAN]", "x.yaml").data)


@pytest.mark.parametrize("text", ["5", "true", "null", "1e-3", "NO", "", "2001-12-14", "~"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quoted_scalar_is_text(text, quote):
    assert parse_yaml(f"key: {quote}{text}{quote}", "x.yaml").data == {"key": text}


def test_block_scalars_are_text():
    assert parse_yaml("key: |\n  5\nother: >-\n  6\n", "x.yaml").data == {"key": "5\n", "other": "6"}


def test_keys_are_text_whatever_they_look_like():
    assert parse_yaml("1: a\nNO: b\n1e-3: c\ntrue: d\n'': e", "x").data == {
        "1": "a", "NO": "b", "1e-3": "c", "true": "d", "": "e"
    }  # fmt: skip


@pytest.mark.parametrize("digits", [1001, 5000, 100_000])
def test_a_number_that_python_refuses_to_read_stays_text(digits):
    assert parse_yaml(f"key: {'9' * digits}", "x.yaml").data == {"key": "9" * digits}


class TestLines:
    SOURCE = parse_yaml("a:\n  b: 1\n\n  c:\n  - x\n  - {d: 2,\n     e: 3}\n", "dir/x.yaml")

    @pytest.mark.parametrize(
        ("location", "line"),
        [
            (("a",), 1),
            (("a", "b"), 2),
            (("a", "c"), 4),
            (("a", "c", 0), 5),
            (("a", "c", 1), 6),
            (("a", "c", 1, "d"), 6),
            (("a", "c", 1, "e"), 7),
        ],
    )
    def test_of_every_value(self, location, line):
        assert self.SOURCE.where(location) == f"dir/x.yaml:{line}"

    def test_what_is_not_there_has_the_line_of_what_is_around_it(self):
        assert self.SOURCE.where(("a", "c", 1, "zoom", 0)) == "dir/x.yaml:6"

    def test_nothing_at_all_begins_the_file(self):
        assert self.SOURCE.where(("nothing",)) == "dir/x.yaml:1"


class TestRefused:
    def problems(self, text):
        return parse_yaml(text, "x.yaml").problems

    def test_every_repeated_key_with_both_lines(self):
        text = "a: 1\nb: {c: 1, d: 2, c: 3}\na: 4\na: 5\n"
        assert self.problems(text) == [
            "`b.c` is set twice; keep one (x.yaml:2 and x.yaml:2)",
            "`a` is set twice; keep one (x.yaml:1 and x.yaml:3)",
            "`a` is set twice; keep one (x.yaml:1 and x.yaml:4)",
        ]

    def test_keys_that_only_look_alike_are_two(self):
        assert self.problems("1: a\n'1.0': b\nNO: c\nno: d\n") == []

    def test_an_anchor_and_its_aliases(self):
        sentence = "YAML anchors and aliases are not allowed; write the value out"
        assert self.problems("a: &x 1\nb: *x\nc: *x\n") == [f"{sentence} (x.yaml:{line})" for line in (1, 2, 3)]

    def test_an_anchor_that_nothing_uses(self):
        assert self.problems("a: &x {b: 1}") == [
            "YAML anchors and aliases are not allowed; write the value out (x.yaml:1)"
        ]

    def test_aliases_do_not_unfold(self):
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
        source = parse_yaml(bomb, "x.yaml")
        assert len(source.problems) == 30 + 29 * 9
        assert len(str(source.data)) < 5000

    def test_an_alias_of_itself(self):
        assert (
            self.problems("a: &a [*a]")
            == ["YAML anchors and aliases are not allowed; write the value out (x.yaml:1)"] * 2
        )

    def test_merge_keys_merge_nothing(self):
        assert parse_yaml("<<: {seed: 5}", "x.yaml").data == {"<<": {"seed": 5}}

    @pytest.mark.parametrize("tag", ["!!str", "!!int", "!!binary", "!local", "!!python/object/apply:os.system", "!"])
    def test_tags(self, tag):
        shown = tag.replace("!!", "tag:yaml.org,2002:")
        assert self.problems(f"a: 1\nb: {tag} '5'") == [f"the YAML tag '{shown}' is not allowed (x.yaml:2)"]

    def test_keys_that_are_not_words(self):
        text = "? [a]\n: b\n? {c: 1}\n: d\n"
        assert self.problems(text) == ["a key must be a plain word (x.yaml:1)", "a key must be a plain word (x.yaml:3)"]

    def test_half_a_surrogate_pair(self):
        sentence = r"a text holds half a character, an escape from \ud800 to \udfff (x.yaml:1)"
        assert self.problems(r'a: "\ud83d"') == [sentence]


class TestNotYaml:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a: 1\n  b: 2\n", "x.yaml:2 is not valid YAML: mapping values are not allowed here"),
            ("a: [1, 2\n", "x.yaml:2 is not valid YAML: while parsing a flow sequence expected ',' or ']', "
                           "but got '<stream end>'"),
            ("a: 'b\n", "x.yaml:2 is not valid YAML: while scanning a quoted scalar found unexpected end of stream"),
            ("a: *x\n", "x.yaml:1 is not valid YAML: found undefined alias 'x'"),
            ("a: 1\n---\nb: 2\n", "x.yaml:2 is not valid YAML: expected a single document in the stream but found "
                                  "another document"),
            ("a:\n\tb: 1\n", "x.yaml:2 is not valid YAML: while scanning for the next token found character '\\t' "
                             "that cannot start any token"),
            ("a: \x00", "x.yaml is not valid YAML: unacceptable character #x0000: special characters are not allowed"),
        ],
    )  # fmt: skip
    def test_gets_one_sentence(self, text, message):
        with pytest.raises(ConfigError) as error:
            parse_yaml(text, "x.yaml")
        assert str(error.value) == message

    @pytest.mark.parametrize("text", ["[" * 5000, "[" * 5000 + "]" * 5000, "{a: " * 5000, "- " * 5000])
    def test_five_thousand_levels(self, text):
        with pytest.raises(ConfigError, match=r"^x\.yaml is nested too deeply; at most 20 levels are allowed$"):
            parse_yaml(text, "x.yaml")

    def test_twenty_levels_and_one(self):
        assert parse_yaml("[" * 20 + "]" * 20, "x.yaml").problems == []
        with pytest.raises(ConfigError, match=r"^x\.yaml:1 is nested too deeply; at most 20 levels are allowed$"):
            parse_yaml("[" * 22 + "]" * 22, "x.yaml")


class TestFile:
    def error(self, path):
        with pytest.raises(ConfigError) as error:
            read_yaml(path)
        return str(error.value)

    def test_missing(self, tmp_path):
        path = tmp_path / "no.yaml"
        assert self.error(path) == f"there is no config file {path}; `cervinet init FOLDER` writes one"

    def test_a_folder(self, tmp_path):
        assert self.error(tmp_path) == f"{tmp_path} cannot be read: Is a directory"

    def test_binary(self, tmp_path):
        path = tmp_path / "picture.yaml"
        path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
        assert self.error(path) == f"{path} must be UTF-8 text; byte 0 is not: is it a YAML file?"

    def test_latin_1(self, tmp_path):
        path = tmp_path / "x.yaml"
        path.write_bytes("name: é\n".encode("latin-1"))
        assert self.error(path) == f"{path} must be UTF-8 text; byte 6 is not: is it a YAML file?"

    @pytest.mark.parametrize(("text", "shown"), [("- a\n- b\n", "['a', 'b']"), ("5", "5"), ("hello", "'hello'")])
    def test_no_mapping(self, tmp_path, text, shown):
        path = tmp_path / "x.yaml"
        path.write_text(text)
        assert self.error(path) == f"{path} must hold `key: value` lines; got {shown}"

    @pytest.mark.parametrize("text", ["", "\n\n", "# only words\n"])
    def test_empty(self, tmp_path, text):
        path = tmp_path / "x.yaml"
        path.write_text(text)
        assert read_yaml(path).data == {}

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_byte_order_mark_and_line_ends(self, tmp_path, end):
        path = tmp_path / "x.yaml"
        path.write_bytes(b"\xef\xbb\xbf" + f"name: é{end}seed: 5{end}".encode())
        source = read_yaml(path)
        assert source.data == {"name": "é", "seed": 5}
        assert source.where(("seed",)) == f"{path}:2"


class TestOverride:
    def after(self, text, *assignments):
        return override(parse_yaml(text, "x.yaml"), assignments).data

    @pytest.mark.parametrize(
        ("assignment", "value"),
        [
            ("a.b=5", 5),
            ("a.b=1e-3", 1e-3),
            ("a.b='5'", "5"),
            ("a.b=NO", "NO"),
            ("a.b=[1, 2]", [1, 2]),
            ("a.b={c: 3}", {"c": 3}),
            ("a.b=", None),
            ("a.b=  ", None),
            ("a.b=null", None),
            ("a.b=x=y", "x=y"),
            ("a.b=/a path/with é", "/a path/with é"),
        ],
    )
    def test_values_are_written_as_in_yaml(self, assignment, value):
        assert self.after("a: {b: 0, c: 1}", assignment) == {"a": {"b": value, "c": 1}}

    def test_the_last_one_wins(self):
        assert self.after("a: 1", "a=2", "a=3") == {"a": 3}

    @pytest.mark.parametrize("text", ["", "a:", "a: 5", "a: word", "a: [1]", "a: {b: 5}"])
    def test_into_nothing_or_something_else(self, text):
        assert self.after(text, "a.b.c=1") == {"a": {"b": {"c": 1}}}

    @pytest.mark.parametrize("assignment", ["epochs", "epochs:5", "=5", ".a=5", "a.=5", "a..b=5"])
    def test_what_is_no_assignment(self, assignment):
        with pytest.raises(UsageError) as error:
            self.after("a: 1", assignment)
        assert str(error.value) == (
            f"'{assignment}' must be section.key=value, as in training.epochs=5; "
            "an option of the command starts with two dashes"
        )

    def test_a_value_that_is_no_yaml(self):
        with pytest.raises(ConfigError) as error:
            self.after("a: 1", "a=[1")
        assert str(error.value) == (
            "command line, a:1 is not valid YAML: while parsing a flow sequence expected ',' or ']', "
            "but got '<stream end>'"
        )

    def test_problems_of_the_value_are_kept(self):
        source = override(parse_yaml("a: 1", "x.yaml"), ["b={c: 1, c: 2}"])
        assert source.problems == ["`c` is set twice; keep one (command line, b:1 and command line, b:1)"]

    def test_the_place_is_the_command_line_and_all_around_it_stays(self):
        source = override(parse_yaml("a:\n  b:\n    c: 1\n  d: 2\n", "x.yaml"), ["a.b={c: 3}"])
        where = {".".join(at): source.where(at) for at in [("a",), ("a", "b"), ("a", "b", "c"), ("a", "d")]}
        assert where == {"a": "x.yaml:1", "a.b": "command line", "a.b.c": "command line", "a.d": "x.yaml:4"}

    def test_a_word_replaced_by_options_is_of_the_command_line(self):
        source = override(parse_yaml("a:\n  loss: plain\n", "x.yaml"), ["a.loss.focal.gamma=2"])
        assert [source.where(("a", "loss")), source.where(("a", "loss", "focal"))] == ["command line"] * 2
        assert source.where(("a",)) == "x.yaml:1"


AWKWARD = [
    *("NO", "yes", "null", "~", "1e-3", "007", "0o7", "0x1F", "1_000", "190:20:30", "2001-12-14", ".5", "5.", ".inf"),
    *("", " ", " a ", "a: b", "a #b", "# a", "- a", "[a]", "{a: b}", "*a", "&a", "!a", "%a", "@a", "`a`", "'", '"'),
    *(
        "a\nb",
        "a\tb",
        "tab\t",
        "é",
        "子宮頸",
        "عنق",
        "a\u2028b",
        "\u200fa",
        "\x07",
        "=1+1",
        "<<",
        "true",
        "x" * 300,
        "😀",
    ),
]


class TestDump:
    @pytest.mark.parametrize("inline", [False, True])
    @pytest.mark.parametrize("text", AWKWARD)
    def test_any_text_comes_back(self, text, inline):
        value = {"classes": [text, "b"], text: text, "deep": {"er": text}}
        source = parse_yaml(dump_yaml(value, inline=inline), "x.yaml")
        assert (source.data, source.problems) == (value, [])

    @pytest.mark.parametrize("value", [0, -5, 10**30, 1e-3, 1e300, -0.0, 5e-324, True, False, None, [], {}, [[], {}]])
    def test_any_value_comes_back_as_the_same_type(self, value):
        back = parse_yaml(dump_yaml({"a": value}), "x.yaml").data["a"]
        assert (back, type(back), repr(back)) == (value, type(value), repr(value))

    def test_equal_objects_are_written_out(self):
        shared = [1, 2]
        assert parse_yaml(dump_yaml({"a": shared, "b": shared}), "x.yaml").problems == []

    def test_inline_is_one_line_without_an_end_marker(self):
        assert dump_yaml("word", inline=True) == "word\n"
        assert dump_yaml(["x" * 200, {"a": 1}], inline=True).count("\n") == 1

    def test_a_path_survives(self, tmp_path):
        path = tmp_path / "x.yaml"
        path.write_text(dump_yaml({"root": str(Path("/a b/é/#1"))}), encoding="utf-8")
        assert read_yaml(path).data == {"root": "/a b/é/#1"}
