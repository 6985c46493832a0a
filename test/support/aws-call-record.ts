import type { AwsCallReport } from "../../src/aws/client-config.ts";

/** The calls of an AWS connection whose `onCall` this hears. */
export class AwsCallRecord {
  #reports: AwsCallReport[] = [];

  readonly onCall = (report: AwsCallReport): void => {
    this.#reports.push(report);
  };

  /** The operations in the order in which they ended. */
  calls(): readonly string[] {
    return this.#reports.map(({ operation }) => operation);
  }

  /** Of these, the writes that AWS carried out. */
  writes(): readonly string[] {
    const done = this.#reports.filter(({ operation, code }) => code === undefined && !/^(Get|List)/.test(operation));
    return done.map(({ operation }) => operation);
  }

  forget(): void {
    this.#reports = [];
  }
}
