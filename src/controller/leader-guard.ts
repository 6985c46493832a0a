import type { EventSink, ObjectClient } from "../engine/ports.ts";

/** Says whether this process is the leader, which may write; see LeaderElector. */
export interface Leadership {
  mayWrite(): boolean;
  /** Raises a ControllerError unless `mayWrite`. */
  assertLeading(): void;
}

/** The ports through which a controller writes to the cluster. */
export interface WritingPorts {
  readonly objects: ObjectClient;
  readonly events: EventSink;
}

/**
 * Guards the ports by leadership, which is checked before each write, so that a process that was paused between two
 * writes of one reconcile does not send the second. Reads are not guarded; Events of a standby are dropped. Writes to
 * AWS may wait for the rate limit, so the AWS clients check leadership (`assertMayWrite`) after the wait.
 */
export function leaderOnly({ objects, events }: WritingPorts, leadership: Leadership): WritingPorts {
  return {
    objects: {
      get: (key, signal) => objects.get(key, signal),
      async patch(key, operations, signal) {
        leadership.assertLeading();
        return objects.patch(key, operations, signal);
      },
      async patchStatus(key, operations, signal) {
        leadership.assertLeading();
        return objects.patchStatus(key, operations, signal);
      },
    },
    events: {
      emit(event) {
        if (leadership.mayWrite()) events.emit(event);
      },
    },
  };
}
