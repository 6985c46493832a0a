import { expect, test } from "vitest";
import { removedLinesDiff } from "../../../src/text/removed-lines.ts";

const NAMES = { before: "a", after: "b" };
const letters = (text: string): readonly string[] => [...text];

test("nothing removed is no diff", () => {
  expect(removedLinesDiff(letters("abc"), letters("abc"), NAMES)).toEqual([]);
});

test("removed lines are shown with three lines around them, in hunks that patch accepts", () => {
  expect(removedLinesDiff(letters("abcdefghijklmnopqrst"), letters("abcdfghijklmnopqs"), NAMES)).toEqual([
    ...["--- a", "+++ b"],
    ...["@@ -2,7 +2,6 @@", " b", " c", " d", "-e", " f", " g", " h"],
    ...["@@ -15,6 +14,4 @@", " o", " p", " q", "-r", " s", "-t"],
  ]);
});

test("a line that was not there before is an error, not a wrong diff", () => {
  expect(() => removedLinesDiff(letters("abc"), letters("axc"), NAMES)).toThrow("line 2 of the shorter text");
});
