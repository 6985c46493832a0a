import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LuaFactory } from "wasmoon";
import { parse } from "yaml";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { parseInstanceProfileClass } from "../../../src/api/parse-instance-profile-class.ts";
import { kstatusOf } from "../../support/kstatus.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

interface Health {
  readonly status: "Healthy" | "Progressing" | "Degraded" | "Suspended";
  readonly message: string;
}

type KubeObject = Readonly<Record<string, unknown>>;

const FOLDER = join(DEPLOY_FOLDER, "argocd");
const CASES = join(import.meta.dirname, "../../cases");
const SCRIPT = readFileSync(join(FOLDER, "health.lua"), "utf8");
const { tests: SAMPLES } = parse(readFileSync(join(FOLDER, "health_test.yaml"), "utf8")) as {
  readonly tests: readonly { readonly healthStatus: Health; readonly inputPath: string }[];
};

const FACTORY = new LuaFactory();

/**
 * As Argo CD does it: the object is the global `obj`, what the script returns is the health. Each in an engine of its own, because
 * results stay on the stack of an engine, and some fifty of them are more than it holds.
 */
async function healthOf(object: KubeObject): Promise<Health> {
  const lua = await FACTORY.createEngine();
  try {
    await lua.doString(`obj = ${luaOf(object)}`);
    return (await lua.doString(SCRIPT)) as Health;
  } finally {
    lua.global.close();
  }
}

/** A value as a table constructor: a JavaScript object in Lua's hands would know neither ipairs nor nil. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(",")}}`;
  if (typeof value !== "object" || value === null) return value === null ? "nil" : JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `[${JSON.stringify(key)}]=${luaOf(member)}`);
  return `{${members.join(",")}}`;
}

const read = (file: string): KubeObject => parse(readFileSync(file, "utf8")) as KubeObject;

describe("Argo CD's health of objects and classes", () => {
  test.each(SAMPLES)("of $inputPath is $healthStatus.status", async ({ inputPath, healthStatus }) => {
    const object = read(join(FOLDER, inputPath));
    const parse = object["kind"] === "InstanceProfileClass" ? parseInstanceProfileClass : parseInstanceProfile;
    expect(() => parse(object)).not.toThrow();
    expect(await healthOf(object)).toEqual(healthStatus);
  });

  test("has a sample of each, and every sample is used", () => {
    const shown = new Set(SAMPLES.map(({ healthStatus }) => healthStatus.status));
    expect([...shown].sort()).toEqual(["Degraded", "Healthy", "Progressing", "Suspended"]);
    const used = SAMPLES.map(({ inputPath }) => inputPath.replace("testdata/", ""));
    expect(readdirSync(join(FOLDER, "testdata")).sort()).toEqual(used.toSorted());
  });

  test("says of a status that nobody has written that it waits", async () => {
    const object = { metadata: { name: "app", generation: 1 }, spec: {} };
    expect(await healthOf(object)).toEqual({ status: "Progressing", message: "Waiting for the controller" });
  });

  test("agrees with kstatus on every status that the controller is known to write", async () => {
    const names = readdirSync(CASES);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const { status } = read(join(CASES, name, "status.yaml")) as { readonly status: KubeObject };
      const object = read(join(CASES, name, "object.yaml"));
      const generation = status["observedGeneration"];
      const whole = { ...object, metadata: { ...(object["metadata"] as object), generation }, status };
      const { status: health } = await healthOf(whole);
      const kstatus = kstatusOf(whole);
      const expected = { Current: ["Healthy", "Suspended"], Failed: ["Degraded"], InProgress: ["Progressing"] };
      if (kstatus !== "Terminating") expect(expected[kstatus], name).toContain(health);
    }
  });

  test("is what the patch of Argo CD's ConfigMap holds", () => {
    const { data } = read(join(FOLDER, "argocd-cm.yaml")) as { readonly data: Readonly<Record<string, string>> };
    const key = "resource.customizations.health.iam.instanceprofile.dev";
    expect(data).toEqual({ [`${key}_InstanceProfile`]: SCRIPT, [`${key}_InstanceProfileClass`]: SCRIPT });
  });
});
