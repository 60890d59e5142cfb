"""prune.py HEADER <DUMP >PRUNED: of abidw's dump of the library, what the header's callers can see.

That is the exported functions, and the types their signatures lead to: a struct with its members where the header
defines it, and by its name alone where the header only declares it. Types get ids that say what they are. Left out are
the names of folders and compilers, and whatever else Rust's debug information has: the same ABI makes the same file.
"""

import re
import sys
from xml.etree import ElementTree as tree

# The elements that are types, in the order they are written.
KINDS = ["type-decl", "enum-decl", "class-decl", "union-decl", "array-type-def", "qualified-type-def", "pointer-type-def",
         "typedef-decl", "function-type"]
# Those without elements in them that refer to another.
INDIRECT = ["qualified-type-def", "pointer-type-def", "typedef-decl"]
# What says only what is so anyway.
NOISE = {("visibility", "default"), ("access", "public"), ("binding", "global")}


def structs_of(header):
    """The structs whose members are in the header."""
    return set(re.findall(r"^typedef struct (\w+) \{", header, re.MULTILINE))


class Dump:
    def __init__(self, corpus, structs):
        self.corpus, self.structs = corpus, structs
        self.types, self.functions = {}, {}
        for element in corpus.iter():
            if element.tag == "function-decl" and element.get("elf-symbol-id"):
                self.functions[element.get("name")] = element
            elif element.tag in KINDS and (element.get("id") not in self.types or not element.get("is-declaration-only")):
                self.types[element.get("id")] = element

    def called(self, name):
        """The id a type gets: what it is, in words."""
        element = self.types[name]
        inner = element.get("type-id")
        if element.tag == "pointer-type-def":
            return self.called(inner) + "*"
        if element.tag == "array-type-def":
            return self.called(inner) + "".join(f"[{subrange.get('length')}]" for subrange in element.iter("subrange"))
        if element.tag == "qualified-type-def":
            return " ".join([self.called(inner), *(word for word in ("const", "volatile", "restrict") if element.get(word))])
        if element.tag == "function-type":
            parameters = ", ".join(self.called(parameter.get("type-id")) for parameter in element.iter("parameter"))
            return f"{self.called(element.find('return').get('type-id'))} ({parameters})"
        if element.tag == "class-decl":
            return "struct " + element.get("name")
        return "void" if element.get("name") == "c_void" else element.get("name")

    def seen_by_callers(self, element):
        """A copy with new ids; of a struct its data alone, of one without a definition in the header its name alone, and
        so of Rust's Option of a callback, whose name has the callback's signature."""
        if element.tag == "enum-decl" and element.get("name") == "c_void":
            return tree.Element("type-decl", {"name": "void", "id": "void"})
        copy = tree.Element(element.tag, {key: value for key, value in element.attrib.items() if (key, value) not in NOISE})
        for key in ("id", "type-id"):
            if element.tag != "subrange" and element.get(key):
                copy.set(key, self.called(element.get(key)))
        if element.tag in ("class-decl", "union-decl", "enum-decl") and element.get("name") not in self.structs:
            copy.attrib.pop("size-in-bits", None)
            copy.set("is-declaration-only", "yes")
        else:
            for child in element:
                if child.tag not in ("member-type", "member-function"):
                    copy.append(self.seen_by_callers(child))
        if element.tag == "subrange":
            copy.set("type-id", "size")
            copy.set("id", f"[{element.get('length')}]")
        return copy

    def reached(self):
        """The types that the functions' signatures lead to, by their new ids."""
        found, waiting = {}, list(self.functions.values())
        while waiting:
            for part in waiting.pop().iter():
                name = part.get("type-id")
                if name is None or part.tag == "subrange" or self.called(name) in found:
                    continue
                found[self.called(name)] = self.seen_by_callers(self.types[name])
                if len(found[self.called(name)]) or self.types[name].tag in INDIRECT:
                    waiting.append(self.types[name])
        return found

    def pruned(self):
        result = tree.Element("abi-corpus", {key: self.corpus.get(key) for key in ("version", "architecture", "soname")})
        result.append(self.corpus.find("elf-function-symbols"))
        unit = tree.SubElement(result, "abi-instr", {"address-size": "64", "path": "streamcache.h", "language": "LANG_C99"})
        unit.append(tree.Element("type-decl", {"name": "size", "size-in-bits": "64", "id": "size"}))
        unit.extend(sorted(self.reached().values(), key=lambda t: (KINDS.index(t.tag), t.get("id"))))
        unit.extend(self.seen_by_callers(self.functions[name]) for name in sorted(self.functions))
        return result


def main():
    with open(sys.argv[1], encoding="utf-8") as header:
        structs = structs_of(header.read())
    result = Dump(tree.fromstring(sys.stdin.read()), structs).pruned()
    tree.indent(result)
    print(tree.tostring(result, encoding="unicode"))


if __name__ == "__main__":
    main()
