"""The JSON schema of recipes, so that editors complete and check them."""

from typing import Any

from curate.recipe import Recipe
from curate.stages import STAGES, stage_class


def recipe_schema() -> dict[str, Any]:
    """A JSON schema with one alternative for every stage by its `use`."""
    schema = Recipe.model_json_schema(by_alias=True)
    definitions = schema.setdefault("$defs", {})
    alternatives = []
    for use in STAGES:
        stage = stage_class(use).model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(stage.pop("$defs", {}))
        stage["properties"] = {"use": {"const": use}, "after": {"type": "string"}, **stage["properties"]}
        stage["required"] = ["use"]
        definitions[f"stage_{use}"] = stage
        alternatives.append({"$ref": f"#/$defs/stage_{use}"})
    schema["properties"]["stage"] = {"type": "array", "items": {"anyOf": alternatives}}
    schema["properties"] |= {"extends": {"type": "string"}, "remove": {"type": "array", "items": {"type": "string"}}}
    schema["required"] = ["name"]
    return schema
