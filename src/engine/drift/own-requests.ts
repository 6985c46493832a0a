import { LruMap } from "../../model/lru-map.ts";

/** More than the controller writes at its default rates in half an hour. */
const MAX_REQUESTS = 10_000;

/**
 * The ids of the controller's own requests to AWS, which distinguish its own changes from those of others: AWS chooses the id of each
 * request, so no other client can make a request with one of these.
 */
export class OwnRequests {
  readonly #ids = new LruMap<true>(MAX_REQUESTS);

  add(requestId: string): void {
    this.#ids.set(requestId, true);
  }

  /** True when the request is known to be the controller's own. After a restart none is, which costs reads and hides nothing. */
  has(requestId: string | undefined): boolean {
    return requestId !== undefined && this.#ids.get(requestId) === true;
  }
}
