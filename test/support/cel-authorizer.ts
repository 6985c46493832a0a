import type { Environment } from "@marcbachmann/cel-js";

/** One question to the authorizer of an API server, as a policy puts it together. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

type Subject = Omit<AccessQuestion, "verb">;

/** The variable `authorizer` of admission policies, with all that was said of the subject so far. */
export class AccessCheck {
  readonly #isAllowed: (question: AccessQuestion) => boolean;
  readonly #subject: Subject;

  constructor(isAllowed: (question: AccessQuestion) => boolean, subject: Partial<Subject> = {}) {
    this.#isAllowed = isAllowed;
    this.#subject = { group: "", resource: "", namespace: "", name: "", ...subject };
  }

  with(more: Partial<Subject>): AccessCheck {
    return new AccessCheck(this.#isAllowed, { ...this.#subject, ...more });
  }

  check(verb: string): AccessDecision {
    return new AccessDecision(this.#isAllowed({ ...this.#subject, verb }));
  }
}

/** What a check answers. */
class AccessDecision {
  readonly isAllowed: boolean;

  constructor(isAllowed: boolean) {
    this.isAllowed = isAllowed;
  }
}

/**
 * Adds the variable `authorizer` and what policies call on it.
 * https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library
 */
export function addAuthorizer(environment: Environment): void {
  environment
    .registerType("AccessCheck", AccessCheck)
    .registerType("AccessDecision", AccessDecision)
    .registerVariable("authorizer", "AccessCheck");
  for (const part of ["group", "resource", "namespace", "name"] as const) {
    environment.registerFunction(`AccessCheck.${part}(string): AccessCheck`, (access: AccessCheck, value: string) =>
      access.with({ [part]: value }),
    );
  }
  environment
    .registerFunction("AccessCheck.check(string): AccessDecision", (access: AccessCheck, verb: string) =>
      access.check(verb),
    )
    .registerFunction("AccessDecision.allowed(): bool", (decision: AccessDecision) => decision.isAllowed);
}
