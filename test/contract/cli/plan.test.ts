import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { manifestText, runCli } from "./run-cli.ts";

const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "planner",
  AWS_SECRET_ACCESS_KEY: "very-secret-key",
  AWS_EC2_METADATA_DISABLED: "true",
};

let aws: AwsSandbox;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, ENVIRONMENT);
});
beforeEach(() => {
  aws.reset();
  process.env["AWS_ENDPOINT_URL"] = aws.url;
});
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

const plan = (input: string, ...options: string[]) => runCli(["plan", "-f", "-", ...options], { input });

/** What the controller of a cluster would have made of the manifest. */
async function make(clusterId: string, tags: Record<string, string> = {}): Promise<void> {
  const all = {
    "cluster-id": clusterId,
    namespace: "team-a",
    name: "app",
    uid: "uid-1",
    applied: "v1.66.BZzBM1.",
    ...tags,
  };
  const listed = Object.entries(all).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, `iam.instanceprofile.dev/${key}`],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  const tagged = Object.fromEntries(listed);
  await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST, ...tagged });
  await outsider(aws.url, "PutRolePolicy", {
    RoleName: "app",
    PolicyName: "app",
    PolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "s3:Get*", Resource: "*" },
    }),
  });
  const applied = Object.fromEntries(
    Object.entries(tagged).map(([k, v]) => [k, v === "v1.66.BZzBM1." ? "v1.66.." : (v ?? "")]),
  );
  await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app", ...applied });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
}

describe("plan's exit status tells how things stand", () => {
  test("2 when there is something to do, and it writes nothing", async () => {
    const { status, out } = await plan(manifestText());
    expect(status).toBe(2);
    expect(out).toContain("InstanceProfile team-a/app: 4 to add");
    expect(aws.calls.writes()).toEqual([]);
  });

  test("2 for an action that AWS does not have, with a note while there is something to write", async () => {
    const statements = [{ effect: "Allow", actions: ["s3:GetObjekt"], resources: ["*"] }];
    const { status, out } = await plan(manifestText({ statements }));
    expect(status).toBe(2);
    expect(out).toContain(
      "? UnknownAction: spec.statements[0].actions[0]: s3:GetObjekt is not in the list of AWS's actions of this version (did you mean s3:GetObject?)",
    );
    expect((await plan(manifestText())).out).not.toContain("UnknownAction");
  });

  test("0 when all is in sync, whichever cluster the object is of", async () => {
    await make("cluster-9");
    expect(await plan(manifestText())).toMatchObject({ status: 0, out: expect.stringContaining("in sync") });
    expect(await plan(manifestText(), "--cluster-id", "cluster-9")).toMatchObject({ status: 0 });
  });

  test("3 when one is blocked, even if others have changes", async () => {
    await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
    const other = manifestText({ roleName: "other" }, { name: "other" });
    const { status, out } = await plan(`${manifestText()}\n---\n${other}`);
    expect(status).toBe(3);
    expect(out).toMatch(/AlreadyExists: role app already exists/);
    expect(out).toContain("Plan: 0 in sync, 1 with changes, 1 blocked.");
  });

  test("3 when it belongs to an object of another cluster than was said", async () => {
    await make("cluster-9");
    const { status, out } = await plan(manifestText(), "--cluster-id", "cluster-1");
    expect(status).toBe(3);
    expect(out).toContain("is owned by InstanceProfile team-a/app of cluster cluster-9");
  });

  test("3 for a class, which this version does not know", async () => {
    expect(await plan(manifestText({ className: "prod" }))).toMatchObject({ status: 3 });
    expect(aws.calls.all).toEqual([]);
  });

  test("3 for a policy that IAM is sure to refuse, which it points at", async () => {
    const conditions = { stringequal: { "aws:a": ["b"] } };
    const statements = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"], conditions }];
    expect(await plan(manifestText({ statements }))).toMatchObject({
      status: 3,
      out: expect.stringContaining(
        "! <stdin>:1:232: InvalidPolicy: spec.statements[0].conditions.stringequal: stringequal is not an IAM condition operator " +
          "(did you mean StringEquals?), so IAM refuses the policy",
      ),
    });
  });

  test("1 for an invalid manifest, named by file and document, before AWS is asked anything", async () => {
    const { status, err } = await plan(`${manifestText()}\n---\n${manifestText({ roleName: "not a name" })}`);
    expect(status).toBe(1);
    expect(err).toContain("<stdin>:3:129: error: spec.roleName: Invalid value");
    expect(err).toContain("nothing was planned: 1 of 2 manifests are invalid");
    expect(aws.calls.all).toEqual([]);
  });

  test("1 when a permission is missing, which it names", async () => {
    aws.denyActions.add("iam:GetRole");
    const { status, err, out } = await plan(manifestText());
    aws.denyActions.clear();
    expect([status, out]).toEqual([1, ""]);
    expect(err).toMatch(/GetRole on role app: AccessDenied: .*iam:GetRole/);
  });

  test("1 when AWS cannot be reached", async () => {
    process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1";
    const { status, err } = await plan(manifestText());
    expect(status).toBe(1);
    expect(err).toMatch(/no reply from 127[.]0[.]0[.]1:1 [(]ECONNREFUSED[)]/);
  });

  test("1 when it is interrupted, without a stack", async () => {
    const stop = new AbortController();
    aws.onRequest(() => {
      stop.abort(new Error("received SIGINT"));
      return undefined;
    });
    const { status, err } = await runCli(["plan", "-f", "-"], { input: manifestText(), stop: stop.signal });
    aws.onRequest(undefined);
    expect([status, err]).toEqual([1, "instance-profile-controller plan: stopped: received SIGINT\n"]);
  });
});

describe("plan --since-live", () => {
  const other = manifestText({ roleName: "other" }, { name: "other" });

  test("shows the removal of what the cluster owns and no manifest asks for", async () => {
    await make("cluster-9");
    aws.calls.reset();
    const { status, out } = await plan(other, "--since-live", "--cluster-id", "cluster-9");
    expect(status).toBe(2);
    expect(out).toContain("InstanceProfile team-a/app: no manifest, 4 to remove");
    expect(out).toContain("  - role app\n");
    expect(aws.calls.writes()).toEqual([]);
  });

  test("takes the cluster from the tags of the manifests' own roles", async () => {
    await make("cluster-9");
    expect(await plan(manifestText(), "--since-live")).toMatchObject({ status: 0 });
    const { status, err } = await plan(other, "--since-live");
    expect(status).toBe(1);
    expect(err).toContain(
      "cannot determine the cluster: no object of these manifests exists in AWS yet. Set --cluster-id.",
    );
  });

  test("leaves other clusters and other namespaces alone", async () => {
    await make("cluster-9");
    const elsewhere = await plan(other, "--since-live", "--cluster-id", "cluster-1");
    const narrowed = await plan(other, "--since-live", "--cluster-id", "cluster-9", "-n", "team-b");
    for (const { out } of [elsewhere, narrowed]) expect(out).not.toContain("team-a/app");
  });

  test("removes nothing for a controller whose default is to retain", async () => {
    await make("cluster-9");
    const options = ["--since-live", "--cluster-id", "cluster-9", "--default-deletion-policy", "Retain"];
    const { out } = await plan(other, ...options);
    expect(out).toContain("InstanceProfile team-a/app: no manifest, nothing to remove");
  });

  test("says of what was adopted that nothing goes", async () => {
    await make("cluster-9", { adopted: "true" });
    const { out } = await plan(other, "--since-live", "--cluster-id", "cluster-9");
    expect(out).toContain("InstanceProfile team-a/app: no manifest, nothing to remove");
  });

  test("leaves out what an object has retained, but not when another object of the name has written it since", async () => {
    await make("cluster-9", { retained: "uid-1" });
    const { status, out } = await plan(other, "--since-live", "--cluster-id", "cluster-9");
    expect(out).not.toContain("team-a/app");
    expect(status).toBe(2);
    aws.reset();
    await make("cluster-9", { retained: "uid-0" });
    expect((await plan(other, "--since-live", "--cluster-id", "cluster-9")).out).toContain("4 to remove");
  });

  test("needs one call more for all of them", async () => {
    await make("cluster-9");
    const before = aws.calls.all.length;
    await plan(manifestText(), "--cluster-id", "cluster-9");
    const alone = aws.calls.all.length - before;
    await plan(manifestText(), "--cluster-id", "cluster-9", "--since-live");
    expect(aws.calls.all.length - before - alone).toBe(alone + 1);
  });
});

describe("plan's output", () => {
  test("is JSON that a program can read, with nothing else beside it", async () => {
    const { out } = await plan(manifestText(), "-o", "json");
    const { objects, summary } = JSON.parse(out);
    expect(summary).toEqual({ inSync: 0, changed: 1, blocked: 0 });
    expect(objects[0].plan.actions.map(({ kind }: { kind: string }) => kind)).toEqual([
      ...["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"],
    ]);
  });

  test("is Markdown for a review", async () => {
    expect((await plan(manifestText(), "-o", "markdown")).out).toMatch(
      /^[*][*]Grants .*\n\n[*][*]Plan: .*\n\n<details open>/,
    );
  });

  test("is the same for the same input, in the order of the manifests", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `app-${(i * 7) % 20}`);
    const input = names.map((name) => manifestText({ roleName: name }, { name })).join("\n---\n");
    const [once, twice] = [await plan(input), await plan(input)];
    expect(twice).toEqual(once);
    expect([...once.out.matchAll(/^InstanceProfile team-a\/(\S+):/gm)].map(([, name]) => name)).toEqual(names);
  });

  test("never shows the credentials", async () => {
    process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1";
    for (const output of ["text", "json"]) {
      const { out, err } = await plan(manifestText(), "-o", output);
      expect(out + err).not.toContain("very-secret-key");
    }
  });
});
