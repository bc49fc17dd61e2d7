/** Work that only one sandbox at a time should do. */

/** What only one at a time should do. A lease ends by itself when its holder dies. */
export interface Leases {
  /** Takes the lease, or keeps it for longer; false while somebody else has it. */
  hold(lease: string, holder: string, seconds: number): Promise<boolean>;
  /** Idempotent; nothing happens to a lease that somebody else has by now. */
  release(lease: string, holder: string): Promise<void>;
}
