import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { EventSink, KubeObject, ObjectClient } from "../../engine/ports.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ListWatch, WatchedObject } from "../../runtime/watch/list-watch.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import type { Logger } from "../../telemetry.ts";
import type { ClaimsByAccount } from "../accounts/instance-claims.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import type { CrdDeletion } from "../reconcile/crd-deletion.ts";
import type { CountedOrphans } from "./counted-orphans.ts";
import { asDeleted, DeletedObjects } from "./deleted-objects.ts";
import type { OrphanObserver, OrphanPolicy } from "./orphan-options.ts";
import { Orphans } from "./orphans.ts";
import type { Releases } from "./releases.ts";

/** The dependencies of the controller that orphans need. */
interface OrphanDependencies {
  readonly listWatches: readonly Pick<ListWatch, "list">[];
  readonly scope?: { readonly namespaces?: readonly string[]; readonly labelSelector?: string };
  readonly objects: Pick<ObjectClient, "get">;
  readonly events: EventSink;
  readonly clusterId: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
  readonly settings: { readonly orphanPolicy: OrphanPolicy; readonly isDryRun?: boolean };
  readonly observers?: { readonly orphans?: (account: string) => OrphanObserver };
}

/** The parts of a controller that orphans share. */
export interface OrphanSources {
  readonly releases: Releases;
  readonly claims: ClaimsByAccount;
  readonly resolver: ClassResolver;
  readonly counted: CountedOrphans;
  readonly crdDeletion: Pick<CrdDeletion, "deletedAlone">;
  readonly cache: ObjectCache;
  readonly accountOf: (raw: KubeObject) => AwsAccount | undefined;
}

/** Small, because one object that is not being deleted is enough, and usually on the first page. */
const PAGE_SIZE = 50;

/** Creates the {@link Orphans} of a controller. */
export function openOrphans(deps: OrphanDependencies, sources: OrphanSources): Orphans {
  const { clusterId, scope = {}, settings, observers = {} } = deps;
  const { releases, claims, resolver, counted, crdDeletion, cache, accountOf } = sources;
  return new Orphans({
    releases,
    claims,
    counted,
    crdDeletion,
    cache,
    accountOf,
    client: deps.objects,
    events: deps.events,
    monotonicMs: () => deps.clock.monotonicMs(),
    logger: deps.logger,
    policy: settings.isDryRun ? "Retain" : settings.orphanPolicy,
    isDryRun: settings.isDryRun,
    scope: { clusterId, namespaces: scope.namespaces },
    hasLabelSelector: scope.labelSelector !== undefined,
    deleted: new DeletedObjects(clusterId),
    observerOf: observers.orphans,
    hasLiveObjects: (signal) => hasLiveObjects(deps.listWatches, signal),
    asJudged(last) {
      const object = asDeleted(last);
      const binding = object && resolver.bindingOf(object);
      return binding === undefined || binding.kind === "refused" ? undefined : binding.object;
    },
  });
}

async function hasLiveObjects(listWatches: readonly Pick<ListWatch, "list">[], signal: AbortSignal): Promise<boolean> {
  for (const listWatch of listWatches) {
    let continueToken: string | undefined;
    do {
      const page = await listWatch.list({ limit: PAGE_SIZE, continueToken, signal });
      if (page.items.some(isLive)) return true;
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
  }
  return false;
}

function isLive({ metadata }: WatchedObject): boolean {
  return metadata.deletionTimestamp === undefined;
}
