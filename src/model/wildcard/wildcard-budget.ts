/** Counts steps, so that a decision ends after a bounded number of steps. */
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

/** The budget is exceeded. The owner of the budget catches it and reports that nothing was decided. */
export class TooManySteps extends Error {}
