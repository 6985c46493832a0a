import fc from "fast-check";
import type { LargeSpec } from "./large-objects.ts";

const wild = fc.string({ unit: fc.constantFrom("*", "?", "a", "b", "Get", "e"), minLength: 1, maxLength: 40 });
const action = fc
  .tuple(fc.constantFrom("s3", "iam", "*", "ec2", "I*m"), wild)
  .map(([service, name]) => `${service}:${name}`.slice(0, 128));
// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM.
const VARIABLE = "${aws:x}";
const resource = fc.oneof(
  fc.constant("*"),
  fc
    .array(fc.constantFrom("*", "?", ":", "a", "/", "${", "}", VARIABLE, "'", "b*", "\u00e9"), { maxLength: 60 })
    .map((parts) => `arn:${parts.join("")}`),
);
/** So many of something: mostly few, sometimes as many as the schema admits. */
const listOf = <T>(item: fc.Arbitrary<T>, max: number): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.array(item, { minLength: 1, maxLength: 6 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.array(item, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max }))
        .map(([items, count]) => Array.from({ length: count }, (_, i) => items[i % items.length] as T)),
    },
    { weight: 1, arbitrary: fc.array(item, { minLength: Math.min(40, max), maxLength: max }) },
  );
const word = fc.string({ unit: fc.constantFrom("a", "B", ":", " ", "'", '"', "\\", "1"), minLength: 1, maxLength: 20 });
const conditions = fc.dictionary(
  word,
  fc.dictionary(
    word,
    listOf(
      fc.string({ unit: "binary-ascii", maxLength: 60 }).map((text) => text.replaceAll(/[^ -~]/g, ".")),
      200,
    ),
    { minKeys: 1, maxKeys: 20 },
  ),
  { minKeys: 1, maxKeys: 20 },
);
const statement = fc
  .record({
    effect: fc.constantFrom("Allow", "Deny"),
    ofActions: fc.tuple(fc.constantFrom("actions", "actions", "notActions"), listOf(action, 300)),
    ofResources: fc.tuple(fc.constantFrom("resources", "resources", "notResources"), listOf(resource, 200)),
    conditions: fc.option(conditions, { nil: undefined, freq: 3 }),
  })
  .map(({ effect, ofActions, ofResources, conditions: tests }) => ({
    effect,
    [ofActions[0]]: ofActions[1],
    [ofResources[0]]: ofResources[1],
    ...(tests === undefined ? {} : { conditions: tests }),
  }));
const trustStatement = fc.record({
  effect: fc.constantFrom("Allow", "Deny"),
  principals: fc.record({
    aws: listOf(
      fc.integer({ min: 0, max: 999 }).map((n) => `arn:aws:iam::123456789012:role/r${n}`),
      50,
    ),
  }),
});

/** Specs of random shapes that the CRD admits, within IAM's limits and beyond. */
export const randomSpec: fc.Arbitrary<LargeSpec["spec"]> = fc.record({
  statements: listOf(statement, 40),
  trust: fc.record({ statements: fc.array(trustStatement, { maxLength: 20 }) }),
});
