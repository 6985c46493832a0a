import { describe, expect, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../support/cluster-user.ts";
import { readyOf } from "../../support/cluster-user.ts";
import { ACK } from "../../support/declarations/ack.ts";
import { CLOUDFORMATION, templateText } from "../../support/declarations/cloudformation.ts";
import { CROSSPLANE } from "../../support/declarations/crossplane.ts";
import { EC2_TRUST, statement } from "../../support/declarations/policies.ts";
import { attachment, profile, role, rolePolicy, stateFile, TERRAFORM } from "../../support/declarations/terraform.ts";
import { outsider } from "../../support/outsider.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import { testsOn } from "../controller/stories.ts";
import { type Ended, runCli } from "./run-cli.ts";

const test = testsOn(() => SandboxRig.open());

/** Applies exported manifests, after validating them strictly, and waits until all are Ready. */
async function becomeReady(rig: SandboxRig, exported: string): Promise<void> {
  const validated = await runCli(["validate", "--strict", "-f", "-"], { input: exported });
  expect(validated).toMatchObject({ status: 0, out: expect.stringMatching(/ok\n\d+ checked, 0 invalid\n$/) });
  await outsider(rig.aws.url, "CreateRole", { RoleName: "made-elsewhere", AssumeRolePolicyDocument: EC2_TRUST });
  await rig.start({ allowsExternalRoles: true });
  const manifests = parseAllDocuments(exported).flatMap((document) => (document.toJS() ?? []) as Manifest);
  for (const manifest of manifests) await rig.user.apply(manifest);
  const allReady = async (): Promise<void> => {
    const objects = await rig.user.list(rig.namespace);
    expect(objects.map((object) => `${object.metadata.name} ${readyOf(object)}`)).toEqual(
      manifests.map(({ metadata }) => `${metadata.name} True InSync`).sort(),
    );
  };
  await vi.waitFor(allReady, { timeout: 40_000, interval: 250 });
}

function joined(all: readonly Ended[]): string {
  return all.map(({ out }) => out).join("---\n");
}

describe.concurrent("what people declare with another tool becomes Ready as manifests", { timeout: 90_000 }, () => {
  test("Terraform: twenty declarations in one state", async ({ rig }) => {
    const input = stateFile(TERRAFORM.flatMap(([, resources]) => resources));
    const exported = await runCli(["export", "--from-terraform-state", "-", "-n", rig.namespace], { input });
    expect(exported).toMatchObject({ status: 0, err: "24 of 24 instance profiles exported from standard input\n" });
    await becomeReady(rig, exported.out);
  });

  test("Terraform in China: the whole state, which validate accepts", async () => {
    const name = "cn-web";
    const resources = [
      role("cn", name, { assume_role_policy: EC2_TRUST.replace("amazonaws.com", "amazonaws.com.cn") }),
      rolePolicy("cn", name, "read", statement("s3:Get*", { Resource: "arn:aws-cn:s3:::logs/*" })),
      attachment("cn", name, "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore"),
      profile("cn", name, name),
    ];
    const input = stateFile(resources).replaceAll("arn:aws:iam::1", "arn:aws-cn:iam::1");
    const exported = await runCli(["export", "--from-terraform-state", "-"], { input });
    expect(exported).toMatchObject({ status: 0, err: "1 of 1 instance profiles exported from standard input\n" });
    expect(await runCli(["validate", "-f", "-"], { input: exported.out })).toMatchObject({ status: 0 });
  });

  test("CloudFormation: twenty templates", async ({ rig }) => {
    const all = await Promise.all(
      CLOUDFORMATION.map((template, index) => {
        const parameters = (template.parameters ?? []).flatMap((parameter) => ["--parameter", parameter]);
        const args = ["export", "--from-cloudformation", "-", "-n", rig.namespace, ...parameters];
        return runCli(args, { input: templateText(template, `cfn-${index}`) });
      }),
    );
    expect(all.map(({ status, err }, index) => `${CLOUDFORMATION[index]?.title}: ${status} ${err}`)).toEqual(
      CLOUDFORMATION.map(({ title, resources }) => {
        const count = resources.split("AWS::IAM::InstanceProfile").length - 1;
        return `${title}: 0 ${count} of ${count} instance profiles exported from standard input\n`;
      }),
    );
    await becomeReady(rig, joined(all));
  });

  for (const [tool, declarations] of [
    ["ack", ACK],
    ["crossplane", CROSSPLANE],
  ] as const) {
    test(`${tool}: twenty declarations`, async ({ rig }) => {
      const items = declarations.flatMap(([, objects]) => objects);
      const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
      const exported = await runCli(["export", "--from-cluster", tool, "-f", "-", "-n", rig.namespace], { input });
      expect(exported).toMatchObject({ status: 0, err: "21 of 21 instance profiles exported from standard input\n" });
      await becomeReady(rig, exported.out);
    });
  }
});
