"""Writes calls.txt: which prompts 60 telephone scripts say, and which scripts 200 callers hear.

    python3 calls.py SOUNDS > calls.txt

SOUNDS is the folder of Debian's asterisk-core-sounds-en-wav with the prompts. The file is committed, so that everyone
measures the same calls; this program is how it was made.
"""

import itertools
import random
import sys
from pathlib import Path

SCRIPTS = 60
CALLS = 200
GREETINGS = ["dir-welcome", "hello-world", "vm-intro", "queue-thankyou", "pls-hold-while-try"]

sounds = Path(sys.argv[1])
prompts = sorted(str(path.relative_to(sounds).with_suffix("")) for path in sounds.rglob("*.wav"))
prompts = [prompt for prompt in prompts if not prompt.startswith("silence/")]
rng = random.Random(4)


def one_of(things):
    return things[int(rng.random() * len(things))]  # random() is the same in every version of Python


def silence(at_least, at_most):
    return f"0*{at_least + int(rng.random() * (at_most - at_least + 1))}"


print("# Made by calls.py. A script is what a caller hears: prompts, each padded with zeros to whole chunks of 32 ms,")
print("# and 0*N, which is N chunks of digital silence. A call plays one script from the beginning.")
for number in range(1, SCRIPTS + 1):
    words = [silence(8, 8), one_of(GREETINGS)]
    for _ in range(2 + int(rng.random() * 4)):
        words += [silence(5, 20), one_of(prompts)]
    print(f"script {number}:", *words)

# Zipf: the n-th script is called 1/n times as often as the first.
weights = list(itertools.accumulate(1 / n for n in range(1, SCRIPTS + 1)))
calls = []
for _ in range(CALLS):
    draw = rng.random() * weights[-1]
    calls.append(1 + next(i for i, weight in enumerate(weights) if draw < weight))
for i in range(0, CALLS, 25):
    print("calls:", *calls[i : i + 25])
