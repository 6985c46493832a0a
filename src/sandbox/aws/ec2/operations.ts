import type { Operations } from "../handler.ts";
import {
  associateIamInstanceProfile,
  describeIamInstanceProfileAssociations,
  disassociateIamInstanceProfile,
  replaceIamInstanceProfileAssociation,
} from "./associations.ts";
import { describeInstances, moveInstances } from "./instances.ts";
import { passRolePermission, runInstances } from "./run-instances.ts";

/** The part of EC2 that has to do with instance profiles. */
export const ec2Operations: Operations = {
  RunInstances: { kind: "write", handle: runInstances, alsoNeeds: passRolePermission },
  DescribeInstances: { kind: "read", handle: describeInstances },
  StartInstances: { kind: "write", handle: (call) => moveInstances(call, "start") },
  StopInstances: { kind: "write", handle: (call) => moveInstances(call, "stop") },
  TerminateInstances: { kind: "write", handle: (call) => moveInstances(call, "terminate") },
  AssociateIamInstanceProfile: {
    kind: "write",
    handle: associateIamInstanceProfile,
    alsoNeeds: passRolePermission,
  },
  ReplaceIamInstanceProfileAssociation: {
    kind: "write",
    handle: replaceIamInstanceProfileAssociation,
    alsoNeeds: passRolePermission,
  },
  DisassociateIamInstanceProfile: { kind: "write", handle: disassociateIamInstanceProfile },
  DescribeIamInstanceProfileAssociations: { kind: "read", handle: describeIamInstanceProfileAssociations },
};
