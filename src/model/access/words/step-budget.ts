/**
 * Bounds a decision by counting its steps. Steps, not time: the same question gets the same answer on every machine.
 */
export class StepBudget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Steps that are left. */
  get left(): number {
    return this.#left;
  }

  /** Takes steps from the budget. Errors: {@link StepBudgetExceeded}, once it is empty. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new StepBudgetExceeded();
  }
}

/** The step budget is used up. The owner of the budget catches it and reports that nothing was decided. */
export class StepBudgetExceeded extends Error {
  override readonly name = "StepBudgetExceeded";
}
