import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { whyNoSite } from "../support/e2e-site.ts";
import { Ec2User } from "../support/ec2-user.ts";
import type { Fate, ProxiedRequest } from "../support/faults/fault-proxy.ts";
import { RealWorld } from "../support/real-world.ts";

const why = whyNoSite();
const { awsEndpoint = "" } = e2eEnvironment();

/** Nobody else's: see `withoutFilterByProfile`. */
const REGION = "eu-west-3";

/**
 * What moto 5.2.1 lacks of this story (test/e2e/aws-contract.test.ts has the whole list):
 * - The filter `iam-instance-profile.arn` of DescribeInstances is not implemented: a 500 as soon as the region has an instance,
 *   which no controller gets past, and rightly so. Here moto is asked without it. The controller looks itself at the profile of
 *   each instance that it is told.
 * - A replaced association keeps its id, and DescribeInstances goes on showing the old profile: `onConflict: Replace` is left to
 *   the sandbox.
 */
async function withoutFilterByProfile(
  { body, path }: ProxiedRequest,
  authorization: string,
): Promise<Fate | undefined> {
  const params = new URLSearchParams(body.toString("utf8"));
  const filter = [...params].find(([, value]) => value === "iam-instance-profile.arn")?.[0].replace(/\.Name$/, "");
  if (params.get("Action") !== "DescribeInstances" || filter === undefined) return undefined;
  for (const name of [...params.keys()]) if (name.startsWith(`${filter}.`)) params.delete(name);
  const answer = await fetch(new URL(path, awsEndpoint), { method: "POST", body: params, headers: { authorization } });
  return {
    kind: "answer",
    status: answer.status,
    headers: { "content-type": "text/xml" },
    body: await answer.text(),
  };
}

describe.skipIf(why !== undefined)(`instances of an AWS over the network${why ? ` (${why})` : ""}`, () => {
  let world: RealWorld;
  let ec2: Ec2User;

  beforeAll(async () => {
    world = await RealWorld.open(REGION);
    ec2 = new Ec2User(awsEndpoint, REGION);
    // moto tells by it which region is meant.
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/${REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0`;
    world.wire.judge = (request) => withoutFilterByProfile(request, authorization);
  });
  beforeEach(() => world.reset());
  afterAll(async () => {
    ec2?.close();
    await world?.close();
  });

  const tags = () => ({ fleet: world.key.name });
  const instances = () => ({ instances: { region: REGION, selector: { matchTags: tags() } } });
  const status = async () => (await world.object())?.status;

  test("get the profile that was made, and lose it with the object", async () => {
    const id = await ec2.runOne({ tags: tags() });
    await world.apply(world.manifest(instances()));
    const controller = world.controller();
    await controller.settle();
    expect([await ec2.profileOf(id), await world.ready()]).toEqual([world.key.name, "True InSync"]);
    expect((await status())?.instances).toMatchObject({ matched: 1, associated: 1, pending: 0 });
    expect(world.awsWrites().slice(-2)).toEqual(["CreateTags", "AssociateIamInstanceProfile"]);
    world.forgetCalls();
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([]);

    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect([await ec2.profileOf(id), await ec2.tagsOf(id)]).toEqual([undefined, tags()]);
    await ec2.terminate(id);
  });

  test("that somebody else has started with the profile hold its end up, by their ids, until the last one has ended", async () => {
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    const ids = [await ec2.runOne({ profile: world.key.name }), await ec2.runOne({ profile: world.key.name })];
    await world.delete();
    world.forgetCalls();
    await controller.settle();
    expect(await world.ready()).toBe("False InstancesUseProfile");
    const message = (await status())?.conditions?.find(({ type }) => type === "Ready")?.message;
    for (const id of ids) expect(message).toContain(`${id} (${REGION})`);
    expect(world.awsWrites()).toEqual([]);
    await ec2.terminate(...ids);
    world.nowMs += 60_000;
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });
});
