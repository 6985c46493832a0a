import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsConnection } from "../../src/aws/aws-connection.ts";
import type { IamWriter, KubeObject, ObjectKey } from "../../src/engine/ports.ts";
import { TAG_KEYS } from "../../src/model/ownership.ts";
import { isHandOver } from "../../src/plan/plan.ts";
import { type AwsSandbox, type AwsSandboxOptions, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { type Manifest, type ObjectView, readyOf } from "./cluster-user.ts";
import { connectDirectly, directAws } from "./direct-aws.ts";
import { Incarnation } from "./incarnation.ts";
import { Interceptor } from "./intercept.ts";
import { s3ReadOnly } from "./manifest.ts";
import type { AwsCredentials } from "./shipped-role.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The object that every cluster has. */
export const APP: ObjectKey = { namespace: "default", name: "app" };
/** Where the instances are. */
export const REGION = "us-east-1";
const ACCOUNT_ID = "123456789012";
const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** One of the clusters: its API server, and controllers with an AWS identity of its own. */
export class Cluster {
  readonly id: string;
  readonly kube: FakeKube;
  /** As `run --allow-adopt-from`, of the controllers made from now on. */
  adoptsFrom: readonly string[] = ["a", "b", "c"];
  /** The classes, of the controllers made from now on; unset: none. */
  classes: (() => readonly KubeObject[]) | undefined;
  readonly #account: SharedAccount;
  #accessKeyId: string;
  #connection: AwsConnection;

  constructor(id: string, account: SharedAccount, aws: AwsSandbox) {
    this.id = id;
    this.kube = new FakeKube(`uid-${id}`);
    this.#account = account;
    this.#accessKeyId = `controller-${id}`;
    this.#connection = connectDirectly(aws, { accessKeyId: this.#accessKeyId, secretAccessKey: "test" });
  }

  /** Gives the controllers made from now on the credentials of a role with these policies, and no others. */
  async limitTo(policies: Readonly<Record<string, string>>): Promise<void> {
    const { aws } = this.#account;
    const RoleName = `controller-${this.id}`;
    const trust = { Effect: "Allow", Principal: { AWS: ACCOUNT_ID }, Action: "sts:AssumeRole" };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
    await this.#account.outsider("CreateRole", { RoleName, AssumeRolePolicyDocument });
    for (const [file, PolicyDocument] of Object.entries(policies)) {
      const PolicyName = `${RoleName}-${file}`;
      await this.#account.outsider("CreatePolicy", { PolicyName, PolicyDocument });
      const PolicyArn = `arn:aws:iam::${ACCOUNT_ID}:policy/${PolicyName}`;
      await this.#account.outsider("AttachRolePolicy", { RoleName, PolicyArn });
    }
    const credentials = await sessionOf(aws, `arn:aws:iam::${ACCOUNT_ID}:role/${RoleName}`);
    this.#accessKeyId = credentials.accessKeyId;
    this.close();
    this.#connection = connectDirectly(aws, credentials);
  }

  close(): void {
    this.#connection.close();
  }

  /** A controller that has just started. */
  controller(interceptor: Interceptor = new Interceptor()): Incarnation {
    const { kube, id } = this;
    return new Incarnation(
      {
        ...{ objects: kube, events: kube, time: this.#account, key: APP, clusterId: id },
        reader: this.#connection.iamReader,
        writer: this.#account.watched(id, this.#connection.iamWriter),
        instanceReader: this.#connection.instanceReader,
        guardRegions: [REGION],
        adoptsFrom: this.adoptsFrom,
        classes: this.classes,
        read: async (key) => kube.read(key),
      },
      interceptor,
    );
  }

  apply(spec: Fields = {}, metadata: Fields = {}): void {
    this.kube.apply({ ...(s3ReadOnly(APP, spec, metadata) as Manifest) });
  }

  /** The object of the role of the other cluster. */
  adopt(from: string, spec: Fields = {}): void {
    this.apply({ ...spec, adoptFrom: { clusterId: from } });
  }

  get object(): ObjectView | undefined {
    return this.kube.read(APP) as unknown as ObjectView | undefined;
  }

  get ready(): string | undefined {
    return readyOf(this.object);
  }

  get message(): string {
    return this.object?.status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
  }

  get eventReasons(): readonly string[] {
    return this.kube.events.map(({ reason }) => reason);
  }

  /** The writes that AWS carried out for it. */
  get awsWrites(): readonly string[] {
    return this.#calls.filter(({ isWrite, result }) => isWrite && result === "OK").map(({ action }) => action);
  }

  /** The calls that IAM refused. */
  get refused(): readonly string[] {
    return this.#calls.filter(({ result }) => /Denied|Unauthorized/.test(result ?? "")).map(({ action }) => action);
  }

  get awsCalls(): readonly string[] {
    return this.#calls.map(({ action }) => action);
  }

  get #calls() {
    return this.#account.aws.calls.matching({ accessKeyId: this.#accessKeyId });
  }
}

async function sessionOf(aws: AwsSandbox, RoleArn: string): Promise<AwsCredentials> {
  const credentials = { accessKeyId: "developer", secretAccessKey: "any" };
  const sts = new STSClient({ region: REGION, credentials, requestHandler: directAws(aws) });
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "any" }));
  sts.destroy();
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

/** One AWS account with the clusters `a`, `b` and `c`. Time is virtual and the same for all. */
export class SharedAccount {
  nowMs: number = START_MS;
  readonly aws: AwsSandbox;
  a: Cluster;
  b: Cluster;
  c: Cluster;
  /** Writes to what the tags of the role give to another cluster, and what takes the profile from its instances. */
  readonly faults: string[] = [];

  private constructor(aws: AwsSandbox) {
    this.aws = aws;
    [this.a, this.b, this.c] = this.#clusters();
  }

  static async open(options: AwsSandboxOptions = {}): Promise<SharedAccount> {
    const clock: { account?: SharedAccount } = {};
    const aws = await startAwsSandbox({ now: () => clock.account?.nowMs ?? START_MS, ...options });
    clock.account = new SharedAccount(aws);
    return clock.account;
  }

  reset(): void {
    this.aws.reset();
    this.aws.setAwkwardness({});
    this.nowMs = START_MS;
    this.faults.length = 0;
    for (const one of [this.a, this.b, this.c]) one.close();
    [this.a, this.b, this.c] = this.#clusters();
  }

  async close(): Promise<void> {
    for (const one of [this.a, this.b, this.c]) one.close();
    await this.aws.close();
  }

  /** The id of the cluster that the tags of the role name now. */
  get owner(): string | undefined {
    return this.aws.snapshot().roles[APP.name]?.tags[TAG_KEYS.clusterId];
  }

  /** Another client's request to IAM. */
  async outsider(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...params }).toString();
    const authorization = "AWS4-HMAC-SHA256 Credential=outsider/20260101/us-east-1/iam/aws4_request, Signature=0";
    const headers = { authorization, "content-type": "application/x-www-form-urlencoded" };
    const outcome = await this.aws.call({ method: "POST", url: "/", headers, body });
    if (outcome.kind !== "reply" || outcome.status !== 200) throw new Error(`${action}: ${JSON.stringify(outcome)}`);
  }

  /** The writer, with each write compared with the owner of the role at that moment. */
  watched(clusterId: string, writer: IamWriter): IamWriter {
    return {
      ...writer,
      perform: async (action, ...rest) => {
        const { owner } = this;
        if (owner !== undefined && owner !== clusterId && !isHandOver(action))
          this.faults.push(`${clusterId} wrote ${action.kind}, and ${owner} owned the role`);
        const had = this.#holdsRole;
        const outcome = await writer.perform(action, ...rest);
        if (had && !this.#holdsRole)
          this.faults.push(`${clusterId} took the role out of the profile by ${action.kind}`);
        return outcome;
      },
    };
  }

  get #holdsRole(): boolean {
    return this.aws.snapshot().instanceProfiles[APP.name]?.roleName !== undefined;
  }

  #clusters(): [Cluster, Cluster, Cluster] {
    return [new Cluster("a", this, this.aws), new Cluster("b", this, this.aws), new Cluster("c", this, this.aws)];
  }
}
