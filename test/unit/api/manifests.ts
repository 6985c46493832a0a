/** A statement that allows reading S3. */
export const readS3 = { effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] } as const;

/** The smallest valid manifest with the given spec fields laid over it. */
export function aManifest(spec: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app", namespace: "team-a" },
    spec: { roleName: "app", statements: [readS3], ...spec },
  };
}
