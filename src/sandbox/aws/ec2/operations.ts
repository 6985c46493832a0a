import { tagOnLaunchPermission } from "../authorization/permissions.ts";
import type { Operations } from "../handler.ts";
import {
  associateIamInstanceProfile,
  describeIamInstanceProfileAssociations,
  disassociateIamInstanceProfile,
  replaceIamInstanceProfileAssociation,
} from "./associations.ts";
import { describeInstances } from "./instances.ts";
import {
  createLaunchTemplate,
  deleteLaunchTemplate,
  describeLaunchTemplates,
  describeLaunchTemplateVersions,
} from "./launch-templates.ts";
import { moveInstances } from "./move-instances.ts";
import { describeRegions } from "./regions.ts";
import { profilePermission, runInstances } from "./run-instances.ts";
import { createTags, deleteTags } from "./tags.ts";

/** The part of EC2 that has to do with instance profiles. */
export const ec2Operations: Operations = {
  RunInstances: {
    kind: "write",
    handle: runInstances,
    alsoNeeds: (call) => [...profilePermission(call), ...tagOnLaunchPermission(call)],
  },
  DescribeInstances: { kind: "read", handle: describeInstances },
  StartInstances: { kind: "write", handle: (call) => moveInstances(call, "start") },
  StopInstances: { kind: "write", handle: (call) => moveInstances(call, "stop") },
  TerminateInstances: { kind: "write", handle: (call) => moveInstances(call, "terminate") },
  CreateTags: { kind: "write", handle: createTags },
  DeleteTags: { kind: "write", handle: deleteTags },
  AssociateIamInstanceProfile: {
    kind: "write",
    handle: associateIamInstanceProfile,
    alsoNeeds: profilePermission,
  },
  ReplaceIamInstanceProfileAssociation: {
    kind: "write",
    handle: replaceIamInstanceProfileAssociation,
    alsoNeeds: profilePermission,
  },
  DisassociateIamInstanceProfile: { kind: "write", handle: disassociateIamInstanceProfile },
  DescribeRegions: { kind: "read", handle: describeRegions },
  CreateLaunchTemplate: { kind: "write", handle: createLaunchTemplate, alsoNeeds: tagOnLaunchPermission },
  DeleteLaunchTemplate: { kind: "write", handle: deleteLaunchTemplate },
  DescribeLaunchTemplates: { kind: "read", handle: describeLaunchTemplates },
  DescribeLaunchTemplateVersions: { kind: "read", handle: describeLaunchTemplateVersions },
  DescribeIamInstanceProfileAssociations: { kind: "read", handle: describeIamInstanceProfileAssociations },
};
