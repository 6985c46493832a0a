import fc from "fast-check";
import { expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { TerminalError } from "../../../src/errors.ts";
import { asStored } from "../../support/builders.ts";
import { lawRuns } from "../../support/law-runs.ts";
import { nearManifest } from "./manifest-arbitrary.ts";

/** Undefined when the parser refuses as it promises to; throws when it fails in any other way. */
function parsed(value: unknown): InstanceProfile | undefined {
  try {
    return parseInstanceProfile(value);
  } catch (error) {
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toHaveProperty("reason", "InvalidSpec");
    expect((error as Error).message.length).toBeLessThan(32_768);
    return undefined;
  }
}

test("any value at all is parsed or refused as InvalidSpec", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
  });
  fc.assert(fc.property(anything, (value) => void parsed(value)));
});

test("any value in any place of a manifest is parsed or refused as InvalidSpec", () => {
  const places = ["roleName", "statements", "trust", "tags", "managedPolicyArns", "instances", "suspend", "path"];
  const manifest = fc
    .tuple(nearManifest(), fc.constantFrom(...places), fc.anything({ maxDepth: 4 }))
    .map(([near, place, value]) => ({ ...near, spec: { ...Object(near["spec"]), [place]: value }, status: value }));
  fc.assert(fc.property(manifest, (value) => void parsed(value)));
});

test("parsing a manifest, and parsing what came of it, give the same", () => {
  let accepted = 0;
  fc.assert(
    fc.property(nearManifest(), (value) => {
      const once = parsed(value);
      if (once === undefined) return;
      accepted += 1;
      // What was left out for its size is not there to be left out again, and a derived name is a given one.
      const { oversize: _, derivedNames: _derived, ...kept } = once;
      expect(parsed(asStored(once))).toEqual(kept);
    }),
    { numRuns: lawRuns(500) },
  );
  // Otherwise the law above would be empty.
  expect(accepted).toBeGreaterThan(lawRuns(50));
});

test("parsing changes nothing of what it is given", () => {
  fc.assert(
    fc.property(nearManifest(), (value) => {
      const before = structuredClone(value);
      parsed(value);
      expect(value).toEqual(before);
    }),
  );
});
