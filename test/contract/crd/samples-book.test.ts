import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { ConditionDraft } from "../../../src/status/conditions.ts";
import { samplesOfClasses, samplesOfEvents, samplesOfInstances } from "./samples-of-events.ts";
import { samplesOfReasons } from "./samples-of-reasons.ts";

const FOLDER = join(import.meta.dirname, "../../../docs/reference");
const BOOK = readFileSync(join(FOLDER, "conditions.md"), "utf8");

/** The reasons that a section of the book explains, in its order. */
function explainedIn(title: string): readonly string[] {
  const section = (BOOK.split(`\n## ${title}\n`)[1] ?? "").split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason ?? "");
}

const EXPLAINED = explainedIn("Reasons");
const OF_INSTANCES = explainedIn("Reasons of `InstancesAssociated`");
const OF_CLASSES = explainedIn("Reasons of a class");
const OF_EVENTS = explainedIn("Events");

const INTRODUCTION = `# Samples of conditions

This page shows, for each reason of the first condition, the conditions of an object with that reason, without times and generations.
[Conditions, reasons and Events](conditions.md#reasons) says what each reason means and what to do. Names and numbers in the messages are
examples. Below are samples of the condition [of instances](#instancesassociated), of the conditions [of a class](#of-a-class), and
[of Events](#events).

This page is generated from the code by \`npm run golden\`.
`;

const CHAPTERS = {
  instances:
    "# InstancesAssociated\n\nThe condition of an object with `spec.instances`, [reason by reason](conditions.md).\n",
  classes:
    "# Of a class\n\nThe conditions of an InstanceProfileClass, [reason by reason](conditions.md#reasons-of-a-class).\n",
  events:
    "# Events\n\nThe Events that do not repeat the message of a condition, [reason by reason](conditions.md#events).\n",
};

function section(title: string, sample: unknown): string {
  return `## ${title}\n\n\`\`\`yaml\n${stringify(sample, { lineWidth: 0 })}\`\`\`\n`;
}

let samples: ReadonlyMap<string, readonly ConditionDraft[]>;
beforeAll(async () => {
  samples = await samplesOfReasons();
});

describe("the samples of conditions", () => {
  test("are one for each reason that the book explains, and for no other", () => {
    const ours = [...samples.keys()].filter((reason) => reason !== "");
    expect(ours.toSorted()).toEqual(EXPLAINED.toSorted());
  });

  test("of instances, classes and Events are one for each reason that the books explain", async () => {
    // What AWS's answers are called is explained once.
    const own = (reasons: Iterable<string>): readonly string[] => [...reasons].filter((it) => !EXPLAINED.includes(it));
    expect(own(samplesOfInstances().keys()).toSorted()).toEqual(OF_INSTANCES.toSorted());
    expect([...(await samplesOfClasses()).keys()].toSorted()).toEqual(OF_CLASSES.toSorted());
    expect(own(samplesOfEvents().keys()).toSorted()).toEqual(own(OF_EVENTS).toSorted());
  });

  test("are what the book shows", async () => {
    const [instances, classes, events] = [samplesOfInstances(), await samplesOfClasses(), samplesOfEvents()];
    const page = [
      INTRODUCTION,
      ...EXPLAINED.map((reason) => section(reason, samples.get(reason))),
      CHAPTERS.instances,
      ...[...OF_INSTANCES, "AccessDenied"].map((reason) => section(`${reason} of instances`, [instances.get(reason)])),
      CHAPTERS.classes,
      ...OF_CLASSES.map((reason) => section(`${reason} of a class`, classes.get(reason))),
      CHAPTERS.events,
      ...OF_EVENTS.map((reason) => section(`Event ${reason}`, events.get(reason))),
    ];
    await expect(page.join("\n")).toMatchFileSnapshot(join(FOLDER, "condition-samples.md"));
  });
});
