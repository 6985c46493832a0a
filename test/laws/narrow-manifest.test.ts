import fc from "fast-check";
import { expect, test } from "vitest";
import type { InstanceProfile } from "../../src/api/instance-profile.ts";
import { judgeManifest } from "../../src/cli/manifests/judge-manifest.ts";
import type { AccessLayer } from "../../src/model/access/access.ts";
import { requestContext } from "../../src/model/access/access-request.ts";
import { compareAccess } from "../../src/model/access/compare-access.ts";
import { evaluatePolicies } from "../../src/model/access/evaluate/evaluate.ts";
import type { ServiceAccess } from "../../src/model/access/service-access.ts";
import type { JsonObject } from "../../src/model/policy/policy-json.ts";
import { manifestAccess } from "../../src/plan/access/role-access.ts";
import { narrowManifest } from "../../src/plan/usage/narrow-manifest.ts";
import { lawRuns } from "../support/law-runs.ts";

const TRACKED = { s3: ["CreateBucket", "DeleteBucket", "GetBucketLocation"], ec2: ["RunInstances", "StopInstances"] };
const NOT_TRACKED = ["s3:GetObject", "s3:PutObject", "iam:PassRole", "sqs:SendMessage", "kms:Decrypt"];
const ACTIONS = [
  ...Object.entries(TRACKED).flatMap(([service, names]) => names.map((name) => `${service}:${name}`)),
  ...NOT_TRACKED,
];
const PATTERNS = ["*", "s3:*", "s3:*Bucket", "S3:createBucket", "ec2:Stop*", "iam:*"];
const RESOURCES = ["*", "arn:aws:s3:::logs", "arn:aws:s3:::logs/*"];

const list = (values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 4 });
const statement = fc.record({
  effect: fc.constantFrom("Allow", "Allow", "Deny"),
  actions: list([...ACTIONS, ...PATTERNS]),
  isNegated: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
  resources: list(RESOURCES),
  hasCondition: fc.boolean(),
});
type Drawn = typeof statement extends fc.Arbitrary<infer T> ? T : never;

const asStatement = ({ effect, actions, isNegated, resources, hasCondition }: Drawn) => ({
  effect,
  ...(isNegated ? { notActions: actions } : { actions }),
  resources,
  ...(hasCondition && { conditions: { Bool: { "aws:SecureTransport": ["true"] } } }),
});
const asDocument = (drawn: readonly Drawn[]) => ({
  Version: "2012-10-17",
  Statement: drawn.map(({ effect, actions, isNegated, resources, hasCondition }) => ({
    Effect: effect,
    [isNegated ? "NotAction" : "Action"]: actions.length === 1 ? actions[0] : actions,
    Resource: resources,
    ...(hasCondition && { Condition: { Bool: { "aws:SecureTransport": "true" } } }),
  })),
});
const statements = fc.array(statement, { minLength: 1, maxLength: 3 });

const manifests = fc.tuple(statements, statements).map(
  ([own, more]): JsonObject =>
    ({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name: "app", namespace: "team-a" },
      spec: { statements: own.map(asStatement), inlinePolicies: [{ name: "more", document: asDocument(more) }] },
    }) as never,
);
/** What the role did, of everything that it could do. */
const used = fc.subarray(ACTIONS);

function reportOf(usedActions: readonly string[]): readonly ServiceAccess[] {
  const services = [...new Set(ACTIONS.map((action) => action.split(":")[0] ?? ""))];
  return services.map((service) => ({
    service,
    ...(usedActions.some((action) => action.startsWith(`${service}:`)) && { lastAccessed: "2026-01-05T00:00:00.000Z" }),
    trackedActions: (TRACKED[service as keyof typeof TRACKED] ?? []).map((action) => ({
      action,
      ...(usedActions.includes(`${service}:${action}`) && { lastAccessed: "2026-01-05T00:00:00.000Z" }),
    })),
  }));
}

function documentsOf(manifest: JsonObject): AccessLayer {
  const { object, findings } = judgeManifest({ value: manifest });
  expect(findings).toEqual([]);
  return manifestAccess(object as InstanceProfile, new Map()).permissions.map(({ document }) => document ?? {});
}

interface Request {
  readonly action: string;
  readonly resource: string;
  readonly isSecure: boolean;
}

const REQUESTS: readonly Request[] = ACTIONS.flatMap((action) =>
  ["arn:aws:s3:::logs", "arn:aws:s3:::logs/a"].flatMap((resource) =>
    [true, false].map((isSecure) => ({ action, resource, isSecure })),
  ),
);

function allows(documents: AccessLayer = [], { action, resource, isSecure }: Request): boolean {
  const context = requestContext(isSecure ? { "aws:SecureTransport": "true" } : {});
  return evaluatePolicies(documents as never, { action, resource, context }).verdict === "allow";
}

test("a narrowed manifest is valid, allows nothing more, and still allows all that the role did and all that IAM does not track", () => {
  fc.assert(
    fc.property(manifests, used, (manifest, usedActions) => {
      const evidence = { services: reportOf(usedActions), dropsUnusedServices: false };
      const [before, after] = [manifest, narrowManifest(manifest, evidence).manifest].map(documentsOf);
      const [from, to] = [before, after].map((layer) => ({ use: "permissions" as const, layers: [layer ?? []] }));
      expect(compareAccess(from as never, to as never).verdict).toBe("no-new-access");
      const needed = REQUESTS.filter(({ action }) => usedActions.includes(action) || NOT_TRACKED.includes(action));
      const lost = needed.filter((request) => allows(before, request) && !allows(after, request));
      expect(lost).toEqual([]);
    }),
    { numRuns: lawRuns(60) },
  );
});

test("what is narrowed once is not narrowed again", () => {
  fc.assert(
    fc.property(manifests, used, fc.boolean(), (manifest, usedActions, dropsUnusedServices) => {
      const evidence = { services: reportOf(usedActions), dropsUnusedServices };
      const once = narrowManifest(manifest, evidence).manifest;
      expect(narrowManifest(once, evidence).manifest).toEqual(once);
    }),
    { numRuns: lawRuns(60) },
  );
});
