/** The options of a drill. */

export interface DrillOptions {
  /** The number of sandboxes of each function. */
  readonly sandboxes: number;
  /** The duration of the load: a third before the button, the rest after it; longer where the bound needs it. */
  readonly seconds: number;
  readonly maxKeyAgeSeconds: number;
  /** The time for which KMS still says yes after the button. */
  readonly propagationSeconds: number;
  readonly loseEvents: boolean;
  /** Sandboxes killed, events doubled or (every second round) reordered, and forged. */
  readonly chaos: boolean;
  /** The number of this drill among several, from 0. */
  readonly round: number;
}
