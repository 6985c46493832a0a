import { describe, expect, test } from "vitest";
import { misusesIn } from "../../scripts/vocabulary.ts";

const words = (text: string, file = "src/planted.ts"): readonly string[] =>
  misusesIn(file, text).map(({ word }) => word.toLowerCase());

describe("the vocabulary check finds a word of the private language", () => {
  test.each<[string, string, string]>([
    ["in the name of a class", "export class AccountSweep {}", "sweep"],
    ["in the name of a function", "function isSettled(): boolean {", "settled"],
    ["in the name of a file that is imported", 'import { a } from "./profile-sweep.ts";', "sweep"],
    ["in a message", 'throw new Error("nobody may write it");', "nobody"],
    ["in a comment", "/** Looks at the account as a whole. */", "looks at"],
    ["in a page", "A role is begun anew.", "begun"],
    ["of several words", "The deletion is held up by it.", "held up"],
  ])("%s", (_, text, word) => {
    expect(words(text)).toContain(word);
  });
});

describe("it passes", () => {
  test.each([
    ["words that contain one", "const newspaper = outlook; // understanding, unsettlingly"],
    ["the words to use", "The account scan found drift, and the controller repairs it."],
  ])("%s", (_, text) => {
    expect(words(text)).toEqual([]);
  });
});

test("it says where the word is, and what to write instead", () => {
  expect(misusesIn("docs/a.md", "one\nThe sweep ends.\n")).toEqual([
    { file: "docs/a.md", line: 2, word: "sweep", instead: "account scan" },
  ]);
});
