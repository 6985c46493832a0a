import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { ConditionDraft } from "../../../src/status/conditions.ts";
import type { EventDraft } from "../../../src/status/outcome.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What the code told of one golden case. */
export interface GoldenSample {
  readonly conditions: readonly ConditionDraft[];
  readonly events: readonly EventDraft[];
}

/** Those of the golden cases, which are plans for what somebody has done to an account. */
export function goldenSamples(): readonly GoldenSample[] {
  return globSync("test/cases/*/status.yaml", { cwd: ROOT })
    .sort()
    .map((file) => {
      const { status, events } = parse(readFileSync(join(ROOT, file), "utf8")) as GoldenSample & {
        readonly status: Pick<GoldenSample, "conditions">;
      };
      return { conditions: status.conditions.map(withoutTimes), events };
    });
}

/** Without what is different each time. */
export function withoutTimes({ type, status, reason, message }: ConditionDraft): ConditionDraft {
  return { type, status, reason, message };
}
