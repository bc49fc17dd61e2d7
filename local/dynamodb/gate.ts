/** A gate through which many pass together, or one alone. Single writes share it; a transaction has it to itself. */

export interface Gate {
  shared<T>(run: () => Promise<T>): Promise<T>;
  alone<T>(run: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly exclusive: boolean;
  readonly enter: () => void;
}

/** Creates a gate that lets callers pass in the order of their arrival, so that none waits for ever. */
export function createGate(): Gate {
  const waiting: Waiting[] = [];
  let inside = 0;
  let exclusive = false;
  const admit = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (exclusive || (next.exclusive && inside > 0)) return;
      waiting.shift();
      inside += 1;
      exclusive = next.exclusive;
      next.enter();
    }
  };
  const pass = async <T>(alone: boolean, run: () => Promise<T>): Promise<T> => {
    await new Promise<void>((enter) => {
      waiting.push({ exclusive: alone, enter });
      admit();
    });
    try {
      return await run();
    } finally {
      inside -= 1;
      if (alone) exclusive = false;
      admit();
    }
  };
  return { shared: async (run) => pass(false, run), alone: async (run) => pass(true, run) };
}
