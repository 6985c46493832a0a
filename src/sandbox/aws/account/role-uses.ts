/** When and where credentials of a role were used. */
export interface RoleUse {
  readonly atMs: number;
  readonly region: string;
}

/** The last call of each action with credentials of each role, allowed or denied. */
export class RoleUses {
  /** By the unique id of the role, then by action. */
  readonly #uses = new Map<string, Map<string, RoleUse>>();

  /** @param action `s3:GetObject` */
  record(roleId: string, action: string, use: RoleUse): void {
    const ofRole = this.#uses.get(roleId) ?? new Map<string, RoleUse>();
    ofRole.delete(action);
    this.#uses.set(roleId, ofRole.set(action, use));
  }

  /** The last call with credentials of the role, of this service (`s3`) or of any. */
  last(roleId: string, service?: string): RoleUse | undefined {
    const uses = [...(this.#uses.get(roleId) ?? [])];
    return uses.findLast(([action]) => service === undefined || action.startsWith(`${service}:`))?.[1];
  }

  /** The last call of this action. */
  ofAction(roleId: string, action: string): RoleUse | undefined {
    return this.#uses.get(roleId)?.get(action);
  }

  clear(): void {
    this.#uses.clear();
  }
}
