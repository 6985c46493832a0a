/** Counts work, so that a decision ends after a number of steps that does not depend on what is asked. */
export class StepBudget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Raises {@link TooManySteps} once more was spent than there was. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooManySteps();
  }
}

/** The budget is used up. Whoever gave the budget catches it: callers see an answer that says that nothing was decided. */
export class TooManySteps extends Error {}
