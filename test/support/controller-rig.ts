import { type AwsRates, evenRates } from "../../src/aws/call/call-limiter.ts";
import { DEFAULT_SETTINGS } from "../../src/cli/controller/controller-process.ts";
import type { ControllerSettings } from "../../src/controller/controller.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import type { AwsState } from "./aws-state.ts";
import type { ClusterUser, Manifest } from "./cluster-user.ts";

/** What a test may set of a controller; the rest is the product's defaults. */
export interface RigSettings extends Partial<Omit<ControllerSettings, "intervals">> {
  /** Between two looks at an object, and two scans, too. */
  readonly resyncMs?: number;
}

/** A controller at work; `stop` is what SIGTERM does. */
export interface RunningController {
  stop(): Promise<void>;
}

/** A cluster and an AWS account with room for whole controllers, for tests of the process from outside. */
export interface ControllerRig {
  readonly user: ClusterUser;
  /** Empty at first, and nobody else's. */
  readonly namespace: string;
  readonly accountId: string;
  /** A controller in a process of its own, as far as one can tell from outside. Started anew it remembers nothing. */
  start(settings?: RigSettings): Promise<RunningController>;
  /** An object's key; names of roles and profiles are the same, and nobody else's in the account. */
  key(name: string): ObjectKey;
  /** The s3-read-only story under this key, with more or other fields of spec. */
  manifest(key: ObjectKey, spec?: Readonly<Record<string, unknown>>): Manifest;
  /** Calls to AWS since the start, or since `forgetCalls`, in the order in which they ended; without failed reads of the whole account. */
  awsCalls(): readonly string[];
  /** Of these, the writes that AWS carried out. */
  awsWrites(): readonly string[];
  /** The controllers' writes to the API server since the start or `forgetCalls`, refused ones included. */
  kubeWrites(): Promise<readonly string[]>;
  forgetCalls(): Promise<void>;
  /** What AWS has of this role and profile. */
  awsState(name: string): Promise<AwsState>;
  /** Somebody else's hand on the account. */
  outsider(action: string, params: Readonly<Record<string, string>>): Promise<void>;
  /** The log of all controllers: lines of level `error`. */
  errors(): readonly string[];
  /** Stops what still runs. */
  close(): Promise<void>;
}

/** The settings of a controller under test. */
export function controllerSettings({ resyncMs, ...settings }: RigSettings): ControllerSettings {
  const { intervals } = DEFAULT_SETTINGS;
  const often = resyncMs && { scanIntervalMs: resyncMs };
  return {
    ...DEFAULT_SETTINGS,
    allowsAdoption: true,
    ...often,
    ...settings,
    intervals: { ...intervals, ...(resyncMs && { resyncMs }) },
  };
}

/** For controllers on an AWS that throttles nobody: nothing is to wait but for what it is waiting for. */
export const UNHURRIED: AwsRates = evenRates(10_000);
