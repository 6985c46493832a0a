import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { documents, listSamples, SAMPLES_FOLDER, yamlFiles } from "../contract/crd/samples.ts";
import type { Manifest } from "../support/cluster-user.ts";
import { findKubectls, Kubectl } from "../support/kubectl.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { startProcess } from "../support/run-process.ts";

/** A cluster with a controller at work in one namespace. */
export interface KubectlPlace {
  /** Of somebody who may do everything. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** What the names of objects and roles begin with, so that they are nobody else's. */
  readonly prefix: string;
  /** For files. */
  readonly folder: string;
  /** True where no other test meets the classes of the cluster. */
  readonly mayMakeClasses?: boolean;
  close(): Promise<void>;
}

const KIND = "instanceprofile.iam.instanceprofile.dev";
const RECONCILE_AT = "iam.instanceprofile.dev/reconcile-at";
/** An editor that needs nobody; what it seeks is in the spec, not in the annotation of what was last applied. */
const EDITOR = `
import { readFileSync, writeFileSync } from "node:fs";
const file = process.argv[2];
writeFileSync(file, readFileSync(file, "utf8").replace("- s3:List*", "- s3:ListBucket"));
`;
/** What a default inside a list would change each time. */
const LIST_DEFAULT = {
  apiVersion: "iam.instanceprofile.dev/v1beta1",
  kind: "InstanceProfile",
  spec: {
    roleName: "argo",
    statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }],
    trust: { statements: [{ effect: "Allow", principals: { aws: ["123456789012"] } }] },
  },
};
const CLASS_SAMPLES = yamlFiles(join(SAMPLES_FOLDER, "classes")).flatMap((file) => documents(file));
const binaries = findKubectls().map((file) => ({ version: basename(file), file }));

/** What a user of kubectl sees and does, in every version that is here. */
export function kubectlStories(open: () => Promise<KubectlPlace>): void {
  let place: KubectlPlace;
  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place?.close());

  if (binaries.length === 0) test.skip("no kubectl is on the PATH");

  describe.each(binaries)("$version", ({ version, file }) => {
    let kubectl: Kubectl;
    let name: string;
    let other: string;
    beforeAll(() => {
      kubectl = new Kubectl(file, place);
      name = `${place.prefix}${version.replaceAll(".", "-")}`;
      other = `${name}-other`;
    });
    const manifest = (of: string, spec?: Manifest["spec"]): string =>
      JSON.stringify(s3ReadOnly({ namespace: place.namespace, name: of }, spec));
    const waitReady = (of: string): Promise<string> =>
      kubectl.ok(["wait", "--for=condition=Ready", "--timeout=30s", `iprof/${of}`]);
    const field = (of: string, path: string): Promise<string> =>
      kubectl.ok(["get", "iprof", of, "-o", `jsonpath={${path}}`]);

    test("applies on the client's side: created, unchanged, configured", async () => {
      const apply = (spec?: Manifest["spec"]) => kubectl.ok(["apply", "-f", "-"], { input: manifest(name, spec) });
      expect(await apply()).toBe(`${KIND}/${name} created\n`);
      expect(await apply()).toBe(`${KIND}/${name} unchanged\n`);
      expect(await apply({ description: "applied" })).toBe(`${KIND}/${name} configured\n`);
    });

    test("applies on the server's side, and to what was applied on the client's", async () => {
      const apply = ["apply", "--server-side", "-f", "-"];
      expect(await kubectl.ok(apply, { input: manifest(other) })).toBe(`${KIND}/${other} serverside-applied\n`);
      const edited = manifest(name, { description: "applied by the server" });
      expect(await kubectl.ok(apply, { input: edited })).toBe(`${KIND}/${name} serverside-applied\n`);
      expect(await field(name, ".spec.description")).toBe("applied by the server");
    });

    test("applies every sample twice, and the second time changes nothing", async () => {
      const samples = listSamples().flatMap((sample) =>
        sample.outcome === "accepted" ? [{ name: basename(sample.file, ".yaml"), manifest: sample.manifest }] : [],
      );
      const objects = [...samples, { name: "list-default", manifest: LIST_DEFAULT }].map((sample) => {
        const { apiVersion, kind, spec } = sample.manifest as unknown as Manifest;
        // A dry run, because AWS has not everything that each sample refers to.
        const metadata = { name: `${name}-${sample.name}`, namespace: place.namespace };
        return { apiVersion, kind, metadata, spec: { ...spec, mode: "DryRun" } };
      });
      await expectUnchanged(kubectl, KIND, objects);
    });

    test("applies every class twice, and the second time changes nothing", async (context) => {
      if (place.mayMakeClasses !== true) return context.skip("other tests meet the classes of this cluster");
      const classes = CLASS_SAMPLES.map((sample) => sample as unknown as Manifest);
      await expectUnchanged(kubectl, "instanceprofileclass.iam.instanceprofile.dev", classes);
    });

    test("waits until an object is Ready", async () => {
      expect(await waitReady(name)).toBe(`${KIND}/${name} condition met\n`);
      expect(await waitReady(other)).toBe(`${KIND}/${other} condition met\n`);
    });

    test("shows Ready, Reason, Role, the profile's ARN and the age, and on demand the message", async () => {
      const [head = "", ...rows] = (await kubectl.ok(["get", "iprof", name])).trimEnd().split("\n");
      expect(head.split(/\s+/)).toEqual(["NAME", "READY", "REASON", "ROLE", "PROFILE-ARN", "AGE"]);
      expect(rows.map((row) => row.split(/\s+/))).toEqual([
        [
          name,
          "True",
          "InSync",
          name,
          expect.stringMatching(`:instance-profile/${name}$`),
          expect.stringMatching(/^\d+[sm]/),
        ],
      ]);
      const wide = await kubectl.ok(["get", "instanceprofiles", name, "-o", "wide"]);
      expect(wide).toMatch(/^NAME .* AGE +MESSAGE +INSTANCES +PROFILE/);
      expect(wide).toContain("match the spec");
      expect(await kubectl.ok(["get", "aws"])).toContain(name);
      expect(await kubectl.ok(["get", "iam", "-o", "name"])).toContain(`${KIND}/${name}\n`);
    });

    test("describes an object with its Events", async () => {
      await vi.waitFor(
        async () => {
          const text = await kubectl.ok(["describe", "iprof", name]);
          expect(text).toMatch(/Events:\n.*\n.*\n +Normal +Created +.*instanceprofile\S* +\+ role/);
          expect(text).toMatch(/Conditions:\n(.*\n)+ +Reason: +InSync\n/);
        },
        { timeout: 10_000, interval: 200 },
      );
    });

    test("explains the fields", async () => {
      const text = await kubectl.ok(["explain", "iprof.spec.statements"]);
      expect(text).toMatch(/^GROUP: +iam\.instanceprofile\.dev\nKIND: +InstanceProfile\nVERSION: +v1beta1\n/);
      for (const known of ["sid", "effect", "actions", "notActions", "resources", "notResources", "conditions"]) {
        expect(text).toMatch(new RegExp(`^ +${known}\\t<`, "m"));
      }
      expect(await kubectl.ok(["explain", "instanceprofile", "--recursive"])).toContain("adoptionPolicy");
    });

    test("lists the kinds with their short names", async () => {
      const text = await kubectl.ok(["api-resources", "--api-group=iam.instanceprofile.dev", "--no-headers"]);
      expect(
        text
          .trim()
          .split("\n")
          .map((line) => line.trim().split(/\s+/))
          .sort(),
      ).toEqual([
        ["instanceprofileclasses", "iprofclass", "iam.instanceprofile.dev/v1beta1", "false", "InstanceProfileClass"],
        ["instanceprofiles", "iprof", "iam.instanceprofile.dev/v1beta1", "true", "InstanceProfile"],
      ]);
    });

    test("edits", async () => {
      const editor = join(place.folder, "editor.mjs");
      await writeFile(editor, EDITOR);
      const env = { KUBE_EDITOR: `'${process.execPath}' '${editor}'` };
      expect(await kubectl.ok(["edit", "iprof", name], { env })).toBe(`${KIND}/${name} edited\n`);
      expect(await field(name, ".spec.statements[0].actions")).toBe('["s3:Get*","s3:ListBucket"]');
      const generation = await field(name, ".metadata.generation");
      await kubectl.ok(["wait", `--for=jsonpath={.status.observedGeneration}=${generation}`, `iprof/${name}`]);
      await waitReady(name);
    });

    test.each([
      ["merge", '{"spec":{"description":"merged"}}', "merged"],
      ["json", '[{"op":"replace","path":"/spec/description","value":"patched"}]', "patched"],
    ])("patches (%s)", async (type, patch, description) => {
      const args = ["patch", "iprof", name, "--type", type, "--patch", patch];
      expect(await kubectl.ok(args)).toBe(`${KIND}/${name} patched\n`);
      expect(await field(name, ".spec.description")).toBe(description);
    });

    test("shows what an apply would change", async () => {
      const input = manifest(other, { description: "different" });
      const { code, stdout } = await kubectl.run(["diff", "--server-side", "-f", "-"], { input });
      expect(code).toBe(1);
      expect(stdout).toMatch(/^\+ +description: different$/m);
    });

    test("asks for a look now by an annotation, and waits for the answer", async () => {
      const answer = `--for=jsonpath={.status.lastHandledReconcileAt}=${version}`;
      await kubectl.ok(["annotate", "iprof", name, `${RECONCILE_AT}=${version}`]);
      await kubectl.ok(["wait", answer, "--timeout=20s", `iprof/${name}`]);
    });

    test("shows changes as they come", async () => {
      const args = [...kubectl.globalArgs, "get", "iprof", other, "--watch"];
      const logFile = join(place.folder, `${version}-watch.log`);
      const watch = startProcess(file, args, { logFile, env: kubectl.env });
      const until = (pattern: RegExp) =>
        watch.untilReady(async () => (pattern.test(watch.output()) ? true : undefined), 15_000);
      try {
        await until(/ True +InSync /);
        await kubectl.ok(["patch", "iprof", other, "--type=merge", "-p", '{"spec":{"suspend":true}}']);
        await until(/ True +Suspended /);
        await kubectl.ok(["patch", "iprof", other, "--type=merge", "-p", '{"spec":{"suspend":null}}']);
        await until(/Suspended(.|\n)* True +InSync /);
        expect(watch.output().match(/^NAME/gm)?.length).toBe(1);
      } finally {
        await watch.stop();
      }
    });

    test.each(["role-name-charset", "unknown-field", "change-path"])(
      "shows why the sample %s is refused",
      async (sampleName) => {
        const { before, after, message } = refusedSample(sampleName);
        const own = { namespace: place.namespace, name: `${name}-${sampleName}` };
        const apply = (one: object) => kubectl.run(["apply", "-f", "-"], { input: JSON.stringify(renamed(one, own)) });
        if (before !== undefined) expect((await apply(before)).code).toBe(0);
        const { code, stdout, stderr } = await apply(after);
        expect([code, stdout]).toEqual([1, ""]);
        expect(withoutValues(stderr)).toContain(withoutValues(message));
        if (before !== undefined) await kubectl.ok(["delete", "iprof", own.name]);
      },
    );

    test("deletes, and waits until AWS is clean and the object gone", async () => {
      const deleted = await kubectl.ok(["delete", "iprof", name, other, "--timeout=30s"]);
      expect(deleted.replaceAll(/ from \S+ namespace/g, "")).toBe(
        [name, other].map((each) => `${KIND} "${each}" deleted\n`).join(""),
      );
      const { code, stderr } = await kubectl.run(["get", "iprof", name]);
      expect([code, stderr]).toEqual([
        1,
        `Error from server (NotFound): ${KIND.replace(".", "s.")} "${name}" not found\n`,
      ]);
      expect(await kubectl.ok(["get", "iprof", name, "--ignore-not-found"])).toBe("");
    });
  });
}

/** Applies them twice on each side; deletes them. What is stored does not change, whatever kubectl says. */
async function expectUnchanged(
  kubectl: Kubectl,
  kind: string,
  objects: readonly Pick<Manifest, "metadata">[],
): Promise<void> {
  const names = objects.map(({ metadata }) => metadata.name ?? "");
  const input = objects.map((object) => JSON.stringify(object)).join("\n");
  const after = (word: string): string => names.map((name) => `${kind}/${name} ${word}\n`).join("");
  const generations = async (): Promise<string[]> =>
    (await kubectl.ok(["get", kind, ...names, "-o", "jsonpath={.items[*].metadata.generation}"])).split(" ");
  const onClient = (): Promise<string> => kubectl.ok(["apply", "-f", "-"], { input });
  const onServer = (): Promise<string> => kubectl.ok(["apply", "--server-side", "-f", "-"], { input });
  const remove = async (): Promise<void> => {
    expect((await kubectl.run(["delete", kind, ...names])).code).toBe(0);
  };
  const first = names.map(() => "1");
  expect(names.length).toBeGreaterThan(1);
  expect(await onClient()).toBe(after("created"));
  expect([await onClient(), await generations()]).toEqual([after("unchanged"), first]);
  await remove();
  await onServer();
  // A status that the controller writes between the two reads of kubectl is a difference too.
  await vi.waitFor(
    async () => {
      expect(await kubectl.run(["diff", "--server-side", "-f", "-"], { input })).toMatchObject({ code: 0, stdout: "" });
    },
    { timeout: 30_000 },
  );
  await onServer();
  expect(await generations()).toEqual(first);
  await remove();
}

function refusedSample(name: string): { readonly before?: object; readonly after: object; readonly message: string } {
  const sample = listSamples().find((candidate) => basename(candidate.file, ".yaml") === name);
  if (sample === undefined || sample.outcome === "accepted") throw new Error(`there is no refused sample ${name}`);
  return sample.outcome === "refused" ? { after: sample.manifest, message: sample.message } : sample;
}

function renamed(manifest: object, metadata: ObjectKey): object {
  return { ...manifest, metadata };
}

/** Servers up to 1.32 show a rule's subject by its type (`Invalid value: "string"`), later ones by its value. */
function withoutValues(message: string): string {
  return message.replaceAll(/Invalid value: (?:"(?:[^"\\]|\\.)*"|\{[^}]*\}): /g, "Invalid value: ");
}
