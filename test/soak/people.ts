import { FORCE_DELETE_ANNOTATION } from "../../src/api/instance-profile.ts";
import type { Random } from "../../src/sandbox/aws/random.ts";
import type { AwsSandbox } from "../../src/sandbox/aws/server.ts";
import type { ClusterUser, Manifest } from "../support/cluster-user.ts";
import { eventually } from "../support/eventually.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { ALLOW_ALL, outsider } from "../support/outsider.ts";
import { pick } from "./weather.ts";

const PATIENCE = { timeoutMs: 30_000, intervalMs: 250 };
const ACTIONS = ["s3:Get*", "s3:List*", "s3:PutObject", "sqs:SendMessage", "dynamodb:GetItem", "kms:Decrypt"];
const MANAGED = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
const LAMBDA_TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** Who writes manifests, and who meddles with AWS behind the controller's back, all drawn from one seed. */
export class People {
  readonly counts: Record<string, number> = {};
  /** What is asked for at present, by `namespace/name`. */
  readonly wanted = new Map<string, Manifest>();
  readonly #random: Random;
  readonly #user: ClusterUser;
  readonly #aws: AwsSandbox;
  readonly #keys: readonly { readonly namespace: string; readonly name: string }[];

  constructor(random: Random, user: ClusterUser, aws: AwsSandbox, namespaces: readonly string[], objects: number) {
    this.#random = random;
    this.#user = user;
    this.#aws = aws;
    this.#keys = namespaces.flatMap((namespace) =>
      Array.from({ length: objects }, (_, i) => ({ namespace, name: `${namespace}-${i}` })),
    );
  }

  /** Asks for every object. */
  async begin(): Promise<void> {
    for (const key of this.#keys) await this.#apply(key);
  }

  /** One of them does one thing. */
  async act(): Promise<void> {
    const key = pick(this.#random, this.#keys);
    const draw = this.#random.next();
    if (!this.wanted.has(`${key.namespace}/${key.name}`) || draw < 0.5) return this.#apply(key);
    if (draw < 0.65) return this.#delete(key);
    return this.#meddle(key.name);
  }

  async #apply(key: { readonly namespace: string; readonly name: string }): Promise<void> {
    // What is on its way out cannot be asked for again before it is gone.
    if (await this.#isLeaving(key)) return;
    const manifest = s3ReadOnly(key, this.#spec());
    this.#count(this.wanted.has(`${key.namespace}/${key.name}`) ? "edit" : "create");
    this.wanted.set(`${key.namespace}/${key.name}`, manifest);
    await eventually(() => this.#user.apply(manifest), PATIENCE);
  }

  async #isLeaving(key: { readonly namespace: string; readonly name: string }): Promise<boolean> {
    const object = await eventually(() => this.#user.read(key), PATIENCE);
    return object?.metadata.deletionTimestamp !== undefined;
  }

  async #delete(key: { readonly namespace: string; readonly name: string }): Promise<void> {
    this.#count("delete");
    this.wanted.delete(`${key.namespace}/${key.name}`);
    await eventually(async () => {
      // The reply to the last attempt may have been lost.
      if ((await this.#user.read(key)) === undefined) return;
      // Policies that somebody has put on the role behind the controller's back block a deletion, as they should.
      await this.#user.annotate(key, { [FORCE_DELETE_ANNOTATION]: "true" });
      await this.#user.delete(key);
    }, PATIENCE);
  }

  async #meddle(role: string): Promise<void> {
    const [action, params] = pick(this.#random, [
      ["PutRolePolicy", { RoleName: role, PolicyName: role, PolicyDocument: ALLOW_ALL }],
      ["PutRolePolicy", { RoleName: role, PolicyName: "extra", PolicyDocument: ALLOW_ALL }],
      ["DeleteRolePolicy", { RoleName: role, PolicyName: role }],
      ["UpdateAssumeRolePolicy", { RoleName: role, PolicyDocument: LAMBDA_TRUST }],
      ["UpdateRole", { RoleName: role, Description: "changed by hand", MaxSessionDuration: "43200" }],
      ["RemoveRoleFromInstanceProfile", { InstanceProfileName: role, RoleName: role }],
      ["AttachRolePolicy", { RoleName: role, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }],
    ] as const);
    const isDone = await outsider(this.#aws.url, action, params).then(
      () => true,
      () => false,
    );
    if (isDone) this.#count(`${action} behind its back`);
  }

  #spec(): Readonly<Record<string, unknown>> {
    const random = this.#random;
    const some = <T>(items: readonly T[], least: number): readonly T[] =>
      random.shuffled(items).slice(0, random.integer(least, items.length));
    const statement = (sid: string) => ({ sid, effect: "Allow", actions: some(ACTIONS, 1), resources: ["*"] });
    return {
      description: `by chance ${random.integer(0, 9)}`,
      statements: ["One", "Two", "Three"].slice(0, random.integer(1, 3)).map(statement),
      managedPolicyArns: some(MANAGED, 0),
      maxSessionDurationSeconds: pick(random, [3_600, 7_200]),
      tags: Object.fromEntries(some(["team", "cost", "stage"], 0).map((key) => [key, String(random.integer(0, 3))])),
      unmanagedPolicies: "Remove",
    };
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
