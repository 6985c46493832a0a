import type { AwsConnection } from "../../aws/aws-connection.ts";
import { inParallel } from "../../engine/concurrency.ts";
import { BlockedError } from "../../errors.ts";
import { policyJson, readPolicy } from "../../model/policy/policy-document.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";

/**
 * Reads the documents of managed policies, each once, by ARN. Those that cannot be read are missing: without credentials or permission,
 * or because the policy does not exist.
 *
 * Errors: those of reading that pass by themselves, such as throttling.
 *
 * @param onUnread gets the reason for each policy that is missing
 */
export async function readManagedPolicies(
  policyArns: readonly string[],
  { managedPolicies }: Pick<AwsConnection, "managedPolicies">,
  signal: AbortSignal,
  onUnread: (policyArn: string, reason: string) => void = () => {},
): Promise<ReadonlyMap<string, JsonValue>> {
  const documents = new Map<string, JsonValue>();
  await inParallel([...new Set(policyArns)], async (arn) => {
    const found = await read(arn, managedPolicies, signal);
    if ("reason" in found) onUnread(arn, found.reason);
    else documents.set(arn, found.document);
  });
  return documents;
}

async function read(
  arn: string,
  managedPolicies: AwsConnection["managedPolicies"],
  signal: AbortSignal,
): Promise<{ readonly document: JsonValue } | { readonly reason: string }> {
  try {
    const text = await managedPolicies.document(arn, signal);
    if (text === undefined) return { reason: `managed policy ${arn} does not exist` };
    const document = policyJson(readPolicy(text, "permissions"));
    return document === undefined ? { reason: `the document of managed policy ${arn} is not valid` } : { document };
  } catch (error) {
    if (!(error instanceof BlockedError)) throw error;
    return { reason: error.message };
  }
}
