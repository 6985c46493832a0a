import type { Account } from "./account.ts";
import type { Role } from "./entities.ts";
import { uniqueId } from "./identifiers.ts";

/** Temporary credentials of a role, as STS gives them out. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  /** The role's account. */
  readonly account: Account;
  /** The role is the one with this id: a later namesake has none of its sessions. */
  readonly roleId: string;
  readonly roleName: string;
  readonly sessionName: string;
  /** Set when EC2 holds the session for an instance. */
  readonly instanceArn: string | undefined;
}

const keyAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** New credentials of a role of this account. */
export function newSession(
  account: Account,
  role: Role,
  options: { readonly name: string; readonly lifetimeMs: number; readonly instanceArn?: string },
): Session {
  const { random } = account.settings;
  const now = account.now();
  return {
    accessKeyId: uniqueId("ASIA", random).slice(0, 20),
    secretAccessKey: random.text(keyAlphabet, 40),
    token: random.text(keyAlphabet, 120),
    startedAtMs: now,
    expiresAtMs: now + options.lifetimeMs,
    account,
    roleId: role.id,
    roleName: role.name,
    sessionName: options.name,
    instanceArn: options.instanceArn,
  };
}

/** The role of a session as readers see it now; undefined when it is gone, or another has taken its name. */
export function roleOf({ account, roleName, roleId }: Session): Role | undefined {
  const role = account.roles.visible(roleName);
  return role?.id === roleId ? role : undefined;
}
