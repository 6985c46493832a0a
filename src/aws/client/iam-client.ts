import { IAMClient } from "@aws-sdk/client-iam";
import { type AwsClientOptions, commonClientConfig } from "./client-config.ts";
import { addHooks } from "./middleware.ts";

/**
 * An IAM client with the SDK's own resolution of credentials, region and endpoint, that sends each request once and signs
 * for the partition's home region whatever the endpoint.
 */
export function createIamClient(options: AwsClientOptions): IAMClient {
  const client = new IAMClient(commonClientConfig(options));
  signForHomeRegion(client);
  addHooks(client, "IAM", options);
  return client;
}

/**
 * IAM accepts signatures of one region per partition only. The SDK knows it for its own endpoints, but signs requests to
 * a configured endpoint (a PrivateLink one, say) for the client's region, which IAM refuses. So ask it where it would have
 * sent the request without that endpoint, and sign as for there.
 */
function signForHomeRegion(client: IAMClient): void {
  const resolve = client.config.endpointProvider;
  client.config.endpointProvider = (parameters, context) => {
    const endpoint = resolve(parameters, context);
    if (parameters.Endpoint === undefined) return endpoint;
    const { Endpoint: _, ...withoutEndpoint } = parameters;
    const { properties } = resolve(withoutEndpoint, context);
    return properties === undefined ? endpoint : { ...endpoint, properties };
  };
}
