/** What every command is given, and what it comes to. */
import type { ControlPlane } from './control-plane.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly controlPlane: ControlPlane;
  readonly terminal: Terminal;
  /** Whether a program reads the outcome. */
  readonly json: boolean;
}

export interface Outcome {
  /** False: findings, or a refusal. The exit code is 1. */
  readonly ok: boolean;
  /** What `--json` prints: what the function answered. */
  readonly answer: object;
  /** What a person reads. */
  readonly text: string;
}

/** Does a command's work with the session that the options on the command line ask for, and reports its outcome. */
export type Perform = (work: (session: Session) => Promise<Outcome>) => Promise<void>;
