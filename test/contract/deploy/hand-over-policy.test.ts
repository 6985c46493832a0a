import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ALLOW_ALL, EC2_TRUST } from "../../support/outsider.ts";
import { shippedPolicy } from "../../support/shipped-role.ts";
import { APP, type Cluster, SharedAccount } from "../../support/two-clusters.ts";

// The sandbox holds whoever has a role's credentials to the role's policies: so the shipped ones can be tried.

const BOUNDARY = "arn:aws:iam::123456789012:policy/k8s-boundary";
const OWN = { name: "own", statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }] };
const SPEC = { path: "/k8s/old-cluster/", permissionsBoundaryArn: BOUNDARY, managedPolicies: [OWN] };

let account: SharedAccount;
let a: Cluster;
let b: Cluster;

beforeAll(async () => {
  account = await SharedAccount.open();
});
/** Cluster a has a role under its own path, and is allowed to write there alone. */
beforeEach(async () => {
  account.reset();
  ({ a, b } = account);
  await account.outsider("CreatePolicy", { PolicyName: "k8s-boundary", PolicyDocument: ALLOW_ALL });
  const former = shippedPolicy("controller-policy.json", "a").replaceAll("k8s/my-cluster", "k8s/old-cluster");
  await a.limitTo({ "controller-policy.json": former });
  a.apply(SPEC);
  await a.controller().settle();
  expect([a.ready, a.refused]).toEqual(["True InSync", []]);
});
afterAll(() => account.close());

const CONTROLLER_POLICY = { "controller-policy.json": shippedPolicy("controller-policy.json", "b") };
const HAND_OVER_POLICY = {
  "hand-over-policy.json": shippedPolicy("hand-over-policy.json", "b").replaceAll('"old-cluster"', '"a"'),
};

describe("with the shipped policies", () => {
  test("a controller adopts, changes and deletes what another cluster had, and no call is refused", async () => {
    await b.limitTo({ ...CONTROLLER_POLICY, ...HAND_OVER_POLICY });
    b.adopt("a", { ...SPEC, description: "adopted" });
    await b.controller().settle();
    expect([b.ready, b.refused]).toEqual(["True InSync", []]);
    b.apply(SPEC);
    await b.controller().settle();
    b.kube.delete(APP);
    await b.controller().settle();
    expect([b.object, b.refused, Object.keys(account.aws.snapshot().instanceProfiles)]).toEqual([undefined, [], []]);
  });

  test("without the one for the hand-over, nothing is adopted", async () => {
    await b.limitTo(CONTROLLER_POLICY);
    b.adopt("a", SPEC);
    await b.controller().once();
    expect([b.ready, b.awsWrites, account.owner]).toEqual(["False AccessDenied", [], "a"]);
    expect(b.refused).not.toEqual([]);
  });

  test.each(["a repair", "the deletion of the object"])(
    "IAM refuses %s by the former cluster that does not see the new tags yet",
    async (what) => {
      await b.limitTo({ ...CONTROLLER_POLICY, ...HAND_OVER_POLICY });
      account.nowMs += 600_000;
      const PolicyDocument = EC2_TRUST.replace("ec2", "lambda");
      await account.outsider("UpdateAssumeRolePolicy", { RoleName: APP.name, PolicyDocument });
      account.aws.setAwkwardness({ visibilityDelayMs: 40_000 });
      b.adopt("a", { ...SPEC, trust: { services: ["lambda.amazonaws.com", "ec2.amazonaws.com"] } });
      account.nowMs += 60_000;
      await b.controller().once();
      const before = account.aws.snapshot();
      if (what !== "a repair") a.kube.delete(APP);
      account.aws.calls.reset();
      await a.controller().once();
      expect([a.awsWrites, a.refused.length > 0]).toEqual([[], true]);
      expect(account.aws.snapshot()).toEqual(before);
      account.nowMs += 60_000;
      await a.controller().settle();
      expect([a.awsWrites, a.ready]).toEqual([[], what === "a repair" ? "False HandedOver" : undefined]);
      await b.controller().settle();
      expect([b.ready, account.owner]).toEqual(["True InSync", "b"]);
    },
  );
});
