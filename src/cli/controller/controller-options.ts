import type { ControllerSettings } from "../../controller/controller.ts";
import type { OrphanPolicy } from "../../controller/orphans/orphan-options.ts";
import { UsageError } from "../io.ts";
import { clusterIdOf, durationMs, type GivenOptions, type OptionSpecs } from "../options.ts";
import { DEFAULT_SETTINGS } from "./controller-process.ts";

/** A scan of a large account takes some seconds. */
const MIN_SCAN_INTERVAL_MS = 10_000;

/** What `run` and `sandbox` both let their user choose of the controller. */
export const CONTROLLER_OPTIONS: OptionSpecs = {
  "cluster-id": {
    type: "string",
    value: "ID",
    help: "part of every owner tag; default: uid of namespace kube-system",
  },
  "require-class": {
    type: "boolean",
    help: "block objects without an InstanceProfileClass, also where there are no classes",
  },
  "allow-adoption": {
    type: "boolean",
    help: "let objects without a class adopt roles and instance profiles that nobody owns (adoptionPolicy: IfExists)",
  },
  "account-scan-interval": {
    type: "string",
    value: "DURATION",
    help: "between two looks at the whole account; default 10m",
  },
  "orphan-policy": {
    type: "string",
    value: "POLICY",
    help: "what becomes of roles in AWS whose object is gone without its finalizer: Retain (default) reports them, Delete deletes what is proven",
  },
};

/** What the options of {@link CONTROLLER_OPTIONS} choose. Errors: UsageError. */
export function controllerChoices(given: GivenOptions): {
  readonly clusterId: string | undefined;
  readonly settings: Required<
    Pick<ControllerSettings, "requiresClass" | "allowsAdoption" | "scanIntervalMs" | "orphanPolicy">
  >;
} {
  const { orphanPolicy, scanIntervalMs } = DEFAULT_SETTINGS;
  return {
    clusterId: clusterIdOf(given.text("cluster-id")),
    settings: {
      requiresClass: given.flag("require-class"),
      allowsAdoption: given.flag("allow-adoption"),
      scanIntervalMs: durationMs(
        "account-scan-interval",
        given.text("account-scan-interval"),
        scanIntervalMs,
        MIN_SCAN_INTERVAL_MS,
      ),
      orphanPolicy: orphanPolicyOf(given.text("orphan-policy") ?? orphanPolicy),
    },
  };
}

function orphanPolicyOf(policy: string): OrphanPolicy {
  if (policy === "Retain" || policy === "Delete") return policy;
  throw new UsageError(`--orphan-policy: "${policy}" must be one of Retain, Delete`);
}
