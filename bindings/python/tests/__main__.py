"""All tests, and a last line "counted: PASSED FAILED SKIPPED" for script/test."""

import sys
import unittest
from pathlib import Path


class Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    folder = Path(__file__).resolve().parent
    tests = unittest.defaultTestLoader.discover(str(folder), top_level_dir=str(folder.parent))
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=2).run(tests)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"counted: {result.passed} {failed} {len(result.skipped)}")
    sys.exit(1 if failed or not result.passed else 0)


if __name__ == "__main__":
    main()
