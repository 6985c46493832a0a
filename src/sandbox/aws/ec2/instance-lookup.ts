import type { Instance } from "../account/entities.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";

/**
 * The instance with this id in the call's region.
 * @throws AwsFault InvalidInstanceID.Malformed, InvalidInstanceID.NotFound
 */
export function requireInstance(call: Call, id: string): Instance {
  if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new AwsFault("InvalidInstanceID.Malformed", 400, `Invalid id: "${id}"`);
  }
  const instance = call.account.region(call.region).instance(id);
  if (instance === undefined) {
    throw new AwsFault("InvalidInstanceID.NotFound", 400, `The instance ID '${id}' does not exist`);
  }
  return instance;
}
