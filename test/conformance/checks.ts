import { groups } from "../contract/aws/suite.ts";
import { type Check, contractChecks } from "./check.ts";
import { accessChecks } from "./checks/access.ts";
import { arnChecks } from "./checks/arns.ts";
import { documentChecks } from "./checks/documents.ts";
import { instanceChecks } from "./checks/instances.ts";
import { listChecks } from "./checks/lists.ts";
import { nameChecks } from "./checks/names.ts";
import { propagationChecks } from "./checks/propagation.ts";
import { undocumentedChecks } from "./checks/undocumented.ts";
import { writeChecks } from "./checks/writes.ts";
import { scenarioChecks } from "./scenarios.ts";

/** What the code assumes of AWS and no local server can prove. */
const assumptionChecks: readonly Check[] = [
  ...nameChecks,
  ...arnChecks,
  ...documentChecks,
  ...listChecks,
  ...writeChecks,
  ...propagationChecks,
  ...accessChecks,
  ...undocumentedChecks,
  ...instanceChecks,
];

/** Every check of a run, in its order: those that say most come first. */
export const allChecks: readonly Check[] = [...assumptionChecks, ...scenarioChecks, ...contractChecks(groups)];
