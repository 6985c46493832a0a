import { afterEach, beforeEach, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { documentAt } from "../contract/docs/document.ts";
import { CLUSTER_ID } from "../support/builders.ts";
import { HOME, Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";
import { must } from "../unit/sandbox/aws/in-process.ts";

const MINUTE_MS = 60_000;
const ROLE = "instance-profile-controller";

// The page as it stands, but for the names of the cluster and of the controller's account, which are the simulation's.
const here = (text: string): string => text.replaceAll("prod-1", CLUSTER_ID).replaceAll("999988887777", HOME);
const fencesOf = (path: string, language: string): readonly string[] =>
  documentAt(path)
    .fences.filter((fence) => fence.language === language)
    .map(({ text }) => here(text));
const [CLASSES = "", , UPLOADS = ""] = fencesOf("docs/how-to/teams.md", "yaml");
const [REFUSAL = ""] = fencesOf("docs/how-to/teams.md", "text");
const [TRUST = ""] = fencesOf("docs/reference/instance-profile-class.md", "json");
const PERMISSIONS = JSON.stringify(allOf("iam:*", "ec2:*"));

type Manifest = Parameters<Simulation["apply"]>[0];

function allOf(...actions: readonly string[]): unknown {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] };
}

let sim: Simulation;
let organisation: Organisation;
beforeEach(async () => {
  organisation = await Organisation.open();
  sim = organisation.sim;
  for (const id of Object.values(TEAMS)) await prepare(id);
  for (const name of ["team-a", "team-b"]) await sim.user.createNamespace(name);
  sim.start({ hasClasses: true });
});
afterEach(() => organisation.close());

/** Step 1 of the page. */
async function prepare(accountId: string): Promise<void> {
  const call = async (action: string, params: Readonly<Record<string, string>>): Promise<void> =>
    void must(await sim.servers.aws.iam(action, params, accountId));
  const trust = TRUST.replace(`arn:aws:iam::${HOME}:role/${ROLE}`, HOME);
  await call("CreateRole", { RoleName: ROLE, AssumeRolePolicyDocument: trust });
  await call("PutRolePolicy", { RoleName: ROLE, PolicyName: "controller", PolicyDocument: PERMISSIONS });
  const boundary = JSON.stringify(allOf("s3:*", "sqs:*"));
  await call("CreatePolicy", { PolicyName: "k8s-boundary", PolicyDocument: boundary });
}

/** Step 2. */
async function applyClasses(): Promise<void> {
  for (const document of parseAllDocuments(CLASSES)) {
    const { metadata, spec } = document.toJS();
    await organisation.applyClass(metadata.name, { allowedInstanceRegions: [], ...spec });
  }
  await sim.run(MINUTE_MS);
}

const uploads = (text: string = UPLOADS): Manifest => parseAllDocuments(text)[0]?.toJS() as Manifest;
const answer = async (): Promise<string | undefined> => {
  const object = await sim.user.read({ namespace: "team-a", name: "uploads" });
  const ready = object?.status?.conditions?.find(({ type }) => type === "Ready");
  return `${ready?.reason}: ${ready?.message}`;
};

test("who follows docs/how-to/teams.md has a class for each team, and the team's role in the team's account, within the boundary", async () => {
  await applyClasses();
  for (const name of ["team-a", "team-b"]) expect(await organisation.classReady(name)).toMatch(/^True /);
  await sim.apply(uploads());
  await sim.run(MINUTE_MS);
  expect(await answer()).toMatch(/^InSync: /);
  const { result } = must(await sim.servers.aws.iam("GetRole", { RoleName: "team-a-uploads" }, TEAMS.a));
  expect(result).toMatchObject({
    Role: {
      Path: `/k8s/${CLUSTER_ID}/team-a/`,
      PermissionsBoundary: { PermissionsBoundaryArn: `arn:aws:iam::${TEAMS.a}:policy/k8s-boundary` },
    },
  });
  expect(await organisation.classStatus("team-a")).toMatchObject({ objects: 1, violations: 0 });
});

test("what docs/how-to/teams.md says of s3:* is what the controller says, and nothing is written", async () => {
  await applyClasses();
  await sim.apply(uploads(UPLOADS.replace('["s3:GetObject", "s3:PutObject"]', '["s3:*"]')));
  await sim.run(MINUTE_MS);
  expect(await answer()).toBe(REFUSAL.trim().replaceAll("\n", " "));
  expect(organisation.rolesIn(TEAMS.a).filter((name) => name !== ROLE)).toEqual([]);
});

test("an external id that is not the one of the trust policy is told by the class, and its objects wait", async () => {
  for (const id of Object.values(TEAMS)) {
    const document = TRUST.replace(`arn:aws:iam::${HOME}:role/${ROLE}`, HOME).replace(`"${CLUSTER_ID}"`, '"another"');
    must(await sim.servers.aws.iam("UpdateAssumeRolePolicy", { RoleName: ROLE, PolicyDocument: document }, id));
  }
  await applyClasses();
  await sim.apply(uploads());
  await sim.run(MINUTE_MS);
  expect(await organisation.classReady("team-a")).toMatch(/^False .*sts:AssumeRole/);
  expect(await answer()).toMatch(/AssumeRole/);
  expect(organisation.rolesIn(TEAMS.a).filter((name) => name !== ROLE)).toEqual([]);
});
