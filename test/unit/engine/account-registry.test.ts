import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import { AccountRegistry, type OpenAccount, type RoleAccount } from "../../../src/engine/accounts/account-registry.ts";
import { openAwsAccount } from "../../../src/engine/accounts/aws-account.ts";
import { BlockedError } from "../../../src/errors.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES } from "../../fakes/no-instances.ts";
import { aClass } from "../../support/builders.ts";

const OWN = "123456789012";
const OTHER = "111122223333";
const { signal } = new AbortController();

/** Whose the credentials of each role are, as STS says; an error where it says nothing. */
let saysOf: Map<string, string | Error>;
let asked: string[];
/** Whose credentials were renewed, or found valid; an error where STS refuses. */
let renewed: string[];
let notRenewed: Map<string, Error>;
let opened: RoleAccount[];
let nowMs: number;
let directory: AccountRegistry;

beforeEach(() => {
  saysOf = new Map<string, string | Error>([["own", OWN]]);
  asked = [];
  renewed = [];
  notRenewed = new Map();
  opened = [];
  nowMs = 0;
  directory = new AccountRegistry({
    own: open("own"),
    open(account) {
      opened.push(account);
      return open(account.roleArn);
    },
    monotonicMs: () => nowMs,
  });
});

function open(who: string): OpenAccount {
  const iam = new FakeIam();
  const account = openAwsAccount({
    ...{ change: { reader: iam, writer: iam }, instanceReader: NO_INSTANCES },
    ...{ propagationWindowMs: 0, monotonicMs: () => nowMs },
  });
  const accountId = async (): Promise<string> => {
    asked.push(who);
    const said = saysOf.get(who) ?? new Error(`nobody knows ${who}`);
    if (typeof said !== "string") throw said;
    return said;
  };
  const renew = async (): Promise<void> => {
    renewed.push(who);
    const error = notRenewed.get(who);
    if (error !== undefined) throw error;
  };
  const place = async () => ({ accountId: await accountId(), partition: "aws" });
  return { account, identity: { accountId, place, renew } };
}

function roleIn(id: string, role = "controller"): string {
  return `arn:aws:iam::${id}:role/${role}`;
}

function classOf(name: string, id: string, role?: string): InstanceProfileClass {
  const account = { id, partition: "aws" as const, ...(role !== undefined && { roleArn: roleIn(id, role) }) };
  return aClass({ account }, { metadata: { name } });
}

describe("an account", () => {
  test("is returned only after STS has confirmed its credentials, and then without another request", async () => {
    saysOf.set(roleIn(OTHER), OTHER);
    const of = classOf("a", OTHER, "controller");
    await Promise.all([directory.open(of, signal), directory.open(of, signal)]);
    await directory.open(of, signal);
    expect(asked).toEqual(["own", roleIn(OTHER)]);
  });

  test("is not returned when the credentials belong to another account, and the message says what to do", async () => {
    saysOf.set(roleIn(OTHER), "999988887777");
    await expect(directory.open(classOf("a", OTHER, "controller"), signal)).rejects.toMatchObject({
      reason: "AccountMismatch",
      disposition: "terminal",
      message:
        `the credentials of ${roleIn(OTHER)} belong to account 999988887777, but class a requires account ${OTHER}. Nothing was written. Set ` +
        `spec.account.roleArn of the class to a role in account ${OTHER}.`,
    });
    expect(directory.opened).toHaveLength(1);
  });

  test("that is not accessible fails at once within half a minute, and is retried afterwards", async () => {
    const of = classOf("a", OTHER, "controller");
    saysOf.set(roleIn(OTHER), new BlockedError("may not assume", { reason: "AccessDenied" }));
    await expect(directory.open(of, signal)).rejects.toThrow("may not assume");
    nowMs = 29_000;
    await expect(directory.open(of, signal)).rejects.toThrow("may not assume");
    expect(asked).toEqual(["own", roleIn(OTHER)]);
    saysOf.set(roleIn(OTHER), OTHER);
    nowMs = 31_000;
    await directory.open(of, signal);
    expect(asked).toEqual(["own", roleIn(OTHER), roleIn(OTHER)]);
  });

  test("is not blocked by another account that is not accessible", async () => {
    saysOf.set(roleIn(OTHER), new BlockedError("may not assume", { reason: "AccessDenied" }));
    saysOf.set(roleIn("444455556666"), "444455556666");
    await expect(directory.open(classOf("a", OTHER, "controller"), signal)).rejects.toThrow();
    await directory.open(classOf("b", "444455556666", "controller"), signal);
    expect(directory.opened).toHaveLength(2);
  });

  test("is shared by all of its classes: its caches are, their credentials are not", async () => {
    saysOf.set(roleIn(OTHER), OTHER);
    saysOf.set(roleIn(OTHER, "second"), OTHER);
    const one = await directory.open(classOf("a", OTHER, "controller"), signal);
    const other = await directory.open(classOf("b", OTHER, "second"), signal);
    for (const part of ["recentWrites", "adoptions", "breaker", "quotas", "index"] as const) {
      expect(other[part]).toBe(one[part]);
    }
    expect(other.iam).not.toBe(one.iam);
    expect(directory.opened).toHaveLength(2);
  });

  test("is opened again when the class names another role", async () => {
    saysOf.set(roleIn(OTHER), OTHER);
    saysOf.set(roleIn(OTHER, "second"), OTHER);
    await directory.open(classOf("a", OTHER, "controller"), signal);
    await directory.open(classOf("a", OTHER, "second"), signal);
    expect(opened.map(({ roleArn }) => roleArn)).toEqual([roleIn(OTHER), roleIn(OTHER, "second")]);
  });

  test("of the controller's own credentials is detected, also when it is accessed by a role", async () => {
    saysOf.set(roleIn(OWN), OWN);
    saysOf.set(roleIn(OTHER), OTHER);
    await directory.open(classOf("a", OWN), signal);
    await directory.open(classOf("b", OWN, "controller"), signal);
    await directory.open(classOf("c", OTHER, "controller"), signal);
    expect(opened.map(({ id, isOwn }) => [id, isOwn])).toEqual([
      [OWN, true],
      [OTHER, false],
    ]);
  });
});

describe("a class whose account was verified", () => {
  const of = classOf("team", OTHER, "controller");

  test("is verified again by its credentials alone, and keeps its account when STS does not renew them", async () => {
    saysOf.set(roleIn(OTHER), OTHER);
    await directory.open(of, signal);
    asked = [];
    notRenewed.set(roleIn(OTHER), new BlockedError("no", { reason: "AccessDenied" }));
    await expect(directory.verify(of, signal)).rejects.toThrow("no");
    await expect(directory.open(of, signal)).resolves.toBeDefined();
    notRenewed.clear();
    await expect(directory.verify(of, signal)).resolves.toBeUndefined();
    expect([asked, renewed]).toEqual([[], [roleIn(OTHER), roleIn(OTHER)]]);
  });

  test("by the controller's own credentials loses its account within an hour after they were replaced", async () => {
    const own = classOf("team", OWN);
    await directory.open(own, signal);
    saysOf.set("own", OTHER);
    await directory.verify(own, signal);
    nowMs = 3_600_000;
    await expect(directory.verify(own, signal)).rejects.toMatchObject({ reason: "AccountMismatch" });
    await expect(directory.open(own, signal)).rejects.toMatchObject({ reason: "AccountMismatch" });
    expect(asked).toEqual(["own", "own"]);
  });
});

test("the account of the controller's own credentials is requested once", async () => {
  await directory.assertOwn(OWN, signal);
  await directory.assertOwn(OWN, signal);
  await expect(directory.assertOwn(OTHER, signal)).rejects.toMatchObject({ reason: "ClassAccountChanged" });
  expect(asked).toEqual(["own"]);
});
