import { expect, test } from "vitest";
import { piecesOf } from "../../../src/cli/manifests/yaml-reader.ts";

const cut = (text: string): readonly string[] => [...piecesOf(text)].map((piece) => piece.text);

test.each<[string, string, readonly string[]]>([
  ["nothing", "", [""]],
  ["one document", "a: 1\n", ["a: 1\n"]],
  ["documents", "a: 1\n---\nb: 2\n--- c\n", ["a: 1\n", "---\nb: 2\n", "--- c\n"]],
  [
    "comments and directives before a document",
    "# c\n\n---\na\n...\n%YAML 1.1\n---\nb",
    ["# c\n\n---\na\n...", "\n%YAML 1.1\n---\nb"],
  ],
  ["lines that end in CR", "a\r---\rb\r\n---\r\nc", ["a\r", "---\rb\r\n", "---\r\nc"]],
  ["markers that are none", "a: ---\n ---\n----\n---x\n\u2028---\n", ["a: ---\n ---\n----\n---x\n\u2028---\n"]],
])("a text is cut between its documents: %s", (_, text, pieces) => {
  expect(cut(text)).toEqual(pieces);
  expect(cut(text).join("")).toBe(text);
});
