import type { ControllerSettings } from "../../controller/controller.ts";
import {
  ADOPT_FROM_OPTION,
  adoptFromOption,
  DEFAULT_DELETION_POLICY_OPTION,
  defaultDeletionPolicy,
  policyOf,
  VARIABLE_OPTION,
  variablesOption,
} from "../operator-options.ts";
import { clusterIdOf, durationMs, type GivenOptions, type OptionSpecs } from "../options.ts";
import { DEFAULT_SETTINGS } from "./controller-process.ts";

/** A scan of a large account takes some seconds. */
const MIN_SCAN_INTERVAL_MS = 10_000;

/** The controller options that `run` and `sandbox` share. */
export const CONTROLLER_OPTIONS: OptionSpecs = {
  "cluster-id": {
    type: "string",
    value: "ID",
    help: "cluster id in the owner tags; default: uid of namespace kube-system; set it when a rebuilt cluster must own its roles again",
  },
  "require-class": {
    type: "boolean",
    help: "block objects without an InstanceProfileClass, even if the cluster has no classes",
  },
  "allow-adoption": {
    type: "boolean",
    help: "allow objects without a class to adopt unowned roles and instance profiles (adoptionPolicy: IfExists)",
  },
  ...ADOPT_FROM_OPTION,
  "allow-external-roles": {
    type: "boolean",
    help: "allow objects without a class to put roles of others into instance profiles (role.management: External)",
  },
  "account-scan-interval": {
    type: "string",
    value: "DURATION",
    help: "interval between account scans, which detect drift; default 10m",
  },
  "orphan-policy": {
    type: "string",
    value: "POLICY",
    help: "what happens to orphans, roles whose object was deleted without its finalizer: Retain (default) reports them, Delete deletes proven ones",
  },
  ...DEFAULT_DELETION_POLICY_OPTION,
  ...VARIABLE_OPTION,
  "crd-deletion-policy": {
    type: "string",
    value: "POLICY",
    help: "what happens in AWS when the CRD is deleted, and with it every object: Retain (default) leaves roles and instance profiles as they are, Delete deletes them",
  },
};

/** Reads {@link CONTROLLER_OPTIONS}. Errors: UsageError. */
export function controllerChoices(given: GivenOptions): {
  readonly clusterId: string | undefined;
  readonly settings: Required<
    Pick<
      ControllerSettings,
      | "requiresClass"
      | "allowsAdoption"
      | "adoptsFrom"
      | "allowsExternalRoles"
      | "scanIntervalMs"
      | "orphanPolicy"
      | "crdDeletionPolicy"
      | "defaultDeletionPolicy"
      | "variables"
    >
  >;
} {
  const { orphanPolicy, crdDeletionPolicy, scanIntervalMs } = DEFAULT_SETTINGS;
  return {
    clusterId: clusterIdOf(given.text("cluster-id")),
    settings: {
      requiresClass: given.flag("require-class"),
      allowsAdoption: given.flag("allow-adoption"),
      adoptsFrom: adoptFromOption(given),
      allowsExternalRoles: given.flag("allow-external-roles"),
      scanIntervalMs: durationMs(
        "account-scan-interval",
        given.text("account-scan-interval"),
        scanIntervalMs,
        MIN_SCAN_INTERVAL_MS,
      ),
      orphanPolicy: policyOf("orphan-policy", given) ?? orphanPolicy,
      defaultDeletionPolicy: defaultDeletionPolicy(given),
      variables: variablesOption(given),
      crdDeletionPolicy: policyOf("crd-deletion-policy", given) ?? crdDeletionPolicy,
    },
  };
}
