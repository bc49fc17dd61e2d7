/** Leases: work that only one sandbox at a time should do. README.md says what is true of every port. */

/** A lease ends by itself when its holder dies. */
export interface Leases {
  /** Takes the lease, or keeps it for longer. Returns false while somebody else has it. */
  hold(lease: string, holder: string, seconds: number): Promise<boolean>;
  /** Gives the lease back. Idempotent; does nothing when somebody else has it by now. */
  release(lease: string, holder: string): Promise<void>;
}
