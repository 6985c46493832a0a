import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { ClusterUser, type Manifest, readyOf } from "../../support/cluster-user.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { sectionOf } from "./document.ts";
import { Newcomer } from "./newcomer.ts";
import { PROGRAM } from "./program.ts";
import { commandsOf, simpleCommands } from "./shell.ts";

const COMMANDS = sectionOf("docs/how-to/migrate-from.md", "Export and review")
  .fences.filter(({ language }) => language === "sh")
  .flatMap(commandsOf)
  .map(({ line }) => line);

const POLICY = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "s3:Get*", Resource: "*" } };

describe("the migration in the documents", () => {
  const newcomer = new Newcomer();
  let folder: string;
  let aws: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "migrate-"));
    await newcomer.type("npm start -- --allow-adoption");
    aws = newcomer.environment["AWS_ENDPOINT_URL"] ?? "";
    await outsider(aws, "CreateRole", { RoleName: "web", Path: "/app/", AssumeRolePolicyDocument: EC2_TRUST });
    const policy = { RoleName: "web", PolicyName: "read", PolicyDocument: JSON.stringify(POLICY) };
    await outsider(aws, "PutRolePolicy", policy);
    await outsider(aws, "CreateInstanceProfile", { InstanceProfileName: "web", Path: "/app/" });
    await outsider(aws, "AddRoleToInstanceProfile", { InstanceProfileName: "web", RoleName: "web" });
  });
  afterAll(async () => {
    await newcomer.leave();
    await rm(folder, { recursive: true });
  });

  /** Types a line of the document, with its file in a folder of the test. */
  async function type(line: string): Promise<{ readonly status: number; readonly out: string }> {
    const [, ...words] = simpleCommands(line)[0] ?? [];
    const args = words
      .slice(words.indexOf(PROGRAM) + 1)
      .map((word) => (word.endsWith(".yaml") ? join(folder, word) : word));
    const run = await newcomer.run(args);
    const target = / > (\S+)$/.exec(line)?.[1];
    if (target !== undefined) await writeFile(join(folder, target), run.out);
    return run;
  }

  test("is exported, found valid, and planned without a change", async () => {
    const [exported = "", validated = "", planned = "", ...others] = COMMANDS;
    expect(others.map((line) => line.split(" ")[0])).toEqual(["kubectl", "kubectl"]);
    expect(await type(exported)).toMatchObject({ status: 0 });
    expect(await type(validated)).toMatchObject({ status: 0, out: expect.stringContaining("team-a/web: ok") });
    const { status, out } = await type(planned);
    expect([status, out]).toEqual([0, expect.stringContaining("adopted unchanged, only owner tags are written")]);
  });

  test("is adopted once it is applied, and becomes Ready", async () => {
    const { server } = loadKubeConfig({ env: newcomer.environment, clock: systemClock });
    const user = new ClusterUser(plainKubeApi(server));
    await user.createNamespace("team-a");
    const text = await readFile(join(folder, "profiles.yaml"), "utf8");
    for (const document of parseAllDocuments(text)) await user.apply(document.toJS() as Manifest);
    const key = { namespace: "team-a", name: "web" };
    await vi.waitFor(async () => expect(readyOf(await user.read(key))).toBe("True InSync"), { timeout: 10_000 });
    await vi.waitFor(async () => {
      const adopted = (await user.events(key)).find(({ reason }) => reason === "Adopted");
      expect(adopted?.note).toBe("~ tags of role web; ~ tags of instance profile web");
    });
  });
});
