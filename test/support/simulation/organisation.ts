import { vi } from "vitest";
import type { InstanceProfileClassSpec, InstanceProfileClassStatus } from "../../../src/api/instance-profile-class.ts";
import { DEFAULT_CLASS_ANNOTATION } from "../../../src/api/instance-profile-class.ts";
import { snapshotOf } from "../../../src/sandbox/aws/account/snapshot.ts";
import { must, policy } from "../../unit/sandbox/aws/in-process.ts";
import { Simulation } from "./simulation.ts";

const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";

const MINUTE_MS = 60_000;

/** The accounts of two teams. The controller's own is {@link HOME}. */
export const TEAMS = { a: "111122223333", b: "444455556666" } as const;
export type Team = keyof typeof TEAMS;
export const HOME = "123456789012";

/** The name of the role that the controller assumes in the team's account. */
export const ENTRY = "controller";

/** A class's spec; without `account`, of its team's. */
export type ClassDraft = Partial<InstanceProfileClassSpec>;

/** A simulation whose controller works in the accounts of several teams: what their administrators do there, and can see. */
export class Organisation {
  readonly sim: Simulation;

  private constructor(sim: Simulation) {
    this.sim = sim;
  }

  /** In a new simulation, with a role to assume in the account of each team. To be closed. */
  static async open(): Promise<Organisation> {
    const sim = new Simulation();
    // The SDK asks the machine's clock whether credentials have ended, which else is long after the simulation's.
    vi.useFakeTimers({ toFake: ["Date"], now: sim.clock.nowMs() });
    const organisation = new Organisation(sim);
    for (const id of Object.values(TEAMS)) await organisation.aRole(id, ENTRY);
    return organisation;
  }

  /** Gives the machine its own time back. */
  close(): void {
    vi.useRealTimers();
  }

  /** Time passes, for the SDK as well. */
  async pass(ms: number = MINUTE_MS): Promise<void> {
    await this.sim.run(ms);
    vi.setSystemTime(this.sim.clock.nowMs());
  }

  /** A role that the controller's own account may assume, with all permissions. */
  async aRole(accountId: string, name: string): Promise<void> {
    const { aws } = this.sim.servers;
    const trust = trusting(HOME);
    must(await aws.iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: trust }, accountId));
    const all = policy({ Effect: "Allow", Action: "*", Resource: "*" });
    must(await aws.iam("PutRolePolicy", { RoleName: name, PolicyName: "all", PolicyDocument: all }, accountId));
  }

  /** Lets only this account assume the role from now on. */
  async trust(accountId: string, trusted: string, name: string = ENTRY): Promise<void> {
    const change = { RoleName: name, PolicyDocument: trusting(trusted) };
    must(await this.sim.servers.aws.iam("UpdateAssumeRolePolicy", change, accountId));
  }

  /** A class for all namespaces that allows all of S3; of the team's account, if it has a team's name. */
  async applyClass(name: string, spec: ClassDraft = {}, { isDefault = false } = {}): Promise<void> {
    const id: string = TEAMS[name as Team] ?? HOME;
    const annotations = isDefault ? { [DEFAULT_CLASS_ANNOTATION]: "true" } : {};
    await this.sim.servers.kubeApi().expectOk({
      method: "PATCH",
      path: `${CLASSES}/${name}?fieldManager=user&force=true`,
      body: {
        apiVersion: "iam.instanceprofile.dev/v1beta1",
        kind: "InstanceProfileClass",
        metadata: { name, annotations },
        spec: {
          account: id === HOME ? { id } : { id, roleArn: roleArn(id) },
          ...{ namespaces: ["*"], allowedActions: ["s3:*"], allowedInstanceRegions: ["*"] },
          ...spec,
        },
      },
      contentType: "application/apply-patch+yaml",
    });
  }

  async deleteClass(name: string): Promise<void> {
    await this.sim.servers.kubeApi().expectOk({ method: "DELETE", path: `${CLASSES}/${name}` });
  }

  async classStatus(name: string): Promise<InstanceProfileClassStatus | undefined> {
    const { status, body } = await this.sim.servers.kubeApi().request({ method: "GET", path: `${CLASSES}/${name}` });
    return status === 404 ? undefined : ((body["status"] ?? {}) as InstanceProfileClassStatus);
  }

  /** `True AccountReachable: …`, as `kubectl describe` shows it. */
  async classReady(name: string): Promise<string> {
    return textOf((await this.classStatus(name))?.conditions);
  }

  /** `True InSync: …` */
  async ready(name: string): Promise<string> {
    const object = await this.sim.user.read({ namespace: "default", name });
    return textOf(object?.status?.conditions);
  }

  /** The names of the roles that the controller has made there. */
  rolesIn(accountId: string): readonly string[] {
    const { roles } = snapshotOf(this.sim.servers.aws.cloud.account(accountId));
    return Object.keys(roles).filter((name) => name !== ENTRY);
  }

  /** The names of the calls to IAM that came to an account by an assumed role since the last `forget`. */
  callsTo(accountId: string): readonly string[] {
    const { calls, cloud } = this.sim.servers.aws;
    const isThere = (key = ""): boolean => cloud.session(key)?.account.settings.accountId === accountId;
    return calls.all
      .filter(({ accessKeyId, service }) => service === "iam" && isThere(accessKeyId))
      .map(({ action }) => action);
  }

  forget(): void {
    this.sim.servers.aws.calls.reset();
  }
}

/** The ARN of a role in the account; by default the one that the controller assumes. */
export function roleArn(accountId: string, name: string = ENTRY): string {
  return `arn:aws:iam::${accountId}:role/${name}`;
}

function trusting(accountId: string): string {
  return policy({ Effect: "Allow", Principal: { AWS: accountId }, Action: "sts:AssumeRole" });
}

function textOf(
  conditions:
    | readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[]
    | undefined,
): string {
  const ready = conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? "none" : `${ready.status} ${ready.reason}: ${ready.message}`;
}
