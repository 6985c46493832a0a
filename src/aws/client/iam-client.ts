import { IAMClient } from "@aws-sdk/client-iam";
import { type AwsClientOptions, commonClientConfig } from "./client-config.ts";
import { addHooks } from "./middleware.ts";
import { parseInSlices } from "./parse-in-slices.ts";

/**
 * Creates an IAM client that resolves credentials, region and endpoint as the SDK does, sends each request once, and signs
 * for the partition's home region whatever the endpoint.
 */
export function createIamClient(options: AwsClientOptions): IAMClient {
  const client = new IAMClient(commonClientConfig(options));
  signForHomeRegion(client);
  addHooks(client, "IAM", options);
  parseInSlices(client, "member");
  return client;
}

/**
 * Signs for the one region per partition that IAM accepts. The SDK knows it for its own endpoints, but signs requests to a
 * configured endpoint (PrivateLink, for example) for the client's region, which IAM rejects. So this resolves the default
 * endpoint and uses its signing properties.
 */
export function signForHomeRegion(client: IAMClient): void {
  const resolve = client.config.endpointProvider;
  client.config.endpointProvider = (parameters, context) => {
    const endpoint = resolve(parameters, context);
    if (parameters.Endpoint === undefined) return endpoint;
    const { Endpoint: _, ...withoutEndpoint } = parameters;
    const { properties } = resolve(withoutEndpoint, context);
    return properties === undefined ? endpoint : { ...endpoint, properties };
  };
}
