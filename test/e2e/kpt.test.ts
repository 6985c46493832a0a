import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetInstanceProfileCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type E2eSite, openE2eSite, TEST_CREDENTIALS, TEST_REGION, whyNoSite } from "../support/e2e-site.ts";
import { type CommandResult, findCommand, runCommand } from "../support/kubectl.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { EC2_TRUST, outsider } from "../support/outsider.ts";
import { PROGRAM } from "../support/program.ts";
import { type BackgroundProcess, startProcess } from "../support/run-process.ts";

const KPT = findCommand("kpt", process.env);
const why = whyNoSite() ?? (KPT === undefined ? "no kpt on the PATH" : undefined);
/** Longer than the controller ever takes, and so long that a wait for nothing would be noticed. */
const PATIENCE_S = 50;

describe.skipIf(why !== undefined)(`kpt live, which waits by kstatus${why ? ` (${why})` : ""},`, () => {
  let site: E2eSite;
  let namespace: string;
  let folder: string;
  let controller: BackgroundProcess;

  beforeAll(async () => {
    const { folder: runFolder } = e2eEnvironment();
    folder = await mkdtemp(join(runFolder, "kpt-"));
    site = await openE2eSite();
    namespace = await site.newNamespace();
    const logFile = join(folder, "controller.log");
    const args = [PROGRAM, "run", "--kubeconfig", site.account.kubeconfig, "--namespace", namespace];
    controller = startProcess(process.execPath, args, {
      logFile,
      env: {
        AWS_ENDPOINT_URL: site.awsEndpoint,
        AWS_REGION: TEST_REGION,
        AWS_ACCESS_KEY_ID: TEST_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: TEST_CREDENTIALS.secretAccessKey,
      },
    });
    const hasStarted = async () => (await readFile(logFile, "utf8")).includes("controller started") || undefined;
    await controller.untilReady(hasStarted, 30_000);
    const { code, stderr } = await kpt("live", "install-resource-group");
    expect([code, stderr]).toEqual([0, expect.anything()]);
  });
  afterAll(async () => {
    await controller?.stop();
    await site?.close();
  });

  function kpt(...args: readonly string[]): Promise<CommandResult> {
    const { adminKubeconfig = "" } = e2eEnvironment();
    return runCommand(KPT ?? "", args, { env: { KUBECONFIG: adminKubeconfig } });
  }

  /** A package of manifests, with its inventory. */
  async function newPackage(name: string, manifests: readonly Manifest[]): Promise<string> {
    const path = join(folder, name);
    await mkdir(path);
    const kptfile = { apiVersion: "kpt.dev/v1", kind: "Kptfile", metadata: { name } };
    await writeFile(join(path, "Kptfile"), JSON.stringify(kptfile));
    await writeFile(join(path, "profiles.yaml"), manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n"));
    const { code, stderr } = await kpt("live", "init", path, "--namespace", namespace);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    return path;
  }

  const apply = (path: string) => kpt("live", "apply", path, "--server-side", `--reconcile-timeout=${PATIENCE_S}s`);

  /** What AWS says of a role and its profile. */
  async function isInAws(name: string): Promise<readonly boolean[]> {
    const is = async (call: Promise<unknown>) =>
      call.then(
        () => true,
        () => false,
      );
    const { iam } = site;
    return Promise.all([
      is(iam.send(new GetRoleCommand({ RoleName: name }))),
      is(iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }))),
    ]);
  }

  test("applies, and returns when everything is in AWS; destroys, and returns when nothing is", async () => {
    const names = [`${site.prefix}-kpt-1`, `${site.prefix}-kpt-2`];
    const path = await newPackage(
      "good",
      names.map((name) => s3ReadOnly({ namespace, name })),
    );
    const applied = await apply(path);
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringMatching(/2 attempted, 2 successful.*reconcile/s) });
    expect(await Promise.all(names.map(isInAws))).toEqual([
      [true, true],
      [true, true],
    ]);
    const destroyed = await kpt("live", "destroy", path);
    expect(destroyed).toMatchObject({ code: 0 });
    expect(await Promise.all(names.map(isInAws))).toEqual([
      [false, false],
      [false, false],
    ]);
  });

  test("takes suspended objects and dry runs for reconciled, and waits for none of them", async () => {
    const names = [`${site.prefix}-kpt-dry`, `${site.prefix}-kpt-idle`];
    const [dry = "", idle = ""] = names;
    const path = await newPackage("idle", [
      s3ReadOnly({ namespace, name: dry }, { mode: "DryRun" }),
      s3ReadOnly({ namespace, name: idle }, { suspend: true }),
    ]);
    const startedMs = performance.now();
    const applied = await apply(path);
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringMatching(/2 attempted, 2 successful.*reconcile/s) });
    expect((performance.now() - startedMs) / 1_000).toBeLessThan(PATIENCE_S - 10);
    const status = await kpt("live", "status", path);
    for (const name of names) expect(status.stdout).toMatch(new RegExp(`${name} is Current`));
    expect(await Promise.all(names.map(isInAws))).toEqual([
      [false, false],
      [false, false],
    ]);
    expect(await kpt("live", "destroy", path)).toMatchObject({ code: 0 });
  });

  test("fails at once for an object that only a person can mend, and says which", async () => {
    const name = `${site.prefix}-kpt-taken`;
    await outsider(site.awsEndpoint, "CreateRole", { RoleName: name, AssumeRolePolicyDocument: EC2_TRUST });
    const path = await newPackage("taken", [s3ReadOnly({ namespace, name })]);
    const startedMs = performance.now();
    const { code, stdout, stderr } = await apply(path);
    const tookS = (performance.now() - startedMs) / 1_000;
    expect(`${stdout}${stderr}`).toMatch(new RegExp(`${name} reconcile failed`));
    expect(code).not.toBe(0);
    expect(tookS).toBeLessThan(PATIENCE_S - 10);
    expect(await isInAws(name)).toEqual([true, false]);
    await kpt("live", "destroy", path);
  });
});
