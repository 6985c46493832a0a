import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { TerminalError } from "../../../src/errors.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass } from "../../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../../support/class-policy.ts";

type ClassSpec = Parameters<typeof aClass>[0];

/** One statement of a manifest. */
export type StatementFields = Readonly<Record<string, unknown>>;

/** What becomes of a statement: the reason for which it is refused, or `allowed`. */
export interface Verdict {
  /** The class guards of the controller, which decide. `InvalidSpec`: the API server's schema refuses it already. */
  readonly guard: string;
  /** The admission policy, which may let pass what the guards refuse, and never refuses what they allow. */
  readonly admission: string;
  readonly message: string;
}

/** What a class answers to an Allow statement. */
export function verdictOn(statement: StatementFields, classSpec: ClassSpec): Verdict {
  const manifest = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app", namespace: "team-q", uid: "uid-1", generation: 1, resourceVersion: "1" },
    spec: { className: "team-q", roleName: "app", statements: [{ effect: "Allow", ...statement }] },
  };
  try {
    const { spec } = parseInstanceProfile(manifest);
    const of = aClass({ namespaces: ["team-q"], ...classSpec }, { metadata: { name: "team-q" } });
    const bounds = { class: of, namespace: "team-q", clusterId: "cluster-1", olderPeers: 0 };
    const [violation] = classViolations(spec, bounds);
    const [early] = saidAtAdmission(spec, of, { namespace: "team-q" });
    return {
      guard: violation?.reason ?? "allowed",
      admission: early === undefined ? "allowed" : reasonOf(early),
      message: violation?.message ?? "",
    };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { guard: error.reason, admission: error.reason, message: error.message };
  }
}
