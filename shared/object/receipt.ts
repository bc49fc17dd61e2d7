/** The proof that a chunk is written: S3's answer to the request that wrote it tells these bytes from any others. */
export interface Receipt {
  /** The ETag as S3 sends it, quotes included. */
  readonly etag: string;
  /** The CRC-32 that S3 holds of the chunk, in base64. It is empty when S3 answered none. */
  readonly checksum: string;
}
