import type { InstanceProfileStatus } from "../../src/api/instance-profile.ts";

/** The status of an object that is in step with AWS, as the controller writes it. */
export function settledStatus(name: string): InstanceProfileStatus {
  const at = "2026-01-01T00:00:00Z";
  return {
    observedGeneration: 1,
    accountId: "123456789012",
    role: { arn: `arn:aws:iam::123456789012:role/${name}`, id: "AROAEXAMPLEEXAMPLE123" },
    instanceProfile: { arn: `arn:aws:iam::123456789012:instance-profile/${name}`, id: "AIPAEXAMPLEEXAMPLE123" },
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "InSync",
        message: "role, policies and instance profile in AWS match the spec",
        observedGeneration: 1,
        lastTransitionTime: at,
      },
    ],
  };
}
