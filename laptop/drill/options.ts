/** What a drill is asked for. */

export interface DrillOptions {
  /** Of each function. */
  readonly sandboxes: number;
  /** How long the load lasts: a third before the button, the rest after it; longer where the bound needs it. */
  readonly seconds: number;
  readonly maxKeyAgeSeconds: number;
  /** How long KMS goes on saying yes. */
  readonly propagationSeconds: number;
  readonly loseEvents: boolean;
  /** Sandboxes killed, events doubled or (every second round) reordered, and forged. */
  readonly chaos: boolean;
  /** Which of several drills this is, from 0. */
  readonly round: number;
}
