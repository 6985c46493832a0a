import type { CommandIo } from "../io.ts";
import { type PolicyInput, readPolicyInput } from "./policy-input.ts";

/** One side of `access diff`: a policy document, the objects of manifests, or the roles in AWS of the other side's objects. */
export type Side = PolicyInput | { readonly kind: "live" };

/** The value of `--from` or `--to` for the roles in AWS. */
const LIVE = "live";

/**
 * Reads one side; undefined after printing why its manifests are invalid.
 *
 * Errors: those of {@link readPolicyInput}.
 */
export async function readSide(
  option: "from" | "to",
  path: string,
  io: Pick<CommandIo, "readInput" | "err">,
): Promise<Side | undefined> {
  return path === LIVE ? { kind: LIVE } : readPolicyInput(option, path, "nothing was compared", io);
}
