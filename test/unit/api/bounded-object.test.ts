import { expect, test } from "vitest";
import { boundedObject, oversizeIn, withBoundedPolicies } from "../../../src/api/bounded-object.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { statementsIn } from "../../support/builders.ts";
import { grid } from "../../support/large-objects.ts";
import { s3ReadOnly } from "../../support/manifest.ts";

const KEY = { namespace: "team-a", name: "app" };
const large = s3ReadOnly(KEY, grid(20, 300, 200));

test("an object within IAM's limits stays as it is", () => {
  const object = s3ReadOnly(KEY);
  expect(withBoundedPolicies(object)).toBe(object);
  expect(boundedObject(object)).toEqual(object);
});

test("in place of a policy that is too large stands a denial of everything", () => {
  const { spec, oversize } = parseInstanceProfile(boundedObject(large));
  expect(statementsIn(spec)).toEqual([{ effect: "Deny", actions: ["*"], resources: ["*"] }]);
  expect(oversize?.map(({ field }) => field)).toEqual(["spec.statements"]);
});

test("in place of a trust policy that is too large nobody is trusted", () => {
  const principals = {
    aws: Array.from({ length: 50 }, (_, i) => `arn:aws:iam::123456789012:role/${"r".repeat(200)}${i}`),
  };
  const object = s3ReadOnly(KEY, { trust: { statements: [{ effect: "Allow", principals }] } });
  const { spec } = parseInstanceProfile(object);
  expect([spec.trust.services, spec.trust.statements.map(({ effect }) => effect)]).toEqual([[], ["Deny"]]);
});

test("what was left out stays known when the object is copied, and when it is bounded once more", () => {
  const copy = boundedObject({ ...(boundedObject(large) as object), status: {} });
  expect(oversizeIn(copy).map(({ field }) => field)).toEqual(["spec.statements"]);
});

test("no field of a manifest is taken for what was left out", () => {
  const forged = JSON.parse(JSON.stringify({ ...s3ReadOnly(KEY), oversize: [{ field: "spec.trust", message: "" }] }));
  expect(oversizeIn(boundedObject(forged))).toEqual([]);
  expect(parseInstanceProfile(boundedObject(s3ReadOnly(KEY))).oversize).toBeUndefined();
});

test("of the metadata only what the controller reads is kept, and of its own annotations as much as a status has room for", () => {
  const annotations = {
    "example.com/large": "x".repeat(9_000),
    "iam.instanceprofile.dev/reconcile-at": "x".repeat(9_000),
  };
  const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`example.com/l${i}`, "v"]));
  const metadata = { labels, annotations, managedFields: [{}], finalizers: ["f"], uid: "u" };
  expect(boundedObject(s3ReadOnly(KEY, {}, metadata)).metadata).toEqual({
    ...KEY,
    annotations: { "iam.instanceprofile.dev/reconcile-at": "x".repeat(1_024) },
    finalizers: ["f"],
    uid: "u",
  });
});
