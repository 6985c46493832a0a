import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AwsConnection } from "../../src/aws/aws-connection.ts";
import type { AccountReader, IamWriter } from "../../src/engine/ports.ts";
import { RetryableError } from "../../src/errors.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { connectDirectly } from "../support/direct-aws.ts";
import { Fleet } from "../support/fleet.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { ALLOW_ALL, EC2_TRUST, outsider } from "../support/outsider.ts";
import { slowReader } from "../support/slow-reader.ts";

/** What an account scan may be believed, and what a reconcile reads for itself. */
const MINUTE_MS = 60_000;
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const APPLIED_TAG = "iam.instanceprofile.dev/applied";
const ROUTINE = -100;

let aws: AwsSandbox;
let connection: AwsConnection;
let fleet: Fleet;
/** Waited for before each write to IAM. */
let beforeWrite: () => Promise<void>;
/** Waited for after each request of a scan. */
let afterRead: (what: keyof AccountReader) => Promise<void>;

beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => fleet?.clock.nowMs() ?? 0 });
  connection = connectDirectly(aws);
});
beforeEach(() => {
  aws.reset();
  beforeWrite = async () => {};
  afterRead = async () => {};
  const { iamReader: reader, iamWriter, accountReader } = connection;
  const writer: IamWriter = {
    perform: async (...args) => {
      await beforeWrite();
      return iamWriter.perform(...args);
    },
  };
  fleet = new Fleet({ change: { reader, writer }, reader: slowReader(accountReader, (what) => afterRead(what)) });
});
afterAll(async () => {
  connection.close();
  await aws.close();
});

const aside = (action: string, params: Readonly<Record<string, string>>): Promise<void> =>
  outsider(aws.url, action, params);

/** In sync, long after the last write. */
async function settled(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  fleet.apply("app", spec);
  await fleet.drain();
  await later();
}

/** Recent writes no longer count. */
async function later(): Promise<void> {
  await fleet.clock.advance(3 * MINUTE_MS);
  aws.calls.reset();
}

function calls(): readonly string[] {
  return aws.calls.matching({ accessKeyId: "controller" }).map(({ action }) => action);
}

describe("a plan that turns out to be about more than the scan saw to differ", () => {
  test("is made anew from a read of everything", async () => {
    await settled({ managedPolicyArns: [READ_ONLY] });
    const recorded = aws.snapshot().roles["app"]?.tags[APPLIED_TAG] ?? "";
    fleet.apply("app");
    await fleet.drain();
    await later();
    await aside("AttachRolePolicy", { RoleName: "app", PolicyArn: READ_ONLY });
    await aside("UpdateAssumeRolePolicy", { RoleName: "app", PolicyDocument: EC2_TRUST.replace("ec2.", "lambda.") });
    await fleet.scan();
    // Now the attached policy that the scan saw counts for the controller's own, though it is gone.
    const tag = { "Tags.member.1.Key": APPLIED_TAG, "Tags.member.1.Value": recorded };
    await aside("TagRole", { RoleName: "app", ...tag });
    await aside("DetachRolePolicy", { RoleName: "app", PolicyArn: READ_ONLY });
    aws.calls.reset();
    await fleet.drain();
    expect(calls()).toContain("ListAttachedRolePolicies");
    expect(calls()).not.toContain("DetachRolePolicy");
    expect(fleet.ready("app")).toBe("True InSync");
  });
});

describe("what the last scan saw on a role", () => {
  test("counts no more for its deletion once this controller has written the role", async () => {
    await settled();
    await fleet.scan();
    fleet.apply("app", { managedPolicyArns: [READ_ONLY] });
    await fleet.drain();
    await later();
    fleet.delete("app");
    await fleet.drain();
    expect(calls()).toContain("ListAttachedRolePolicies");
    expect(calls().filter((call) => call === "DeleteRole")).toHaveLength(1);
    expect(fleet.object("app")).toBeUndefined();
  });
});

test("a creation over a quota, of a name that was free at the scan, reads before it is blocked", async () => {
  await fleet.scan();
  await aside("CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
  const managedPolicyArns = Array.from({ length: 20 }, (_, i) => `arn:aws:iam::123456789012:policy/team-${i}`);
  fleet.apply("app", { managedPolicyArns });
  await fleet.drain();
  expect(fleet.ready("app")).toBe("False AlreadyExists");
});

test("a name that was free when a slow scan began is read before it is created a quarter of an hour later", async () => {
  await settled();
  afterRead = async (what) => {
    if (what === "listRoles") await fleet.clock.advance(16 * MINUTE_MS);
  };
  await fleet.scan();
  fleet.apply("other");
  aws.calls.reset();
  await fleet.drain();
  expect(calls()[0]).toMatch(/^Get/);
  expect(fleet.ready("other")).toBe("True InSync");
});

test("a name that another object has taken since the scan is read before it is created", async () => {
  await fleet.scan();
  fleet.apply("one", { roleName: "shared" });
  await fleet.drain();
  await later();
  fleet.apply("two", { roleName: "Shared" });
  await fleet.drain();
  expect(calls()).not.toContain("CreateRole");
  expect(fleet.ready("two")).toBe("False OwnedByAnother");
});

describe("a deletion after a scan", () => {
  const THEIRS = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

  test("of more than a quarter of an hour ago reads what is on the role", async () => {
    await settled();
    await fleet.scan();
    await fleet.clock.advance(16 * MINUTE_MS);
    aws.calls.reset();
    fleet.delete("app");
    await fleet.drain();
    expect(calls()).toContain("ListAttachedRolePolicies");
  });

  test("is blocked by what a fresh read shows, not by what the scan saw", async () => {
    await settled();
    await aside("AttachRolePolicy", { RoleName: "app", PolicyArn: THEIRS });
    await fleet.scan();
    await aside("DetachRolePolicy", { RoleName: "app", PolicyArn: THEIRS });
    fleet.delete("app");
    await fleet.drain();
    expect(fleet.object("app")).toBeUndefined();
  });

  test("believes the scan once: the next reconcile reads", async () => {
    await settled();
    fleet.apply("app", { mode: "DryRun" });
    await fleet.drain();
    await fleet.scan();
    fleet.delete("app");
    await fleet.drain();
    expect(fleet.ready("app")).toBe("absent DryRun");
    await aside("AttachRolePolicy", { RoleName: "app", PolicyArn: THEIRS });
    fleet.wake("app");
    await fleet.drain();
    expect(fleet.ready("app")).toBe("False UnmanagedPoliciesAttached");
  });
});

describe("what a scan saw of an object", () => {
  const drifted = (): Promise<void> =>
    aside("PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument: ALLOW_ALL });
  const key = { namespace: "default", name: "app" };

  test("is not of the object that takes its name, at the same generation", async () => {
    await settled();
    await drifted();
    await fleet.scan();
    fleet.kube.forget(key);
    fleet.kube.apply({ ...s3ReadOnly(key) });
    aws.calls.reset();
    await fleet.drain();
    expect(calls()).toContain("ListRolePolicies");
  });

  test("blocks nothing by itself: a role that has its owner tags again is in sync", async () => {
    await settled();
    const [Key, owner] = ["iam.instanceprofile.dev/name", { RoleName: "app" }];
    await aside("UntagRole", { ...owner, "TagKeys.member.1": Key });
    await fleet.scan();
    await aside("TagRole", { ...owner, "Tags.member.1.Key": Key, "Tags.member.1.Value": "app" });
    await fleet.drain();
    expect(fleet.ready("app")).toBe("True InSync");
  });

  test("counts for one reconcile: the retry of a failed one reads everything", async () => {
    await settled();
    await drifted();
    await fleet.scan();
    beforeWrite = () => Promise.reject(new RetryableError("no reply from iam", { reason: "EndpointUnreachable" }));
    await fleet.drain();
    beforeWrite = async () => {};
    aws.calls.reset();
    await fleet.pass(2_000);
    expect(calls()).toContain("ListRolePolicies");
    expect(calls()).toContain("PutRolePolicy");
  });

  test("does not spare a person who asks with reconcile-at any read", async () => {
    await settled();
    await drifted();
    await fleet.scan();
    aws.calls.reset();
    fleet.annotate("app", { "iam.instanceprofile.dev/reconcile-at": "now" });
    await fleet.drain();
    expect(calls()).toContain("ListRolePolicies");
  });

  test.each(["reportRoles", "getQuotas"])(
    "is as old as the report of the roles, however long %s takes",
    async (slow) => {
      await settled();
      await drifted();
      afterRead = async (what) => {
        if (what === slow) await fleet.clock.advance(40_000);
      };
      await fleet.scan();
      aws.calls.reset();
      await fleet.drain();
      expect(calls()).toContain("ListRolePolicies");
    },
  );
});

describe("the count of writes in vain", () => {
  test("in a row begins anew when a scan sees the object in sync", async () => {
    await settled();
    for (let i = 0; i < 4; i += 1) {
      await aside("PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument: ALLOW_ALL });
      await fleet.scan();
      await fleet.drain();
      await later();
      await fleet.scan();
      await fleet.drain();
      expect(fleet.ready("app")).toBe("True InSync");
      expect(JSON.stringify(aws.snapshot().roles["app"])).not.toContain('"Action":"*"');
    }
  });
});

describe("a scan that ends during a reconcile", () => {
  test("leaves the object to that reconcile: no retry comes before its backoff", async () => {
    await settled();
    await aside("PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument: ALLOW_ALL });
    let attempts = 0;
    beforeWrite = async () => {
      attempts += 1;
      if (attempts === 1) await fleet.scan();
      throw new RetryableError("no reply from iam", { reason: "EndpointUnreachable" });
    };
    fleet.annotate("app", { "iam.instanceprofile.dev/reconcile-at": "now" });
    await fleet.drain();
    expect(attempts).toBe(1);
    beforeWrite = async () => {};
    await fleet.pass(MINUTE_MS);
    expect(fleet.ready("app")).toBe("True InSync");
  });
});

describe("before the first scan of a process", () => {
  test("nobody waits once that scan has failed", async () => {
    await settled();
    fleet.takeOver();
    aws.onRequest(({ action }) => (action === "ListRoles" ? { kind: "cut" } : undefined));
    expect(await fleet.scan()).toBe("failed");
    aws.calls.reset();
    await fleet.pass(2_000);
    expect(calls()).toContain("ListRolePolicies");
  });

  test("an object whose spec was edited is reconciled, however its key came into the queue", async () => {
    await settled();
    fleet.takeOver();
    fleet.wake("app", ROUTINE);
    await fleet.drain();
    expect(calls()).toEqual([]);
    fleet.kube.apply({ ...s3ReadOnly({ namespace: "default", name: "app" }, { description: "edited" }) });
    fleet.wake("app", ROUTINE);
    await fleet.drain();
    expect(calls()).toContain("UpdateRole");
  });
});
