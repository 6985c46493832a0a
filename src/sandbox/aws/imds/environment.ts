import { shellQuote } from "../../shell-quote.ts";

/**
 * Shell lines that put a shell where a program on the instance is: no credentials but those that the metadata service has.
 * The AWS CLI before version 2 reads AWS_DEFAULT_REGION alone, the SDKs AWS_REGION alone.
 */
export function instanceEnvironment(places: {
  readonly awsUrl: string;
  readonly metadataUrl: string;
  readonly region: string;
}): string {
  const [awsUrl, metadataUrl, region] = [places.awsUrl, places.metadataUrl, places.region].map(shellQuote);
  return [
    "unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN",
    "export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null",
    `export AWS_EC2_METADATA_SERVICE_ENDPOINT=${metadataUrl} AWS_ENDPOINT_URL=${awsUrl}`,
    `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    "",
  ].join("\n");
}
