import type { Operations } from "../handler.ts";
import { accountReportOperations } from "./account-reports.ts";
import { instanceProfileOperations } from "./instance-profiles.ts";
import { lastAccessedOperations } from "./last-accessed.ts";
import { managedPolicyOperations } from "./managed-policies.ts";
import { policyVersionOperations } from "./managed-policy-versions.ts";
import { rolePolicyOperations } from "./role-policies.ts";
import { roleOperations } from "./roles.ts";

/** Every operation of IAM that the sandbox has. */
export const iamOperations: Operations = {
  ...roleOperations,
  ...rolePolicyOperations,
  ...instanceProfileOperations,
  ...managedPolicyOperations,
  ...policyVersionOperations,
  ...accountReportOperations,
  ...lastAccessedOperations,
};
