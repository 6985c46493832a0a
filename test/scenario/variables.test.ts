import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { s3ReadOnly } from "../support/manifest.ts";
import { HOME, Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";

let sim: Simulation;
let org: Organisation;

beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});
afterEach(() => org.close());

const apply = (spec: Readonly<Record<string, unknown>>): Promise<void> =>
  sim.apply(s3ReadOnly({ namespace: "default", name: "app" }, spec));
const allow = (...resources: readonly string[]): object => ({ effect: "Allow", actions: ["s3:GetObject"], resources });
/** The policies of the roles of an account, as text. */
const policiesIn = (accountId: string): string =>
  JSON.stringify(sim.servers.aws.cloud.account(accountId).roles.allLatest());

describe("variables of an object with a class", () => {
  test("stand for the account of the class and the class's own values, within the bounds that the result must keep", async () => {
    await org.applyClass("a", {
      roleNamePrefix: "{namespace}-",
      allowedResources: ["arn:aws:s3:::{bucket}-{account}/{name}/*"],
      variables: { bucket: "acme" },
    });
    sim.start({ hasClasses: true });
    const spec = {
      className: "a",
      roleName: "{namespace}-{name}",
      statements: [allow("arn:{partition}:s3:::{bucket}-{account}/{name}/*")],
    };
    await apply(spec);
    await org.pass();
    expect(await org.ready("app")).toMatch(/^True InSync/);
    expect(org.rolesIn(TEAMS.a)).toEqual(["default-app"]);
    expect(policiesIn(TEAMS.a)).toContain(`arn:aws:s3:::acme-${TEAMS.a}/app/*`);

    await apply({ ...spec, statements: [allow("arn:{partition}:s3:::{bucket}-{account}/{namespace}/*")] });
    await org.pass();
    expect(await org.ready("app")).toMatch(/^False ResourceNotAllowed: .*acme-111122223333\/default/);
  });

  test("follow an edit of the class in policies, and not in the name of a role that exists", async () => {
    await org.applyClass("a", { variables: { stage: "dev" } });
    sim.start({ hasClasses: true });
    await apply({ className: "a", roleName: "{stage}-app", statements: [allow("arn:aws:s3:::{stage}/*")] });
    await org.pass();
    expect(org.rolesIn(TEAMS.a)).toEqual(["dev-app"]);
    await org.applyClass("a", { variables: { stage: "prod" } });
    await org.pass();
    expect(org.rolesIn(TEAMS.a)).toEqual(["dev-app"]);
    expect(policiesIn(TEAMS.a)).toContain("arn:aws:s3:::prod/*");
    expect(await org.ready("app")).toMatch(
      /^True InSync: .*; spec\.roleName now gives prod-app, and AWS keeps dev-app: IAM cannot rename it/,
    );
  });

  test("that do not exist, and leftovers of other tools, block it before anything is written", async () => {
    await org.applyClass("a");
    sim.start({ hasClasses: true });
    await apply({
      className: "a",
      statements: [allow(`arn:aws:s3:::b-$\{AWS::AccountId}/*`, "arn:aws:s3:::{acount}/*")],
    });
    await org.pass();
    expect(await org.ready("app")).toMatch(/^False UnfilledTemplate: .*CloudFormation.* \{acount\} is no variable/);
    expect(org.rolesIn(TEAMS.a)).toEqual([]);
    await apply({ className: "a", statements: [allow("arn:aws:s3:::b-{account}/*")] });
    await org.pass();
    expect(await org.ready("app")).toMatch(/^True InSync/);
  });
});

test("without a class {account} is the account of the controller's credentials, for one request to STS", async () => {
  sim.start({ hasClasses: true });
  await apply({ statements: [allow("arn:aws:s3:::b-{account}-{cluster}/*")] });
  await org.pass();
  expect(await org.ready("app")).toMatch(/^True InSync/);
  expect(policiesIn(HOME)).toContain(`arn:aws:s3:::b-${HOME}-`);
  const identified = sim.servers.aws.calls.all.filter(({ action }) => action === "GetCallerIdentity");
  expect(identified.length).toBeLessThanOrEqual(1);
});
