"""Schemas of definitions say what the code that reads them takes."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from searches.spaces import schemas
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.registry import FAMILIES, load

PRESETS = [(family, preset) for family, card in FAMILIES.items() for preset in card.presets]
DESCRIBED = [card.name for card in schemas.described_families()]
WRONG = {
    "integer": ["a", 1.5, None, [], {}, True],
    "number": ["a", None, [], {}],
    "string": [3, None, []],
    "boolean": [3, "yes", None],
    "array": ["a", 3, None, {}, []],
    "object": ["a", 3, None, []],
}


def validator(family):
    schema = schemas.schema_of(family)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def definition_of(family, preset):
    return json.loads(json.dumps(load(FAMILIES[family].presets[preset]).to_json()))


def places(schema, value, path=()):
    """Every field of a definition with its schema, those of nested objects as well."""
    for name, of in schema["properties"].items():
        if name not in value or name in ("family", "only"):
            continue
        yield (*path, name), of
        items = of.get("items", {})
        if items.get("type") == "object":
            yield from places(items, value[name][0], (*path, name, 0))


def changed(definition, path, value):
    found = copy.deepcopy(definition)
    holder = found
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return found


def written(path):
    """The path as messages write it: units[0].width."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def refusal(definition):
    with pytest.raises(InvalidSpace) as refused:
        load(definition)
    return refused.value.problems


def outcome(definition):
    """The space, or the places of what is wrong."""
    try:
        return load(definition)
    except InvalidSpace as error:
        return set(error.problems)


@pytest.mark.parametrize(("family", "preset"), PRESETS)
def test_every_preset_validates(family, preset):
    validator(family).validate(definition_of(family, preset))


def test_every_family_with_presets_describes_its_fields():
    assert {family for family, _ in PRESETS} <= set(DESCRIBED)


@pytest.mark.parametrize("family", DESCRIBED)
def test_every_field_is_described_and_there(family):
    preset = next(iter(FAMILIES[family].presets))
    definition = definition_of(family, preset)
    schema = schemas.schema_of(family)
    assert set(schema["properties"]) == {*definition, "only"}
    for path, of in places(schema, definition):
        assert of["description"], written(path)


@pytest.mark.parametrize("family", DESCRIBED)
def test_values_of_a_wrong_kind_are_refused_by_schema_and_code_alike(family):
    definition = definition_of(family, next(iter(FAMILIES[family].presets)))
    check = validator(family)
    for path, of in places(schemas.schema_of(family), definition):
        for value in WRONG[of["type"]]:
            wrong = changed(definition, path, value)
            assert not check.is_valid(wrong), f"{written(path)} = {value!r}"
            assert any(place.startswith(written(path)) for place in refusal(wrong)), wrong


@pytest.mark.parametrize("family", DESCRIBED)
def test_values_out_of_range_are_refused_by_schema_and_code_alike(family):
    definition = definition_of(family, next(iter(FAMILIES[family].presets)))
    check = validator(family)
    for path, of in places(schemas.schema_of(family), definition):
        rule = of.get("items", of)
        wrong = [rule["minimum"] - 1] if "minimum" in rule else []
        wrong += [rule["maximum"] + 1] if "maximum" in rule else []
        wrong += ["of no such kind"] if rule.get("type") == "string" and "enum" in rule else []
        for value in wrong:
            found = changed(definition, path, [value] if of["type"] == "array" else value)
            assert not check.is_valid(found), f"{written(path)} = {value!r}"
            assert any(place.startswith(written(path)) for place in refusal(found)), path


@pytest.mark.parametrize("family", DESCRIBED)
def test_missing_and_unknown_fields_are_refused_by_schema_and_code_alike(family):
    definition = definition_of(family, next(iter(FAMILIES[family].presets)))
    check = validator(family)
    unknown = definition | {"surprise": 1}
    assert not check.is_valid(unknown)
    assert "surprise" in refusal(unknown)
    for name in schemas.schema_of(family)["required"]:
        if name != "family":
            missing = {key: value for key, value in definition.items() if key != name}
            assert not check.is_valid(missing)
            assert name in refusal(missing)


@pytest.mark.parametrize("family", DESCRIBED)
def test_defaults_are_those_of_the_code(family):
    definition = definition_of(family, next(iter(FAMILIES[family].presets)))
    schema = schemas.schema_of(family)
    short = {name: definition[name] for name in schema["required"]}
    defaults = {
        name: of["default"] for name, of in schema["properties"].items() if "default" in of
    }
    assert outcome(short) == outcome(defaults | short)


def test_options_that_are_kept_are_part_of_every_schema():
    check = validator("proxyless")
    definition = definition_of("proxyless", "small")
    check.validate(definition | {"only": {"stage1.block1": ["k3 e3"]}})
    assert not check.is_valid(definition | {"only": {"stage1.block1": []}})


def test_the_documentation_is_that_of_the_code():
    """Made by `manage.py describe_spaces --file docs/spaces.md`."""
    from searches.spaces.documentation import documentation

    page = Path(__file__).parents[3] / "docs" / "spaces.md"
    assert page.read_text() == documentation()
