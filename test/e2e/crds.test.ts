import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { openKubeApi } from "../support/kube-api.ts";

const { adminKubeconfig } = e2eEnvironment();
const GROUP = "iam.instanceprofile.dev";
const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All";
const crds = readShippedCrds().map((crd) => JSON.stringify(crd));

/** What a real API server answers to a CRD in a group of its own, so that it is new whoever else uses the server. */
async function answerTo(crd: string): Promise<{ readonly status: number; readonly message: unknown }> {
  const body = JSON.parse(crd.replaceAll(GROUP, `g${randomUUID().slice(0, 8)}.${GROUP}`));
  const api = openKubeApi(adminKubeconfig ?? "");
  const { status, body: answer } = await api.request({ method: "POST", path, body });
  return { status, message: answer["message"] };
}

// The sandbox neither estimates what a rule costs nor asks whether a schema is structural: this server does.
describe.skipIf(adminKubeconfig === undefined)("a real API server", () => {
  test.each(crds.map((crd) => ({ crd, name: JSON.parse(crd).metadata.name as string })))(
    "accepts $name: structural, and within the cost budget of CEL rules",
    async ({ crd }) => {
      expect(await answerTo(crd)).toEqual({ status: 201, message: undefined });
    },
  );

  test("refuses the same CRD without the bounds of its lists, for the cost of its rules", async () => {
    const [crd = ""] = crds;
    const { status, message } = await answerTo(crd.replaceAll(/"maxItems":\d+,?/g, ""));
    expect([status, message]).toEqual([422, expect.stringContaining("exceeds budget")]);
  });

  test("refuses the same CRD with a schema that is not structural", async () => {
    const [crd = ""] = crds;
    const { status, message } = await answerTo(crd.replace(/"statements":\{"type":"array",/, '"statements":{'));
    expect([status, message]).toEqual([422, expect.stringContaining("must not be empty for specified object fields")]);
  });
});
