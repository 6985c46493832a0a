import { expect, test } from "vitest";
import { narrowsAccess } from "../../../src/model/narrows-access.ts";

const allow = (actions: readonly string[], resources: readonly string[] = ["*"], more: object = {}) => ({
  effect: "Allow",
  actions,
  resources,
  ...more,
});
const deny = (...actions: readonly string[]) => ({ effect: "Deny", actions, resources: ["*"] });
const BASE = {
  statements: [allow(["s3:Get*", "s3:PutObject"], ["arn:aws:s3:::team-a-*"])],
  managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
  trust: { services: ["ec2.amazonaws.com"], statements: [] },
};
const [statement] = BASE.statements;

test.each<[string, object]>([
  ["an action goes", { statements: [allow(["s3:Get*"], statement?.resources)] }],
  [
    "an action becomes one of those that it stood for",
    { statements: [allow(["s3:GetObject", "s3:PutObject"], statement?.resources)] },
  ],
  [
    "a resource becomes one of those that it stood for",
    { statements: [allow(["s3:Get*", "s3:PutObject"], ["arn:aws:s3:::team-a-logs"])] },
  ],
  ["a statement goes", { statements: [] }],
  ["a Deny statement comes", { statements: [statement, deny("s3:GetObject")] }],
  ["a managed policy goes", { managedPolicyArns: [] }],
  ["a permissions boundary comes", { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary" }],
])("an edit narrows when %s", (_, change) => {
  expect(narrowsAccess(BASE, { ...BASE, ...change })).toBe(true);
});

test.each<[string, object]>([
  ["nothing that grants access changes", { description: "x", tags: { a: "b" } }],
  ["an action comes", { statements: [allow(["s3:Get*", "s3:PutObject", "s3:DeleteObject"], statement?.resources)] }],
  [
    "one action takes the place of another",
    { statements: [allow(["s3:Get*", "s3:DeleteObject"], statement?.resources)] },
  ],
  [
    "a statement goes and another managed policy comes",
    { statements: [], managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] },
  ],
  ["only the name of a statement changes", { statements: [{ ...statement, sid: "Renamed" }] }],
  ["another service may assume the role", { trust: { services: ["lambda.amazonaws.com"], statements: [] } }],
])("an edit does not narrow when %s", (_, change) => {
  expect(narrowsAccess(BASE, { ...BASE, ...change })).toBe(false);
});

test("an edit that takes a limit away does not narrow, whatever else it removes", () => {
  const limited = { ...BASE, statements: [...BASE.statements, deny("s3:GetObject")] };
  expect(narrowsAccess(limited, { ...BASE, statements: [] })).toBe(false);
  expect(narrowsAccess({ ...BASE, permissionsBoundaryArn: "arn:x" }, { ...BASE, statements: [] })).toBe(false);
});

test.each(["inlinePolicies", "managedPolicies"])("an edit of %s counts like one of statements", (field) => {
  const read = { name: "a", statements: [allow(["s3:Get*"])] };
  const withPolicies = (...policies: readonly object[]): object => ({ ...BASE, [field]: policies });
  expect(narrowsAccess(withPolicies(read), withPolicies())).toBe(true);
  expect(narrowsAccess({ ...withPolicies(), ...BASE }, { ...withPolicies(read), managedPolicyArns: [] })).toBe(false);
});

test.each<[string, (document: object) => unknown]>([
  ["an object", (document) => document],
  ["a text", (document) => JSON.stringify(document)],
])("an edit that takes away a document with a Deny does not narrow, as %s", (_, form) => {
  const withDocument = (effect: string): object => ({
    ...BASE,
    inlinePolicies: [{ name: "a", document: form({ Statement: { Effect: effect, Action: "s3:*", Resource: "*" } }) }],
  });
  expect(narrowsAccess(withDocument("Deny"), BASE)).toBe(false);
  expect(narrowsAccess(withDocument("Allow"), BASE)).toBe(true);
});

test("an edit of thousands of patterns is judged at once, and by its additions counts as any edit", () => {
  const actions = (prefix: string) => Array.from({ length: 5_000 }, (_, i) => `s3:${prefix}${"*a".repeat(20)}${i}`);
  const before = { statements: [allow(actions("Get"))] };
  expect(narrowsAccess(before, { statements: [allow(actions("Put"))] })).toBe(false);
});

test("a spec that is missing grants nothing", () => {
  expect([narrowsAccess(undefined, BASE), narrowsAccess(BASE, undefined)]).toEqual([false, true]);
});

test("trust without services is trust of EC2", () => {
  const lambda = { ...BASE, trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"], statements: [] } };
  expect(narrowsAccess(lambda, { ...BASE, trust: { statements: [] } })).toBe(true);
  expect(narrowsAccess({ ...BASE, trust: { statements: [] } }, lambda)).toBe(false);
  expect(narrowsAccess({ ...BASE, trust: { services: [], statements: [] } }, { ...BASE, trust: {} })).toBe(false);
});
