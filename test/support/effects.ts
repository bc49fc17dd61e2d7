/** Keeps what a sandbox did to the world, in order, and lets the sandbox die right after any of it. */

export interface Effects {
  /** The names of all effects that happened. */
  readonly log: string[];
  /** Does one effect and notes it. Throws when the sandbox is dead, or dies right after this effect. */
  readonly run: <T>(name: string, effect: () => T | Promise<T>) => Promise<T>;
  /** Lets the sandbox die after so many more effects: the last one happened, and nobody was told. */
  dieAfter(effects: number): void;
  /** Starts a new sandbox. Nothing that happened is undone. */
  revive(): void;
  /** Lets the next effect of that name fail instead of happening. */
  failOnce(name: string, failure: Error): void;
}

export function effects(): Effects {
  const log: string[] = [];
  const failures = new Map<string, Error>();
  let left = Number.POSITIVE_INFINITY;

  function takeFailure(name: string): Error | undefined {
    const failure = failures.get(name);
    failures.delete(name);
    return failure;
  }

  return {
    log,
    async run(name, effect) {
      if (left <= 0) throw new Error('the sandbox is dead');
      const failure = takeFailure(name);
      if (failure !== undefined) throw failure;
      const result = await effect();
      log.push(name);
      left -= 1;
      if (left <= 0) throw new Error(`the sandbox died after ${name}`);
      return result;
    },
    dieAfter: (count) => {
      left = count;
    },
    revive: () => {
      left = Number.POSITIVE_INFINITY;
    },
    failOnce: (name, failure) => void failures.set(name, failure),
  };
}
