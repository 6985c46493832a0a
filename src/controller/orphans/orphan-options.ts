import { API_VERSION, KIND } from "../../api/instance-profile.ts";
import type { ClaimIndex } from "../../engine/observe/instance-claims.ts";
import type { WatchedScope } from "../../engine/orphans/orphans.ts";
import type { EventSink, KubeObject, ObjectClient, ObjectKey } from "../../engine/ports.ts";
import type { EventDraft } from "../../status/outcome.ts";
import type { Logger } from "../../telemetry.ts";
import type { CrdDeletion } from "../reconcile/crd-deletion.ts";
import type { CountedOrphans } from "./counted-orphans.ts";
import type { DeletedObjects } from "./deleted-objects.ts";

/** What to do with entities in AWS whose object no longer exists; see docs/adr/0015. */
export type OrphanPolicy = "Retain" | "Delete";

/** Observes the orphans of one account, for metrics. Called synchronously; must not throw. */
export interface OrphanObserver {
  /** Called with the number of confirmed orphans after each scan. */
  counted(orphans: number): void;
  deleted(): void;
  /** Called when the account is no longer scanned, so that its count is stale. */
  left(): void;
}

/** The dependencies of finding, reporting and deleting orphans. */
export interface OrphanOptions {
  readonly policy: OrphanPolicy;
  readonly scope: WatchedScope;
  /** True if the watch reports an object as deleted that only no longer matches. */
  readonly hasLabelSelector: boolean;
  readonly client: Pick<ObjectClient, "get">;
  /** The objects in the cache: all in the watched scope. */
  readonly cache: { get(key: string): KubeObject | undefined; readonly size: number };
  /** True when the API server has an object that is not being deleted. Errors: ControllerErrors. */
  readonly hasLiveObjects: (signal: AbortSignal) => Promise<boolean>;
  readonly events: EventSink;
  readonly deleted: DeletedObjects;
  readonly counted: CountedOrphans;
  /** An object that went with its CRD is no proof. */
  readonly crdDeletion: Pick<CrdDeletion, "deletedAlone">;
  readonly claims: { of(account: string): { readonly index: ClaimIndex } };
  readonly monotonicMs: () => number;
  readonly logger: Logger;
  /** By account key. */
  readonly observerOf: ((account: string) => OrphanObserver) | undefined;
}

/** Emits an Event about an object that no longer exists, or never existed. */
export function emitAbout(events: EventSink, key: ObjectKey & { readonly uid: string }, event: EventDraft): void {
  const { namespace, name, uid } = key;
  const regarding = { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion: "" };
  events.emit({ ...event, regarding });
}
