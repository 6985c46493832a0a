import type { EventSink, ObjectClient } from "../engine/ports.ts";

/** Whether this process is the one that may write; see LeaderElector. */
export interface Leadership {
  mayWrite(): boolean;
  /** Raises a ControllerError unless `mayWrite`. */
  assertLeading(): void;
}

/** Everything through which a controller changes the cluster. */
export interface WritingPorts {
  readonly objects: ObjectClient;
  readonly events: EventSink;
}

/**
 * The ports as only a leader may use them: leadership is looked at before each single write, so that a process that was
 * frozen between two writes of one pass does not send the second. Reads pass; events of others are dropped. Writes to AWS may
 * have to wait for their turn: the AWS clients look (`assertMayWrite`) when it has come.
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
