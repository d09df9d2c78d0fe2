"""Reads [{name, yaml, json, version}] from stdin: the YAML must read back as the JSON, and every
object must satisfy the API's schema, unknown fields refused. Prints what does not."""

import json
import sys

import kubernetes_validate
import yaml


class Strict(yaml.SafeLoader):
    """As the API server: a key may stand only once."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"duplicate keys {twice}")
        return super().construct_mapping(node, deep)


faults = 0
for case in json.load(sys.stdin):
    try:
        documents = list(yaml.load_all(case["yaml"], Loader=Strict))
        if documents != case["json"]["items"]:
            raise ValueError(f"read back as {documents}")
        for document in documents:
            kubernetes_validate.validate(document, case["version"], strict=True)
    except Exception as error:
        faults += 1
        print(f"{case['name']}: {type(error).__name__}: {str(error)[:2000]}")
sys.exit(1 if faults else 0)
