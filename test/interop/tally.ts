/** Counts what was right, wrong, and not tried. */
import type { Answer } from './tasks.ts';
import { faultOf, type Trial } from './trial.ts';

export class Tally {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  get isClean(): boolean {
    return this.#failed === 0;
  }

  /** Judges the answers to some trials and says in one line how many were right. */
  judge(title: string, trials: readonly Trial[], answers: readonly (Answer | undefined)[]): void {
    const faults = trials.flatMap((trial, at) => {
      const fault = faultOf(trial, answers[at]);
      return fault === undefined ? [] : [`  ${trial.task.id}: ${fault}`];
    });
    this.#passed += trials.length - faults.length;
    this.#failed += faults.length;
    console.log(`${title}: ${trials.length - faults.length} of ${trials.length}`);
    for (const fault of faults) console.log(fault);
  }

  skip(reason: string): void {
    this.#skipped += 1;
    console.log(`skipped: ${reason}`);
  }

  fail(reason: string): void {
    this.#failed += 1;
    console.log(`failed: ${reason}`);
  }

  /** Returns the closing line. */
  toString(): string {
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`;
    return `${this.#passed} passed, ${this.#failed} failed${skipped}`;
  }
}
