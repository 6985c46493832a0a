import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { ConditionDraft } from "../../../src/status/conditions.ts";
import { samplesOfReasons } from "./samples-of-reasons.ts";

const FOLDER = join(import.meta.dirname, "../../../docs/spec");
const BOOK = readFileSync(join(FOLDER, "instance-profile.md"), "utf8");

/** The reasons that the book explains, in its order. */
const EXPLAINED = [...(BOOK.split("\n### Reasons\n")[1] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(
  ([, reason]) => reason ?? "",
);

const INTRODUCTION = `# Samples of conditions

For each reason of \`Ready\` the conditions of an object that has it, without their times and generations. What each means, and what to do,
is in [the book of the CRD](instance-profile.md#reasons). Names and numbers in the messages are examples.

The code itself has written this page: \`npm run golden\` writes it anew.
`;

let samples: ReadonlyMap<string, readonly ConditionDraft[]>;
beforeAll(async () => {
  samples = await samplesOfReasons();
});

describe("the samples of conditions", () => {
  test("are one for each reason that the book explains, and for no other", () => {
    const ours = [...samples.keys()].filter((reason) => reason !== "");
    expect(ours.toSorted()).toEqual(EXPLAINED.toSorted());
  });

  test("are what the book shows", async () => {
    const sections = EXPLAINED.map((reason) => {
      const conditions = stringify(samples.get(reason), { lineWidth: 0 });
      return `## ${reason}\n\n\`\`\`yaml\n${conditions}\`\`\`\n`;
    });
    const page = [INTRODUCTION, ...sections].join("\n");
    await expect(page).toMatchFileSnapshot(join(FOLDER, "condition-samples.md"));
  });
});
