/** The session that every command gets, and the outcome that it returns. */
import type { ControlPlane } from './control-plane.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly controlPlane: ControlPlane;
  readonly terminal: Terminal;
  /** True when a program reads the outcome. */
  readonly json: boolean;
}

export interface Outcome {
  /** False when there are findings, or a refusal. Then the exit code is 1. */
  readonly ok: boolean;
  /** The answer of the function, which `--json` prints. */
  readonly answer: object;
  /** The text for a person. */
  readonly text: string;
}

/** Does a command's work in the session that the options on the command line describe, and reports its outcome. */
export type Perform = (work: (session: Session) => Promise<Outcome>) => Promise<void>;
