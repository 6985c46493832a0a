import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { findCommand } from "../../support/kubectl.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

const CONFIGURATION = "instance-profile-names.yaml";
const statements = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }];
const object = (name: string, spec: object): object => ({
  apiVersion: "iam.instanceprofile.dev/v1beta1",
  kind: "InstanceProfile",
  metadata: { name, namespace: "team-a" },
  spec: { ...spec, statements },
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kustomize-names-"));
  copyFileSync(join(DEPLOY_FOLDER, "kustomize", CONFIGURATION), join(folder, CONFIGURATION));
  const objects = [
    object("web", { roleName: "web", instanceProfileName: "web-profile", className: "team" }),
    object("batch", {}),
  ];
  writeFileSync(join(folder, "objects.yaml"), objects.map((one) => stringify(one)).join("---\n"));
  const kustomization = {
    namePrefix: "dev-",
    nameSuffix: "-eu",
    resources: ["objects.yaml"],
    configurations: [CONFIGURATION],
  };
  writeFileSync(join(folder, "kustomization.yaml"), stringify(kustomization));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(findCommand("kubectl") === undefined)("namePrefix and nameSuffix of kustomize", () => {
  test("reach the names in AWS with the configuration of deploy/kustomize, and add none that is left out", () => {
    const built = execFileSync("kubectl", ["kustomize", folder], { encoding: "utf8" });
    const objects = parseAllDocuments(built).map((document) => parseInstanceProfile(document.toJS()));
    expect(objects.map(({ metadata, spec }) => [metadata.name, spec.roleName, spec.instanceProfileName])).toEqual([
      ["dev-batch-eu", "team-a--dev-batch-eu", "team-a--dev-batch-eu"],
      ["dev-web-eu", "dev-web-eu", "dev-web-profile-eu"],
    ]);
    expect(objects.map(({ spec }) => spec.className)).toEqual([undefined, "team"]);
  });
});
