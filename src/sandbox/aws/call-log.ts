import type { ServiceName } from "./protocol/request.ts";

/** One call, as the endpoint saw it. */
export interface LoggedCall {
  /** 1 for the first call after the start or the last reset. */
  readonly sequence: number;
  readonly atMs: number;
  readonly service: ServiceName | undefined;
  readonly region: string;
  readonly action: string;
  /** The parameters that name things: RoleName, InstanceProfileName, PolicyName, PolicyArn, PathPrefix, Marker, … */
  readonly names: Readonly<Record<string, string>>;
  readonly isWrite: boolean;
  readonly accessKeyId: string | undefined;
  /** `OK`, the error's code, or `Cut` for a call whose connection a hook destroyed. `undefined` while under way. */
  readonly result: string | undefined;
}

const namingParameters = [
  "RoleName",
  "InstanceProfileName",
  "PolicyName",
  "PolicyArn",
  "PermissionsBoundary",
  "UserName",
  "PathPrefix",
  "Marker",
  "RoleArn",
  "IamInstanceProfile.Name",
  "IamInstanceProfile.Arn",
  "InstanceId",
  "InstanceId.1",
  "AssociationId",
  "Bucket",
  "Key",
];

/** Which of the calls to look at; all that are given must hold. */
export interface CallFilter {
  readonly service?: ServiceName;
  readonly action?: string;
  readonly accessKeyId?: string;
}

/** So that a sandbox left running does not grow: older calls are forgotten. */
const maxCalls = 100_000;

/** The calls that reached the endpoint, in order of arrival; of very many only the latest. */
export class CallLog {
  #calls: LoggedCall[] = [];
  #next = 1;

  get all(): readonly LoggedCall[] {
    return this.#calls;
  }

  /** Forgets the past. */
  reset(): void {
    this.#calls = [];
    this.#next = 1;
  }

  /** How many calls there were, of some kind or of any. */
  count(filter: CallFilter = {}): number {
    return this.matching(filter).length;
  }

  /** The calls of some kind. */
  matching(filter: CallFilter): readonly LoggedCall[] {
    return this.#calls.filter(
      (call) =>
        (filter.service === undefined || call.service === filter.service) &&
        (filter.action === undefined || call.action === filter.action) &&
        (filter.accessKeyId === undefined || call.accessKeyId === filter.accessKeyId),
    );
  }

  /** The actions that would change something, in order, whether they succeeded or not. */
  writes(filter: CallFilter = {}): readonly string[] {
    return this.matching(filter)
      .filter((call) => call.isWrite)
      .map((call) => call.action);
  }

  /** How often each action was called. */
  counts(filter: CallFilter = {}): Readonly<Record<string, number>> {
    const groups = Map.groupBy(this.matching(filter), (call) => call.action);
    return Object.fromEntries([...groups].map(([action, calls]) => [action, calls.length]));
  }

  /** Notes the arrival of a call; the function returned notes its end. */
  begin(
    call: Omit<LoggedCall, "sequence" | "result" | "names"> & { readonly params: Readonly<Record<string, string>> },
  ): (result: string) => void {
    const { params, ...rest } = call;
    const names = namingParameters.flatMap((name): [string, string][] =>
      params[name] === undefined ? [] : [[name, params[name]]],
    );
    const logged: LoggedCall = { ...rest, sequence: this.#next, names: Object.fromEntries(names), result: undefined };
    this.#next += 1;
    this.#calls.push(logged);
    if (this.#calls.length > maxCalls) {
      this.#calls = this.#calls.slice(-maxCalls / 2);
    }
    return (result) => {
      const index = this.#calls.indexOf(logged);
      if (index !== -1) {
        this.#calls[index] = { ...logged, result };
      }
    };
  }
}
