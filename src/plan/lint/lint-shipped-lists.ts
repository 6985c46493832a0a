import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import { matchesWildcards } from "../../model/access/pattern-check.ts";
import { judgeAwsPolicy } from "../../model/policy/aws-managed-policies.ts";
import { asciiLowerCase } from "../../model/policy/policy-json.ts";
import { policiesOf, statementFieldPath } from "../../model/policy/policy-spec.ts";
import { didYouMean } from "../../text/did-you-mean.ts";
import type { Finding } from "./finding.ts";

/**
 * Finds managed policies of AWS that do not exist, as far as the shipped list of them knows. `newer` has the ARNs of those that the user
 * knows of; what is certainly wrong stays an error.
 */
export function lintManagedPolicies(
  {
    managedPolicyArns,
    permissionsBoundaryArn,
  }: Pick<InstanceProfileSpec, "managedPolicyArns" | "permissionsBoundaryArn">,
  newer: readonly string[] = [],
): readonly Finding[] {
  const finding = (arn: string, path: string): readonly Finding[] => findingOf(arn, path, newer);
  return [
    ...managedPolicyArns.flatMap((arn, index) => finding(arn, `spec.managedPolicyArns[${index}]`)),
    ...(permissionsBoundaryArn === undefined ? [] : finding(permissionsBoundaryArn, "spec.permissionsBoundaryArn")),
  ];
}

function findingOf(arn: string, path: string, newer: readonly string[]): readonly Finding[] {
  const verdict = judgeAwsPolicy(arn);
  if (verdict.kind === "other" || verdict.kind === "listed") return [];
  if (verdict.kind !== "wrong" && newer.includes(arn)) return [];
  const severity = verdict.kind === "wrong" ? "error" : "warning";
  return [{ rule: "managed-policy", severity, path, message: verdict.message }];
}

/** More different actions of an object are not judged. */
const MAX_JUDGED = 1000;
/** To further unknown actions of an object, no known one is suggested: each is compared with every action of its service. */
const MAX_SUGGESTIONS = 20;

const ADVICE = "check its name";

/**
 * Finds actions that AWS does not have, as far as the shipped list of them knows. AWS adds some each week, so they are warnings, and
 * `newer` has those that the user knows of, also as patterns. The list is read when this is called: the controller does not need it.
 */
export async function lintActions(
  spec: Pick<InstanceProfileSpec, "inlinePolicies" | "managedPolicies">,
  newer: readonly string[] = [],
): Promise<readonly Finding[]> {
  const { default: listed } = await import("./aws-actions.json", { with: { type: "json" } });
  const known = new KnownActions(listed.actions, newer);
  return policiesOf(spec).flatMap((policy) =>
    policy.statements.flatMap((statement, index) =>
      (["actions", "notActions"] as const).flatMap((field) =>
        (statement[field] ?? []).flatMap((action, at): readonly Finding[] => {
          const message = known.problemOf(action);
          const path = `${statementFieldPath(policy, index, field)}[${at}]`;
          return message === undefined ? [] : [{ rule: "unknown-action", severity: "warning", path, message }];
        }),
      ),
    ),
  );
}

class KnownActions {
  readonly #packed: Readonly<Record<string, string>>;
  readonly #newer: readonly string[];
  readonly #services = new Map<string, ReadonlyMap<string, string>>();
  readonly #problems = new Map<string, string | undefined>();
  #searches = 0;

  constructor(packed: Readonly<Record<string, string>>, newer: readonly string[]) {
    this.#packed = packed;
    this.#newer = newer;
  }

  /** What is wrong with an action, or with the text before the wildcards of a pattern. */
  problemOf(action: string): string | undefined {
    if (this.#problems.has(action)) return this.#problems.get(action);
    const problem = this.#problems.size < MAX_JUDGED ? this.#judge(action) : undefined;
    this.#problems.set(action, problem);
    return problem;
  }

  #judge(action: string): string | undefined {
    const [, service = "", name = ""] = /^([^:]+):(.+)$/.exec(action) ?? [];
    if (service === "" || /[*?]/.test(service)) return undefined;
    if (this.#newer.some((known) => isWithin(action, known) || isWithin(known, action))) return undefined;
    const names = this.#namesOf(asciiLowerCase(service));
    if (names === undefined) {
      const meant = this.#suggested(service, () => Object.keys(this.#packed));
      return `${action}: service ${service} is not in the list of AWS's actions of this version${meant}; ${ADVICE}`;
    }
    const lower = asciiLowerCase(name);
    const end = lower.search(/[*?]/);
    if (end >= 0) {
      const begin = lower.slice(0, end);
      if ([...names.keys()].some((one) => one.startsWith(begin))) return undefined;
      return `${action} matches none of AWS's actions in the list of this version; ${ADVICE}`;
    }
    if (names.has(lower)) return undefined;
    const meant = this.#suggested(action, () => [...names.values()].map((one) => `${service}:${one}`));
    return `${action} is not in the list of AWS's actions of this version${meant}; ${ADVICE}`;
  }

  #suggested(name: string, known: () => readonly string[]): string {
    this.#searches += 1;
    return this.#searches > MAX_SUGGESTIONS ? "" : didYouMean(name, known());
  }

  /** The actions of a service by their names in lower case. */
  #namesOf(service: string): ReadonlyMap<string, string> | undefined {
    const packed = Object.hasOwn(this.#packed, service) ? this.#packed[service] : undefined;
    if (packed === undefined) return undefined;
    const known = this.#services.get(service) ?? new Map(unpacked(packed).map((name) => [asciiLowerCase(name), name]));
    this.#services.set(service, known);
    return known;
  }
}

/** True when the pattern has the action, or all actions of another pattern. */
function isWithin(action: string, pattern: string): boolean {
  return matchesWildcards(pattern, action, { foldsCase: true });
}

/** `Get,Put:Object,ObjectAcl` is four actions. */
function unpacked(packed: string): readonly string[] {
  return packed.split(" ").flatMap((group) => {
    const [words = "", rests = ""] = group.split(":");
    return words.split(",").flatMap((word) => rests.split(",").map((rest) => `${word}${rest}`));
  });
}
