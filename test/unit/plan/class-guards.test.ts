import { expect, test } from "vitest";
import { classViolations, VIOLATION_REASONS } from "../../../src/plan/class/class-guards.ts";
import { anInstanceProfile } from "../../support/builders.ts";
import { allow, boundsOf, CAREFUL, NAMED, REASONS } from "./guarded-specs.ts";

/** A spec that violates every kind of bound of {@link CAREFUL}. */
const { spec: WIDE } = anInstanceProfile({
  spec: {
    ...NAMED,
    ...allow(["iam:*"]),
    path: "/",
    managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
  },
});

const reasonsOf = (...args: Parameters<typeof boundsOf>): readonly string[] =>
  classViolations(WIDE, boundsOf(...args)).map(({ reason }) => reason);

test("all violations are reported at once: of the names, the statements and the other access", () => {
  expect(reasonsOf(CAREFUL)).toEqual(["PathNotAllowed", "ActionNotAllowed", "ManagedPolicyNotAllowed"]);
});

test("an object too many is told its other violations too", () => {
  expect(reasonsOf({ ...CAREFUL, maxPerNamespace: 1 }, { olderPeers: 1 })).toEqual([
    "TooManyObjects",
    "PathNotAllowed",
    "ActionNotAllowed",
    "ManagedPolicyNotAllowed",
  ]);
});

test("a namespace that the class does not allow learns nothing of what the class allows", () => {
  expect(reasonsOf({ ...CAREFUL, namespaces: ["team-b"], maxPerNamespace: 1 }, { olderPeers: 1 })).toEqual([
    "NamespaceNotAllowed",
  ]);
});

test("the reasons that count as a violation in a condition are those that the guards give", () => {
  expect([...VIOLATION_REASONS].sort()).toEqual(Object.values(REASONS).flat().sort());
});

test("a statement that the class refuses for its actions or resources is not reported again for its maximum access", () => {
  const maximumAccess = { statements: [{ effect: "Allow" as const, actions: ["s3:Get*"], resources: ["*"] }] };
  const of = (...actions: readonly string[]): readonly string[] => {
    const statements = actions.map((action) => ({ effect: "Allow" as const, actions: [action], resources: ["*"] }));
    const { spec } = anInstanceProfile({ spec: { statements } });
    const found = classViolations(spec, boundsOf({ allowedActions: ["s3:*"], maximumAccess }));
    return found.map(({ reason, message }) => `${reason} ${/\[\d+\]/.exec(message)?.[0]}`);
  };
  expect(of("iam:GetRole")).toEqual(["ActionNotAllowed [0]"]);
  expect(of("iam:GetRole", "s3:PutObject", "s3:GetObject")).toEqual(["ActionNotAllowed [0]", "AccessNotAllowed [1]"]);
});

test("a statement of which another guard decides nothing is still reported for its maximum access", () => {
  const { spec } = anInstanceProfile({ spec: allow(["s3:*"]) });
  const intricate = [
    ...[..."abcdefghijklmnopqrstuvwxyz0123456789_-"].map((letter) => `s3:*${letter}${"?".repeat(50)}`),
    ...Array.from({ length: 51 }, (_, i) => `s3:${"?".repeat(i + 1)}`),
  ];
  const maximumAccess = { statements: [{ effect: "Allow" as const, actions: ["ec2:*"], resources: ["*"] }] };
  const reasons = classViolations(spec, boundsOf({ allowedActions: intricate, maximumAccess })).map(
    (one) => one.reason,
  );
  expect(reasons).toEqual(["PolicyTooComplex", "AccessNotAllowed"]);
});
