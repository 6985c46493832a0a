import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceReader, ListedLaunchTemplate } from "../../../src/engine/instance-ports.ts";
import { ProfileUsage } from "../../../src/engine/observe/profile-usage.ts";
import { usersOf } from "../../../src/engine/observe/profile-users.ts";
import { BlockedError, type ControllerError, RetryableError } from "../../../src/errors.ts";
import type { InstanceFacts } from "../../../src/model/instances/instance.ts";
import { NO_INSTANCES } from "../../fakes/no-instances.ts";

const ARN = "arn:aws:iam::123456789012:instance-profile/app";
const PROFILE = { arn: ARN, instanceProfileName: "app" };
const DENIED = new BlockedError("not authorized to perform the call", { reason: "AccessDenied" });
const NO_REPLY = new RetryableError("no reply from ec2", { reason: "EndpointUnreachable" });

/** EC2 in memory: instances and launch templates by region. */
let instances: Record<string, readonly InstanceFacts[]>;
let templates: Record<string, readonly ListedLaunchTemplate[]>;
let reads: string[];
let fails: (call: string, region: string) => Error | undefined;
let nowMs: number;
let usage: ProfileUsage;

function read<T>(call: string, region: string, value: () => T): Promise<T> {
  reads.push(`${call} ${region}`);
  const error = fails(call, region);
  return error === undefined ? Promise.resolve(value()) : Promise.reject(error);
}

const reader: InstanceReader = {
  ...NO_INSTANCES,
  findUsers: (arn, region) =>
    read("find", region, () => (instances[region] ?? []).filter(({ association }) => association?.profileArn === arn)),
  listRegions: (home) => read("regions", home, () => ["ap-south-1", "eu-west-1", "us-east-1"]),
  listAssociations: (region) =>
    read("associations", region, () =>
      (instances[region] ?? []).map(({ instanceId, association }) => ({
        instanceId,
        profileArn: association?.profileArn ?? "",
      })),
    ),
  listLaunchTemplates: (region) => read("templates", region, () => templates[region] ?? []),
};

beforeEach(() => {
  instances = {};
  templates = {};
  reads = [];
  fails = () => undefined;
  nowMs = 0;
  usage = new ProfileUsage({ reader, monotonicMs: () => nowMs });
});

function search({
  force = false,
  guarded = ["us-east-1"],
  isEveryRegionGuarded = true,
  of = "deletion" as "deletion" | "adoption",
} = {}) {
  const access = { reader, usage, guardRegions: async () => guarded, isEveryRegionGuarded };
  return usersOf(PROFILE, [], access, { of, force }, new AbortController().signal);
}

function instanceIn(region: string, profileArn = ARN): InstanceFacts {
  const association = { associationId: "", profileArn, profileId: "", state: "associated" as const };
  return { instanceId: `i-${region}`, region, state: "running", tags: {}, association };
}

function templateIn(region: string, profile: string): ListedLaunchTemplate {
  return { launchTemplateId: `lt-${region}`, launchTemplateName: "web", region, profile };
}

describe("a search for the users of an instance profile", () => {
  test("finds instances in every region that the account has enabled", async () => {
    instances = { "ap-south-1": [instanceIn("ap-south-1")], "us-east-1": [instanceIn("us-east-1")] };
    expect((await search()).users.map(({ instanceId }) => instanceId)).toEqual(["i-ap-south-1", "i-us-east-1"]);
  });

  test("finds launch templates that name the profile by ARN or by name, and no others", async () => {
    templates = {
      "ap-south-1": [templateIn("ap-south-1", ARN)],
      "eu-west-1": [templateIn("eu-west-1", "App")],
      "us-east-1": [templateIn("us-east-1", "app-2"), templateIn("us-east-1", `${ARN}-2`)],
    };
    expect((await search()).launchTemplates.map(({ region }) => region)).toEqual(["ap-south-1", "eu-west-1"]);
  });

  test("reads the other regions once a minute, the guarded one every two seconds", async () => {
    for (const atMs of [0, 1_999, 59_998, 59_999]) {
      nowMs = atMs;
      await search();
    }
    expect(reads.filter((call) => call === "associations us-east-1")).toHaveLength(2);
    expect(reads).not.toContain("find us-east-1");
    expect(reads.filter((call) => call === "associations eu-west-1")).toHaveLength(1);
    expect(reads.filter((call) => call.startsWith("regions"))).toHaveLength(1);
    expect(reads.filter((call) => call === "templates us-east-1")).toHaveLength(1);
    nowMs = 60_000;
    await search();
    expect(reads.filter((call) => call === "associations eu-west-1")).toHaveLength(2);
  });

  test("reads launch templates again after the interval of instance scans, where that is shorter", async () => {
    usage = new ProfileUsage({ reader, monotonicMs: () => nowMs, intervalMs: 5_000 });
    templates = { "us-east-1": [templateIn("us-east-1", ARN)] };
    expect((await search()).launchTemplates).toHaveLength(1);
    templates = {};
    nowMs = 4_999;
    expect((await search()).launchTemplates).toHaveLength(1);
    nowMs = 5_000;
    expect((await search()).launchTemplates).toEqual([]);
  });

  test("asks a guarded region for the profile itself where its associations fill more than a page", async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => ({
      ...instanceIn("us-east-1", `${ARN}-2`),
      instanceId: `i-${i}`,
    }));
    instances = { "us-east-1": many };
    expect((await search()).users).toEqual([]);
    expect(reads).toContain("find us-east-1");
  });

  test("asks a guarded region for the profile itself where its associations cannot be read, and before an adoption", async () => {
    instances = { "us-east-1": [instanceIn("us-east-1")] };
    fails = (call, region) => (`${call} ${region}` === "associations us-east-1" ? DENIED : undefined);
    expect((await search()).users).toHaveLength(1);
    reads = [];
    fails = () => undefined;
    await search({ of: "adoption" });
    expect(reads).toContain("find us-east-1");
    expect(reads).not.toContain("associations us-east-1");
  });

  test("believes no association of the last minute before it has read the instance", async () => {
    instances = { "eu-west-1": [instanceIn("eu-west-1")] };
    expect((await search()).users).toHaveLength(1);
    instances = {};
    expect((await search()).users).toEqual([]);
  });

  test("names what it is not authorized to search, and finds the rest", async () => {
    instances = { "ap-south-1": [instanceIn("ap-south-1")] };
    fails = (_, region) => (region === "eu-west-1" ? DENIED : undefined);
    const { users, unsearched } = await search();
    expect(users).toHaveLength(1);
    expect(unsearched).toEqual([
      { region: "eu-west-1", why: DENIED.message },
      { region: "eu-west-1", isOfTemplates: true, why: DENIED.message },
    ]);
  });

  test("says that it does not know the regions when it may not list them", async () => {
    fails = (call) => (call === "regions" ? DENIED : undefined);
    expect((await search()).unsearched).toEqual([{ region: undefined, why: DENIED.message }]);
    expect(reads).toContain("associations us-east-1");
  });

  test("says that no region is configured", async () => {
    expect((await search({ guarded: [] })).unsearched).toEqual([
      { region: undefined, why: expect.stringContaining("AWS_REGION") },
    ]);
  });

  test("fails where a region does not answer, unless the deletion is forced", async () => {
    fails = (_, region) => (region === "ap-south-1" ? NO_REPLY : undefined);
    await expect(search()).rejects.toMatchObject({ disposition: "retryable", reason: "EndpointUnreachable" });
    expect((await search({ force: true })).unsearched).toHaveLength(2);
  });

  const MANUAL = ["ExpiredToken", "CredentialsRejected", "ClockSkew", "LimitExceeded", "CredentialsUnavailable"];
  test.each(MANUAL.flatMap((reason) => ["us-east-1", "ap-south-1"].map((region) => [reason, region] as const)))(
    "fails with %s in %s, which says nothing about the permission to search",
    async (reason, region) => {
      for (const failing of ["regions", "find", "associations", "templates"]) {
        usage = new ProfileUsage({ reader, monotonicMs: () => nowMs });
        const isCalled = region === "us-east-1" ? failing !== "associations" : !["regions", "find"].includes(failing);
        if (!isCalled) continue;
        // Where the associations can be read, no instance is searched by its profile.
        const isFailing = (call: string) => call === failing || (failing === "find" && call === "associations");
        fails = (call, at) => (isFailing(call) && at === region ? new BlockedError("no", { reason }) : undefined);
        await expect(search(), failing).rejects.toMatchObject({ disposition: "blocked", reason });
      }
    },
  );

  test("takes OptInRequired for a denial only in a region that EC2 lists as enabled", async () => {
    const optIn = new BlockedError("no subscription", { reason: "OptInRequired" });
    fails = (call, region) => (call !== "regions" && region === "ap-south-1" ? optIn : undefined);
    expect((await search()).unsearched.map(({ region }) => region)).toEqual(["ap-south-1", "ap-south-1"]);
    const named = { guarded: ["ap-south-1"], isEveryRegionGuarded: false };
    await expect(search(named)).rejects.toMatchObject({ reason: "OptInRequired" });
    usage = new ProfileUsage({ reader, monotonicMs: () => nowMs });
    fails = (call) => (call === "regions" ? optIn : undefined);
    await expect(search()).rejects.toMatchObject({ reason: "OptInRequired" });
  });

  test("says which regions do not answer, what waits and what to do, whichever region fails first", async () => {
    fails = (_, region) => (region === "us-east-1" ? undefined : NO_REPLY);
    const error = await search().catch((caught: ControllerError) => caught);
    expect(error).toMatchObject({
      message:
        "no reply from ec2. The deletion of instance profile app waits: regions ap-south-1, eu-west-1 were not searched, and instances " +
        "or launch templates there may use it. Let the controller reach EC2 there, or run it with --region for each region in use; " +
        "it then searches only those.",
    });
  });

  test("advises to reach EC2 only when the network fails", async () => {
    fails = (_, region) =>
      region === "us-east-1" ? new BlockedError("Renew their source.", { reason: "ExpiredToken" }) : undefined;
    const error = await search().catch((caught: ControllerError) => caught);
    expect(error).toMatchObject({
      message:
        "Renew their source. The deletion of instance profile app waits: region us-east-1 was not searched, and instances or launch " +
        "templates there may use it.",
    });
  });

  test("asks a region that failed again after 5 seconds", async () => {
    fails = () => NO_REPLY;
    await expect(search()).rejects.toThrow(NO_REPLY.message);
    fails = () => undefined;
    await expect(search()).rejects.toThrow(NO_REPLY.message);
    nowMs += 5_000;
    expect((await search()).unsearched).toEqual([]);
  });

  test("asks only the guarded regions where the operator has named them", async () => {
    instances = { "eu-west-1": [instanceIn("eu-west-1")] };
    expect((await search({ isEveryRegionGuarded: false })).users).toEqual([]);
    expect(reads.toSorted()).toEqual(["associations us-east-1", "templates us-east-1"]);
  });
});
