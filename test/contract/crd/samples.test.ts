import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { type ApiAnswer, sandboxAnswer } from "./api-answer.ts";
import { listSamples, type Manifest } from "./samples.ts";

function parserAnswer(manifest: Manifest): string {
  try {
    parseInstanceProfile(manifest);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const samples = listSamples().map((sample) => ({ name: basename(sample.file, ".yaml"), sample }));

test("there are accepted samples, and at least twenty refused ones", () => {
  const outcomes = samples.map(({ sample }) => sample.outcome);
  expect(outcomes.filter((outcome) => outcome === "accepted").length).toBeGreaterThanOrEqual(2);
  expect(outcomes.filter((outcome) => outcome !== "accepted").length).toBeGreaterThanOrEqual(20);
});

describe("the parser", () => {
  test.each(samples)("gives $name the answer it must get", ({ sample }) => {
    if (sample.outcome === "refused") expect(parserAnswer(sample.manifest)).toContain(sample.message);
    else if (sample.outcome === "accepted") expect(parserAnswer(sample.manifest)).toBe("");
    else expect([sample.before, sample.after].map(parserAnswer)).toEqual(["", ""]);
  });
});

function messageOf(answer: ApiAnswer): string {
  return answer.outcome === "stored" ? "" : answer.message;
}

describe("the sandbox's API server", () => {
  test.each(samples)("gives $name the answer it must get", ({ sample }) => {
    if (sample.outcome === "accepted") expect(messageOf(sandboxAnswer(sample.manifest))).toBe("");
    else if (sample.outcome === "refused") expect(messageOf(sandboxAnswer(sample.manifest))).toContain(sample.message);
    else {
      expect(messageOf(sandboxAnswer(sample.before))).toBe("");
      expect(messageOf(sandboxAnswer(sample.after, sample.before))).toContain(sample.message);
    }
  });
});
