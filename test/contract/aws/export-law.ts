import { randomInt } from "node:crypto";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  type Tag,
} from "@aws-sdk/client-iam";
import fc from "fast-check";
import { expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import { readWholeProfile } from "../../../src/engine/offline/read-profile.ts";
import type { ObjectKey } from "../../../src/engine/ports.ts";
import { TAG_PREFIX, type Tags } from "../../../src/model/ownership.ts";
import { readPolicy } from "../../../src/model/policy/policy-document.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { FakeKube } from "../../fakes/fake-kube.ts";
import { clearAws } from "../../support/aws-state.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { readyOf } from "../../support/cluster-user.ts";
import { TEST_CREDENTIALS, TEST_REGION } from "../../support/e2e-site.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { Incarnation } from "../../support/incarnation.ts";
import { Interceptor } from "../../support/intercept.ts";
import { randomRoles } from "../../support/random-roles.ts";
import { runCli } from "../cli/run-cli.ts";

const SIGNAL = new AbortController().signal;
const tags = fc.dictionary(fc.constantFrom("Name", "team", "a:b/c"), fc.constantFrom("", "yes", "é: a+b@c"));
const AWS_POLICIES = ["AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy"].map(
  (name) => `arn:aws:iam::aws:policy/${name}`,
);

/** All that IAM holds for a role and its instance profile. */
const wholeRole = fc.record({
  documents: randomRoles,
  path: fc.constantFrom("/", "/team/", "/a/b/"),
  profilePath: fc.constantFrom("/", "/team/"),
  description: fc.constantFrom("", "It's a: #description", "{account} of é"),
  seconds: fc.constantFrom(3600, 43_200),
  boundary: fc.option(fc.constant("arn:aws:iam::aws:policy/PowerUserAccess"), { nil: undefined }),
  attached: fc.subarray(AWS_POLICIES),
  roleTags: tags,
  profileTags: tags,
});

type WholeRole = typeof wholeRole extends fc.Arbitrary<infer T> ? T : never;

/**
 * Creates random roles at the endpoint, with the policies that it takes. Their export passes `validate`, its plan shows adoption
 * alone, and the controller adopts by tags alone. What the controller creates anew from the export reads back the same.
 */
export async function expectExportsWhole(
  endpoint: string,
  { roles, seed = randomInt(2 ** 31) }: { readonly roles: number; readonly seed?: number },
): Promise<void> {
  const place = new Place(endpoint);
  try {
    await place.holdsFor(fc.sample(wholeRole, { numRuns: roles, seed }));
  } catch (error) {
    throw new Error(`seed ${seed}`, { cause: error });
  } finally {
    await place.close();
  }
}

/** What differs when the same is created again. */
const OF_ONE_CREATION = { id: "", roleId: "", createdTime: "" };

class Place {
  readonly #prefix = `law-${process.pid}`;
  readonly #iam: IAMClient;
  readonly #aws: AwsConnection;
  readonly #restoreEnvironment = rememberEnvironment();

  constructor(endpoint: string) {
    const options = { region: TEST_REGION, endpoint, credentials: TEST_CREDENTIALS };
    this.#iam = new IAMClient(options);
    this.#aws = connectAws({ ...options, clock: systemClock, version: "test" });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: TEST_REGION,
      AWS_ACCESS_KEY_ID: TEST_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: TEST_CREDENTIALS.secretAccessKey,
    });
  }

  async close(): Promise<void> {
    await clearAws(this.#iam, this.#prefix);
    this.#restoreEnvironment();
    this.#iam.destroy();
    this.#aws.close();
  }

  async holdsFor(wanted: readonly WholeRole[]): Promise<void> {
    const names = wanted.map((_role, index) => `${this.#prefix}-${index}`);
    let policies = 0;
    for (const [index, role] of wanted.entries()) policies += await this.#create(names[index] ?? "", role);
    expect(policies).toBeGreaterThan(0);
    const before = await this.#read(names);

    const flags = ["--iam-read-qps", "1000"];
    const selected = names.flatMap((name) => ["--instance-profile", name]);
    const exported = await runCli(["export", "-n", "team-a", ...selected, ...flags]);
    expect(exported).toMatchObject({
      status: 0,
      err: `${names.length} of ${names.length} instance profiles exported\n`,
    });
    expect(
      exported.out.split("\n").filter((line) => line.startsWith("#") && !line.startsWith("# Exported from ")),
    ).toEqual([]);
    const checked = await runCli(["validate", "-f", "-"], { input: exported.out });
    expect([checked.status, checked.err]).toEqual([0, ""]);
    const planned = ["plan", "--allow-adoption", "-f", "-", "--ec2-read-qps", "1000", ...flags];
    const plan = await runCli(planned, { input: exported.out });
    const summary = `Plan: 0 in sync, ${names.length} adopted unchanged, 0 with changes, 0 blocked.`;
    expect([plan.status, plan.out.includes(summary)]).toEqual([0, true]);

    const manifests = parseAllDocuments(exported.out).map((document) => document.toJS());
    expect(await this.#apply(manifests)).toEqual(["TagInstanceProfile", "TagRole"]);
    expect(await this.#read(names)).toEqual(before);
    await clearAws(this.#iam, this.#prefix);
    await this.#apply(manifests);
    expect(await this.#read(names)).toEqual(before);
  }

  /** How many of the inline policies the endpoint has taken. */
  async #create(name: string, role: WholeRole): Promise<number> {
    const RoleName = name;
    await this.#iam.send(
      new CreateRoleCommand({
        RoleName,
        Path: role.path,
        AssumeRolePolicyDocument: decodedText(role.documents.trustPolicy),
        MaxSessionDuration: role.seconds,
        PermissionsBoundary: role.boundary,
        Description: role.description === "" ? undefined : role.description,
        Tags: tagList(role.roleTags),
      }),
    );
    let taken = 0;
    for (const [PolicyName, text] of Object.entries(role.documents.inlinePolicyDocuments)) {
      taken += await this.#iam
        .send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: decodedText(text) }))
        .then(() => 1, refusedAsMalformed);
    }
    for (const PolicyArn of role.attached) await this.#iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    const InstanceProfileName = name;
    const profile = { InstanceProfileName, Path: role.profilePath, Tags: tagList(role.profileTags) };
    await this.#iam.send(new CreateInstanceProfileCommand(profile));
    await this.#iam.send(new AddRoleToInstanceProfileCommand({ RoleName, InstanceProfileName }));
    return taken;
  }

  /** What AWS holds by meaning, without owner tags and ids. */
  async #read(names: readonly string[]): Promise<unknown> {
    const profiles: unknown[] = [];
    for (const name of names) {
      const { role, instanceProfile } = (await readWholeProfile(name, this.#aws.iamReader, SIGNAL)) ?? {};
      const documents = Object.entries(role?.inlinePolicyDocuments ?? {});
      profiles.push({
        role: {
          ...role,
          ...OF_ONE_CREATION,
          trustPolicy: readPolicy(role?.trustPolicy ?? "", "trust").canonical,
          inlinePolicyDocuments: documents.map(([name, text]) => [name, readPolicy(text, "permissions").canonical]),
          tags: foreignTags(role?.tags ?? {}),
        },
        instanceProfile: { ...instanceProfile, ...OF_ONE_CREATION, tags: foreignTags(instanceProfile?.tags ?? {}) },
      });
    }
    return profiles;
  }

  /** The kinds of the writes that make the objects ready. */
  async #apply(manifests: readonly { readonly metadata: ObjectKey }[]): Promise<readonly string[]> {
    const writes = new Set<string>();
    for (const manifest of manifests) {
      const kube = new FakeKube();
      const key = { namespace: manifest.metadata.namespace, name: manifest.metadata.name };
      const writer: AwsConnection["iamWriter"] = {
        ...this.#aws.iamWriter,
        perform: (action, ...rest) => {
          writes.add(action.kind);
          return this.#aws.iamWriter.perform(action, ...rest);
        },
      };
      const around = {
        ...{ objects: kube, events: kube, reader: this.#aws.iamReader, writer, guardRegions: [], key },
        ...{ instanceReader: this.#aws.instanceReader, clusterId: CLUSTER_ID, time: { nowMs: Date.now() } },
        read: async (wanted: ObjectKey) => kube.read(wanted) as never,
      };
      kube.apply({ ...manifest });
      await new Incarnation(around, new Interceptor()).settle();
      expect(readyOf(kube.read(key) as never)).toBe("True InSync");
    }
    return [...writes].sort();
  }
}

function refusedAsMalformed(error: unknown): 0 {
  if (error instanceof Error && error.name === "MalformedPolicyDocumentException") return 0;
  throw error;
}

function decodedText(text: string): string {
  return text.startsWith("%") ? decodeURIComponent(text) : text;
}

function tagList(all: Tags): Tag[] {
  return Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
}

function foreignTags(all: Tags): Tags {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith(TAG_PREFIX)));
}
