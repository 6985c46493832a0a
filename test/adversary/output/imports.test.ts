import { describe, expect, test } from "vitest";
import { runCli } from "../../contract/cli/run-cli.ts";
import { ack } from "../../support/declarations/ack.ts";
import { EC2_TRUST, statement } from "../../support/declarations/policies.ts";
import { profile, role, rolePolicy, stateFile } from "../../support/declarations/terraform.ts";
import { EVERYTHING, expectSafe } from "./hostile.ts";

const FORGED = `x\n---\nkind: Forged\n::error::y ${EVERYTHING}`;

describe("what another tool declares cannot forge output, and hangs nothing", () => {
  test.each<[string, readonly string[], string]>([
    [
      "names, keys and values of a Terraform state",
      ["export", "--from-terraform-state", "-"],
      stateFile([
        role(FORGED, FORGED, { description: FORGED, tags_all: { [FORGED]: FORGED } }, { key: FORGED, module: FORGED }),
        rolePolicy(FORGED, FORGED, FORGED, statement("s3:Get*", { Sid: FORGED, Resource: FORGED }), { key: FORGED }),
        profile(FORGED, FORGED, FORGED, { path: `/${FORGED}/` }, { key: FORGED }),
        profile("other", "other", FORGED),
      ]),
    ],
    [
      "names and texts of a template",
      ["export", "--from-cloudformation", "-"],
      JSON.stringify({
        Resources: {
          [FORGED]: { Type: "AWS::IAM::Role", Properties: { RoleName: FORGED, AssumeRolePolicyDocument: FORGED } },
          P: {
            Type: "AWS::IAM::InstanceProfile",
            Properties: { InstanceProfileName: FORGED, Roles: [{ Ref: FORGED }] },
          },
          Bad: { Type: "AWS::IAM::Role", Properties: { Description: { Ref: FORGED } } },
        },
      }),
    ],
    [
      "names of objects",
      ["export", "--from-cluster", "ack", "-f", "-"],
      JSON.stringify({
        kind: "List",
        items: [
          ack("Role", FORGED, {
            name: FORGED,
            assumeRolePolicyDocument: EC2_TRUST,
            policyRefs: [{ from: { name: FORGED } }],
          }),
          ack("InstanceProfile", FORGED, { name: FORGED, roleRef: { from: { name: FORGED } } }),
          ack(FORGED, FORGED, {}),
        ],
      }),
    ],
    ["a policy", ["convert", "--name", "a"], statement("s3:Get*", { Sid: FORGED, Resource: FORGED })],
  ])("%s", async (_, args, input) => {
    const { out, err } = await runCli(args, { input });
    expectSafe(out);
    expectSafe(err);
    expect(out).not.toMatch(/^kind: Forged/m);
  });

  test.each<[string, readonly string[], string]>([
    ["a deep state", ["export", "--from-terraform-state", "-"], `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["a deep template", ["export", "--from-cloudformation", "-"], "[".repeat(100_000)],
    ["a large template", ["export", "--from-cloudformation", "-"], " ".repeat(2 ** 20 + 1)],
    ["a deep policy", ["convert", "--name", "a"], `{"Statement": ${"[".repeat(100_000)}`],
    [
      "aliases that multiply",
      ["export", "--from-cloudformation", "-"],
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
        .split("")
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefg"[i]}`).join()}]`)
        .join("\n")}`,
    ],
  ])("%s is refused in words", async (_, args, input) => {
    const { status, out, err } = await runCli(args, { input });
    expect([status, out]).toEqual([1, ""]);
    expect(err).not.toMatch(/\n\s+at /);
  });
});
