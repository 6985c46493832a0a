import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AwsConnection } from "../../src/aws/aws-connection.ts";
import type { IamWriter } from "../../src/engine/ports.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { connectDirectly } from "../support/direct-aws.ts";
import { Fleet } from "../support/fleet.ts";
import { EC2_TRUST, outsider } from "../support/outsider.ts";

const SWEEP = ["ListInstanceProfiles", "ListRoles", "GetAccountAuthorizationDetails", "GetAccountSummary"];
const CREATION = ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"];

let aws: AwsSandbox;
let connection: AwsConnection;
let fleet: Fleet;
/** After so many writes the process is gone. */
let writesLeft: number;

beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => fleet?.clock.nowMs() ?? 0 });
  connection = connectDirectly(aws);
});
beforeEach(() => {
  aws.reset();
  writesLeft = Number.POSITIVE_INFINITY;
  const { iamReader: reader, accountReader } = connection;
  fleet = new Fleet({ change: { reader, writer: mortalWriter() }, reader: accountReader });
});
afterAll(async () => {
  connection.close();
  await aws.close();
});

function mortalWriter(): IamWriter {
  return {
    perform: (action, ...rest) => {
      writesLeft -= 1;
      if (writesLeft < 0) throw new Error("the process is gone");
      return connection.iamWriter.perform(action, ...rest);
    },
  };
}

/** A process that has added the finalizer, and is gone after so many of its four writes; nothing was told. */
async function begunAndLeft(writes: number): Promise<void> {
  fleet.apply("app");
  writesLeft = writes;
  const published = fleet.kube.patchStatus.bind(fleet.kube);
  fleet.kube.patchStatus = () => {
    throw new Error("the process is gone");
  };
  await fleet.drain().catch(() => {});
  fleet.kube.patchStatus = published;
  writesLeft = Number.POSITIVE_INFINITY;
  expect(fleet.object("app")?.metadata.finalizers).toHaveLength(1);
  expect(fleet.ready("app")).toBeUndefined();
  aws.calls.reset();
}

function calls(): readonly string[] {
  return aws.calls.matching({ accessKeyId: "controller" }).map(({ action }) => action);
}

function writes(): readonly string[] {
  return aws.calls.writes();
}

/** The new leader's first scan, and what follows. */
async function takeOver(): Promise<void> {
  fleet.takeOver();
  await fleet.drain();
  expect(calls()).toEqual([]);
  await fleet.scan();
  await fleet.drain();
}

describe("what the leader before had in hand", () => {
  const READS: readonly (readonly [made: number, reads: readonly string[]])[] = [
    [0, []],
    [1, ["GetRole", "GetRolePolicy"]],
    [2, ["GetRole"]],
    [3, ["GetRole", "GetInstanceProfile"]],
    [4, ["GetInstanceProfile"]],
  ];
  test.each(READS)(
    "after %i of its writes is ended by the others, and costs the reads %j besides the scan",
    async (made, reads) => {
      await begunAndLeft(made);
      await takeOver();
      expect(fleet.ready("app")).toBe("True InSync");
      expect(calls()).toEqual([...SWEEP, ...reads, ...CREATION.slice(made)]);
    },
  );

  test("is read by itself where the account may not be scanned", async () => {
    await begunAndLeft(2);
    fleet.takeOver();
    aws.denyActions.add("iam:ListInstanceProfiles");
    expect(await fleet.scan()).toBe("denied");
    await fleet.pass(1_000);
    expect(fleet.ready("app")).toBe("True InSync");
    expect(writes()).toEqual(CREATION.slice(2));
  });

  test("waits no longer than 10 s for a scan that is long", async () => {
    await begunAndLeft(2);
    fleet.takeOver();
    await fleet.pass(9_000);
    expect(calls()).toEqual([]);
    await fleet.pass(2_000);
    expect(fleet.ready("app")).toBe("True InSync");
    // What the scan has seen is older than what was written since.
    await fleet.scan();
    await fleet.pass(1_000);
    expect(writes()).toEqual(CREATION.slice(2));
  });

  test("is looked at as before once somebody has edited it", async () => {
    await begunAndLeft(4);
    fleet.takeOver();
    await fleet.drain();
    await fleet.scan();
    fleet.apply("app", { maxSessionDurationSeconds: 7_200 });
    await fleet.drain();
    expect(calls().slice(SWEEP.length)).toContain("GetRole");
    expect(writes()).toEqual(["UpdateRole"]);
  });
});

describe("what came while nobody led", () => {
  const names = Array.from({ length: 20 }, (_, i) => `app-${i}`);

  test("is four writes each and no read besides the scan", async () => {
    for (const name of names) fleet.apply(name);
    fleet.takeOver();
    await fleet.drain();
    expect(calls()).toEqual([]);
    await fleet.scan();
    await fleet.pass(1_000);
    expect(names.map((name) => fleet.ready(name))).toEqual(names.map(() => "True InSync"));
    expect(writes()).toHaveLength(4 * names.length);
    expect(calls()).toHaveLength(3 + 4 * names.length);
  });

  test("does not hold up what comes now", async () => {
    fleet.apply("app-0");
    fleet.takeOver();
    fleet.apply("now");
    await fleet.drain();
    expect(fleet.ready("now")).toBe("True InSync");
    expect(fleet.ready("app-0")).toBeUndefined();
  });
});

describe("what others have made in the place of what the leader before had in hand is not written:", () => {
  test("an instance profile of nobody, which no list tells from our own", async () => {
    await begunAndLeft(2);
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app" });
    const before = aws.snapshot();
    await takeOver();
    expect(fleet.ready("app")).toBe("False AlreadyExists");
    expect(aws.snapshot()).toEqual(before);
  });

  test("an instance profile of nobody into which somebody has put our role: it is not told to be ours", async () => {
    await begunAndLeft(2);
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app" });
    await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
    await takeOver();
    expect(fleet.ready("app")).toBe("False AlreadyExists");
    expect(calls().slice(SWEEP.length)).toContain("GetInstanceProfile");
  });

  test("an instance profile that came after the scan", async () => {
    await begunAndLeft(2);
    fleet.takeOver();
    await fleet.drain();
    await fleet.scan();
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app" });
    const before = aws.snapshot();
    await fleet.pass(60_000);
    expect(fleet.ready("app")).toBe("False AlreadyExists");
    expect(aws.snapshot()).toEqual(before);
  });

  test("a role of nobody, before the scan and after it", async () => {
    for (const isEarly of [true, false]) {
      aws.reset();
      await begunAndLeft(0);
      const makeRole = () => outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
      if (isEarly) await makeRole();
      fleet.takeOver();
      await fleet.drain();
      await fleet.scan();
      if (!isEarly) await makeRole();
      const before = aws.snapshot();
      await fleet.drain();
      expect(fleet.ready("app")).toBe("False AlreadyExists");
      expect(aws.snapshot()).toEqual(before);
      fleet.delete("app");
      await fleet.drain();
    }
  });
});
