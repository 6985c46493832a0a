import type { ObjectKey } from "../../src/engine/ports.ts";
import type { AwsState } from "./aws-state.ts";
import type { Manifest, ObjectView } from "./cluster-user.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Interceptor } from "./intercept.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * An API server and an AWS account for one object's stories, with the reconciler driven by hand: what a scenario may know
 * of the place in which it is played, so that every place plays the same ones. Time is virtual: it passes only as reconciles
 * ask to be called again.
 */
export interface ScenarioWorld {
  /** The story's object; its role and profile have its name. */
  readonly key: ObjectKey;
  readonly accountId: string;
  /** Virtual time, ms since the epoch. */
  nowMs: number;
  /** The story's manifest; every scenario starts from it. */
  manifest(spec?: Fields, metadata?: Fields): Manifest;
  /** What `kubectl apply` does. */
  apply(manifest: Manifest): Promise<void>;
  /** What `kubectl annotate` does. */
  annotate(annotations: Readonly<Record<string, string>>): Promise<void>;
  /** What `kubectl delete --wait=false` does. */
  delete(key?: ObjectKey): Promise<void>;
  object(key?: ObjectKey): Promise<ObjectView | undefined>;
  /** `True InSync` and the like; undefined when the object or the condition is not there. */
  ready(key?: ObjectKey): Promise<string | undefined>;
  /** The reasons of all Events about the story's object, in order. */
  eventReasons(): Promise<readonly string[]>;
  /** Their notes, in the same order. */
  eventNotes(): Promise<readonly string[]>;
  /** A controller that has just started: it remembers nothing. */
  controller(interceptor?: Interceptor): Incarnation;
  /** The names of all calls that reached AWS. */
  awsCalls(): readonly string[];
  /** The names of the writes that AWS carried out, in order. */
  awsWrites(): readonly string[];
  /** The controllers' writes to the API server that it took, in order: `patch`, `patchStatus`. */
  kubeWrites(): readonly string[];
  forgetCalls(): void;
  /** What AWS has under the story's names. */
  awsState(): Promise<AwsState>;
  /** Somebody else's hand on the account. */
  outsider(action: string, params: Readonly<Record<string, string>>): Promise<void>;
  /** As if newly opened, whatever is left of the story before. The object's key may be another one. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
