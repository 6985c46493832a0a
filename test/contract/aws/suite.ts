import { associationCases } from "./association-cases.ts";
import { ec2Cases } from "./ec2-cases.ts";
import type { Case } from "./harness.ts";
import { instanceProfileCases } from "./instance-profile-cases.ts";
import { launchTemplateCases } from "./launch-template-cases.ts";
import { managedPolicyCases } from "./managed-policy-cases.ts";
import { protocolCases } from "./protocol-cases.ts";
import { reportCases } from "./report-cases.ts";
import { roleCases } from "./role-cases.ts";
import { rolePolicyCases } from "./role-policy-cases.ts";

/**
 * What the controller and its tests rely on in IAM, STS and EC2, by group: cases for any endpoint that claims to be AWS. Each
 * leaves nothing behind. test/conformance makes a check of each.
 */
export const groups: Readonly<Record<string, readonly Case[]>> = {
  roles: roleCases,
  "role policies": rolePolicyCases,
  "managed policies": managedPolicyCases,
  "instance profiles": instanceProfileCases,
  reports: reportCases,
  ec2: ec2Cases,
  associations: associationCases,
  "launch templates": launchTemplateCases,
  protocol: protocolCases,
};
