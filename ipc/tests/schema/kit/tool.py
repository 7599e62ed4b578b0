"""Two independent readers of the CDDL, for the tests.

shapes FILE...   reads the schema with cddlparser and prints, as JSON, what every rule means, with all names resolved
judge FILE...    reads lines [rule, hex, legal] from standard input and validates each with zcbor against the schema

Only the part of RFC 8610 that the schemas use is known here; anything else ends the program.
"""
import json
import sys
from multiprocessing import Pool


def read(files):
    return "".join(open(file, encoding="utf-8").read() for file in files)


def shapes(files):
    from cddlparser import ast, parse

    rules = {}
    # cddlparser 0.6 does not read `0*n`; `*n` means the same (RFC 8610, section 3.2).
    for rule in parse(read(files).replace("[0*", "[*")).rules:
        assert rule.assign.type == "=", rule.name.name
        assert rule.name.name not in rules, f"{rule.name.name} is defined twice"
        rules[rule.name.name] = rule.type
    used = set()

    def number(value):
        assert isinstance(value, ast.Value) and value.type == "number", value
        return int(value.value)

    def sizes(controller):
        if isinstance(controller, ast.Type):
            assert len(controller.types) == 1
            return sizes(controller.types[0])
        if isinstance(controller, ast.Range):
            return [number(controller.min), number(controller.max)]
        return [number(controller)] * 2

    def entries(group):
        assert len(group.groupChoices) == 1, "group choice"
        return group.groupChoices[0].groupEntries

    def member(entry):
        assert entry.occurrence is None, "optional member"
        key = entry.key.type
        assert isinstance(key, ast.Value), key
        return [int(key.value) if key.type == "number" else key.value, shape(entry.type)]

    def shape(node):
        if isinstance(node, ast.GroupEntry):
            assert node.key is None and node.occurrence is None
            return shape(node.type)
        if isinstance(node, ast.Type):
            return shape(node.types[0]) if len(node.types) == 1 else {"choice": [shape(t) for t in node.types]}
        if isinstance(node, ast.Value):
            if node.type == "number":
                return {"int": [int(node.value)] * 2}
            assert node.type == "text", node.type
            return {"word": node.value}
        if isinstance(node, ast.Range):
            assert node.rangeop.type == "..", "exclusive range"
            return {"int": [number(node.min), number(node.max)]}
        if isinstance(node, ast.Operator):
            assert node.name.literal == "size", node.name
            low, high = sizes(node.controller)
            base = node.type.name
            if base == "uint":
                assert low == high
                return {"int": [0, 256**high - 1]}
            return {{"tstr": "text", "bstr": "bytes"}[base]: [low, high]}
        if isinstance(node, ast.Typename):
            if node.name == "bool":
                return "bool"
            if node.name == "nil":
                return "nil"
            used.add(node.name)
            return shape(rules[node.name])
        if isinstance(node, ast.Map):
            return {"map": [member(entry) for entry in entries(node)]}
        if isinstance(node, ast.Array):
            (entry,) = entries(node)
            assert entry.key is None and entry.occurrence is not None, "array without a bound"
            most = entry.occurrence.m
            assert most == int(most), "array without an upper bound"
            return {"array": [int(entry.occurrence.n), int(most), shape(entry.type)]}
        raise AssertionError(f"not known here: {node!r}")

    known = {name: shape(node) for name, node in rules.items()}
    json.dump({name: known[name] for name in known if name not in used}, sys.stdout)


def prepare(files):
    global TYPES
    import zcbor

    text = read(files)
    # zcbor keeps and prints every reason it ever had, so that each packet would take longer than the one before.
    zcbor.DataTranslator.errors = property(lambda self: [], lambda self, value: None)
    TYPES = zcbor.DataTranslator.from_cddl(text, 3).my_types


def legal(line):
    rule, packet, _ = line
    try:
        TYPES[rule].validate_str(bytes.fromhex(packet))
        return True
    except Exception:  # zcbor has no common base class for "does not match"
        return False


def judge(files):
    lines = [json.loads(line) for line in sys.stdin]
    prepare(files)
    with Pool(2) as pool:
        verdicts = pool.map(legal, lines, 16)
    wrong = [(line, verdict) for line, verdict in zip(lines, verdicts) if verdict != line[2]]
    for (rule, packet, said), verdict in wrong[:10]:
        print(f"{rule}: the test says {said}, zcbor says {verdict}: {packet[:400]}", file=sys.stderr)
    print(len(lines))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    {"shapes": shapes, "judge": judge}[sys.argv[1]](sys.argv[2:])
