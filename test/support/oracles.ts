import type { ObjectKey } from "../../src/engine/ports.ts";
import type { AwsState } from "./aws-state.ts";
import type { ObjectView } from "./cluster-user.ts";

/** What must be the same, however the controller got there. Names, ids and times are whose they are. */
export function endState({
  object,
  aws,
  key,
}: {
  readonly object: ObjectView | undefined;
  readonly aws: AwsState;
  readonly key: ObjectKey;
}): unknown {
  const { status, metadata } = object ?? {};
  const end = { aws, object: object && { finalizers: object.metadata.finalizers, status } };
  const own: readonly (readonly [string | undefined, string])[] = [
    [status?.role?.id, "(id of the role)"],
    [status?.instanceProfile?.id, "(id of the profile)"],
    [metadata?.uid, "(uid)"],
    [key.name, "(name)"],
    [key.namespace, "(namespace)"],
  ];
  const text = own.reduce((so, [from, to]) => (from ? so.replaceAll(from, to) : so), JSON.stringify(end));
  const known = text.replaceAll(/A(ROA|IPA)[A-Z0-9]{17}/g, "(id of another)");
  return JSON.parse(known.replaceAll(/20\d\d-\d\d-\d\dT[\d:.]{8,12}Z/g, "(time)"));
}

/** The writes that a run has and its reference has not, or not as often. */
export function surplus(writes: readonly string[], reference: readonly string[]): readonly string[] {
  const left = [...reference];
  return writes.filter((write) => {
    const index = left.indexOf(write);
    if (index !== -1) left.splice(index, 1);
    return index === -1;
  });
}
