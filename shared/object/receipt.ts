/** Proof that a chunk is written: what S3 answered the request that wrote it, which tells these bytes from any others. */
export interface Receipt {
  /** As S3 sends it, quotes and all. */
  readonly etag: string;
  /** The CRC-32 that S3 holds of the chunk, base64. Empty where it said none. */
  readonly checksum: string;
}
