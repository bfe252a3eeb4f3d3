"""Every setting is checked; all mistakes come at once, each a whole sentence with its line."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from cervinet import registry
from cervinet.choice import Choice
from cervinet.config import config_schema, load_config
from cervinet.errors import ConfigError
from cervinet.yaml_source import dump_yaml, read_yaml

CONFIGS = Path(__file__).parents[1] / "configs"
SHIPPED = sorted(CONFIGS.rglob("*.yaml"))
SECTIONS = "name, seed, classes, data, model, training, evaluation, gate, export, descriptions, tune"


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """`problems(yaml, *overrides)`: what the error says, line by line; the file is called x.yaml."""
    monkeypatch.chdir(tmp_path)

    def found(text, *overrides):
        Path("x.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            load_config(Path("x.yaml"), overrides)
        assert str(error.value).splitlines() == error.value.problems
        return error.value.problems

    return found


@pytest.fixture
def load(tmp_path):
    def loaded(text, *overrides):
        path = tmp_path / "x.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, overrides)

    return loaded


MINIMAL = "data: {root: pictures}\n"


def test_what_is_not_set_has_its_default(load):
    config = load(MINIMAL)
    assert config.data.root == Path("pictures")
    assert config.data.reader == Choice("class_folders", {"sublabels": False})
    assert config.data.preprocess == [Choice("letterbox", {"fill": 0})]
    assert config.training.loss == Choice("cross_entropy", {"label_smoothing": 0.0})
    assert (config.classes, config.training.early_stopping, config.seed) == (None, None, 1)


def test_a_config_cannot_be_changed(load):
    with pytest.raises(ValueError, match="frozen"):
        load(MINIMAL).seed = 2


class TestTheSentence:
    def test_says_key_expectation_value_and_line(self, problems):
        assert problems("data:\n  root: x\n  image_size: big\n") == [
            "`data.image_size` must be two positive integers; got 'big' (x.yaml:3)"
        ]

    def test_of_an_override_says_command_line(self, problems):
        assert problems(MINIMAL, "data.image_size=big") == [
            "`data.image_size` must be two positive integers; got 'big' (command line)"
        ]

    def test_of_an_overridden_section_never_blames_a_line_of_the_file(self, problems):
        text = MINIMAL + "training:\n  augment:\n    rotation: 10\n"
        assert problems(text, "training.augment={rotation: 500}") == [
            "`training.augment.rotation` must be less than or equal to 180; got 500 (command line)"
        ]

    def test_stays_short_when_the_value_is_long(self, problems):
        (sentence,) = problems(MINIMAL + f"seed: {'9' * 5000}\n")
        assert sentence == f"`seed` must be a valid integer; got '{'9' * 199}… (x.yaml:2)"

    def test_all_at_once_in_whole(self, problems):
        text = """\
name: my run
seed: true
clases: [a, b]
data:
  root: 5
  image_size: [256, 0]
  image_siz: [256, 256]
  preprocess: [letterbox, {clahe: {tile: 8}}]
  split: {val: 1, tset: 0.1}
  reader: {table: {labl: dx, image: 3}}
data.root: x
model:
  architecture: {vgg16: {dropout: 2, pooling: mean, dense: [a]}}
training:
  epochs: 1.0
  epochs: 5
  batch_size: "32"
  loss: cross_entropi
  optimizer: {adam: {beta_1: 1, bta_2: 0}}
  precision: float8
  augment: {zoom: [2, 1], rotaton: 5}
  early_stopping: {patience: 0}
evaluation: {draws: 10, confidence: 95}
"""
        size = "`data.image_size` must be two positive integers; got [256, 0] (x.yaml:6)"
        assert sorted(problems(text)) == sorted(
            [
                "`training.epochs` is set twice; keep one (x.yaml:15 and x.yaml:16)",
                "`name` must be letters, digits, '.', '_' and '-'; got 'my run' (x.yaml:1)",
                "`seed` must be a valid integer; got True (x.yaml:2)",
                "`clases` is not a setting (did you mean 'classes'?) (x.yaml:3)",
                "`data.root` must be a valid string; got 5 (x.yaml:5)",
                size,
                "`data.image_siz` is not a setting (did you mean 'image_size'?) (x.yaml:7)",
                "`data.preprocess.1.clahe.tile` is not a setting (did you mean 'tiles'?) (x.yaml:8)",
                "`data.split.val` must be a fraction between 0 and 1; got 1 (x.yaml:9)",
                "`data.split.tset` is not a setting (did you mean 'test'?) (x.yaml:9)",
                "`data.reader.table.image` must be a valid string; got 3 (x.yaml:10)",
                "`data.reader.table.labl` is not a setting (did you mean 'label'?) (x.yaml:10)",
                "`data.root` is not a setting (did you mean 'data'?) (x.yaml:11)",
                "`model.architecture.vgg16.pooling` must be 'avg', 'max' or 'flatten'; got 'mean' (x.yaml:13)",
                "`model.architecture.vgg16.dense.0` must be a valid integer; got 'a' (x.yaml:13)",
                "`model.architecture.vgg16.dropout` must be less than 1; got 2 (x.yaml:13)",
                "`training.epochs` must be a valid integer; got 1.0 (x.yaml:15)",
                "`training.batch_size` must be a valid integer; got '32' (x.yaml:17)",
                "`training.loss` names an unknown loss 'cross_entropi' (did you mean 'cross_entropy'?) (x.yaml:18)",
                "`training.optimizer.adam.beta_1` must be less than 1; got 1 (x.yaml:19)",
                "`training.optimizer.adam.bta_2` is not a setting (did you mean 'beta_2'?) (x.yaml:19)",
                "`training.precision` must be 'auto', 'float32', 'mixed_float16' or 'mixed_bfloat16'; got 'float8' "
                "(x.yaml:20)",
                "`training.augment.zoom` must be two factors, smallest and largest, as in [0.9, 1.2]; got [2, 1] "
                "(x.yaml:21)",
                "`training.augment.rotaton` is not a setting (did you mean 'rotation'?) (x.yaml:21)",
                "`training.early_stopping.patience` must be greater than 0; got 0 (x.yaml:22)",
                "`evaluation.draws` must be greater than or equal to 100; got 10 (x.yaml:23)",
                "`evaluation.confidence` must be less than 1; got 95 (x.yaml:23)",
            ]
        )


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("trainig: {}", "`trainig` is not a setting (did you mean 'training'?) (x.yaml:2)"),
            ("epochs: 5", "`epochs` is not a setting (did you mean 'training.epochs'?) (x.yaml:2)"),
            ("training: {zoom: 1}",
             "`training.zoom` is not a setting (did you mean 'training.augment.zoom'?) (x.yaml:2)"),
            ("TRAINING: {}", "`TRAINING` is not a setting (did you mean 'training'?) (x.yaml:2)"),
            ("qqq: 1", f"`qqq` is not a setting (known: {SECTIONS}) (x.yaml:2)"),
            ("<<: {seed: 1}", f"`<<` is not a setting (known: {SECTIONS}) (x.yaml:2)"),
            ("model:\n  wieghts: none", "`model.wieghts` is not a setting (did you mean 'weights'?) (x.yaml:3)"),
            ("training:\n  augment:\n    fil: black",
             "`training.augment.fil` is not a setting (did you mean 'fill'?) (x.yaml:4)"),
            ("training: {early_stopping: {patence: 3}}",
             "`training.early_stopping.patence` is not a setting (did you mean 'patience'?) (x.yaml:2)"),
            ("model: {architecture: {cervix_cnn: {dense: 1}}}",
             "`model.architecture.cervix_cnn.dense` is not a setting (there are none) (x.yaml:2)"),
            ("training: {loss: {cross_entropy: {smoothing: 1}}}",
             "`training.loss.cross_entropy.smoothing` is not a setting (did you mean 'label_smoothing'?) (x.yaml:2)"),
        ],
    )  # fmt: skip
    def test_get_the_nearest_right_name(self, problems, text, sentence):
        assert problems(MINIMAL + text) == [sentence]

    def test_on_the_command_line(self, problems):
        assert problems(MINIMAL, "training.epoch=5") == [
            "`training.epoch` is not a setting (did you mean 'epochs'?) (command line)"
        ]


class TestTypes:
    @pytest.mark.parametrize(
        ("assignment", "words"),
        [
            ("seed=true", "must be a valid integer; got True"),
            ("seed='5'", "must be a valid integer; got '5'"),
            ("seed=1.0", "must be a valid integer; got 1.0"),
            ("seed=1e3", "must be a valid integer; got 1000.0"),
            ("seed=-1", "must be greater than or equal to 0; got -1"),
            ("seed=2147483648", "must be less than 2147483648; got 2147483648"),
            ("seed=.inf", "must be a valid integer; got inf"),
            ("seed=", "must be a valid integer"),
            ("training.epochs=0", "must be greater than 0; got 0"),
            ("training.learning_rate='1e-3'", "must be a valid number; got '1e-3'"),
            ("training.learning_rate=true", "must be a valid number; got True"),
            ("training.learning_rate=0", "must be greater than 0; got 0"),
            ("training.learning_rate=.inf", "must be a finite number; got inf"),
            ("training.learning_rate=.nan", "must be a finite number; got nan"),
            ("training.learning_rate=1e999", "must be a finite number; got inf"),
            ("training.optimizer.adam.epsilon=.inf", "must be a finite number; got inf"),
            ("training.deterministic=1", "must be a valid boolean; got 1"),
            ("training.deterministic=yes", "must be a valid boolean; got 'yes'"),
            ("training.xla=on", "must be true, false or auto; got 'on'"),
            ("training.monitor=val_auroc", "must be 'val_loss' or 'val_accuracy'; got 'val_auroc'"),
            ("training.early_stopping=5", "must hold `key: value` lines; got 5"),
            ("training.augment.zoom=1.2",
             "must be two factors, smallest and largest, as in [0.9, 1.2]; got 1.2"),
            ("training.augment.zoom=[0, 1]",
             "must be two factors, smallest and largest, as in [0.9, 1.2]; got [0, 1]"),
            ("training.augment.fill=White", "must be 'reflect' or 'black'; got 'White'"),
            ("model=vgg16", "must hold `key: value` lines; got 'vgg16'"),
            ("name=5", "must be letters, digits, '.', '_' and '-'; got 5"),
            ("name=../x", "must be letters, digits, '.', '_' and '-'; got '../x'"),
            ("classes=a", "must be a list of texts (a number in quotes); got 'a'"),
            ("classes=[a, 5]", "must be a list of texts (a number in quotes); got ['a', 5]"),
            ("classes=[a, true]", "must be a list of texts (a number in quotes); got ['a', True]"),
            ("classes=[a]", "must be at least two different names"),
            ("classes=[]", "must be at least two different names"),
            ("classes=[a, b, a]", "must be at least two different names"),
            ("data.store=1", "must be a valid boolean; got 1"),
            ("data.cache=5", "must be a valid string; got 5"),
            ("data.split.val=1", "must be a fraction between 0 and 1; got 1"),
            ("data.split.test=half", "must be a fraction between 0 and 1; got 'half'"),
            ("evaluation.confidence=0.5", "must be greater than 0.5; got 0.5"),
            *((f"data.image_size={size}", f"must be two positive integers; got {shown}") for size, shown in [
                ("256", "256"), ("[256]", "[256]"), ("[256, 256, 3]", "[256, 256, 3]"),
                ("[256.0, 256]", "[256.0, 256]"), ("[256, -1]", "[256, -1]"),
                ("[true, true]", "[True, True]"), ("['256', 256]", "['256', 256]"),
                ("{h: 5}", "{'h': 5}"),
            ]),
        ],
    )  # fmt: skip
    def test_nothing_is_taken_for_something_else(self, problems, assignment, words):
        assert problems(MINIMAL, assignment) == [f"`{assignment.split('=')[0]}` {words} (command line)"]

    def test_a_whole_number_is_a_number(self, load):
        assert load(MINIMAL, "training.learning_rate=1", "training.augment.rotation=90").training.learning_rate == 1.0

    def test_words_of_yaml_1_1_are_class_names(self, load):
        assert load(MINIMAL, "classes=[NO, yes, on, 1:30]").classes == ["NO", "yes", "on", "1:30"]

    def test_empty_switches_a_setting_off(self, load):
        text = MINIMAL + "training: {early_stopping: {patience: 3}}\n"
        assert load(text).training.early_stopping.patience == 3
        assert load(text, "training.early_stopping=").training.early_stopping is None


class TestNamedChoices:
    @pytest.mark.parametrize(
        ("assignment", "sentence"),
        [
            ("data.reader=clas_folders",
             "`data.reader` names an unknown reader 'clas_folders' (did you mean 'class_folders'?)"),
            ("data.preprocess=[leterbox]",
             "`data.preprocess.0` names an unknown preprocess 'leterbox' (did you mean 'letterbox'?)"),
            ("model.architecture=VGG_16",
             "`model.architecture` names an unknown architecture 'VGG_16' (did you mean 'vgg16'?)"),
            ("training.optimizer=rmsporp",
             "`training.optimizer` names an unknown optimizer 'rmsporp' (did you mean 'rmsprop'?)"),
            ("training.loss=mse", "`training.loss` names an unknown loss 'mse' (known: binary_cross_entropy, "
             "class_balanced, corn, cross_entropy, cumulative_link, focal, hierarchical)"),
            ("training.loss=5", "`training.loss` must be a name, or one `name: {option: value}`; got 5"),
            ("training.loss=[]", "`training.loss` must be a name, or one `name: {option: value}`; got []"),
            ("training.loss={}", "`training.loss` must be a name, or one `name: {option: value}`; got {}"),
            ("training.loss.cross_entropy=0.1",
             "`training.loss.cross_entropy` must hold `option: value` lines; got 0.1"),
            ("training.loss.cross_entropy.label_smoothing='0.1'",
             "`training.loss.cross_entropy.label_smoothing` must be a valid number; got '0.1'"),
            ("training.loss.cross_entropy.label_smoothing=1",
             "`training.loss.cross_entropy.label_smoothing` must be less than 1; got 1"),
            ("data.preprocess=[{letterbox: {fill: 256}}]",
             "`data.preprocess.0.letterbox.fill` must be less than or equal to 255; got 256"),
            ("data.preprocess=[stretch, {clahe: {channels: L}}]",
             "`data.preprocess.1.clahe.channels` must be 'all' or 'lightness'; got 'L'"),
            ("data.reader.class_folders.sublabels=1",
             "`data.reader.class_folders.sublabels` must be a valid boolean; got 1"),
            ("data.reader.table.box=[a, b, c]", "`data.reader.table.box.3` is missing"),
            ("data.reader.phantom.count=9",
             "`data.reader.phantom.count` must be greater than or equal to 10; got 9"),
            ("model.architecture.resnet50.dense=[64, 0]",
             "`model.architecture.resnet50.dense.1` must be greater than 0; got 0"),
            ("training.optimizer.sgd.nesterov='true'",
             "`training.optimizer.sgd.nesterov` must be a valid boolean; got 'true'"),
        ],
    )  # fmt: skip
    def test_names_and_options_are_checked(self, problems, assignment, sentence):
        assert problems(MINIMAL, assignment) == [f"{sentence} (command line)"]

    def test_two_names_at_once(self, problems):
        text = "data:\n  root: x\n  reader: {table: {file: a.csv}, phantom: {count: 20}}\n"
        assert problems(text) == [
            "`data.reader` must be a name, or one `name: {option: value}`; "
            "got {'table': {'file': 'a.csv'}, 'phantom': {'count': 20}} (x.yaml:3)"
        ]

    def test_an_option_replaces_a_bare_name(self, load):
        text = MINIMAL + "training: {loss: cross_entropy}\n"
        loss = load(text, "training.loss.cross_entropy.label_smoothing=0.1").training.loss
        assert loss == Choice("cross_entropy", {"label_smoothing": 0.1})

    @pytest.mark.parametrize("written", ["adam", "{adam: }", "{adam: {}}", "{adam: {beta_1: 0.9}}"])
    def test_every_way_to_write_it_has_every_option(self, load, written):
        assert load(MINIMAL + f"training: {{optimizer: {written}}}\n").training.optimizer == Choice(
            "adam", {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}
        )

    def test_every_registered_name_can_be_chosen(self, load):
        for setting, kind in [
            ("training.optimizer", "optimizer"),
            ("training.loss", "loss"),
            ("data.reader", "reader"),
        ]:
            for name in registry.available(kind):
                load(MINIMAL, f"{setting}={name}", "classes=[a, b]")
        for name in registry.available("architecture"):
            load(MINIMAL, f"model.architecture={name}")


class TestSettingsThatDependOnEachOther:
    @pytest.mark.parametrize(
        ("name", "smallest"),
        [("cervix_cnn", 192), ("skin_cnn", 28), ("breast_cnn", 8), ("vgg16", 32), ("resnet50", 32)],
    )
    @pytest.mark.parametrize("swapped", [False, True])
    def test_a_picture_too_small_for_the_network(self, problems, load, name, smallest, swapped):
        def text(side):
            size = [side, 400][:: -1 if swapped else 1]
            return f"data:\n  root: x\n  image_size: {size}\nmodel:\n  architecture: {name}\n", size

        written, size = text(smallest - 1)
        assert problems(written) == [
            f"`data.image_size` must be at least {smallest} × {smallest} for `{name}`; got {size} (x.yaml:3)"
        ]
        load(text(smallest)[0])

    def test_quarter_turns_of_pictures_that_are_not_square(self, problems, load):
        text = "data: {root: x, image_size: [200, 300]}\nevaluation:\n  views: "
        assert problems(text + "8\n") == [
            "`evaluation.views` must be 1, 2 or 4 for pictures of 200 × 300, whose sides quarter turns would change; "
            "got 8 (x.yaml:3)"
        ]
        assert load(text + "4\n").evaluation.views == 4
        assert load(MINIMAL + "evaluation: {views: 8}\n").evaluation.views == 8

    def test_pretrained_weights_for_a_network_without(self, problems, load):
        assert problems(MINIMAL + "model:\n  weights: imagenet\n") == [
            "`model.weights` must be none or a file for `cervix_cnn`, which has none of ImageNet; got 'imagenet' "
            "(x.yaml:3)"
        ]
        load(MINIMAL + "model: {weights: imagenet, architecture: vgg16}\n")
        assert problems(MINIMAL + "model: {weights: imagenet, architecture: densenet161}\n") == [
            "`model.weights` must be none or a file for `densenet161`, which has none of ImageNet; got 'imagenet' "
            "(x.yaml:2)"
        ]

    @pytest.mark.parametrize("loss", ["corn", "cumulative_link"])
    def test_a_loss_that_learns_from_the_order_of_the_classes(self, problems, load, loss):
        assert problems(f"{MINIMAL}training:\n  loss: {loss}\n") == [
            f"`training.loss` can be {loss} only where `classes` are set: it learns from their order (x.yaml:3)"
        ]
        load(f"{MINIMAL}classes: [low, middle, high]\ntraining: {{loss: {loss}}}\n")

    def test_both_at_once(self, problems):
        assert problems("data: {root: x, image_size: [20, 20]}\nmodel: {weights: imagenet}\n") == [
            "`data.image_size` must be at least 192 × 192 for `cervix_cnn`; got [20, 20] (x.yaml:1)",
            "`model.weights` must be none or a file for `cervix_cnn`, which has none of ImageNet; got 'imagenet' "
            "(x.yaml:2)",
        ]

    @pytest.mark.parametrize(
        ("steps", "found"),
        [
            ("[]", "none"),
            ("[clahe]", "none"),
            ("[letterbox, stretch]", "letterbox, stretch"),
            ("[stretch, clahe, stretch]", "stretch, stretch"),
        ],
    )
    def test_not_one_step_that_resizes(self, problems, steps, found):
        assert problems(f"data:\n  root: x\n  preprocess: {steps}\n") == [
            f"`data.preprocess` must hold exactly one of center_crop, letterbox, stretch; found {found} (x.yaml:3)"
        ]

    def test_xla_promises_no_equal_runs(self, problems, load):
        assert problems(MINIMAL + "training:\n  xla: true\n") == [
            "`training` can have `xla: true` only with `deterministic: false`: XLA gives no promise of equal runs "
            "(x.yaml:2)"
        ]
        assert load(MINIMAL + "training: {xla: true, deterministic: false}\n").training.xla is True

    @pytest.mark.parametrize("reader", ["class_folders", "table"])
    def test_readers_of_files_need_a_root(self, problems, reader):
        assert problems(f"name: x\ndata:\n  reader: {reader}\n") == [
            "`data` needs `root`: the folder of the pictures, as in data.root=my_pictures (x.yaml:2)"
        ]

    def test_the_phantoms_need_none(self, load):
        assert load("data: {reader: phantom}\n").data.root is None

    @pytest.mark.parametrize("text", ["", "# nothing\n", "seed: 3\n"])
    def test_no_data_at_all(self, problems, text):
        where = " (x.yaml:1)" if text == "seed: 3\n" else " (x.yaml)"
        assert problems(text) == [f"`data` is missing{where}"]

    def test_an_empty_section(self, problems):
        assert problems("data:\n  root: x\ntraining:\n") == ["`training` must hold `key: value` lines (x.yaml:3)"]


AWKWARD = [
    "NO",
    "1e-3",
    "007",
    "null",
    "a: b",
    "",
    " x",
    "é",
    "子宮頸 1型",
    "a\nb",
    "#1",
    "- a",
    "=1+1",
    "\u202eabc",
    "~",
]


class TestRoundTrip:
    @pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
    def test_a_shipped_config(self, path, load):
        config = load_config(path)
        assert load(config.to_yaml()) == config
        assert load(config.to_yaml()).to_yaml() == config.to_yaml()

    def test_awkward_texts(self, load):
        config = load(MINIMAL, f"classes={dump_yaml(AWKWARD, inline=True)}", "data.root='~/a b: #/é'")
        assert config.classes == AWKWARD
        assert load(config.to_yaml()) == config

    def test_every_kind_of_value(self, load):
        text = """\
name: a.b-c_1
seed: 2147483647
data:
  root: /a b/c
  reader: {table: {file: 'x: y.csv', box: [x, y, w, h], group: '007'}}
  image_size: [300, 200]
  preprocess: [{clahe: {clip_limit: 1e-3}}, {letterbox: {fill: 255}}, clahe]
  split: {val: 0.1, test: 0.2}
  store: false
  cache: c
model: {architecture: {vgg16: {dense: [64, 32], pooling: max}}, weights: imagenet}
training:
  learning_rate: 1e-5
  early_stopping: {min_delta: 1e-9}
  xla: false
  augment: {zoom: [0.5, 2]}
"""
        config = load(text)
        assert load(config.to_yaml()) == config
        assert config.data.reader.options["box"] == ["x", "y", "w", "h"]
        assert config.data.preprocess[0].options["clip_limit"] == 1e-3

    def test_every_setting_is_written_out(self, load):
        written = yaml.safe_load(load(MINIMAL).to_yaml())
        assert list(written) == SECTIONS.split(", ")
        assert written["training"]["optimizer"]["adam"]["beta_2"] == 0.999
        assert written["training"]["early_stopping"] is None


class TestSchema:
    SCHEMA = json.loads((CONFIGS / "schema.json").read_text(encoding="utf-8"))
    VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

    def errors(self, data):
        return [".".join(map(str, error.absolute_path)) for error in self.VALIDATOR.iter_errors(data)]

    def test_is_itself_valid(self):
        jsonschema.Draft202012Validator.check_schema(self.SCHEMA)

    def test_in_the_tree_is_the_one_of_the_code(self):
        assert config_schema() == self.SCHEMA, "run `make schema`"

    @pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
    def test_takes_each_shipped_config_and_its_resolved_form(self, path):
        assert self.errors(read_yaml(path).data) == []
        assert self.errors(yaml.safe_load(load_config(path).to_yaml())) == []

    @pytest.mark.parametrize(
        ("section", "place"),
        [
            ({"trainig": {}}, ""),
            ({"training": {"epoch": 5}}, "training"),
            ({"training": {"loss": "cross_entropi"}}, "training.loss"),
            ({"training": {"loss": {"cross_entropy": {"smoothing": 0.1}}}}, "training.loss"),
            ({"training": {"epochs": "5"}}, "training.epochs"),
            ({"training": {"augment": {"zoom": [1, 2, 3]}}}, "training.augment.zoom"),
            ({"data": {"root": "x", "image_size": [256, 0]}}, "data.image_size.1"),
            ({"data": {"root": "x", "preprocess": ["leterbox"]}}, "data.preprocess.0"),
            ({"classes": ["a", 5]}, "classes"),
        ],
    )
    def test_refuses_a_mistake_where_it_is(self, section, place):
        assert self.errors({"data": {"root": "x"}} | section) == [place]

    def test_explains_settings_and_names(self):
        definitions = self.SCHEMA["$defs"]
        assert definitions["Data"]["properties"]["image_size"]["description"].startswith("[height, width] in pixels")
        optimizers = definitions["Training"]["properties"]["optimizer"]["oneOf"]
        names = {choice["const"] for choice in optimizers if "const" in choice}
        assert names == set(registry.available("optimizer"))
        assert all(choice["description"] for choice in optimizers if "const" in choice)


class TestShippedConfigs:
    def test_there_are_some(self):
        names = {path.relative_to(CONFIGS).as_posix() for path in SHIPPED}
        assert {"demo.yaml", "cervix_cnn.yaml", "cervix_vgg16.yaml", "cervix_resnet50.yaml", "busi.yaml"} <= names
        assert {"skin_ham10000.yaml", "multi_cancer.yaml"} <= names

    @pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
    def test_open_with_the_schema_and_the_command_that_runs_them(self, path):
        lines = path.read_text(encoding="utf-8").splitlines()
        schema = Path(path.parent, lines[0].removeprefix("# yaml-language-server: $schema="))
        assert schema.resolve() == CONFIGS / "schema.json"
        comments = lines[1 : next(number for number, line in enumerate(lines) if not line.startswith("#"))]
        command = f"# cervinet train --config configs/{path.relative_to(CONFIGS).as_posix()}"
        assert any(line == command or line.startswith(f"{command} ") for line in comments)

    @pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
    def test_load_and_have_names_of_their_own(self, path):
        words = path.relative_to(CONFIGS).with_suffix("").parts
        assert load_config(path).name == "-".join(words).replace("_", "-")


def test_problems_come_in_the_order_of_the_file_and_the_command_line_last(problems):
    text = "training:\n  epochs: 0\n  epochs: 5\nseed: -1\nnmae: x\ndata: {root: 5}\n\n\n\n\n\nevaluation: {draws: 1}\n"
    lines = [sentence.rsplit("(", 1)[1] for sentence in problems(text, "model.weights=5")]
    assert lines == ["x.yaml:2)", "x.yaml:2 and x.yaml:3)", "x.yaml:4)", "x.yaml:5)", "x.yaml:6)", "x.yaml:12)",
                     "command line)"]  # fmt: skip
