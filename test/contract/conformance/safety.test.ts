import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import type { Network } from "../../conformance/account-guard.ts";
import { allChecks } from "../../conformance/checks.ts";
import { Conformance, RefusedError } from "../../conformance/conformance.ts";
import { complaintAbout } from "../../conformance/guard-rules.ts";
import { missingProof, RUN_TAG, RunMarks } from "../../conformance/run-marks.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { onSandbox, presentIn, REGION } from "./sandbox-run.ts";

let aws: AwsSandbox;
beforeAll(async () => {
  aws = await startAwsSandbox();
});
beforeEach(() => aws.reset());
afterAll(() => aws?.close());

/** Some of every kind: roles, policies, instance profiles, an object of the controller, an instance, a launch template. */
const CHECKS = allChecks.filter(({ id }) =>
  /^(size-of-a-managed-policy|access-deny-wins|scenario-edit|deletion-of-an-instance-profile-in-use|contract-finds-a-launch)/.test(
    id,
  ),
);
const never = new AbortController().signal;
const tag = (value: string) => ({ "Tags.member.1.Key": RUN_TAG, "Tags.member.1.Value": value });

describe("a crash", () => {
  /** Carries so many requests, and no more: what a killed process does. */
  function cutAfter(requests: number): Network {
    const { network } = onSandbox(aws);
    let sent = 0;
    return {
      handle(request, options) {
        sent += 1;
        if (sent > requests) throw new Error("killed");
        return (network as Network).handle(request, options);
      },
    };
  }

  test.each([10, 14, 20, 33, 40, 48, 60, 75])(
    "after %i requests leaves nothing that the next cleaning does not delete",
    async (requests) => {
      const crashed = new Conformance({ ...onSandbox(aws), network: cutAfter(requests) });
      await expect(crashed.run(CHECKS, never)).rejects.toThrow("killed");
      const left = presentIn(aws);
      const { removed, left: kept } = await new Conformance(onSandbox(aws)).clean();
      expect([presentIn(aws), kept]).toEqual([[], []]);
      expect(removed.length).toBeGreaterThanOrEqual(left.length);
    },
  );

  test("leaves something at most of these points, so that the cleaning has work", async () => {
    await new Conformance({ ...onSandbox(aws), network: cutAfter(14) }).run(CHECKS, never).catch(() => {});
    expect(presentIn(aws).length).toBeGreaterThan(0);
    const run = await new Conformance(onSandbox(aws)).run(CHECKS.slice(0, 1), never);
    expect(run.cleanedBefore.removed.length).toBeGreaterThan(0);
    expect(presentIn(aws)).toEqual([]);
  });
});

describe("the end of a run", () => {
  test("by a signal stops the checks and deletes everything", async () => {
    const interruption = new AbortController();
    const run = await new Conformance(onSandbox(aws)).run(CHECKS, interruption.signal, () => interruption.abort());
    expect([run.results.length, run.endedEarly]).toEqual([1, "it was interrupted"]);
    expect(presentIn(aws)).toEqual([]);
  });

  test("by the number of requests still deletes everything", async () => {
    const run = await new Conformance({ ...onSandbox(aws), maxRequests: 30 }).run(CHECKS, never);
    expect(run.results.at(-1)).toMatchObject({ verdict: "failed", observed: expect.stringContaining("30 requests") });
    expect(presentIn(aws)).toEqual([]);
  });

  test("by time is reported, and deletes everything", async () => {
    const run = await new Conformance({ ...onSandbox(aws), maxMinutes: 0 }).run(CHECKS, never);
    expect(run.endedEarly).toBe("--max-minutes 0 had passed");
    expect(presentIn(aws)).toEqual([]);
  });
});

describe("the account", () => {
  test("of other credentials is refused before anything is read or written", async () => {
    const other = new Conformance({ ...onSandbox(aws), accountId: "210987654321" });
    await expect(other.run(CHECKS, never)).rejects.toThrow(RefusedError);
    expect(aws.calls.all.map(({ action }) => action)).toEqual(["GetCallerIdentity"]);
  });
});

describe("what is not proved to be of a run stays", () => {
  const RUN = "0123abcd";
  const NAME = `conf-${RUN}-1-Role-1`;
  const role = (RoleName: string, Path: string, tags: Record<string, string> = {}): Promise<void> =>
    outsider(aws.url, "CreateRole", { RoleName, Path, AssumeRolePolicyDocument: EC2_TRUST, ...tags });

  test("with the path and the name, and no tag", async () => {
    await role(NAME, `/conf/${RUN}/`);
    const { removed, left } = await new Conformance(onSandbox(aws)).clean();
    expect([removed, presentIn(aws)]).toEqual([[], [NAME]]);
    expect(left).toEqual([`role ${NAME}: it has no tag ${RUN_TAG}=conf/RUN`]);
  });

  test("with the path and the tag, and another name", async () => {
    await role("web", `/conf/${RUN}/`, tag(`conf/${RUN}`));
    const { left } = await new Conformance(onSandbox(aws)).clean();
    expect([left, presentIn(aws)]).toEqual([[`role web: its name does not begin with conf-${RUN}-`], ["web"]]);
  });

  test("with the name and the tag, and the path of another run or of no run", async () => {
    await role(NAME, "/conf/76543210/", tag(`conf/${RUN}`));
    await role(`${NAME}-too`, "/", tag(`conf/${RUN}`));
    const { removed } = await new Conformance(onSandbox(aws)).clean();
    expect([removed, presentIn(aws).length]).toEqual([[], 2]);
  });

  test("with everything of a run with another prefix", async () => {
    await role(`config-${RUN}-1-Role-1`, `/config/${RUN}/`, tag(`config/${RUN}`));
    await new Conformance(onSandbox(aws)).clean();
    expect(presentIn(aws)).toHaveLength(1);
  });

  test("as an instance with the tag and another name", async () => {
    const ec2 = new Ec2User(aws.url, REGION);
    const id = await ec2.runOne({ tags: { [RUN_TAG]: `conf/${RUN}`, Name: "web" } });
    ec2.close();
    const { removed } = await new Conformance(onSandbox(aws)).clean();
    expect([removed, presentIn(aws)]).toEqual([[], [id]]);
  });

  test("as an instance that was tagged and named later", async () => {
    const ec2 = new Ec2User(aws.url, REGION);
    const id = await ec2.runOne({ tags: { [RUN_TAG]: `conf/${RUN}`, Name: `conf-${RUN}-1-instance` } });
    ec2.close();
    const { removed, left } = await new Conformance(onSandbox(aws)).clean();
    expect([removed, presentIn(aws)]).toEqual([[], [id]]);
    expect(left).toEqual([expect.stringContaining("its client token does not begin with conf-0123abcd-")]);
  });

  test("as an instance profile of another owner that holds a role of a run, with the role", async () => {
    await role(NAME, `/conf/${RUN}/`, tag(`conf/${RUN}`));
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "web" });
    await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "web", RoleName: NAME });
    const { left } = await new Conformance(onSandbox(aws)).clean();
    expect(left).toEqual([expect.stringContaining("DeleteConflict")]);
    expect(presentIn(aws).toSorted()).toEqual([NAME, "web"]);
  });

  test("and all of it goes when path, name and tag agree", async () => {
    await role(NAME, `/conf/${RUN}/1/`, tag(`conf/${RUN}`));
    await new Conformance(onSandbox(aws)).clean();
    expect(presentIn(aws)).toEqual([]);
  });
});

describe("the guard sends no write that names something of others", () => {
  const marks = new RunMarks("conf", "0123abcd");
  const scope = { marks, ids: new Set(["i-0a", "iip-assoc-0a", "lt-0a"]) };
  const complaint = (params: Record<string, string>) => complaintAbout(new URLSearchParams(params), scope);
  const name = "conf-0123abcd-1-Role-1";
  const arn = `arn:aws:iam::123456789012:policy/conf/0123abcd/1/${name}`;
  const Path = "/conf/0123abcd/1/";
  const own = { Path, ...tag("conf/0123abcd") };

  test.each<[title: string, own: Record<string, string>, foreign: Record<string, string>]>([
    ["the name of a role", { Action: "DeleteRole", RoleName: name }, { RoleName: "web" }],
    ["a name with the prefix and no run", { Action: "DeleteRole", RoleName: name }, { RoleName: "conf-web" }],
    ["the path of a creation", { Action: "CreateRole", RoleName: name, ...own }, { Path: "/" }],
    ["the tag of a creation", { Action: "CreateRole", RoleName: name, ...own }, tag("conf/76543210")],
    ["the tag itself", { Action: "TagRole", RoleName: name, ...tag("conf/0123abcd") }, tag("other")],
    ["the ARN of a policy", { Action: "DeletePolicy", PolicyArn: arn }, { PolicyArn: arn.replace("/conf/", "/") }],
    [
      "the role that is assumed",
      { Action: "AssumeRole", RoleArn: arn },
      { RoleArn: "arn:aws:iam::123456789012:role/Admin" },
    ],
    [
      "the token of an instance",
      {
        ...{ Action: "RunInstances", ClientToken: "conf-0123abcd-1-f00d" },
        ...{ "TagSpecification.1.Tag.1.Key": RUN_TAG, "TagSpecification.1.Tag.1.Value": "conf/0123abcd" },
      },
      { ClientToken: "f00d" },
    ],
    ["an instance", { Action: "TerminateInstances", "InstanceId.1": "i-0a" }, { "InstanceId.2": "i-0b" }],
    [
      "an association",
      { Action: "DisassociateIamInstanceProfile", AssociationId: "iip-assoc-0a" },
      { AssociationId: "iip-assoc-0b" },
    ],
    ["a launch template", { Action: "DeleteLaunchTemplate", LaunchTemplateId: "lt-0a" }, { LaunchTemplateId: "lt-0b" }],
    [
      "the profile of an association",
      { Action: "AssociateIamInstanceProfile", InstanceId: "i-0a", "IamInstanceProfile.Name": name },
      { "IamInstanceProfile.Name": "web" },
    ],
  ])("%s", (_, allowed, foreign) => {
    expect(complaint(allowed)).toBeUndefined();
    expect(complaint({ ...allowed, ...foreign })).toEqual(expect.any(String));
  });

  test("an action that is not among the writes of a run", () => {
    expect(complaint({ Action: "CreateUser", UserName: name })).toEqual(expect.any(String));
    expect(complaint({ Action: "UntagRole", RoleName: name, "TagKeys.member.1": RUN_TAG })).toEqual(expect.any(String));
  });

  test("and what it proves, it proves by all marks", () => {
    const proved = { name, path: Path, tags: [marks.tag] };
    expect(missingProof("conf", proved)).toBeUndefined();
    for (const change of [{ name: "web" }, { path: "/" }, { tags: [] }]) {
      expect(missingProof("conf", { ...proved, ...change })).toEqual(expect.any(String));
    }
  });
});
