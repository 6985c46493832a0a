import { API_VERSION, KIND } from "../../api/instance-profile.ts";
import type { ClaimIndex } from "../../engine/observe/instance-claims.ts";
import type { WatchedScope } from "../../engine/orphans/orphans.ts";
import type { EventSink, KubeObject, ObjectClient, ObjectKey } from "../../engine/ports.ts";
import type { EventDraft } from "../../status/outcome.ts";
import type { Logger } from "../../telemetry.ts";
import type { CountedOrphans } from "./counted-orphans.ts";
import type { DeletedObjects } from "./deleted-objects.ts";

/** What becomes of entities in AWS whose object is gone; see docs/adr/0015. */
export type OrphanPolicy = "Retain" | "Delete";

/** Hears of the orphans of one account: the seam for metrics. Called synchronously; must not throw. */
export interface OrphanObserver {
  /** How many orphans are confirmed after a scan. */
  counted(orphans: number): void;
  deleted(): void;
  /** The account is scanned no longer: what was counted says nothing any more. */
  left(): void;
}

/** What finding, reporting and deleting orphans works with. */
export interface OrphanOptions {
  readonly policy: OrphanPolicy;
  readonly scope: WatchedScope;
  /** The watch shows an object that loses its labels as deleted. */
  readonly hasLabelSelector: boolean;
  readonly client: Pick<ObjectClient, "get">;
  /** The objects as last seen, of all namespaces and classes in scope. */
  readonly cache: { get(key: string): KubeObject | undefined; readonly size: number };
  /** True when the API server has an object that is not being deleted. Errors: ControllerErrors. */
  readonly hasLiveObjects: (signal: AbortSignal) => Promise<boolean>;
  readonly events: EventSink;
  readonly deleted: DeletedObjects;
  readonly counted: CountedOrphans;
  readonly claims: { of(account: string): { readonly index: ClaimIndex } };
  readonly logger: Logger;
  /** For one account, by the key that scans have for it. */
  readonly observerOf: ((account: string) => OrphanObserver) | undefined;
}

/** Publishes an Event about an object that is gone, or was never there. */
export function emitAbout(events: EventSink, key: ObjectKey & { readonly uid: string }, event: EventDraft): void {
  const { namespace, name, uid } = key;
  const regarding = { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion: "" };
  events.emit({ ...event, regarding });
}
