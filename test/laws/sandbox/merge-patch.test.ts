import fc from "fast-check";
import { expect, test } from "vitest";
import { mergePatch } from "../../../src/sandbox/kube/decoding/patch.ts";

test("a merge patch that a result was made with changes it no more", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.dictionary(fc.string(), json), (target, patch) => {
      const once = mergePatch(target as never, patch as never);
      expect(mergePatch(once, patch as never)).toEqual(once);
    }),
  );
});
