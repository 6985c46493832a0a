import { afterAll, beforeAll, expect, test } from "vitest";
import type { AwsConnection } from "../../src/aws/aws-connection.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { connectDirectly } from "../support/direct-aws.ts";
import { Fleet } from "../support/fleet.ts";
import { ALLOW_ALL, EC2_TRUST, outsider } from "../support/outsider.ts";
import { DRIFTING_SPEC, DRIFTS, type Drift, stepsFor, tag } from "./drift-stories.ts";

const LATER_MS = 180_000;
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
/** No list of IAM tells the tags of profiles: a round of its own looks at one profile after the other. */
const IS_OF_THE_ROUND = /tag of the profile/;

type DriftOf = (name: string, steps: ReturnType<typeof stepsFor>) => Drift;
const madeAgain: DriftOf = (name, { role, roleGoes }) => ({
  // As a backup would: with the tags that it had.
  steps: [
    ...roleGoes,
    role("CreateRole", { AssumeRolePolicyDocument: EC2_TRUST.replace("ec2.", "lambda."), ...ownTags(name) }),
  ],
  repair: [],
  told: `+ inline policy ${name} of role ${name}`,
  also: ["RoleRecreated"],
});
const TABLE: Readonly<Record<string, DriftOf>> = { ...DRIFTS, "the role is deleted and made again": madeAgain };
const nameOf = (title: string): string => title.replaceAll(" ", "-");

let aws: AwsSandbox;
let connection: AwsConnection;
let fleet: Fleet;
let before: ReturnType<typeof state>;
let theirs: unknown;

/** One fleet, in which somebody has changed each object in another way; then one scan, and one round of the profiles. */
beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => fleet?.clock.nowMs() ?? 0 });
  connection = connectDirectly(aws);
  const { iamReader: reader, iamWriter: writer, accountReader } = connection;
  fleet = new Fleet({ change: { reader, writer }, reader: accountReader });
  const names = [...Object.keys(TABLE).map(nameOf), "others-add"];
  for (const name of names) fleet.apply(name, DRIFTING_SPEC);
  await fleet.drain();
  await fleet.clock.advance(LATER_MS);
  before = state();
  for (const [title, drift] of Object.entries(TABLE)) {
    const name = nameOf(title);
    for (const [action, params] of drift(name, stepsFor(name)).steps) await outsider(aws.url, action, params);
  }
  await othersAdd("others-add");
  theirs = state()["others-add"];
  fleet.kube.events.length = 0;
  await fleet.scan();
  await fleet.drain();
}, 60_000);
afterAll(async () => {
  connection.close();
  await aws.close();
});

/** What each object has in AWS, whatever the unique ids. */
function state(): Readonly<Record<string, unknown>> {
  const { roles, instanceProfiles } = aws.snapshot({ ids: "omit" });
  return Object.fromEntries(
    fleet.objects().map(({ metadata }) => {
      const { name } = metadata as { readonly name: string };
      return [name, { role: roles[name], instanceProfile: instanceProfiles[name] }];
    }),
  );
}

function ownTags(name: string): Readonly<Record<string, string>> {
  const pairs = Object.entries(aws.snapshot().roles[name]?.tags ?? {}).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, key],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  return Object.fromEntries(pairs);
}

async function othersAdd(name: string): Promise<void> {
  const { role, profile } = stepsFor(name);
  const steps = [
    role("PutRolePolicy", { PolicyName: "theirs", PolicyDocument: ALLOW_ALL }),
    role("AttachRolePolicy", { PolicyArn: READ_ONLY }),
    role("TagRole", tag("cost-centre", "7")),
    profile("TagInstanceProfile", tag("cost-centre", "7")),
    // Drift of ours beside it, so that it is written.
    role("UpdateRoleDescription", { Description: "theirs" }),
  ];
  for (const [action, params] of steps) await outsider(aws.url, action, params);
}

function toldOf(name: string): readonly { readonly reason: string; readonly note: string }[] {
  return fleet.kube.events.filter(({ regarding }) => regarding.name === name);
}

test.each(Object.keys(TABLE).filter((title) => !IS_OF_THE_ROUND.test(title)))(
  "the next scan repairs and tells it when %s",
  (title) => {
    const name = nameOf(title);
    const { told, also = [] } = (TABLE[title] as DriftOf)(name, stepsFor(name));
    expect(state()[name]).toEqual(before[name]);
    const events = toldOf(name);
    expect(events.map(({ reason }) => reason)).toEqual(["DriftRepaired", ...also]);
    expect(events[0]?.note).toContain(told);
    expect(fleet.ready(name)).toBe("True InSync");
  },
);

test("what others add beside ours stays when the next scan repairs the rest, and is listed", () => {
  const description = { description: "reads buckets" };
  const { role, instanceProfile } = theirs as { readonly role: object; readonly instanceProfile: object };
  expect(state()["others-add"]).toEqual({ role: { ...role, ...description }, instanceProfile });
  expect(toldOf("others-add").map(({ reason }) => reason)).toContain("DriftRepaired");
  expect(fleet.object("others-add")?.status?.unmanagedPolicies).toEqual([READ_ONLY, "theirs"]);
});

test("the round of the profiles repairs and tells what no scan can see: their tags", async () => {
  const titles = Object.keys(TABLE).filter((title) => IS_OF_THE_ROUND.test(title));
  expect(titles).toHaveLength(2);
  for (let i = 0; i < fleet.objects().length; i++) await fleet.lookAtNextProfile();
  await fleet.drain();
  for (const name of titles.map(nameOf)) {
    expect(state()[name]).toEqual(before[name]);
    expect(toldOf(name).map(({ reason }) => reason)).toEqual(["DriftRepaired"]);
    expect(toldOf(name)[0]?.note).toContain(`~ tags of instance profile ${name}`);
  }
});

test("afterwards all is as it was: the next scan wakes nobody, and nothing is written", async () => {
  await fleet.clock.advance(LATER_MS);
  aws.calls.reset();
  fleet.kube.writes.length = 0;
  await fleet.scan();
  await fleet.drain();
  expect(aws.calls.matching({ accessKeyId: "controller" }).map(({ action }) => action)).toHaveLength(4);
  expect(fleet.kube.writes).toEqual([]);
});
