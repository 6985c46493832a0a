import { describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import type { Action } from "../../../src/plan/action.ts";
import { aClass } from "../../support/builders.ts";
import { Desk } from "../../unit/controller/desk.ts";

type ClassSpec = Partial<InstanceProfileClassSpec>;

const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const PUT = { effect: "Allow", actions: ["s3:PutObject"], resources: ["*"] };
const LAMBDA = { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"], statements: [] };
const WIDE_SPEC = { className: "readers", statements: [GET, PUT], managedPolicyArns: [ADMIN], trust: LAMBDA };

const WIDE: ClassSpec = {
  allowedActions: ["s3:*"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"],
  allowedTrustServices: LAMBDA.services,
  allowAdoption: true,
};
const NARROW: ClassSpec = { allowedActions: ["s3:Get*"], allowAdoption: true };

/** What a person does, until the controller has nothing left to do. */
interface Story {
  readonly name: string;
  /** Leaves the object and AWS as they are before it. */
  readonly before: (desk: Desk) => Promise<void>;
  readonly act: (desk: Desk) => void;
}

const STORIES: readonly Story[] = [
  { name: "a create", before: async () => {}, act: (desk) => desk.apply(WIDE_SPEC) },
  {
    name: "an edit",
    async before(desk) {
      desk.apply({ className: "readers", statements: [GET] });
      await settle(desk);
    },
    act: (desk) => desk.apply(WIDE_SPEC),
  },
  {
    name: "an adoption",
    before: async (desk) => desk.iam.outsiderMakesRole("app"),
    act: (desk) => desk.apply({ ...WIDE_SPEC, adoptionPolicy: "IfExists" }),
  },
];

function classOf(spec: ClassSpec, onViolation: "Strip" | "Keep", generation: number): readonly KubeObject[] {
  return [aClass({ ...spec, onViolation }, { metadata: { generation } }) as unknown as KubeObject];
}

/** Reconciles as the queue would, until nothing is due soon. */
async function settle(desk: Desk): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const requeue = await desk.reconcile();
    // A watch that lags catches up sooner or later.
    desk.seenClasses = undefined;
    if (requeue.kind === "done") return;
    const delayMs = requeue.kind === "after" ? requeue.delayMs : 1_000;
    desk.nowMs += delayMs;
    if (delayMs >= 30_000) return;
  }
  throw new Error("the controller does not settle");
}

/** Every request to AWS or the API server, counted; `at` is called in the middle of each. */
function intercept(desk: Desk, at: () => void): void {
  desk.iam.beforeRead = async () => at();
  desk.iam.beforeWrite = async () => at();
  for (const method of ["get", "patch", "patchStatus"] as const) {
    const send = desk.kube[method].bind(desk.kube) as (...args: unknown[]) => Promise<never>;
    desk.kube[method] = ((...args: unknown[]) => {
      at();
      return send(...args);
    }) as never;
  }
}

function isBeyond(action: Action): boolean {
  const { document, policyArn } = action as { readonly document?: string; readonly policyArn?: string };
  const isRemoval = /^(Delete|Detach)/.test(action.kind);
  return !isRemoval && /PutObject|AdministratorAccess|lambda/.test(`${document} ${policyArn}`);
}

function accessInAws(desk: Desk): string {
  const { inlinePolicyDocuments, managedPolicyArns, trustPolicy } = desk.iam.role("app") ?? {};
  return JSON.stringify({ inlinePolicyDocuments, managedPolicyArns, trustPolicy });
}

type Case = {
  readonly story: Story;
  readonly onViolation: "Strip" | "Keep";
  /** How the narrowing becomes known: by the watch, or only by a list, in a reconcile that AWS keeps waiting for its turns. */
  readonly known: "by the watch" | "by a list";
  readonly successor: boolean;
};

async function requestsOf({ story, onViolation, known }: Case): Promise<number> {
  const desk = new Desk();
  desk.classes = classOf(WIDE, onViolation, 1);
  await story.before(desk);
  let requests = 0;
  intercept(desk, () => {
    requests += 1;
    if (known === "by a list") desk.nowMs += 6_000;
  });
  story.act(desk);
  await settle(desk);
  expect(accessInAws(desk)).toContain("PutObject");
  return requests;
}

/** The story, with the class narrowed at its request `index`. */
async function narrowedAt(index: number, { story, onViolation, known, successor }: Case): Promise<void> {
  const desk = new Desk();
  desk.classes = classOf(WIDE, onViolation, 1);
  await story.before(desk);
  let requests = 0;
  let writesBefore = Number.POSITIVE_INFINITY;
  intercept(desk, () => {
    requests += 1;
    if (known === "by a list") desk.nowMs += 6_000;
    if (requests !== index) return;
    if (known === "by a list") desk.seenClasses = desk.classes;
    desk.classes = classOf(NARROW, onViolation, 2);
    writesBefore = desk.iam.writes.length;
  });
  story.act(desk);
  await desk.reconcile();
  if (successor) desk.restart();
  await settle(desk);
  // The watch wakes the objects of a class that has changed.
  await settle(desk);
  const late = desk.iam.writes.slice(writesBefore);
  expect(late.filter(isBeyond), `request ${index}`).toEqual([]);
  if (onViolation === "Keep") expect(late, `request ${index}`).toEqual([]);
  else expect(accessInAws(desk), `request ${index}`).not.toMatch(/PutObject|AdministratorAccess|lambda/);
  expect(desk.condition("Compliant"), `request ${index}`).toMatch(/^False /);
}

const CASES: readonly Case[] = STORIES.flatMap((story) =>
  (["Strip", "Keep"] as const).flatMap((onViolation) =>
    (["by the watch", "by a list"] as const).flatMap((known) =>
      [false, true].map((successor) => ({ story, onViolation, known, successor })),
    ),
  ),
);

describe("A class that is narrowed at any request of", () => {
  test.each(CASES.map((one) => [one.story.name, one.onViolation, one.known, one.successor, one] as const))(
    "%s holds from there on (%s, known %s, another replica goes on: %s)",
    async (_name, _policy, _known, _successor, one) => {
      const requests = await requestsOf(one);
      expect(requests).toBeGreaterThan(5);
      for (let index = 1; index <= requests; index++) await narrowedAt(index, one);
    },
  );
});
