"""ungrown.py RECORD NOW: the dump NOW, without what its structs may have grown by since RECORD.

A struct that carries its size, as its first member struct_size, may grow at its end: the library looks there first and
takes what an older header had. So may one whose size is an argument of the functions that fill it. All that the record
has must still be where it was, and what is new must lie behind it; else the struct stays as it is, for abidiff to see.
(abidiff's own has_data_member_inserted_at lets more pass: version 2.2 hides members that change places.)
"""

import sys
from xml.etree import ElementTree as tree

SIZED_BY_ARGUMENT = {"streamcache_batch_item"}


def structs(dump):
    return {struct.get("name"): struct for struct in dump.iter("class-decl") if len(struct)}


def may_grow(struct):
    return struct.find("data-member/var-decl").get("name") == "struct_size" or struct.get("name") in SIZED_BY_ARGUMENT


def text(element):
    return tree.tostring(element, encoding="unicode").split()


def has_only_grown(before, now):
    known, new = list(now)[:len(before)], list(now)[len(before):]
    return list(map(text, before)) == list(map(text, known)) and all(
        int(member.get("layout-offset-in-bits")) >= int(before.get("size-in-bits")) for member in new)


def main():
    record, now = (tree.parse(path) for path in sys.argv[1:3])
    today = structs(now)
    for name, before in structs(record).items():
        if name in today and may_grow(before) and has_only_grown(before, today[name]):
            for member in list(today[name])[len(before):]:
                today[name].remove(member)
            today[name].set("size-in-bits", before.get("size-in-bits"))
    print(tree.tostring(now.getroot(), encoding="unicode"))


if __name__ == "__main__":
    main()
